"""Multiple-choice items as columns: what was chosen, what is right, out of how many.

- ``prediction.choice``: number of the option that the answer names, 0 for A; NaN where none.
- ``references.choice``: numbers of the right options, usually one; none for an open question.
- ``options.text``: texts behind A, B, …; none where they are not recorded.
- ``options.count``: how many options there are, NaN where that is not recorded.
- ``choice.open``: 1 for an open question among the others.
- ``choice.answer``, ``choice.accepted``: answer and references as texts, for other rules.
- ``circular.choice``, ``circular.right``: for the first of the rotations of a question, what was
  chosen and what is right in all of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import chain
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from vlmeval_cli.core.batch import (
    Array,
    Column,
    NumberColumn,
    TextColumn,
    ValueColumn,
    offsets_of,
    singles,
)
from vlmeval_cli.parsing.choices.golds import (
    index_letters,
    index_note,
    labelled_letter,
    right_letters,
)
from vlmeval_cli.parsing.choices.letters import Reading, read_choice
from vlmeval_cli.parsing.choices.options import (
    LETTERS,
    TYPE_FIELDS,
    UNKNOWN,
    Options,
    Texts,
    key,
    open_questions,
    option_texts,
    own_labels,
)
from vlmeval_cli.parsing.choices.rotations import Rotations, rotations
from vlmeval_cli.parsing.choices.rules import Rule, read_all
from vlmeval_cli.parsing.items import Items, Parsed
from vlmeval_cli.parsing.reasoning import answer

_DRESSES = ("{}", "({})", "{}.", "({}).", "{})", "{}:", "**{}**", "\\boxed{{{}}}", "Answer: {}",
            "The answer is {}.", "The answer is {}", "The correct answer is {}.",
            "The answer is ({}).", "<answer>{}</answer>")  # fmt: skip
_CODES: Mapping[str | None, float] = {None: float("nan")} | {
    letter: float(code) for code, letter in enumerate(LETTERS)
}
_BARE = " \t\r\n.:()[]*"  # around a letter that stands alone: "(B)", "B.", "**B**"
_SHORT = 5  # characters of an option's text that may be nothing but a letter


class Questions(NamedTuple):
    """The recorded side of ``n`` items.

    Attributes:
        texts: options of each item, None where it has none.
        is_open: whether it is an open question.
        has_letters: some option's text is itself a letter, or some letter has no option, so that
            "B" needs a second look.
        labels: item → what its options are called, where that is not A, B, ….
    """

    texts: list[Texts | None]
    is_open: list[bool]
    has_letters: bool
    labels: Mapping[int, Sequence[str]] = MappingProxyType({})

    @classmethod
    def of(cls, items: Items) -> Questions:
        """Those of the items; they are found once."""
        return items.once("questions", lambda: questions(items))

    @property
    def sizes(self) -> list[int]:
        """How many letters may be meant in each item."""
        if None in self.texts:
            return [len(UNKNOWN if own is None else own) for own in self.texts]
        return [*map(len, filter(None, self.texts))]

    def options(self, item: int) -> Options:
        """The options of one item."""
        return Options.of(self.texts[item])


def questions(items: Items) -> Questions:
    """Options of the items, and which of them have none because they are open questions.

    Raises:
        DataError: the options of an item are no options.
    """
    found = option_texts(items)
    is_open = open_questions(items, found) or [False] * len(items)
    texts: list[Texts | None] = found if found is not None else [None] * len(items)
    if any(is_open):
        texts = [None if alone else own for own, alone in zip(texts, is_open, strict=True)]
    flat = [*chain.from_iterable(filter(None, texts))]
    has_short = None in flat or min(map(len, filter(None, flat)), default=0) <= _SHORT
    short = {text for text in flat if text is None or len(text) <= _SHORT} if has_short else ()
    has_letters = any(
        text is None or (len(own := key(text)) == 1 and own.isalpha()) for text in short
    )
    return Questions(texts, is_open, has_letters, own_labels(items))


def parse(items: Items, rule: Rule = "vlmeval") -> Parsed:
    """The options that the answers name.

    Args:
        items: predictions and their questions.
        rule: whose reading decides what counts as unparsed; ``prediction.choice`` is always ours.
    """
    asked = Questions.of(items)
    texts = _closed(items.predictions, asked, None)
    letters, reasons = _read(_relabelled(texts, asked), asked, items)
    shown, unparsed = (letters, reasons) if rule == "vlmeval" else _by_rule(rule, texts, asked)
    values: Sequence[str | None] = shown
    if True in asked.is_open:
        rows = zip(items.predictions, asked.is_open, shown, strict=True)
        values = [text if alone else letter for text, alone, letter in rows]
    turned = rotations(items, asked.texts)
    columns: dict[str, Column] = {
        "prediction.choice": NumberColumn(_codes(letters), singles(len(items))),
        **_option_columns(asked),
        "choice.answer": TextColumn(
            [text or "" for text in items.predictions]
            if None in items.predictions
            else items.predictions,
            singles(len(items)),
        ),
    }
    if turned is not None:
        columns["circular.choice"] = _of_heads(turned, letters)
    return Parsed(
        values,
        unparsed=unparsed,
        helped=_found_inside(texts, shown, asked),
        columns=columns,
        notes=_notes(items, asked, turned),
        inferred={"choices": _inferred(asked, turned, rule)},
    )


def reference_columns(references: Sequence[Sequence[Any]], items: Items) -> Mapping[str, Column]:
    """The right options, and for rotations the right options of all.

    Raises:
        UsageError: it cannot be decided whether numbers are indices.
    """
    asked = Questions.of(items)
    golds = _golds(references, asked)
    letters = _plain_letters(golds, asked) or right_letters(
        golds, [asked.options(item) for item in range(len(items))]
    )
    columns: dict[str, Column] = {
        "references.choice": NumberColumn(
            _codes(list(chain.from_iterable(letters))), offsets_of([*map(len, letters)])
        ),
        "choice.accepted": _texts_of(references),
    }
    turned = rotations(items, asked.texts)
    if turned is not None:
        columns["circular.right"] = _of_heads(turned, ["".join(own) for own in letters])
    return columns


def reference_note(references: Sequence[Sequence[Any]], items: Items) -> str | None:
    """How references that are numbers are read; None where none is."""
    asked = Questions.of(items)
    golds = _golds(references, asked)
    if _plain_letters(golds, asked):
        return None
    return index_note(golds, [asked.options(item) for item in range(len(items))])


def _golds(references: Sequence[Sequence[Any]], asked: Questions) -> Sequence[Sequence[Any]]:
    """The right options; those that are recorded by their own labels as letters."""
    golds = _closed(references, asked, [])
    if not asked.labels:
        return golds
    changed = list(golds)
    for item, labels in asked.labels.items():
        letters = dict(zip(labels, LETTERS, strict=False))
        changed[item] = [letters.get(gold, gold) for gold in golds[item]]
    return changed


def _relabelled(texts: Sequence[str | None], asked: Questions) -> Sequence[str | None]:
    """Answers that name an option by its own label, as letters."""
    if not asked.labels:
        return texts
    changed = list(texts)
    for item, labels in asked.labels.items():
        text = texts[item]
        if text is not None:
            changed[item] = labelled_letter(text, labels, asked.options(item))
    return changed


def _closed(values: Sequence[Any], asked: Questions, instead: object) -> Sequence[Any]:
    """The values of the questions that have options; ``instead`` for open ones."""
    if True not in asked.is_open:
        return values
    pairs = zip(values, asked.is_open, strict=True)
    return [instead if alone else value for value, alone in pairs]


def _read(
    texts: Sequence[str | None], asked: Questions, items: Items
) -> tuple[list[str | None], dict[int, str]]:
    """Letters that the answers name, and why there is none."""
    letters: list[str | None] = [None] * len(texts)
    reasons: dict[int, str] = {}
    if _are_numbers(texts):
        options = [asked.options(item) for item in range(len(texts))]
        found = index_letters(texts, options, items.labels())
        if found is not None:
            why = "the index is that of no option"
            given = {i for i, text in enumerate(texts) if text is not None}
            return found, {i: why for i in given if found[i] is None}
    plain = {} if asked.has_letters else _plain_answers(len(LETTERS))
    if plain:
        sizes = asked.sizes
        plain_of = {size: _plain_answers(size) for size in set(sizes)}
        letters = [plain_of[size].get(text) for size, text in zip(sizes, texts, strict=True)]
    for item in [i for i, letter in enumerate(letters) if letter is None and texts[i] is not None]:
        text, own = texts[item] or "", asked.texts[item]
        letter = None if asked.has_letters or text in plain else _quick(text, own)
        if letter is None:
            letter, why = _closely(text, Options.of(own))
            if letter is None:
                reasons[item] = why
        letters[item] = letter
    return letters, reasons


def _closely(text: str, options: Options) -> Reading:
    """The option of an answer that is more than a letter; thoughts without an end are none."""
    if "<" in text and answer(text).is_unfinished:
        return Reading(None, "reasoning began and never ended")
    return read_choice(text, options)


def _quick(text: str, own: Texts | None) -> str | None:
    """The letter of an answer that is an option's text; None where a closer look is needed.

    It says what :func:`read_choice` says, sooner.
    """
    if own is None:
        return None
    if text[1:3] in (". ", ") ", ": ") and text[3:] in own:
        at = LETTERS.find(text[0])
        return text[0] if 0 <= at < len(own) and own[at] == text[3:] else None
    return LETTERS[own.index(text)] if text in own and own.count(text) == 1 else None


def _plain_answers(size: int) -> dict[str | None, str]:
    """Answers that name one of the first ``size`` letters whatever the options are."""
    return {dress.format(letter): letter for letter in LETTERS[:size] for dress in _DRESSES}


def _are_numbers(texts: Sequence[str | None]) -> bool:
    return all(text is None or re.fullmatch(r"\s*\d{1,2}\s*", text) is not None for text in texts)


def _found_inside(
    texts: Sequence[str | None], letters: Sequence[str | None], asked: Questions
) -> dict[int, str]:
    """Items whose answer is neither a bare letter nor the text of an option, but names one."""
    longer = {
        text
        for text in {text for text in texts if text is not None}
        if len(bare := text.strip(_BARE)) != 1 or not bare.isalpha()
    }
    return {
        i: "the option was found in a longer text"
        for i, (text, letter) in enumerate(zip(texts, letters, strict=True))
        if letter is not None and text in longer and text.strip() not in (asked.texts[i] or ())
        and not _is_own_label(text, i, asked)
    }  # fmt: skip


def _is_own_label(text: str, item: int, asked: Questions) -> bool:
    """Whether an answer is what its option is called: 1 for A, where options are numbered."""
    return text.strip(_BARE).isdecimal() or text.strip(_BARE) in asked.labels.get(item, ())


def _by_rule(
    rule: Rule, texts: Sequence[str | None], asked: Questions
) -> tuple[list[str | None], dict[int, str]]:
    found = read_all(rule, texts, [asked.options(item) for item in range(len(texts))])
    letters = [None if one is None else one.letter for one in found]
    return letters, {i: one.reason for i, one in enumerate(found) if one and one.letter is None}


def _option_columns(asked: Questions) -> dict[str, Column]:
    n = len(asked.texts)
    flat = list(chain.from_iterable(filter(None, asked.texts)))
    sizes = [len(own or ()) for own in asked.texts] if None in asked.texts else asked.sizes
    offsets = offsets_of(sizes)
    counts = np.array(sizes, dtype=np.float64)
    if asked.has_letters and None in flat:  # a letter without an option counts among these
        counts = np.array([sum(t is not None for t in own or ()) for own in asked.texts], float)
    counts[counts == 0] = np.nan
    return {
        "options.text": ValueColumn(flat, offsets),
        "options.count": NumberColumn(counts, singles(n)),
        "choice.open": NumberColumn(np.array(asked.is_open, dtype=np.float64), singles(n)),
    }


def _plain_letters(
    golds: Sequence[Sequence[Any]], asked: Questions
) -> Sequence[Sequence[str]] | None:
    """The golds, where all are letters of their options already."""
    if asked.has_letters or not set(map(len, golds)) <= {0, 1}:
        return None
    flat = list(chain.from_iterable(golds))
    if not set(flat) <= set(LETTERS):
        return None
    is_known = np.fromiter(map(len, golds), dtype=np.bool_, count=len(golds))
    codes = _codes(flat)
    return golds if (codes < np.array(asked.sizes)[is_known]).all() else None


def _codes(letters: Sequence[str | None]) -> Array:
    return np.fromiter(map(_CODES.__getitem__, letters), dtype=np.float64, count=len(letters))


def _ragged(values: Sequence[Sequence[Any]]) -> ValueColumn:
    return ValueColumn(list(chain.from_iterable(values)), offsets_of([*map(len, values)]))


def _texts_of(references: Sequence[Sequence[Any]]) -> TextColumn:
    return TextColumn(list(chain.from_iterable(references)), offsets_of([*map(len, references)]))


def _of_heads(turned: Rotations, values: Sequence[Any]) -> ValueColumn:
    """For the first item of each question the values of all its rotations."""
    rows: list[list[Any]] = [[] for _ in values]
    for group in turned.groups:
        rows[group[0]] = [values[item] for item in group]
    return _ragged(rows)


def _apart(items: Items, asked: Questions) -> str:
    """The options that score the open questions alone, where one value of a field selects them."""
    for name in TYPE_FIELDS:
        kinds = {
            k for k, alone in zip(items.fields.get(name, ()), asked.is_open, strict=False) if alone
        }
        if len(kinds) == 1 and None not in kinds:
            return f"with --task vqa --where {name}={kinds.pop()}, or "
    return ""


def _inferred(asked: Questions, turned: Rotations | None, rule: Rule) -> dict[str, Any]:
    found: dict[str, Any] = {
        "read by": rule,
        "options": "recorded" if any(asked.texts) else "unknown",
    }
    return found if turned is None else {**found, "rotations": turned.evidence}


def _notes(items: Items, asked: Questions, turned: Rotations | None) -> tuple[str, ...]:
    notes = []
    n_open = sum(asked.is_open)
    if n_open:
        notes.append(
            f"{n_open:,} of {len(items):,} items are open questions: the metrics of options skip "
            f"them. Score them {_apart(items, asked)}with --metrics mmmu_accuracy, which scores "
            "both kinds as MMMU does"
        )
    if not any(asked.texts):
        notes.append(
            f"no options are recorded: letters from {UNKNOWN[0]} to {UNKNOWN[-1]} are read, "
            "answers in words are not, and the random floor is unknown"
        )
    if turned is not None:
        notes.append(
            f"{len(items):,} items are rotations of {len(turned.groups):,} questions "
            f"({turned.evidence}): circular_accuracy counts a question that is right in all of "
            "them; for intervals of the other metrics, name the question with --cluster-by"
        )
    return tuple(notes)
