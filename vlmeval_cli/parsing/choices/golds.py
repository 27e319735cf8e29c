"""The right options of items: recorded as letters, as the options' texts, or as indices."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from vlmeval_cli.core.errors import UsageError, quoted
from vlmeval_cli.parsing.choices.options import LETTERS, Options

_DRESSED = re.compile(r"\s*[(\[]?([A-Za-z])[)\].:]*\s*")
_OWN_LABEL = re.compile(
    r"(?:.*\b(?:answer|option|choice)(?:\s+is)?\s*:?\s*)?[(\[]?(\w+)[)\].]*",
    re.DOTALL | re.IGNORECASE,
)
_LABELLED = re.compile(r"\s*[(\[]?([A-Z])[)\].:]+\s*(\S.*)", re.DOTALL)


class _Index(NamedTuple):
    """A number that stands for an option of an item."""

    number: int
    options: Options
    text: str


def right_letters(
    golds: Sequence[Sequence[str]], options: Sequence[Options], field: str = "the references"
) -> list[list[str]]:
    """Letters of the right options of each item; none where the gold is no option.

    Whether whole numbers are texts of options, or count from 0 or 1, is decided once for all.

    Raises:
        UsageError: it could be more than one of these.
    """
    read = _counted([gold for own in golds for gold in own], _repeated(golds, options), field)
    return [
        [letter for gold in own if (letter := _letter(gold, mine, read)) is not None]
        for own, mine in zip(golds, options, strict=True)
    ]


def _repeated(golds: Sequence[Sequence[str]], options: Sequence[Options]) -> list[Options]:
    return [mine for own, mine in zip(golds, options, strict=True) for _ in own]


def index_letters(
    texts: Sequence[str | None],
    options: Sequence[Options],
    labels: Sequence[str],
    field: str = "the predictions",
) -> list[str | None] | None:
    """Letters of answers that are all whole numbers; None where they are no indices of options.

    Args:
        texts: the answers; None where missing.
        options: of each item.
        labels: all different references; indices among them show where counting starts.
        field: what is read, for messages.

    Raises:
        UsageError: they could count from 0 or from 1.
    """
    given = [(text, own) for text, own in zip(texts, options, strict=True) if text is not None]
    if not given or not all(_is_number(text.strip()) for text, _ in given):
        return None
    if all(own.spelled(text) for text, own in given):
        return None  # texts of options, as a model writes them
    numbers, own_options = [text.strip() for text, _ in given], [own for _, own in given]
    base = 0 if "0" in labels else _counted(numbers, own_options, field)
    if "0" in labels:
        _refuse_other_base(numbers, own_options, field)
    if base is None:
        return None
    return [
        None if text is None else _at(int(text) - base, own)
        for text, own in zip(texts, options, strict=True)
    ]


def _refuse_other_base(numbers: Sequence[str], options: Sequence[Options], field: str) -> None:
    """Indices that fit only if they count from 1, beside references that count from 0."""
    fits = [
        all(_at(int(number) - base, own) for number, own in zip(numbers, options, strict=True))
        for base in (0, 1)
    ]
    if fits == [False, True]:
        raise UsageError(
            f"the references are indices that count from 0, and {field} seem to count from 1: some "
            "are beyond the last option, and none is 0",
            hint="Write the letters of the options in both (A for the first), or their texts.",
        )


def index_note(golds: Sequence[Sequence[str]], options: Sequence[Options]) -> str | None:
    """How references that are whole numbers are read; None where none is."""
    flat = [gold for own in golds for gold in own]
    numbers = [gold for gold in flat if _is_number(gold)]
    if not numbers:
        return None
    base = _counted(flat, _repeated(golds, options), "the references")
    read = "texts of options" if base is None else f"numbers of options, counted from {base}"
    return f"references that are whole numbers, such as {quoted(numbers[0])}, are read as {read}"


def labelled_letter(text: str, labels: Sequence[str], options: Options) -> str:
    """The letter of the option whose own label ("2") an answer names; any other text as it is.

    Where the label is the text of another option, both letters: the answer may mean either.

    >>> two = Options.of(["red", "blue"])
    >>> labelled_letter("The answer is (2).", ["1", "2"], two), labelled_letter("x", ["1"], two)
    ('B', 'x')
    >>> labelled_letter("2", ["1", "2"], Options.of(["2", "1"]))
    'A or B'
    """
    found = _OWN_LABEL.fullmatch(text.strip())
    if found is None or found[1] not in labels:
        return text
    meant = {LETTERS[labels.index(found[1])], *options.spelled(found[1])}
    return " or ".join(sorted(meant))


def _letter(gold: str, options: Options, base: int | None) -> str | None:
    if gold in options.known and len(gold) == 1 and not options.keys:
        return gold
    if base is not None and _is_number(gold):
        return _at(int(gold) - base, options)
    dressed = _DRESSED.fullmatch(gold)
    spelled = options.spelled(gold)
    if dressed is not None and dressed[1].upper() in options.known:
        return dressed[1].upper() if not spelled or dressed[1].upper() in spelled else None
    if len(spelled) == 1:
        return spelled[0]
    labelled = _LABELLED.fullmatch(gold)
    if labelled is not None and labelled[1] in options.spelled(labelled[2]):
        return labelled[1]
    return None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 2


def _at(index: int, options: Options) -> str | None:
    letter = LETTERS[index] if 0 <= index < len(LETTERS) else ""
    return letter if letter and letter in options.known else None


def _counted(golds: Sequence[str], options: Sequence[Options], field: str) -> int | None:
    """Where whole numbers count from; None where they are texts, or there are none."""
    numbers = [
        _Index(int(gold), own, gold)
        for gold, own in zip(golds, options, strict=True)
        if _is_number(gold)
    ]
    if not numbers or any(map(_names_letter, golds)):
        return None
    readings = {
        "the texts of options": [_only(one.options.spelled(one.text)) for one in numbers],
        "counted from 0": [_at(one.number, one.options) for one in numbers],
        "counted from 1": [_at(one.number - 1, one.options) for one in numbers],
    }
    fitting = {name: letters for name, letters in readings.items() if None not in letters}
    if len(set(map(tuple, fitting.values()))) > 1:
        listed = ", or ".join(fitting)
        raise UsageError(
            f"{field} are whole numbers such as {quoted(numbers[0].text)}: they could be {listed}, "
            "and each gives other answers",
            hint="Write the letters of the options in that field (A for the first), or their "
            "texts.",
        )
    return {"counted from 0": 0, "counted from 1": 1}.get(next(iter(fitting), ""))


def _names_letter(gold: str) -> bool:
    return _DRESSED.fullmatch(gold) is not None


def _only(letters: Sequence[str]) -> str | None:
    return letters[0] if len(letters) == 1 else None
