"""Normalisations of answers as sets of steps, so that one step at a time can be tried.

A set of all its steps gives what the normaliser of :mod:`vlmeval_cli.text.normalize` or
:mod:`vlmeval_cli.text.vqa_normalize` gives; this is the slow and telling way.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Literal, NamedTuple

from vlmeval_cli.text.vqa_normalize import (
    ARTICLES,
    CONTRACTIONS,
    NUMBER_WORDS,
    PERIOD,
    PERIOD_AWAY_FROM_DIGITS,
    vqa_punctuation,
    vqa_whitespace,
)

Step = Literal[
    "opening", "space", "punctuation", "period", "case", "numbers", "articles", "contractions",
    "deletion", "whole_articles", "runs", "ends",
]  # fmt: skip
Steps = frozenset[Step]


class Told(NamedTuple):
    """What it means that a step is taken, and that it is not."""

    taken: str
    left: str


def _ignoring(what: str) -> Told:
    return Told(f"{what} does not count", f"{what} counts")


# Steps that say more by themselves stand first: "opening" lowercases too.
NAMES: Mapping[Step, Told] = MappingProxyType(
    {
        "case": _ignoring("letter case"),
        "punctuation": _ignoring("punctuation"),
        "deletion": _ignoring("ASCII punctuation"),
        "numbers": Told("number words are numbers (two is 2)", "number words are words"),
        "articles": Told("articles do not count", "articles count"),
        "whole_articles": Told("articles do not count", "articles count"),
        "contractions": Told(
            "contractions get their apostrophe (dont is don't)", "apostrophes count (dont, don't)"
        ),
        "space": _ignoring("white space at the ends"),
        "ends": _ignoring("white space at the ends"),
        "runs": Told("runs of white space are one space", "every space counts"),
        "period": Told("a period beside a digit counts", "a period behind a digit does not count"),
        "opening": Told(
            "commas, question marks and 's are treated before all else",
            "commas, question marks and 's are treated like other marks",
        ),
    }
)
_DELETED = str.maketrans(dict.fromkeys(string.punctuation, ""))
_ARTICLE = re.compile(r"\b(?:a|an|the)\b")

VQA: Steps = frozenset({"space", "punctuation", "case", "numbers", "articles", "contractions"})
SQUAD: Steps = frozenset({"case", "deletion", "whole_articles", "runs"})
_OF_WORDS: Steps = frozenset({"numbers", "articles", "contractions"})


@lru_cache(maxsize=1 << 14)
def stepped(text: str, steps: Steps) -> str:
    """``text`` after the steps of ``steps``, in the order in which evaluators take them.

    >>> stepped("Two dogs.", VQA), stepped("Two dogs.", frozenset({"case"}))
    ('2 dogs', 'two dogs.')
    """
    if "opening" in steps:
        text = text.lower().replace(",", "").replace("?", "").replace("'s", " 's").strip()
    if "ends" in steps:
        text = text.strip()
    if "space" in steps:
        text = vqa_whitespace(text)
    if "punctuation" in steps:
        text = vqa_punctuation(text, PERIOD_AWAY_FROM_DIGITS if "period" in steps else PERIOD)
    if "case" in steps:
        text = text.lower()
    if "deletion" in steps:
        text = text.translate(_DELETED)
    if "whole_articles" in steps:
        text = _ARTICLE.sub(" ", text)
    if "runs" in steps:
        text = " ".join(text.split())
    return _words(text, steps) if steps & _OF_WORDS else text


def _words(text: str, steps: Steps) -> str:
    words = text.split()
    if "numbers" in steps:
        words = [NUMBER_WORDS.get(word, word) for word in words]
    if "articles" in steps:
        words = [word for word in words if word not in ARTICLES]
    if "contractions" in steps:
        words = [CONTRACTIONS.get(word, word) for word in words]
    return " ".join(words)
