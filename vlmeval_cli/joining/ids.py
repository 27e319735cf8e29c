"""Ids as text, and the choice of the pair of fields that identifies items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any, NamedTuple

from vlmeval_cli.core.errors import DataError, UsageError
from vlmeval_cli.core.wording import number_of
from vlmeval_cli.joining.columns import Columns
from vlmeval_cli.readers.json_values import described

# Two fields that both identify rows, match nearly as many and pair different rows: one of them is
# a row number, and choosing the wrong one gives a plausible score.
KEY_LIKE = 0.9
NEARLY_AS_MANY = 0.9


class IdPair(NamedTuple):
    """An id field of the predictions and the one of the references that it is compared with."""

    prediction: str
    references: str

    def __str__(self) -> str:
        same = self.prediction == self.references
        return self.prediction if same else f"{self.prediction} = {self.references}"


@dataclass(frozen=True, slots=True)
class IdColumn:
    """A column as ids.

    Attributes:
        texts: the id of each row; None where the value cannot be an id.
        bad: rows whose value cannot be an id.
        n_floats: how many ids were integral floats.
    """

    texts: list[str | None]
    bad: tuple[int, ...] = ()
    n_floats: int = 0


def as_ids(values: Sequence[Any]) -> IdColumn:
    """Ids as text: strings stay, integers and integral floats become decimal text.

    >>> as_ids(["007", 7, 7.0, True]).texts
    ['007', '7', '7', None]
    """
    kinds = set(map(type, values))
    if kinds <= {str}:
        return IdColumn(list(values))
    if kinds == {int}:
        return IdColumn(list(map(str, values)))
    texts = [_as_id(value) for value in values]
    bad = tuple(row for row, text in enumerate(texts) if text is None)
    n_floats = sum(type(value) is float for value in values)
    return IdColumn(texts, bad, n_floats - sum(type(values[row]) is float for row in bad))


def _as_id(value: object) -> str | None:
    if isinstance(value, str):
        return value
    if type(value) is int:
        return str(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return None


def bad_id_message(columns: Columns, name: str, row: int) -> str:
    """``file:line: field …, got …, expected …`` for a value that cannot be an id."""
    got = described(columns[name][row])
    return f'{columns.where(row)}: field "{name}", got {got}, expected a string or an integer'


@dataclass(frozen=True, slots=True)
class Candidate:
    """A pair of id fields and how well it joins the two files.

    Attributes:
        pair: the fields.
        predictions, references: their ids.
        matched: reference rows whose id some prediction has.
        uniqueness: different ids per row of the references.
        prediction_uniqueness: the same of the predictions.
        has_conflicts: reference rows share an id and ask different questions.
    """

    pair: IdPair
    predictions: IdColumn
    references: IdColumn
    matched: int
    uniqueness: float
    prediction_uniqueness: float
    has_conflicts: bool

    @property
    def is_key(self) -> bool:
        """Whether it tells rows apart in both files."""
        return min(self.uniqueness, self.prediction_uniqueness) >= KEY_LIKE

    @property
    def rank(self) -> tuple[bool, int, float]:
        """Higher is better. Fields that repeat where they must not come after all others."""
        joins = self.prediction_uniqueness >= KEY_LIKE and not self.has_conflicts
        return joins, self.matched, self.uniqueness


def choose(
    pairs: Sequence[IdPair],
    predictions: Columns,
    references: Columns,
    question: str | None,
) -> Candidate:
    """The pair of fields that joins the two files best.

    Names present in both files come first; pairs of different names are tried when no common name
    matches anything.

    Args:
        pairs: candidates, the preferred first.
        predictions: columns with the first name of each pair.
        references: columns with the second.
        question: reference field that rows of one id must agree in, if there is one.

    Raises:
        UsageError: two candidates match as well and pair different rows.
    """
    common = [pair for pair in pairs if pair.prediction == pair.references]
    others = [pair for pair in pairs if pair.prediction != pair.references]
    found: list[Candidate] = []
    for stage in (common, others):
        found += [_candidate(pair, predictions, references, question) for pair in stage]
        best = max(found, key=lambda one: one.rank, default=None)  # the first of equals
        if best is not None and best.matched:
            _refuse_rivals(best, found)
            return best
    if not found:
        raise UsageError(
            f"{predictions.path} and {references.path} have no field that could be an id",
            hint="Name it with --id-field.",
        )
    return found[0]


def _candidate(
    pair: IdPair, predictions: Columns, references: Columns, question: str | None
) -> Candidate:
    mine, theirs = as_ids(predictions[pair.prediction]), as_ids(references[pair.references])
    known = _distinct(mine)
    are_same = mine.texts == theirs.texts  # as two files in one order are
    distinct = known if are_same else _distinct(theirs)
    is_everywhere = are_same and not theirs.bad
    repeats = len(distinct) < len(theirs.texts)
    return Candidate(
        pair=pair,
        predictions=mine,
        references=theirs,
        matched=len(theirs.texts) if is_everywhere else sum(map(known.__contains__, theirs.texts)),
        uniqueness=len(distinct) / max(1, len(theirs.texts)),
        prediction_uniqueness=len(known) / max(1, len(mine.texts)),
        has_conflicts=repeats and question is not None and _conflict(theirs, references[question]),
    )


def _distinct(ids: IdColumn) -> set[str | None]:
    found = set(ids.texts)
    found.discard(None)
    return found


def _conflict(ids: IdColumn, questions: list[Any]) -> bool:
    first: dict[str | None, Any] = {}
    pairs = zip(ids.texts, questions, strict=True)
    return any(text is not None and first.setdefault(text, asked) != asked for text, asked in pairs)


def _refuse_rivals(best: Candidate, found: Sequence[Candidate]) -> None:
    if not best.is_key:
        return
    for other in found:
        enough = other.matched >= NEARLY_AS_MANY * best.matched
        if other is not best and other.is_key and enough and _pair_differently(best, other):
            raise UsageError(
                f"the ids could be {_quoted(best)} or {_quoted(other)}: both match, "
                "and they pair different rows",
                hint=f"Choose one: --id-field {best.pair.references} "
                f"or --id-field {other.pair.references}.",
            )


def _quoted(candidate: Candidate) -> str:
    return f'"{candidate.pair}" ({number_of(candidate.matched, "row", "rows")})'


def _pair_differently(one: Candidate, other: Candidate) -> bool:
    """Whether some reference row that both match gets different prediction rows."""
    pairs = zip(_rows_met(one), _rows_met(other), strict=True)
    return any(a is not None and b is not None and a != b for a, b in pairs)


def _rows_met(candidate: Candidate) -> list[int | None]:
    texts = candidate.predictions.texts
    last = {text: row for row, text in enumerate(texts) if text is not None}
    return [None if text is None else last.get(text) for text in candidate.references.texts]


def usable_rows(columns: Columns, name: str, ids: IdColumn, *, skip: bool) -> list[str]:
    """Messages of rows without a usable id, where they may be left out.

    Raises:
        DataError: there is one, and rows may not be left out.
    """
    if ids.bad and not skip:
        raise DataError(
            bad_id_message(columns, name, ids.bad[0]),
            hint="Give every row an id, name another field with --id-field, "
            "or leave such rows out with --on-bad-row skip.",
        )
    return [bad_id_message(columns, name, row) for row in ids.bad]


def keep(texts: Sequence[str | None], bad: Sequence[int]) -> list[str]:
    """The ids of the rows that have one."""
    if not bad:
        return texts  # type: ignore[return-value]  # nothing is None when nothing is bad
    return list(compress(texts, (text is not None for text in texts)))  # type: ignore[arg-type]  # no None is left
