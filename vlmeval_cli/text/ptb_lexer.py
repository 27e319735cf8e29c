"""The PTB lexer: a caption's characters to its tokens, one longest match after the other."""

from __future__ import annotations

from dataclasses import dataclass

from vlmeval_cli.text.ptb_characters import Shapes, join_units, utf16_units
from vlmeval_cli.text.ptb_rules import Rule, rules

# Every caption is followed by a line that no rule can use: what the next caption starts with must
# not change this one's tokens.
_NEXT_LINE = "\nzq"


@dataclass(frozen=True, slots=True)
class Caption:
    """A caption as the lexer reads it.

    Attributes:
        units: its text in 16-bit units, without line breaks.
        shape: the stand-in of every unit, then the neutral next line.
        absent: the characters that some rules need and that the caption does not have.
    """

    units: str
    shape: str
    absent: str


class PtbLexer:
    """Applies the rules of :mod:`vlmeval_cli.text.ptb_rules` to captions."""

    def __init__(self) -> None:
        self._shapes = Shapes()
        self._rules = rules()
        self._needed = sorted({rule.needs for rule in self._rules} - {""})
        self._candidates: dict[tuple[str, str], list[Rule]] = {}

    def read(self, text: str) -> Caption:
        """``text`` (without line breaks) made ready for :meth:`step`."""
        units = utf16_units(text)
        shape = units if units.isascii() else units.translate(self._shapes)
        absent = "".join(char for char in self._needed if char not in shape)
        return Caption(units, shape + _NEXT_LINE, absent)

    def tokens(self, text: str) -> list[str]:
        """Raw lower-case tokens of a text without line breaks, punctuation included."""
        caption = self.read(text)
        tokens: list[str] = []
        place = 0
        while place < len(caption.units):
            token, place = self.step(caption, place)
            if token is not None:
                tokens.append(token)
        if len(caption.units) > len(text):
            return [join_units(token) for token in tokens]
        return tokens

    def step(self, caption: Caption, place: int) -> tuple[str | None, int]:
        """The token at ``place``, None where there is none, and the place after it."""
        longest, after, winner = 0, place + 1, None
        for rule in self._rules_for(caption.shape[place], caption.absent):
            found = rule.match(caption.shape, place)
            if found is not None and found.end() > longest:
                longest, after, winner = found.end(), found.end(1), rule
        token = winner.write(caption.units[place:after]) if winner else None
        return None if token is None else _lower(token), after

    def _rules_for(self, start: str, absent: str) -> list[Rule]:
        """The rules, in order, whose tokens can start with ``start``."""
        candidates = self._candidates.get((start, absent))
        if candidates is None:
            candidates = self._candidates[start, absent] = [
                rule
                for rule in self._rules
                if rule.may_start_with(start) and not (rule.needs and rule.needs in absent)
            ]
        return candidates


def _lower(token: str) -> str:
    """``token`` in lower case as Java writes it.

    A capital sigma becomes a final one by the letters of the whole token, where Python looks at
    the neighbours only.

    >>> _lower("ΝΑΙ-Σ")
    'ναι-ς'
    """
    if "Σ" not in token:
        return token.lower()
    return "".join(
        _lower_sigma(token, place) if char == "Σ" else char.lower()
        for place, char in enumerate(token)
    )


def _lower_sigma(token: str, place: int) -> str:
    is_final = _has_letter_case(token[:place]) and not _has_letter_case(token[place + 1 :])
    return "ς" if is_final else "σ"


def _has_letter_case(text: str) -> bool:
    return text.lower() != text.upper()
