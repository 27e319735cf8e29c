"""What of a caption can be given to the SPICE program."""

from __future__ import annotations

import re
from typing import NamedTuple

MOST_TOKENS = 150
TOO_LONG = "caption_too_long"
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_TOKEN = re.compile(r"\w+|[^\w\s]")
_LONE_SURROGATES = re.compile("[\ud800-\udfff]")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


class Captions(NamedTuple):
    """The captions of an item, as they are compared."""

    prediction: str
    references: tuple[str, ...]


def as_text(caption: str) -> str:
    r"""The caption with halves of characters replaced, which no encoding can write.

    Line breaks, tabs and all else are the program's to read: as spaces, mostly.

    >>> as_text("a\n\ud83d dog")
    'a\n\ufffd dog'
    """
    return _LONE_SURROGATES.sub(_REPLACEMENT, caption)


def longest_sentence(caption: str) -> int:
    """How many words and marks the longest sentence has; its parse takes their cube in time.

    >>> longest_sentence("A dog, running. It barks!")
    5
    """
    return max(map(_tokens, _SENTENCE_END.split(caption)))


def _tokens(sentence: str) -> int:
    return sum(1 for _ in _TOKEN.finditer(sentence))


def longest_of(captions: Captions) -> int:
    """The length of the longest sentence of an item."""
    return max(map(longest_sentence, (captions.prediction, *captions.references)))
