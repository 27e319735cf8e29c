"""What every registered metric keeps to, without a test of its own."""

import math
import pickle

import numpy as np
import pytest

from vlmeval_cli.core.batch import Batch
from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.core.metric import option_choices
from vlmeval_cli.core.progress import NoProgress
from vlmeval_cli.core.signature import of_metric
from vlmeval_cli.engine.serial import measure
from vlmeval_cli.registry import metrics

NAMES = list(metrics())
NOT_PERFECT = {"meteor"}  # a perfect sentence has one chunk, and METEOR charges for it
SENTENCES = [
    "a brown dog catches a frisbee on the beach",
    "two men are riding horses along a river at sunset",
    "a plate with three slices of pizza and a glass of water",
    "the little girl in the red dress is reading a book",
    "an old train is standing at a small station in the snow",
    "people walk their dogs in a park on a sunny afternoon",
]
OTHERS = [
    "a dog jumps for a disc at the shore",
    "three cows stand on green grass near a fence",
    "a table with food",
    "a child reads",
    "the train station is empty and very cold",
    "",
]


def batch(predictions, references):
    ids = [f"i{i}" for i in range(len(predictions))]
    return Batch(ids, list(predictions), [list(found) for found in references])


@pytest.fixture
def good():
    references = [[text, other or "nothing"] for text, other in zip(SENTENCES, OTHERS, strict=True)]
    return batch(SENTENCES, references)


@pytest.fixture
def mixed():
    predictions = [*SENTENCES[:3], *OTHERS[3:]]
    references = [[text, SENTENCES[i - 1]] for i, text in enumerate(SENTENCES)]
    return batch(predictions, references)


def statistics(metric, items, **options):
    return measure([metric], items, NoProgress(), **options)[0].statistics


def scores(metric, found):
    with np.errstate(all="ignore"):
        return metric.finalize(found.values.sum(axis=0))


def reordered(items, order):
    return batch([items.predictions[i] for i in order], [items.references[i] for i in order])


@pytest.mark.parametrize("name", NAMES)
def test_scores_are_finite_and_in_their_range(name, mixed):
    metric = metrics()[name]()
    found = scores(metric, statistics(metric, mixed))
    assert set(found) == {output.name for output in metric.outputs()}
    for output in metric.outputs():
        low, high = output.range
        value = float(found[output.name])
        assert math.isfinite(value)
        assert low is None or value >= low
        assert high is None or value <= high + 1e-12


@pytest.mark.parametrize("name", [name for name in NAMES if name not in NOT_PERFECT])
def test_a_perfect_prediction_gets_the_best_value(name, good):
    metric = metrics()[name]()
    # Ten annotators who agree: VQA accuracy leaves each out in turn.
    perfect = batch(good.predictions, [[text] * 10 for text in good.predictions])
    found = scores(metric, statistics(metric, perfect))
    for output in metric.outputs():
        best = output.range[1] if output.higher_is_better else output.range[0]
        assert float(found[output.name]) == pytest.approx(best, abs=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_the_order_of_items_changes_nothing(name, mixed):
    metric = metrics()[name]()
    order = [3, 1, 5, 0, 4, 2]
    straight = statistics(metric, mixed).values
    shuffled = statistics(metric, reordered(mixed, order)).values
    np.testing.assert_array_equal(shuffled, straight[order])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [1, 2, 4])
def test_batches_change_nothing(name, size, mixed):
    metric = metrics()[name]()
    whole = statistics(metric, mixed).values
    np.testing.assert_array_equal(statistics(metric, mixed, batch_size=size).values, whole)


@pytest.mark.parametrize("name", NAMES)
def test_totals_of_two_halves_add_up(name, mixed):
    metric = metrics()[name]()
    rows = statistics(metric, mixed).values
    halves = metric.finalize(rows[:3].sum(axis=0) + rows[3:].sum(axis=0))
    for output, value in metric.finalize(rows.sum(axis=0)).items():
        np.testing.assert_allclose(halves[output], value, atol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_finalize_works_on_any_leading_axes(name, mixed):
    metric = metrics()[name]()
    rows = statistics(metric, mixed).values
    with np.errstate(all="ignore"):
        flat, stacked = metric.finalize(rows), metric.finalize(rows.reshape(2, 3, -1))
    for output, column in flat.items():
        np.testing.assert_array_equal(stacked[output].ravel(), column)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_summed_is_unknown(name, mixed):
    metric = metrics()[name]()
    width = statistics(metric, mixed).values.shape[1]
    with np.errstate(all="ignore"):
        found = metric.finalize(np.zeros(width))
    assert all(np.isnan(value) for value in found.values())


@pytest.mark.parametrize("name", NAMES)
def test_the_worst_row_scores_the_worst(name):
    metric = metrics()[name]()
    row = metric.worst_row()
    items = batch([""], [["a dog runs on the beach"]])
    row = statistics(metric, items).values[0] if row is None else row
    for output in metric.outputs():
        assert metric.finalize(row)[output.name] == pytest.approx(output.worst, abs=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_metrics_pickle_and_compare_by_options(name):
    metric = metrics()[name]()
    assert pickle.loads(pickle.dumps(metric)) == metric


@pytest.mark.parametrize("name", NAMES)
def test_a_value_that_an_option_does_not_list_is_refused(name):
    family = metrics()[name]
    for option, choices in option_choices(family).items():
        with pytest.raises(UsageError, match=f"{name}:{option}: got .*expected one of"):
            family(**{option: f"not {choices[0]}"})


@pytest.mark.parametrize("name", NAMES)
def test_the_same_options_have_the_same_signature(name):
    policy = {"missing": "error"}
    one, two = (of_metric(metrics()[name](), None, policy) for _ in range(2))
    assert one == two
    assert one.comparable["name"] == name


@pytest.mark.parametrize("name", NAMES)
def test_facts_are_complete(name):
    info = metrics()[name].info
    assert info.revision >= 1
    assert info.tasks
    assert all([info.title, info.use, info.source])
    assert all(output.meaning for output in metrics()[name]().outputs())
    assert metrics()[name].__doc__
