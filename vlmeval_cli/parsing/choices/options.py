"""The options of multiple-choice items: what stands behind each letter."""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any

from vlmeval_cli.core.errors import DataError, quoted
from vlmeval_cli.parsing.items import Items
from vlmeval_cli.readers.json_values import described, literal

LETTERS = string.ascii_uppercase
UNKNOWN = LETTERS[:10]  # letters that can be meant where the options are not recorded
OPTION_FIELDS = ("options", "choices")
TYPE_FIELDS = ("question_type", "questionType")
_CHOICE_TYPES = ("multiple-choice", "multi-choice", "multiple choice", "mcq", "choice", "mc")
_LATEX = re.compile(r"\\(?:text|textbf|textit|mathrm|mathbf|mathsf|boldsymbol)\s*\{([^{}]*)\}")
_TAG = re.compile(r"</?[a-zA-Z][a-zA-Z0-9]*\s*/?>|<\|\w+\|>")
_MARKUP = re.compile(r"\*+|`+|__+|\$+|\\(?=[()\[\]])|^[ \t]*#+[ \t]*", re.MULTILINE)
_CLOSED_HEADING = re.compile(r"^[ \t]*(#+)([^#\n]+)\1[ \t]*$", re.MULTILINE)
_QUOTES = str.maketrans("‘’“”«»「」【】", '\'\'""""""[]')
_EDGES = " \t\r\n.,;:!?\"'()[]{}<>_"

_FIRST_LABELS = ("A.", "A)", "A:", "(A", "[A")
_OWN_LABEL = re.compile(r"\s*[(\[]?([A-Z])[)\].:]+\s*(?=\S)")

Texts = Sequence[str | None]  # behind A, B, …; None where a letter has no option


def cleaned(text: str) -> str:
    r"""A text without what only makes it look good: emphasis, LaTeX fonts, full-width letters.

    >>> cleaned("**Answer：** \\text{(Ｂ)}")
    'Answer: (B)'
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text.translate(_QUOTES))
    text = _TAG.sub(" ", _LATEX.sub(r"\1", text))
    return _MARKUP.sub("", _CLOSED_HEADING.sub(r"\2", text)).strip()


def key(text: str) -> str:
    """What two spellings of one option share: case, white space and outer punctuation are nothing.

    >>> key(' "Two  Dogs." '), key("-5"), key("?!")
    ('two dogs', '-5', '?!')
    """
    plain = " ".join(cleaned(text).casefold().split())
    return plain.strip(_EDGES) or text.strip()


@dataclass(frozen=True)
class Options:
    """The options of one item.

    Attributes:
        texts: behind A, B, …; empty where they are not recorded.
        known: letters that may be meant.
    """

    texts: tuple[str | None, ...]
    known: str

    @classmethod
    def of(cls, texts: Texts | None, unknown: str = UNKNOWN) -> Options:
        """From the recorded texts, or None; then any letter of ``unknown`` may be meant."""
        if texts is None:
            return cls((), unknown)
        pairs = zip(LETTERS, texts, strict=False)
        return cls(tuple(texts), "".join(letter for letter, text in pairs if text is not None))

    @cached_property
    def keys(self) -> dict[str, str]:
        """Letter → its text as :func:`key` spells it; not those that say nothing."""
        pairs = zip(LETTERS, self.texts, strict=False)
        return {letter: own for letter, text in pairs if text is not None and (own := key(text))}

    def spelled(self, text: str) -> list[str]:
        """Letters of the options that ``text`` spells."""
        wanted = key(text)
        found = [letter for letter, own in self.keys.items() if own == wanted]
        if len(found) < 2:
            return found
        exact = [a for a in found if self.texts[LETTERS.index(a)] == text.strip()]
        return exact or found


def option_texts(items: Items) -> list[Texts | None] | None:
    """The options of each item, None for an item without; None where no item has any.

    Raises:
        DataError: the options of an item are no options.
    """
    if items.options == "A" or (items.options is None and items.field("A") and items.field("B")):
        return _of_columns(items.fields)
    column = items.field(*([items.options] if items.options else []), *OPTION_FIELDS)
    if column is None:
        return None
    if set(map(type, column)) == {list} and set(map(type, chain.from_iterable(column))) == {str}:
        read: list[Texts | None] = [texts or None for texts in column]
    else:
        read = [_texts_in(value, items.ids[i]) for i, value in enumerate(column)]
    read = [
        _without_labels(texts) if texts and (texts[0] or "")[:2] in _FIRST_LABELS else texts
        for texts in read
    ]
    if max(map(len, filter(None, read)), default=0) > len(LETTERS):
        at = next(i for i, texts in enumerate(read) if texts and len(texts) > len(LETTERS))
        raise DataError(
            f"item {quoted(items.ids[at])}: got {len(read[at] or ())} options, expected at most "
            f"{len(LETTERS)}",
            hint="Score answers out of so many as labels: --task classification.",
        )
    return read


def _without_labels(texts: Texts) -> Texts:
    """Options that carry their own letters, without them: "A. red", "B. blue"."""
    found = [_OWN_LABEL.match(text or "") for text in texts]
    own = "".join(match[1] for match in found if match)
    if own != LETTERS[: len(texts)]:
        return texts
    return [text[match.end() :] for text, match in zip(texts, found, strict=True) if text and match]


def own_labels(items: Items) -> dict[int, list[str]]:
    """Item → labels of its options, where they are recorded and are not the letters A, B, ….

    Some questions of ARC call their options 1, 2, 3, 4.
    """
    column = items.field(*([items.options] if items.options else []), *OPTION_FIELDS)
    found = {i: _labels_in(value) for i, value in enumerate(column or ()) if type(value) is dict}
    return {i: labels for i, labels in found.items() if labels and not _are_letters(labels)}


def _labels_in(value: dict[Any, Any]) -> list[str]:
    """The labels beside the texts of options; none where there are no or other numbers of them."""
    texts, labels = value.get("text"), value.get("label")
    if not isinstance(texts, list) or not isinstance(labels, list) or len(texts) != len(labels):
        return []
    return [str(label) for label in labels]


def _are_letters(labels: Sequence[str]) -> bool:
    return all(len(label) == 1 and label.upper() in LETTERS for label in labels)


def _of_columns(fields: Mapping[str, Sequence[Any]]) -> list[Texts | None]:
    """Options that stand in columns A, B, C…: an empty cell is no option."""
    used = [letter for letter in UNKNOWN if any(_is_filled(v) for v in fields.get(letter, ()))]
    width = LETTERS.index(used[-1]) + 1 if used else 0
    size = len(next(iter(fields.values()), ()))
    columns = [fields.get(letter) or [None] * size for letter in LETTERS[:width]]
    rows = zip(*columns, strict=True)
    cut = [[_text(cell) if _is_filled(cell) else None for cell in row] for row in rows]
    return [row if any(text is not None for text in row) else None for row in cut]


def _is_filled(cell: object) -> bool:
    return cell is not None and cell != ""


def _texts_in(value: object, name: str) -> Texts | None:
    """Options as a list, as letter → text, as text and label side by side, or any of it as text."""
    if isinstance(value, str) and value.strip()[:1] in ("[", "{"):
        value = literal(value.strip())
    if isinstance(value, dict) and isinstance(value.get("text"), list):
        labels = _labels_in(value)  # as ARC has it: {"text": […], "label": ["A", …]}
        are_letters = bool(labels) and _are_letters(labels)
        value = dict(zip(labels, value["text"], strict=True)) if are_letters else value["text"]
    if value in (None, "", [], {}):
        return None
    found = _by_letter(value) if isinstance(value, dict) else value
    if not isinstance(found, list) or not all(map(_is_option, found)):
        raise DataError(
            f"item {quoted(name)}: the options are {described(value)}, expected a list of texts, "
            "or letter → text",
            hint='Write them as ["red", "blue"] or {"A": "red", "B": "blue"}.',
        )
    return [None if text is None else _text(text) for text in found]


def _by_letter(value: dict[Any, Any]) -> list[Any] | None:
    letters = [str(name).strip("(). ").upper() for name in value]
    if not all(len(letter) == 1 and letter in LETTERS for letter in letters):
        return None
    placed = dict(zip(letters, value.values(), strict=True))
    last = max(map(LETTERS.index, letters))
    return [placed.get(letter) for letter in LETTERS[: last + 1]]


def _is_option(value: object) -> bool:
    return value is None or isinstance(value, str | int | float)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else str(value)


def open_questions(items: Items, texts: Sequence[Texts | None] | None) -> list[bool] | None:
    """Which items are no multiple-choice questions; None where all are.

    An item is one where its ``question_type`` says so, or where others have options and it has
    none.
    """
    kinds = items.field(*TYPE_FIELDS)
    if kinds is not None and any(map(_is_choice, kinds)):
        return [kind is not None and not _is_choice(kind) for kind in kinds]
    if texts is None or None not in texts:
        return None
    return [own is None for own in texts]


def _is_choice(kind: object) -> bool:
    return isinstance(kind, str) and kind.lower().replace("_", "-") in _CHOICE_TYPES
