"""Output of the SPICE program is read, and what is no output of it is told by place and field."""

import json

import numpy as np
import pytest

from vlmeval_cli.core.errors import DataError, UsageError
from vlmeval_cli.scenes.official.recorded import NOT_RECORDED, recorded_column

ALL = {"f": 0.5, "pr": 0.5, "re": 0.5, "tp": 1, "fp": 1, "fn": 1, "numImages": 1}
NONE = {"f": None, "pr": None, "re": None, "tp": 0, "fp": 0, "fn": 0, "numImages": 1}
RECORD = {
    "image_id": 7,
    "scores": {"All": ALL, "Color": NONE},
    "test_tuples": [{"tuple": ["dog"], "truth_value": True}],
    "ref_tuples": [{"tuple": ["dog", "on", "grass"], "truth_value": False}],
}


def changed(path, value):
    """The record with ``value`` at a path of keys."""
    record = json.loads(json.dumps(RECORD))
    inner = record
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return record


@pytest.fixture
def column(tmp_path):
    def make(content, ids=("7",)):
        path = tmp_path / "spice.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return recorded_column(str(path), ids)

    return make


def test_numbers_as_ids_are_the_texts_that_they_are_written_with(column):
    found = column([RECORD])
    assert found.counts[0, 0].tolist() == [1, 1, 1]
    assert found.scenes[0].references[0].words == ("dog", "on", "grass")
    assert found.skips == {}


def test_items_come_in_their_own_order(column):
    records = [{**RECORD, "image_id": name} for name in "cab"]
    records[0]["scores"] = {"All": {"tp": 0, "fp": 2, "fn": 3}}
    found = column(records, ["a", "b", "c"])
    assert found.counts[:, 0].tolist() == [[1, 1, 1], [1, 1, 1], [0, 2, 3]]


def test_missing_and_extra_results_are_counted(column):
    found = column([RECORD, {**RECORD, "image_id": 8}], ["7", "9"])
    assert found.skips == {1: NOT_RECORDED}
    assert found.facts == {"extra_recorded": 1}


def test_scores_without_tuples_are_enough(column):
    record = {name: RECORD[name] for name in ("image_id", "scores")}
    found = column([record])
    assert found.scenes == [None]
    np.testing.assert_array_equal(found.counts[0, 1:], 0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ({"a": 1}, "expected the output of SPICE"),
        ([7], "record 1: got \"7\", expected an object with image_id"),
        ([{**RECORD, "image_id": None}], "expected an object with image_id"),
        ([RECORD, RECORD], 'record 2: image_id "7" is there twice'),
        ([{"image_id": 7}], "record 1, scores: got .*expected a JSON object"),
        ([changed(["scores"], {"Color": NONE})], "scores: got \"Color\", expected a key All"),
        ([changed(["scores", "All", "tp"], -1)], "scores.All.tp: got \"-1\", expected a whole"),
        ([changed(["scores", "All", "fn"], 0.5)], "scores.All.fn: got \"0.5\", expected a whole"),
        ([changed(["scores", "All", "fp"], True)], "scores.All.fp: got \"True\""),
        ([changed(["scores", "Color", "fp"], None)], "scores.Color.fp: got \"None\""),
        ([changed(["scores", "All", "f"], 0.6)], "scores.All.f: got 0.6, expected 0.5"),
        ([changed(["test_tuples"], "dog")], "test_tuples: got \"dog\", expected a list"),
        ([changed(["ref_tuples", 0, "tuple"], "dog")], r"ref_tuples\[0\].tuple: got \"dog\""),
        ([changed(["ref_tuples", 0, "truth_value"], 1)], r"ref_tuples\[0\].truth_value: got \"1\""),
        ([{**RECORD, "image_id": "x"}], 'has none of the items: got ids such as "x"'),
        ([], "has none of the items: got ids such as none"),
    ],
)  # fmt: skip
def test_wrong_files_are_told(column, content, message):
    with pytest.raises(DataError, match=message) as told:
        column(content)
    assert "spice.json" in str(told.value)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(UsageError, match=r"--spice-json.*cannot be read: No such file"):
        recorded_column(str(tmp_path / "none.json"), ["7"])
