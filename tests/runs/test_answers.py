"""What is told of predictions that could not be read, and of scores that are unknown."""

import pytest

from vlmeval_cli.runs.scoring import _reason
from vlmeval_cli.stats.summary import Estimate

REFERENCES = [{"id": n, "label": "cat" if n % 2 else "dog"} for n in range(6)]


def told(result):
    return [note for note in result.notes if "could not be read" in note]


def classified(score, *texts, **options):
    rows = [{"id": n, "prediction": text} for n, text in enumerate(texts)]
    return score(rows, REFERENCES[: len(rows)], task="classification", **options)


def test_reasons_of_unread_predictions_are_counted(score):
    result = classified(score, "dog", "a bird", "a dog or a cat", "cat", "a fish", "cat")
    assert result.outcomes["unparsed"] == 3
    (note,) = told(result)
    assert note.startswith("3 predictions could not be read: 2 × it names none of the classes; 1 ×")


def test_one_unread_prediction_is_told_in_the_singular(score):
    (note,) = told(classified(score, "dog", "a bird"))
    assert note.startswith("1 prediction could not be read: 1 × ")


def test_nothing_is_told_where_all_was_read_or_nothing_was_given(score):
    assert told(classified(score, "dog", "cat")) == []
    assert told(classified(score, "dog", "", missing="worst")) == []


@pytest.mark.parametrize(
    ("n", "skipped", "unknown", "reason"),
    [
        (0, {}, None, "no items"),
        (0, {"no_reference": 2}, "no pairs", "every item was skipped: no_reference"),
        (3, {"no_reference": 2}, "no pairs", "no pairs"),
        (3, {"no_reference": 2}, None, "undefined for these items"),
    ],
)
def test_all_items_are_said_to_be_skipped_only_where_all_were(n, skipped, unknown, reason):
    assert _reason(Estimate(None, None, None, n, skipped), unknown) == reason
