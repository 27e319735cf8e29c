"""What a question asks for, by its first words, and the script that a text is written in."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from typing import Final
from unicodedata import name

OTHER: Final = "other"
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_MARKUP = re.compile(r"<[^<>\s]{1,40}>")
_LOOKED_AT = 6  # words in which the question word stands: "On what day of the week …"
_YES_NO: Final = frozenset({
    "is", "are", "am", "was", "were", "isn't", "aren't", "wasn't", "do", "does", "did", "don't",
    "doesn't", "didn't", "can", "could", "can't", "has", "have", "had", "hasn't", "haven't",
    "will", "would", "won't", "should", "shall", "may", "might", "must",
})  # fmt: skip
_WHAT: Final = {
    "color": "what color", "colour": "what color", "colors": "what color", "colours": "what color",
    "kind": "what kind", "type": "what kind", "sort": "what kind", "style": "what kind",
    "time": "what time", "year": "what year", "date": "what date", "day": "what date",
    "number": "what number", "brand": "what brand", "name": "what name", "percentage": "what share",
    "percent": "what share",
}  # fmt: skip
_HOW: Final = {"many": "how many", "much": "how much"}
_PLAIN: Final = {
    "who": "who", "whom": "who", "whose": "who", "where": "where", "when": "when", "why": "why",
    "which": "which",
}  # fmt: skip
_SCRIPTS: Final = {
    "CJK": "Han", "HIRAGANA": "Japanese", "KATAKANA": "Japanese", "HANGUL": "Hangul",
}  # fmt: skip
_SAMPLE = 200  # characters that say what script a text is in


def question_type(text: str) -> str:
    """What an English question asks for; "other" where no word says it.

    >>> [question_type(t) for t in ("Is it red?", "What is the color of it?", "In which year?")]
    ['yes/no', 'what color', 'which']
    """
    words = _WORD.findall(_asked(text).lower())[:_LOOKED_AT]
    if words and words[0] in _YES_NO:
        return "yes/no"
    for i, word in enumerate(words):
        following = words[i + 1 :]
        if word in _PLAIN:
            return _PLAIN[word]
        if word == "how":
            return _HOW.get(following[0], "how") if following else "how"
        if word in ("what", "what's"):
            return next((_WHAT[one] for one in following if one in _WHAT), "what")
    return OTHER


def _asked(text: str) -> str:
    """The line that asks: of a prompt the first with a question mark, else the first."""
    lines = [line for line in _MARKUP.sub(" ", text).splitlines() if line.strip()]
    asking = [line for line in lines if "?" in line]
    line = (asking or lines or [""])[0]
    return line.removeprefix("Question:").removeprefix("Q:")


def script(text: str) -> str:
    """The script of most letters of a text, such as Latin, Han, Cyrillic.

    >>> [script(text) for text in ("two dogs", "две собаки", "両方の犬", "42")]
    ['Latin', 'Cyrillic', 'Japanese', 'no letters']
    """
    sample = text[:_SAMPLE]
    if sample.isascii():
        return "Latin" if any(map(str.isalpha, sample)) else "no letters"
    counts = Counter(_script_of(mark) for mark in sample if mark.isalpha())
    if counts["Japanese"]:  # which is written with Han letters too
        return "Japanese"
    return counts.most_common(1)[0][0] if counts else "no letters"


@lru_cache(maxsize=4096)
def _script_of(mark: str) -> str:
    first = name(mark, "UNKNOWN").split()[0].split("-")[0]
    return _SCRIPTS.get(first, first.capitalize())
