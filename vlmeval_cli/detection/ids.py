"""Which fields could identify the items of two files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product

from vlmeval_cli.core.errors import UsageError, did_you_mean, quoted
from vlmeval_cli.detection.rules import ID_NAMES, RARE_IDS
from vlmeval_cli.detection.sides import Side
from vlmeval_cli.joining import IdPair
from vlmeval_cli.joining.paths import ROW_NUMBER, value_at


def id_pairs(
    predictions: Side, references: Side | None, named: str | None, taken: Iterable[str | None]
) -> tuple[IdPair, ...]:
    """Pairs of id fields worth trying, the preferred first.

    Names that both files have come first, then pairs of different names. Which pair is the id is
    decided on all rows, when the files are joined.

    Args:
        predictions: the predictions file, or the one file.
        references: the references file; None where one file holds both.
        named: the field that the user named.
        taken: fields that are the prediction, the references or the question.

    Raises:
        UsageError: a file has no field that could be an id, or not the one named.
    """
    others = references or predictions
    if named is not None:
        return _named(predictions, others, named)
    used = set(taken)
    mine, theirs = (
        [name for name in _candidates(side) if name not in used] for side in (predictions, others)
    )
    if references is None:
        return tuple(IdPair(name, name) for name in mine)
    for side, names in ((predictions, mine), (references, theirs)):
        if not names:
            raise UsageError(
                f"{side.path} has no field that could be an id; its fields: "
                f"{', '.join(side.fields)}",
                hint="Name it with --id-field. If both files have the same rows in the same order: "
                f'--id-field "{ROW_NUMBER}"',
            )
    common = [IdPair(name, name) for name in mine if name in theirs]
    return (*common, *(IdPair(*pair) for pair in product(mine, theirs) if pair[0] != pair[1]))


def _candidates(side: Side) -> Sequence[str]:
    fixed = side.layout.roles.get("id")
    if fixed is not None:
        return [fixed]
    names = side.present((*ID_NAMES, *RARE_IDS))
    # Where no field can be an id, the join says which value is wrong, and in which line.
    return [name for name in names if side.names_things(name)] or names


def _named(predictions: Side, references: Side, named: str) -> tuple[IdPair, ...]:
    """The field the user named; a file that lacks it is joined by the ids it has."""
    if named == ROW_NUMBER:
        return (IdPair(named, named),)
    nothing = object()
    mine, theirs = (
        [named] if any(value_at(row, named, nothing) is not nothing for row in side.head) else []
        for side in (predictions, references)
    )
    if not mine and not theirs:
        raise UsageError(
            f"neither {predictions.path} nor {references.path} has a field {quoted(named)}, "
            "named as the id",
            hint=did_you_mean(named, [*predictions.fields, *references.fields]),
        )
    pairs = product(mine or _candidates(predictions), theirs or _candidates(references))
    found = tuple(IdPair(*pair) for pair in pairs)
    if not found:
        lacking = references if mine else predictions
        raise UsageError(
            f"{lacking.path} has no field {quoted(named)} and none that could be an id",
            hint=f"Its fields: {', '.join(lacking.fields)}.",
        )
    return found
