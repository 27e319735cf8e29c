"""What every registered metric keeps to, without a test of its own."""

import math
import pickle
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.core.metric import PooledMetric, option_choices
from vlmeval_cli.core.progress import NoProgress
from vlmeval_cli.core.signature import of_metric
from vlmeval_cli.engine.serial import measure
from vlmeval_cli.registry import metrics
from vlmeval_cli.stats.pooled import pooled_scores, rows_of
from vlmeval_cli.stats.summary import item_scores

FOLDER = Path(__file__).resolve().parents[1] / "kinds"
KINDS = [import_module(f"kinds.{path.stem}") for path in sorted(FOLDER.glob("*.py"))]
BESIDE = "item.correct"  # a column that stands beside the own one of other kinds
NAMES = list(metrics())
ADDITIVE = [name for name in NAMES if not issubclass(metrics()[name], PooledMetric)]


@pytest.fixture(autouse=True)
def tables(request):
    """Compiled tables for the metric that reads them."""
    if "meteor_1_5" in getattr(getattr(request.node, "callspec", None), "params", {}).values():
        request.getfixturevalue("with_meteor")


def kind_of(metric):
    """The kind of items that the metric reads."""
    needs = {need.partition(".tokens:")[0] for need in metric.needs()}
    needs |= {f"{need}.text" for need in needs if "." not in need}
    fitting = [kind for kind in KINDS if kind.COLUMN in needs]
    (kind,) = [kind for kind in fitting if kind.COLUMN != BESIDE] or fitting
    return kind


def made(name):
    metric = metrics()[name]()
    return metric, kind_of(metric)


def statistics(metric, items, **options):
    return measure([metric], items, NoProgress(), **options)[0].statistics


def scores(metric, found, n):
    if isinstance(metric, PooledMetric):
        return pooled_scores(metric, rows_of(found), n)
    with np.errstate(all="ignore"):
        totals = metric.finalize(found.values.sum(axis=0))
    return {name: float(value) for name, value in totals.items()}


def scored(metric, items, **options):
    return scores(metric, statistics(metric, items, **options), len(items))


def assert_equal(one, other, tolerance=0.0):
    assert one.keys() == other.keys()
    for name, value in one.items():
        np.testing.assert_allclose(other[name], value, rtol=0, atol=tolerance, err_msg=name)


def test_every_metric_is_of_one_kind():
    for name in NAMES:
        made(name)


@pytest.mark.parametrize("name", NAMES)
def test_scores_are_finite_and_in_their_range(name):
    metric, kind = made(name)
    found = scored(metric, kind.batch(kind.MIXED))
    assert set(found) == {output.name for output in metric.outputs()}
    if name in getattr(kind, "UNKNOWN_OF_FEW", ()):
        assert all(math.isnan(value) for value in found.values())
        return
    for output in metric.outputs():
        low, high = output.range
        value = found[output.name]
        assert math.isfinite(value)
        assert low is None or value >= low
        assert high is None or value <= high + 1e-12


@pytest.mark.parametrize("name", NAMES)
def test_a_perfect_prediction_gets_the_best_value(name):
    metric, kind = made(name)
    if name in kind.NOT_PERFECT:
        return
    found = scored(metric, kind.batch(kind.PERFECT))
    for output in metric.outputs():
        best = output.range[1] if output.higher_is_better else output.range[0]
        if best is not None:
            assert found[output.name] == pytest.approx(best, abs=1e-6), output.name


@pytest.mark.parametrize("name", NAMES)
def test_the_order_of_items_changes_nothing(name):
    metric, kind = made(name)
    order = [3, 1, 5, 0, 4, 2]
    straight = kind.batch(kind.MIXED)
    shuffled = kind.batch([kind.MIXED[i] for i in order])
    assert_equal(scored(metric, straight), scored(metric, shuffled), 1e-12)
    ours = item_scores(metric, statistics(metric, straight), 6)
    theirs = item_scores(metric, statistics(metric, shuffled), 6)
    for output, column in ours.items():
        np.testing.assert_array_equal(theirs[output], column[order])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [1, 2, 4])
def test_batches_change_nothing(name, size):
    metric, kind = made(name)
    items = kind.batch(kind.MIXED)
    whole, parts = statistics(metric, items), statistics(metric, items, batch_size=size)
    np.testing.assert_array_equal(parts.values, whole.values)
    assert_equal(scores(metric, whole, 6), scores(metric, parts, 6))


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ADDITIVE])
def test_an_item_of_weight_two_is_two_items(name):
    metric, kind = made(name)
    once, twice = kind.batch(kind.MIXED), kind.batch([*kind.MIXED, kind.MIXED[1]])
    weights = np.array([[1.0, 2.0, 1.0, 1.0, 1.0, 1.0]])
    found = metric.combine(rows_of(statistics(metric, once)), weights)
    expected = scored(metric, twice)
    assert_equal({name: value[0] for name, value in found.items()}, expected, 1e-9)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ADDITIVE])
def test_an_item_of_weight_zero_is_not_there(name):
    metric, kind = made(name)
    items, fewer = kind.batch(kind.MIXED), kind.batch(kind.MIXED[1:])
    weights = np.array([[0.0, 1.0, 1.0, 1.0, 1.0, 1.0]])
    found = metric.combine(rows_of(statistics(metric, items)), weights)
    assert_equal({name: value[0] for name, value in found.items()}, scored(metric, fewer), 1e-9)


@pytest.mark.parametrize("name", ADDITIVE)
def test_totals_of_two_halves_add_up(name):
    metric, kind = made(name)
    rows = statistics(metric, kind.batch(kind.MIXED)).values
    halves = metric.finalize(rows[:3].sum(axis=0) + rows[3:].sum(axis=0))
    for output, value in metric.finalize(rows.sum(axis=0)).items():
        np.testing.assert_allclose(halves[output], value, atol=1e-12)


@pytest.mark.parametrize("name", ADDITIVE)
def test_finalize_works_on_any_leading_axes(name):
    metric, kind = made(name)
    rows = statistics(metric, kind.batch(kind.MIXED)).values
    with np.errstate(all="ignore"):
        flat, stacked = metric.finalize(rows), metric.finalize(rows.reshape(2, 3, -1))
    for output, column in flat.items():
        np.testing.assert_array_equal(stacked[output].ravel(), column)


@pytest.mark.parametrize("name", ADDITIVE)
def test_nothing_summed_is_unknown(name):
    metric, kind = made(name)
    width = statistics(metric, kind.batch(kind.MIXED)).values.shape[1]
    with np.errstate(all="ignore"):
        found = metric.finalize(np.zeros(width))
    assert all(np.isnan(value) for value in found.values())


@pytest.mark.parametrize("name", ADDITIVE)
def test_the_worst_row_scores_the_worst(name):
    metric, kind = made(name)
    row = metric.worst_row()
    row = statistics(metric, kind.batch(kind.USELESS)).values[0] if row is None else row
    for output in metric.outputs():
        if output.name in getattr(kind, "OF_PARSED", ()):
            assert np.isnan(metric.finalize(row)[output.name])
        elif output.worst is not None:
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
