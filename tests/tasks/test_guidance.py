"""The guides tell of every task what its defaults are."""

from itertools import pairwise

import pytest

from vlmeval_cli.registry import metrics
from vlmeval_cli.tasks import NAMES, task
from vlmeval_cli.tasks.guidance import BANDS, GUIDES, bands_of, choices, others

OUTPUTS = {output.name: output for family in metrics().values() for output in family().outputs()}


def test_every_task_has_a_guide():
    assert tuple(GUIDES) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_default_reports_two_outputs_or_more(name):
    for case, choice in zip(GUIDES[name].cases, choices(name), strict=True):
        found = [output for family in choice.families for output in metrics()[family]().outputs()]
        assert len(found) >= 2, case.when
        name_of_output = choice.primary.partition("[")[0]  # without the variant
        assert name_of_output in {output.name for output in found} | {"rouge_lsum_f1"}


@pytest.mark.parametrize("name", NAMES)
def test_the_cases_of_a_task_differ_in_their_defaults(name):
    found = [task(name).defaults(case.facts) for case in GUIDES[name].cases]
    assert all(one != other for one, other in pairwise(found))


@pytest.mark.parametrize("name", NAMES)
def test_defaults_and_others_are_all_that_is_offered(name):
    scored = {family for choice in choices(name) for family in choice.families}
    offered = {family for family, made in metrics().items() if name in made.info.tasks}
    assert scored | set(others(name)) == offered
    assert not scored & set(others(name))


@pytest.mark.parametrize("name", NAMES)
def test_traps_are_sentences(name):
    assert GUIDES[name].traps
    assert all(trap.endswith((".", ")")) for trap in GUIDES[name].traps)


@pytest.mark.parametrize("band", BANDS, ids=lambda band: f"{band.output} {band.reading}")
def test_a_band_lies_in_the_range_of_an_output_and_has_a_source(band):
    low, high = OUTPUTS[band.output].range
    for bound in (band.low, band.high):
        assert bound is None or ((low is None or low <= bound) and (high is None or bound <= high))
    assert band.low is None or band.high is None or band.low < band.high
    assert band.source


def test_bands_of_an_output():
    assert [band.low for band in bands_of(frozenset({"bleu_4"}))] == [0.25, 0.5]
    assert not [*bands_of(frozenset({"cider"}))]
