"""A text cut into what noise may touch and what it must leave alone.

Left alone are numbers and every token with a digit, letters that stand by themselves (options,
initials), listed options with their texts, placeholders (``<image>``, ``{name}``, ``[IMG]``), code,
formulas, quotations, addresses, and labels that a prompt's form needs (``USER:``, ``Answer:``).
The pieces joined are the text; every kind of noise replaces pieces that are free, or inserts
between them, so that nothing else can change.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from enum import Enum
from itertools import groupby, pairwise
from typing import NamedTuple


class Role(Enum):
    """What a piece is."""

    WORD = "word"
    MARK = "mark"  # punctuation after a word
    SPACE = "space"
    FIXED = "fixed"


class Piece(NamedTuple):
    """A part of a text."""

    text: str
    role: Role


_FIXED = re.compile(
    r"```.*?```"  # code
    r"|`[^`\n]{1,300}`"
    r"|\$\$[^$]{1,500}\$\$|\$[^$\n]{1,200}\$"  # formulas
    r"|<[^<>\s][^<>\n]{0,200}>"  # <image>, <|user|>, tags
    r"|\[[^\[\]\n]{1,80}\]"  # [IMG], [INST], lists of numbers
    r'|"[^"\n]{1,300}"|“[^”\n]{1,300}”|«[^»\n]{1,300}»'  # what is quoted is meant to the letter
    r"|‘[^’\n]{1,100}’|(?<!\w)'[^'\n]{1,100}'(?!\w)"
    r"|^[ \t]*[^\W\d_]+:(?=\s|\Z)|\b[A-Z]{3,}:(?=\s|\Z)",  # labels of a prompt
    re.DOTALL | re.MULTILINE,
)
_OPTION = re.compile(r"(?:^|(?<=\s))\(?([A-Ja-j])[.):](?=\s)[^\n]*", re.MULTILINE)
_OPTION_MARK = re.compile(r"(?:^|(?<=\s))\(?([A-Ja-j])[.):](?=\s)", re.MULTILINE)
_TOKEN = re.compile(r"\s+|\S+")
_EDGES = re.compile(r"([(¿¡'‘*_-]*)(.*?)([.,;:!?…]*)", re.DOTALL)
_PLAIN_WORD = re.compile(r"[A-Za-z]+(?:['’-][A-Za-z]+)*")
_ROMAN = re.compile(r"[IVXLCDM]+")
_JOINERS = "'’-"


def pieces(text: str) -> tuple[Piece, ...]:
    """The pieces of ``text``, in order.

    >>> [piece.text for piece in pieces("<image> Is it 2 m wide?") if piece.role is Role.WORD]
    ['Is', 'it', 'wide']
    """
    found: list[Piece] = []
    place = 0
    for start, end in _fixed_spans(text):
        found += _free_pieces(text[place:start])
        found.append(Piece(text[start:end], Role.FIXED))
        place = end
    found += _free_pieces(text[place:])
    return tuple(found)


def clusters(word: str) -> list[str]:
    r"""The characters of a word as a reader sees them: marks stay with their letter.

    >>> [len(cluster) for cluster in clusters("e\u0301te")]
    [2, 1, 1]
    """
    if word.isascii():
        return list(word)
    found: list[str] = []
    for character in word:
        if found and unicodedata.category(character).startswith("M"):
            found[-1] += character
        else:
            found.append(character)
    return found


def is_latin(word: str) -> bool:
    """Whether every letter is of the Latin script.

    >>> is_latin("naïve"), is_latin("кот"), is_latin("猫")
    (True, False, False)
    """
    return word.isascii() or all(
        character <= "\u024f" or "\u1e00" <= character <= "\u1eff"
        for character in word
        if character.isalpha()
    )


def _fixed_spans(text: str) -> list[tuple[int, int]]:
    """Spans that stay, in order and apart."""
    spans = [match.span() for match in _FIXED.finditer(text)]
    spans += _braces(text)
    marks = {match[1].upper() for match in _OPTION_MARK.finditer(text)}
    if {"A", "B"} <= marks:
        spans += [match.span() for match in _OPTION.finditer(text)]
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _braces(text: str) -> Iterator[tuple[int, int]]:
    """What stands in braces, however deep: placeholders, and JSON that shows a form."""
    opened: list[int] = []
    for place, character in enumerate(text) if "{" in text else ():
        if character == "{":
            opened.append(place)
        elif character == "}" and opened:
            yield opened.pop(), place + 1


def _free_pieces(text: str) -> Iterator[Piece]:
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token[0].isspace():
            yield Piece(token, Role.SPACE)
        else:
            yield from _token_pieces(token)


def _token_pieces(token: str) -> Iterator[Piece]:
    before, core, after = _EDGES.fullmatch(token).groups()  # type: ignore[union-attr]  # matches any text
    if not _is_word(core):
        yield Piece(token, Role.FIXED)
        return
    if before:
        yield Piece(before, Role.FIXED)
    yield Piece(core, Role.WORD)
    if after:
        yield Piece(after, Role.MARK)


def _is_word(core: str) -> bool:
    """Whether a token is letters alone, at least two, and no Roman number."""
    if len(core) < 2 or _ROMAN.fullmatch(core):
        return False
    if core.isascii():
        return _PLAIN_WORD.fullmatch(core) is not None
    runs = [(kind, len([*run])) for kind, run in groupby(core, _kind_of)]
    kinds = [kind for kind, _ in runs]
    if "other" in kinds or kinds[0] != "letter" or kinds[-1] == "joiner":
        return False
    has_marks_on_joiners = ("joiner", "mark") in pairwise(kinds)
    is_joined_once = all(length == 1 for kind, length in runs if kind == "joiner")
    letters = sum(length for kind, length in runs if kind == "letter")
    return letters >= 2 and is_joined_once and not has_marks_on_joiners


def _kind_of(character: str) -> str:
    if character.isalpha():
        return "letter"
    if character in _JOINERS:
        return "joiner"
    return "mark" if unicodedata.category(character).startswith("M") else "other"
