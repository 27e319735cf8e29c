"""Share of answers with the most common key structure, and the rates of formats."""

import numpy as np
import pytest

from vlmeval_cli.core.batch import Batch, NumberColumn, ValueColumn, singles
from vlmeval_cli.core.metric import Rows
from vlmeval_cli.core.progress import NoProgress
from vlmeval_cli.engine.serial import measure
from vlmeval_cli.metrics.consistency import Consistency
from vlmeval_cli.metrics.format_valid import FormatValid
from vlmeval_cli.stats.pooled import rows_of


def rows(documents):
    column = {"prediction.documents": ValueColumn(documents, singles(len(documents)))}
    items = Batch([*map(str, range(len(documents)))], documents, [], columns=column)
    return rows_of(measure([Consistency()], items, NoProgress())[0].statistics)


def share(documents, weights=None):
    weights = np.ones((1, len(documents))) if weights is None else np.array(weights, dtype=float)
    return Consistency().combine(rows(documents), weights)["consistency"].tolist()


def test_values_order_of_keys_and_lengths_of_lists_do_not_count():
    assert share([{"a": 1, "b": [1]}, {"b": [2, 3], "a": "x"}, {"a": 1}]) == [pytest.approx(2 / 3)]


def test_what_could_not_be_read_counts_against_the_share():
    assert share([{"a": 1}, {"a": 2}, None, None]) == [0.5]
    assert share([None, None]) == [0.0]


def test_weights_move_the_mode():
    documents = [{"a": 1}, {"b": 1}, {"b": 2}, None]
    # 2 of 4; 5 of 8 ({"a"} five times); {"b"} alone, twice of twice
    assert share(documents, [[1, 1, 1, 1], [5, 1, 1, 1], [0, 2, 0, 0]]) == [0.5, 0.625, 1.0]


def test_there_is_no_interval_as_resampling_only_raises_the_share():
    documents = [{"a": 1}, {"b": 1}, {"c": 1}, {"d": 1}]  # four structures, each of a quarter
    weights = np.random.default_rng(0).multinomial(4, [0.25] * 4, size=200)
    assert min(share(documents, weights)) >= share(documents)[0] == 0.25
    assert not Consistency().outputs()[0].has_interval


def test_items_of_the_most_common_structure_score_one():
    found = Consistency().item_scores(rows([{"b": 1}, {"a": 1}, None, {"a": 2}]), 4)
    assert found["consistency"].tolist() == [0.0, 1.0, 0.0, 1.0]
    assert Consistency().item_scores(rows([None]), 1)["consistency"].tolist() == [0.0]


def test_items_that_are_not_there_have_no_score():
    found = Consistency().item_scores(Rows(np.array([[7.0]]), np.array([1])), 2)
    assert np.isnan(found["consistency"][0])


def test_three_rates_are_never_merged_and_never_fall():
    stages = NumberColumn(np.array([3.0, 3.0, 2.0, 1.0, 0.0]), singles(5))
    items = Batch([*"abcde"], [None] * 5, [[]] * 5, columns={"prediction.format": stages})
    found = measure([FormatValid()], items, NoProgress())[0].statistics
    assert FormatValid().finalize(found.values.sum(axis=0)) == {
        "format_valid_strict": 0.4,
        "format_valid_extracted": 0.6,
        "format_valid_repaired": 0.8,
    }
    assert FormatValid().tables(found, None)["format"].rows == [
        ("as it stands", 2, 0.4, 0.4),
        ("out of a fence or prose", 1, 0.2, 0.6),
        ("after repair", 1, 0.2, 0.8),
        ("not at all", 1, 0.2, None),
    ]
