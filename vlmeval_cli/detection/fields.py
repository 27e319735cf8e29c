"""Which field holds the predictions, the references, the question, the options, the image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vlmeval_cli.core.config import FieldChoice
from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.detection import rules
from vlmeval_cli.detection.golds import refuse_label_beside_gold
from vlmeval_cli.detection.sides import Chosen, Side
from vlmeval_cli.joining.paths import WHOLE_ROW
from vlmeval_cli.readers.json_values import literal

PREDICTION_OPTION = "--prediction-field"
REFERENCE_OPTION = "--reference-field"


def choose_values(
    predictions: Side, references: Side | None, choice: FieldChoice
) -> tuple[Chosen, Chosen]:
    """The field of the predictions and the field of the references.

    Args:
        predictions: the predictions file, or the one file.
        references: the references file; None where one file holds both.
        choice: what the user named wins.

    Raises:
        UsageError: two fields fit as well, or a named one is not there.
    """
    if references is None:
        return _in_one_file(predictions, choice)
    reference = _reference(references, predictions, choice)
    return _prediction(predictions, reference.name, choice), reference


def _in_one_file(side: Side, choice: FieldChoice) -> tuple[Chosen, Chosen]:
    named = None if choice.references is None else side.check(choice.references, "references")
    prediction = _prediction(side, None, choice, taken=named)
    reference = _reference(side, None, choice, taken=prediction.name)
    is_judged = side.has(*rules.VERDICTS)  # then neither is scored
    if choice.prediction is None and choice.references is None and not is_judged:
        _refuse_two_golds(side, prediction.name, reference.name)
    return prediction, reference


def _refuse_two_golds(side: Side, prediction: str | None, reference: str | None) -> None:
    """A file of references alone often has a text and a label, or two kinds of answer."""
    if prediction is None or reference is None or prediction in rules.PREDICTION_ONLY:
        return
    if reference in rules.LABEL_NAMES or reference in rules.PREDICTION_NAMES:
        raise UsageError(
            f'{side.path}: "{prediction}" and "{reference}" may both be references, '
            "and no other field looks like predictions",
            hint=f"Name them with {PREDICTION_OPTION} and {REFERENCE_OPTION}, or pass two files: "
            "predictions, then references.",
        )


def _named_value(side: Side, role: str) -> Chosen | None:
    """The field that a layout fixes for a role."""
    name = side.layout.roles.get(role)
    if name is not None:
        return Chosen(name, f'"{name}", as {side.layout.reason}')
    if side.layout.name == "json_by_id" and rules.VALUE_BY_ID in side.fields:
        return Chosen(rules.VALUE_BY_ID, "the values of the object by id")
    return None


def _prediction(
    side: Side, reference: str | None, choice: FieldChoice, taken: str | None = None
) -> Chosen:
    if choice.prediction is not None:
        name = side.check(choice.prediction, "prediction")
        return Chosen(name, f'"{name}", named by the user')
    fixed = _named_value(side, "prediction")
    if fixed is not None and fixed.name != taken:
        return fixed
    names = [name for name in side.named(rules.PREDICTION_NAMES) if name != taken]
    first = [name for name in names if name not in rules.PREDICTION_LAST]
    last = [name for name in names if name in rules.PREDICTION_LAST]
    if reference in last:
        last = [reference, *(name for name in last if name != reference)]
    if first and rules.OFTEN_INPUT.issuperset(first) and reference is not None:
        same = [reference] if side.has(reference) and reference not in first else []
        return _first([*same, *first, *last], f"called like the references, and not {first[0]}")
    if names:
        return _first([*first, *last], "a name of predictions")
    if reference is None:
        return Chosen(None)
    golds = side.present([reference, *rules.REFERENCE_NAMES])
    return _first(list(dict.fromkeys(golds)), "no field has a name of predictions")


def _first(names: Sequence[str], why: str) -> Chosen:
    if not names:
        return Chosen(None)
    return Chosen(names[0], f'"{names[0]}", {why}', tuple(names[1:]))


def _reference(
    side: Side, predictions: Side | None, choice: FieldChoice, taken: str | None = None
) -> Chosen:
    if choice.references is not None:
        name = side.check(choice.references, "references")
        return Chosen(name, f'"{name}", named by the user')
    if side.layout.side == "questions":
        return Chosen(None)
    fixed = _named_value(side, "references")
    if fixed is not None and fixed.name != taken:
        return fixed
    names = [name for name in side.named(rules.REFERENCE_NAMES) if name != taken]
    if side.has(*rules.LOG_PROBABILITIES):
        names = [name for name in names if not _are_token_ids(side.values(name))]
    if names and names[0] in rules.LABEL_NAMES:
        names = _label_or_text(side, predictions, names)
        refuse_label_beside_gold(side, [n for n in names if n != taken], REFERENCE_OPTION)
    if names:
        return _first(names, "a name of references")
    if predictions is None or _hold_losses(predictions) or _hold_losses(side):
        return Chosen(None)
    return _whole_row(side)


def _hold_losses(side: Side) -> bool:
    """Whether the rows are measurements of a model's tokens, and no documents with a loss."""
    names = side.present(rules.LOG_PROBABILITIES)
    is_by_token = any(isinstance(one, list | dict) for name in names for one in side.values(name))
    return bool(names) and (is_by_token or side.has(*rules.TOKEN_COUNTS))


def _are_token_ids(values: Sequence[Any]) -> bool:
    """Whether the values are labels of a language model's tokens, and nobody's reference."""
    lists = [value for value in values if value is not None]
    return bool(lists) and all(
        isinstance(value, list) and {*map(type, value)} == {int} for value in lists
    )


def _label_or_text(side: Side, predictions: Side | None, names: list[str]) -> list[str]:
    """A label beside an answer may be the reference or a fact about the item."""
    if options_of(side) is not None:
        # Beside options a class or category says what the question is about.
        names = [name for name in names if name not in rules.TOPIC_NAMES] or names
    texts = [name for name in names if name not in rules.LABEL_NAMES]
    if not texts or names[0] not in rules.LABEL_NAMES:
        return names
    # What stands beside a model's own field was copied from the references, as any topic may be.
    is_bare = predictions is not None and not predictions.has(*rules.PREDICTION_ONLY)
    shared = [name for name in names if is_bare and predictions and name in predictions.filled]
    if len(shared) != 1:
        listed = ", ".join(f'"{name}"' for name in names)
        raise UsageError(
            f"{side.path}: several fields could be the references: {listed}",
            hint=f"Choose one with {REFERENCE_OPTION}.",
        )
    return [shared[0], *(name for name in names if name != shared[0])]


def _whole_row(side: Side) -> Chosen:
    """A row of several fields without a name we know is a document: an invoice, a form."""
    known = {*rules.ID_NAMES, *rules.IMAGE_NAMES, *rules.PREDICTION_NAMES, *rules.OPTION_NAMES}
    content = [name for name in side.filled if name not in known]
    if len(content) < 2 or side.has(*rules.QUESTION_NAMES) or side.has(*rules.VERDICTS):
        return Chosen(None)
    return Chosen(WHOLE_ROW, "the whole row less its id, as no field has a name of references")


def question_of(side: Side) -> str | None:
    """The field that holds the question, prompt or phrase."""
    fixed = side.layout.roles.get("question")
    return fixed or next(iter(side.present(rules.QUESTION_NAMES)), None)


def image_of(side: Side) -> str | None:
    """The field that names the image."""
    fixed = side.layout.roles.get("image")
    return fixed or next(filter(side.names_things, side.present(rules.IMAGE_NAMES)), None)


def options_of(side: Side) -> str | None:
    """The field of the options, or the first of the columns A B C D…."""
    fixed = side.layout.roles.get("options")
    if fixed is not None:
        return fixed
    for name in side.present(rules.OPTION_NAMES):
        if any(map(are_options, side.values(name))):
            return name
    columns = side.present(rules.OPTION_COLUMNS[:2])
    return "A" if columns == ["A", "B"] else None


def are_options(value: Any) -> bool:  # noqa: ANN401  (JSON)
    """Whether a value is at least two texts or numbers, or letters that stand for some.

    Tables carry lists as text. ARC lays texts and labels side by side.

    >>> are_options(["red", "blue"]), are_options({"a": "red"}), are_options("['a', 'b']")
    (True, True, True)
    >>> are_options([{"message": {"content": "red"}}]), are_options(["red"])
    (False, False)
    """
    if isinstance(value, str) and value[:1] in ("[", "{"):
        value = literal(value)
    if isinstance(value, dict):
        if isinstance(value.get("text"), list):
            return are_options(value["text"])
        letters = [str(key).upper() in set(rules.OPTION_COLUMNS) for key in value]
        return bool(value) and all(letters) and all(map(_is_option, value.values()))
    if not isinstance(value, list):
        return False
    return sum(part is not None for part in value) >= 2 and all(map(_is_option, value))


def _is_option(value: object) -> bool:
    return value is None or isinstance(value, str | int | float)
