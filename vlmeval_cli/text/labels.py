"""Class labels as integers, and the words by which a label is known in a text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vlmeval_cli.core.batch import Ints

UNREAD = -1  # the code of a prediction that is missing or names no class
Codes = npt.NDArray[np.int32]

# Scripts without spaces between words: each character is a word.
_UNSPACED = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_LETTERS = rf"[^\W_{_UNSPACED}]+"
_WORD = re.compile(
    r"(?<![^\W_])[-+]?\d+(?:[.,]\d+)*(?![^\W_])"  # numbers keep their sign
    rf"|{_LETTERS}(?:'{_LETTERS})*(?:(?:\+\+|\#)(?!\w))?"  # don't, c++, c#
    rf"|[{_UNSPACED}]"
)


@dataclass(frozen=True, slots=True)
class LabelColumn:
    """Classes of ``n`` items: one per item for predictions, any number that are accepted.

    Attributes:
        codes: place of each label in ``names``, int32, item after item; :data:`UNREAD` where a
            prediction is missing or names no class.
        item_offsets: shape (n + 1,); item ``i`` owns ``codes[item_offsets[i]:item_offsets[i+1]]``.
        names: what the codes mean. The names of the references are the first of those of the
            predictions, which may have more.
    """

    codes: Codes
    item_offsets: Ints
    names: tuple[str, ...]

    def part(self, start: int, stop: int) -> LabelColumn:
        """The labels of items ``start`` to ``stop``."""
        own = self.item_offsets[start : stop + 1]
        return LabelColumn(self.codes[int(own[0]) : int(own[-1])], own - own[0], self.names)


def codes_of(labels: Sequence[str | None], names: Sequence[str]) -> Codes:
    """The place of each label in ``names``; :data:`UNREAD` for None.

    >>> codes_of(["dog", None, "cat"], ["cat", "dog"]).tolist()
    [1, -1, 0]
    """
    code_of: dict[str | None, int] = {name: code for code, name in enumerate(names)}
    code_of[None] = UNREAD
    return np.fromiter(map(code_of.__getitem__, labels), dtype=np.int32, count=len(labels))


def label_words(text: str) -> tuple[str, ...]:
    """The words of a label or a text: any case and width, no punctuation, no possessive.

    >>> label_words('The cat_s-eye: "C++", -1 and 3.5!')
    ('the', 'cat', 's', 'eye', 'c++', '-1', 'and', '3.5')
    """
    if text.isascii():
        plain = text.lower()
    else:
        plain = unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'")
    words: list[str] = _WORD.findall(plain)
    if "'s" in plain:
        words = [word.removesuffix("'s") for word in words]
    return tuple(words)
