"""Who was compared in each verdict, and who won."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from vlmeval_cli.core.config import OnBadRow
from vlmeval_cli.core.errors import DataError, UsageError, quoted
from vlmeval_cli.joining.paths import as_text
from vlmeval_cli.parsing.judgments.fields import (
    ALPACA_MODELS,
    ALPACA_OUTPUTS,
    MODELS,
    Fields,
    Names,
)
from vlmeval_cli.parsing.judgments.labels import (
    EXPECTED,
    Winner,
    is_nothing,
    is_zero,
    number,
    winner,
)
from vlmeval_cli.parsing.texts import refused

OTHER = "the other model"
_WHO_LOST = (
    "To compare more than two models, write rows with model_a and model_b beside the winner."
)


class Compared(NamedTuple):
    """The two models of each verdict.

    Attributes:
        models: their names; None where they are not to be used.
        fields: fields that name them; None where no field does.
        asked: the model whose win rate is asked for unless the user names one.
        why: why it is that one.
        are_winners: the winners are the only names of models there are.
    """

    models: Sequence[Names | None]
    fields: Names | None
    asked: str
    why: str
    are_winners: bool = False


@dataclass
class Reading:
    """Verdicts on the way: which are wrong, and what to do about it."""

    fields: Fields
    name: str
    on_bad_row: OnBadRow
    bad: dict[int, str]

    def refuse(self, row: int, name: str, got: object, expected: str) -> None:
        """Stop at a verdict that cannot be read, or note it where such rows are left out."""
        self.bad[row] = refused(self.fields.place(row), name, got, expected, self.on_bad_row)


def compared_models(reading: Reading) -> Compared:
    """Who was compared: as fields say it, as the winners are called, or a and b."""
    fields = reading.fields
    named = fields.two(MODELS)
    if named is not None:
        names, a, b = named
        models = [
            _pair(reading, row, names, pair) for row, pair in enumerate(zip(a, b, strict=True))
        ]
        is_alpaca = names == ALPACA_MODELS
        first = next((pair for pair in models if pair is not None), ("", ""))
        why = f'as "{names[int(is_alpaca)]}" of the first row'
        return Compared(models, names, first[int(is_alpaca)], why)
    called = _called(reading)
    if called is not None:
        every: list[Names | None] = [called] * len(fields.recorded)
        return Compared(every, None, called[0], "the first winner", are_winners=True)
    is_alpaca = fields.filled(*ALPACA_OUTPUTS) is not None
    _refuse_unclear_zero(reading, is_alpaca=is_alpaca)
    pair = ALPACA_OUTPUTS if is_alpaca else ("a", "b")
    why = "as AlpacaEval has it" if is_alpaca else "the first of the two"
    return Compared([pair] * len(fields.recorded), None, pair[int(is_alpaca)], why)


def _pair(
    reading: Reading, row: int, names: Names, recorded: tuple[object, object]
) -> Names | None:
    """The two models of a verdict."""
    if is_nothing(reading.fields.recorded[row]):
        return None
    for name, one in zip(names, recorded, strict=True):
        if one is None or one == "":
            reading.refuse(row, name, one, "the name of a model")
            return None
    a, b = map(as_text, recorded)
    if a == b:
        reading.refuse(row, names[1], b, f'another model than "{names[0]}" has')
        return None
    return a, b


def _called(reading: Reading) -> Names | None:
    """The two models where winners are called by name; None where they are called a and b.

    Raises:
        DataError: there are more than two names, so that it is unknown who lost.
    """
    known = [one for one in reading.fields.recorded if not is_nothing(one)]
    if any((found := winner(one, None)) is not None and found.share != 0.5 for one in known):
        return None
    names = Counter(as_text(one) for one in known if winner(one, None) is None)
    if len(names) > 2:
        rare = names.most_common()[-1][0]
        row = [*map(as_text, reading.fields.recorded)].index(rare)
        likely = ", ".join(f'"{name}"' for name, _ in names.most_common(2))
        raise DataError(
            f'{reading.fields.place(row)}: field "{reading.name}", got {quoted(rare)}, expected '
            f"one of two models ({likely}?) or a tie, since no field says who was compared",
            hint=_WHO_LOST,
        )
    first, *rest = names or (None,)
    return None if first is None else (first, rest[0] if rest else OTHER)


def _refuse_unclear_zero(reading: Reading, *, is_alpaca: bool) -> None:
    """0 beside 1 and 2 is a tie; 0 beside 1 alone may be the first of two, counted from 0."""
    known = reading.fields.recorded
    numbers = {value for one in known if (value := number(one)) is not None}
    if is_alpaca or not {0.0, 1.0} <= numbers or max(numbers) > 1.0:
        return
    row = next(row for row, one in enumerate(known) if is_zero(one))
    raise UsageError(
        f'{reading.fields.place(row)}: field "{reading.name}" is 0 or 1 everywhere: 0 is a tie '
        "where answers are 1 and 2, and the first answer where they are counted from 0",
        hint='Write the winners as "a", "b" and "tie".',
    )


def winner_of(reading: Reading, compared: Compared, row: int) -> Winner | None:
    """Who won a verdict; None where nothing was recorded, or nothing that can be read."""
    recorded, names = reading.fields.recorded[row], compared.models[row]
    if is_nothing(recorded) or names is None:
        return None
    found = winner(recorded, names if compared.fields or compared.are_winners else None)
    if found is None:
        listed = f"{quoted(names[0])}, {quoted(names[1])}, " if compared.fields else ""
        reading.refuse(row, reading.name, recorded, f"{listed}{EXPECTED}")
    return found
