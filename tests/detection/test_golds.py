"""No label is taken for the reference where another field sounds like the right answer."""

import pytest

from vlmeval_cli.core.config import FieldChoice
from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.detection import Side, detect
from vlmeval_cli.readers.base import Layout

LINES = Layout("jsonl", "an object a line")


def look(predictions, references=None, /, **named):
    mine = Side("preds.jsonl", LINES, predictions)
    theirs = None if references is None else Side("refs.jsonl", LINES, references)
    return detect(mine, theirs, fields=FieldChoice(**named))


def rows(**fields):
    return [{"id": n, **{k: v[n] for k, v in fields.items()}} for n in range(2)]


ANSWERED = rows(response=["yes", "no"])


@pytest.mark.parametrize(
    "name",
    ["correct_answer", "gold_answer", "answer_key", "correctAnswer", "gold_label", "correct"],
)
@pytest.mark.parametrize("label", ["category", "label"])
def test_a_label_beside_an_unknown_gold_is_undecidable(name, label):
    refs = rows(**{label: ["yes", "no"], name: ["yes", "yes"], "question": ["a?", "b?"]})
    one_file = [{**row, "model_output": "yes"} for row in refs]
    for files in ((ANSWERED, refs), (one_file,)):
        with pytest.raises(UsageError, match=f'"{label}", "{name}"') as error:
            look(*files)
        assert f"--reference-field {name}" in error.value.hint
    assert look(ANSWERED, refs, references=name).fields.references.value == name


@pytest.mark.parametrize(
    "more",
    [
        {"answer_type": ["number", "other"]},
        {"model_answer": ["yes", "no"]},
        {"correct": [True, False]},
        {"is_correct": ["True", "False"]},
        {"gold_rationale": ["as it purrs", "as it barks"]},
        {"answer_score": [0.5, 0.25]},
        {"correct_answer": ["", None]},
    ],
)
def test_a_label_is_the_reference_beside_facts_and_outputs(more):
    refs = rows(label=["cat", "dog"], question=["a?", "b?"], **more)
    assert look(rows(prediction=["cat", "cat"]), refs).fields.references.value == "label"


def test_a_topic_that_the_predictions_carry_along_is_not_taken():
    refs = rows(category=["art", "law"], answer=["yes", "no"], question=["a?", "b?"])
    preds = rows(category=["art", "law"], response=["yes", "no"])
    with pytest.raises(UsageError, match='"category", "answer"'):
        look(preds, refs)
