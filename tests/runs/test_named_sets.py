"""``--metrics coco`` is the table of the COCO caption evaluation, as far as the machine has it."""

import numpy as np
import pytest

from vlmeval_cli.core.batch import Batch, TextColumn
from vlmeval_cli.core.config import MetricSpec, RunConfig
from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.registry import build, choose
from vlmeval_cli.runs import availability, planning
from vlmeval_cli.runs.availability import lacking
from vlmeval_cli.runs.planning import plan
from vlmeval_cli.tasks import task

COCO = MetricSpec("coco")


def names(specs):
    return [name for one in choose(specs) for name, _ in one.outputs()]


@pytest.fixture
def planned(monkeypatch):
    """The plan for captions, on a machine that lacks the metrics that are named."""

    def make(specs, lacks=()):
        monkeypatch.setattr(
            planning, "lacking", lambda one: "no Java" if one.info.name in lacks else None
        )
        columns = {
            "prediction.text": TextColumn(["a dog"], np.array([0, 1])),
            "references.text": TextColumn(["the dog"], np.array([0, 1])),
        }
        items = Batch(["1"], ["a dog"], [["the dog"]], columns=columns)
        return plan(task("captioning"), items, frozenset(), RunConfig(metrics=tuple(specs)))

    return make


def test_outputs_come_in_the_order_of_published_tables():
    assert names([COCO]) == [
        "bleu_1", "bleu_2", "bleu_3", "bleu_4",
        "meteor_1_5[tokenizer=ptb]", "rouge_l", "cider", "spice[tokenizer=ptb]",
    ]  # fmt: skip


def test_the_primary_one_is_cider(planned):
    assert planned([COCO]).primary[0] == "cider"


def test_what_is_missing_is_left_out_with_its_reason(planned):
    found = planned([COCO], lacks=["meteor_1_5"])
    assert "meteor_1_5" not in [one.metric.info.name for one in found.chosen]
    assert found.notes == ("coco: without meteor_1_5: no Java",)


def test_what_is_asked_for_by_its_own_name_too_is_never_left_out(planned):
    found = planned([COCO, MetricSpec("meteor_1_5")], lacks=["meteor_1_5"])
    assert "meteor_1_5" in [name for one in found.chosen for name, _ in one.outputs()]
    assert found.notes == ()


def test_others_beside_the_set_are_scored_too():
    assert names([COCO, MetricSpec("chrf")])[-1] == "chrf"
    assert names([MetricSpec("cider"), COCO]).count("cider") == 1
    assert names([COCO, MetricSpec("bleu_4")]).count("bleu_4") == 1
    assert {"spice", "spice[tokenizer=ptb]"} <= {*names([COCO, MetricSpec("spice")])}


def test_what_is_asked_for_in_full_beside_the_set_is_there_once():
    beside = [MetricSpec(f"bleu_{n}") for n in range(1, 5)]
    beside.append(MetricSpec("meteor_1_5", {"tokenizer": "ptb"}))
    found = names([COCO, *beside])
    assert sorted(found) == sorted(names([COCO]))
    assert all(one.outputs() for one in choose([COCO, *beside]))


def test_a_set_has_no_options():
    with pytest.raises(UsageError, match="coco: got options"):
        choose([MetricSpec("coco", {"n": 4})])


def test_a_name_nearly_right_is_suggested():
    with pytest.raises(UsageError, match="coco"):
        choose([MetricSpec("cocoo")])


@pytest.mark.parametrize(("compiled", "installed"), [(True, False), (False, True)])
def test_meteor_needs_its_compiled_tables_or_what_they_are_made_from(
    monkeypatch, compiled, installed
):
    from vlmeval_cli.resources import meteor_index

    monkeypatch.setattr(meteor_index, "is_built", lambda: compiled)
    monkeypatch.setattr(availability, "has_extra", lambda extra: installed)
    assert lacking(build(MetricSpec("meteor_1_5"))) is None
    monkeypatch.setattr(meteor_index, "is_built", lambda: False)
    monkeypatch.setattr(availability, "has_extra", lambda extra: False)
    assert lacking(build(MetricSpec("meteor_1_5"))) == (
        'it needs pip install "vlmeval-cli[reference]"'
    )
