"""What is told of predictions that could not be read, and of scores that are unknown."""

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


def test_a_score_of_which_some_items_were_skipped_is_not_said_to_have_skipped_all(score):
    """Two problems have 2 samples, too few for k = 5; "c" has none, and alone is skipped."""
    samples = [{"task_id": name, "passed": True} for name in "aabb"]
    problems = [{"task_id": name, "prompt": "x", "entry_point": "f", "test": "t"} for name in "abc"]
    result = score(samples, problems, metrics="pass_at_k:k=5", missing="skip", task="code")
    found = result.scores["pass_at_5"]
    assert found.value is None
    assert "fewer than 5 samples" in found.reason
