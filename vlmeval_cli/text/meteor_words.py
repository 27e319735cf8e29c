"""The words that METEOR 1.5 compares: its normalisation of English text.

Many texts are normalised at once, as lines of one string, so that each rule is one pass of the
regular expression engine over all of them. Rules look at neighbouring characters; every line has a
space at both ends, so that none looks into another line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

# Characters that stand in words: digits, Latin letters with their accents, Cyrillic. Found by
# asking the original program about every character.
_DIGITS = "0-9"
_LETTERS = (
    "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u017e"
    "\u0400-\u0527\u1d00-\u1d7f\ua640-\ua66e\ua67e-\ua697"
)
_BLANKS = re.compile("[\u00a0\u2000-\u200a\u202f\u205f\u3000\t\f\r\n]")
_MARKS = re.compile(f"([^{_LETTERS}{_DIGITS}\\s.'`,\\-‘’])")
_NOT_PLAIN = re.compile("[^A-Za-z0-9 \n]")

_DOTS = re.compile(r"\.{2,}")
_QUOTES = str.maketrans({"`": "'", "‘": "'", "’": "'", "“": '"', "”": '"', "–": "-"})
_DOUBLE_QUOTES = re.compile("\"|''")

# These take the characters on both sides, so that the next match begins after them: "a-b-c" loses
# its first hyphen alone, as in the original.
_L, _D = f"[{_LETTERS}]", f"[{_DIGITS}]"
_NOT_L, _NOT_D, _NOT_LD = f"[^{_LETTERS}]", f"[^{_DIGITS}]", f"[^{_LETTERS}{_DIGITS}]"
_COMMAS = [
    re.compile(f"({before}),({after})")
    for before, after in ((_NOT_D, _NOT_D), (_D, _NOT_D), (_NOT_D, _D))
]
_HYPHENS = re.compile(f"([{_LETTERS}{_DIGITS}.])-([{_LETTERS}{_DIGITS}])")
_APOSTROPHES = [
    (re.compile(f"({before})'({after})"), form)
    for before, after, form in (
        (_NOT_L, _NOT_L, r"\1 ' \2"),
        (_NOT_LD, _L, r"\1 ' \2"),
        (_L, _NOT_L, r"\1 ' \2"),
        (_L, _L, r"\1 '\2"),
        (_D, "s", r"\1 '\2"),
    )
]
_STOPS = re.compile(r"(?<=[ \n])([^ \n]+)\.(?= +([^ \n])?)")


@dataclass(frozen=True, slots=True)
class MeteorWords:
    """Splits texts into METEOR's words.

    Attributes:
        prefixes: words that keep a final full stop, as they are written.
        numeric_prefixes: words that keep it before a number.
    """

    prefixes: frozenset[str]
    numeric_prefixes: frozenset[str]

    def split(self, texts: Sequence[str]) -> list[list[str]]:
        """The words of each text, in lower case."""
        lines = "\n".join([f" {_BLANKS.sub(' ', text)} " for text in texts])
        if _NOT_PLAIN.search(lines):
            lines = self._normalised(lines)
        return [[word for word in line.split(" ") if word] for line in lines.lower().split("\n")]

    def _normalised(self, lines: str) -> str:
        lines = _MARKS.sub(r" \1 ", lines)
        lines = _DOTS.sub(r" \g<0> ", lines)
        for commas in _COMMAS:
            lines = commas.sub(r"\1 , \2", lines)
        lines = lines.translate(_QUOTES)
        lines = _DOUBLE_QUOTES.sub(' " ', lines)
        lines = lines.replace("--", "-")
        lines = _HYPHENS.sub(r"\1 \2", lines)
        for apostrophe, form in _APOSTROPHES if "'" in lines else ():
            lines = apostrophe.sub(form, lines)
        return _STOPS.sub(self._stop, lines) if "." in lines else lines

    def _stop(self, found: re.Match[str]) -> str:
        """A word that ends with a full stop, without the stop or with the stop apart."""
        word, following = found.group(1), found.group(2) or ""
        if set(word) == {"."}:
            return found.group()
        if "." in word and _HAS_LETTER.search(word):
            return word.replace(".", "")
        keeps = word in self.prefixes or "a" <= following <= "z"
        if keeps or (word in self.numeric_prefixes and "0" <= following <= "9"):
            return found.group()
        return f"{word} ."


_HAS_LETTER = re.compile(f"[{_LETTERS}]")
