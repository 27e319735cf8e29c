"""Signs that the two files were given in the wrong order, or that gold is read as prediction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vlmeval_cli.core.errors import DataError, UsageError
from vlmeval_cli.detection import rules
from vlmeval_cli.detection.fields import PREDICTION_OPTION
from vlmeval_cli.detection.sides import Chosen, Side
from vlmeval_cli.joining import IdPair
from vlmeval_cli.joining.ids import as_ids
from vlmeval_cli.joining.paths import as_text
from vlmeval_cli.joining.references import as_written
from vlmeval_cli.parsing.texts import answers_in


def refuse_swapped(predictions: Side, references: Side) -> None:
    """Stop if the first file holds references and the second predictions.

    Raises:
        DataError: with the command in the right order.
    """
    why = _by_layout(predictions, references) or _by_fields(predictions, references)
    if why is None:
        return
    raise DataError(
        f"the two files look swapped: {predictions.path} holds references ({why[0]}) and "
        f"{references.path} predictions ({why[1]})",
        hint=f"Run: vlmeval score {references.path} {predictions.path}. If they are right as they "
        "are, name --prediction-field and --reference-field.",
    )


def refuse_other_kind(predictions: Side, references: Side) -> None:
    """Stop if COCO's captions stand beside COCO's boxes.

    Raises:
        DataError: naming what both files are.
    """
    mine, theirs = predictions.layout, references.layout
    if {mine.task, theirs.task} == {"captioning", "grounding"}:
        raise DataError(
            f"{predictions.path} and {references.path} are of different tasks: {mine.task} "
            f"({mine.reason}), and {theirs.task} ({theirs.reason})",
            hint=f"Give the references of these predictions: an annotations file for {mine.task}.",
        )


def _by_layout(predictions: Side, references: Side) -> tuple[str, str] | None:
    mine, theirs = predictions.layout, references.layout
    is_first_wrong = mine.side == "references" and theirs.side != "references"
    is_second_wrong = theirs.side == "predictions" and mine.side != "predictions"
    return (mine.reason, theirs.reason) if is_first_wrong or is_second_wrong else None


def _by_fields(predictions: Side, references: Side) -> tuple[str, str] | None:
    theirs = _first(references, rules.PREDICTION_NAMES) or _bare_value(references)
    golds = [*rules.REFERENCE_NAMES, rules.VALUE_BY_ID]
    mine = _first(predictions, golds)
    if mine is None or theirs is None or predictions.has(*rules.PREDICTION_ONLY):
        return None
    if references.has(*rules.PREDICTION_ONLY):
        is_swapped = not references.has(*rules.REFERENCE_NAMES)
    else:
        no_gold = not references.has(*rules.REFERENCE_ONLY, *rules.LABEL_NAMES)
        is_swapped = (
            no_gold and _is_gold(predictions, mine, theirs) and _is_text(references, theirs)
        )
    return (f'"{mine}"', f'"{theirs}"') if is_swapped else None


def _first(side: Side, names: Sequence[str]) -> str | None:
    return next(iter(side.present(names)), None)


def _bare_value(side: Side) -> str | None:
    is_bare = side.layout.name == "json_by_id" and side.has(rules.VALUE_BY_ID)
    return rules.VALUE_BY_ID if is_bare else None


def _is_gold(side: Side, name: str, other: str) -> bool:
    """Lists of texts are references; so is a named gold beside the bare values of the other."""
    values = [value for value in side.values(name) if value is not None]
    if bool(values) and all(isinstance(value, list) for value in values):
        return all(isinstance(one, str) for value in values for one in value)
    return other == rules.VALUE_BY_ID and name in rules.REFERENCE_ONLY


def _is_text(side: Side, name: str) -> bool:
    return all(value is None or isinstance(value, str) for value in side.values(name))


def refuse_gold(
    sides: tuple[Side, Side | None],
    prediction: Chosen,
    reference: Chosen,
    pairs: Sequence[IdPair],
) -> None:
    """Stop if the predictions equal the references and another field could be the prediction.

    Raises:
        UsageError: gold was probably read as prediction.
    """
    mine, theirs = sides
    if prediction.name is None or reference.name is None:
        return
    is_known = mine.layout.roles.get("prediction") == prediction.name
    is_sure = is_known or prediction.name in rules.PREDICTION_ONLY
    others = [*prediction.others, *([] if is_sure else _without_role(mine, pairs))]
    names = [name for name in dict.fromkeys(others) if name != reference.name]
    is_unsure = theirs is None and not is_sure
    if not names and not is_unsure:
        return
    met = list(_met(sides, reference.name, pairs))
    if not met or any(as_text(row.get(prediction.name)) not in golds for row, golds in met):
        return
    rows = [row for row, _ in met]
    others = [name for name in names if _is_output(sides, name, prediction.name, rows)]
    if others or is_unsure:
        listed = ", ".join(f'"{name}"' for name in others)
        instead = f" Other candidates: {listed}." if others else ""
        raise UsageError(
            f'{mine.path}: "{prediction.name}" equals the references in all {len(met):,} rows '
            f"looked at; it is probably not a model's output.{instead}",
            hint=f"Choose with {PREDICTION_OPTION} {others[0] if others else prediction.name}.",
        )


def refuse_echo(side: Side, prediction: Chosen, reference: Chosen) -> None:
    """Stop if the answer that ends a chat is what the model said, and not what was expected.

    Raises:
        UsageError: a prediction that the user named equals it in every row.
    """
    roles = side.layout.roles
    if reference.name is None or prediction.name is None or len(side.head) < 2:
        return
    if not reference.name == roles.get("references") == roles.get("prediction"):
        return
    pairs = zip(side.values(prediction.name), side.values(reference.name), strict=True)
    if all(as_text(said).strip() == as_text(last).strip() for said, last in pairs):
        raise UsageError(
            f'{side.path}: "{prediction.name}" equals "{reference.name}", the last turn of the '
            f"messages, in all {len(side.head):,} rows looked at; that turn is probably the "
            "model's own",
            hint="Name the right answers with --reference-field, or pass two files: predictions, "
            "then references.",
        )


def _without_role(side: Side, pairs: Sequence[IdPair]) -> list[str]:
    """Fields of varying texts that are neither ids nor known to be an input of the model."""
    ids = {pair.prediction for pair in pairs}
    return [
        name
        for name in side.filled
        if name not in rules.INPUT_NAMES
        and name not in ids
        and len({value for value in side.values(name) if isinstance(value, str)}) > 1
    ]


def _is_output(
    sides: tuple[Side, Side | None], name: str, chosen: str, rows: Sequence[Mapping[str, Any]]
) -> bool:
    """Whether another field could be what the model said: it is no input, and not the gold."""
    return not _shared(sides, name) and any(row.get(name) != row.get(chosen) for row in rows)


def _shared(sides: tuple[Side, Side | None], name: str) -> bool:
    """Whether both files have a field with the same values: it is an input."""
    mine, theirs = sides
    if theirs is None or name not in theirs.filled:
        return False
    given = {as_text(value) for value in theirs.values(name)}
    return all(as_text(value) in given for value in mine.values(name))


def _met(
    sides: tuple[Side, Side | None], reference: str, pairs: Sequence[IdPair]
) -> Iterator[tuple[Any, set[str]]]:
    """First rows of the predictions with the references they meet, as texts."""
    mine, theirs = sides
    others = theirs or mine
    golds = as_written(others.layout, others.values(reference))
    texts = [{as_text(answer) for answer in answers_in(value)} for value in golds]
    if theirs is None:
        yield from zip(mine.head, texts, strict=True)
        return
    for pair in pairs:
        ids = as_ids(theirs.values(pair.references)).texts
        by_id: dict[str | None, set[str]] = {}
        for text, answers in zip(ids, texts, strict=True):
            by_id.setdefault(text, set()).update(answers)
        own = as_ids(mine.values(pair.prediction)).texts
        met = [
            (row, by_id[text])
            for row, text in zip(mine.head, own, strict=True)
            if text is not None and text in by_id
        ]
        if met:
            yield from met
            return
