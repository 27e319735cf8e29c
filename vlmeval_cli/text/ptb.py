"""Captions to the tokens that coco-caption scores, without Java.

The tokens are those of ``pycocoevalcap.tokenizer.ptbtokenizer``: the Penn Treebank tokenizer of
CoreNLP 3.4.1, lower case, without punctuation. Written from the rules of metric-spec section 5;
``docs/ptb-tokenizer.md`` lists where and why it differs.
"""

from __future__ import annotations

import re
from functools import cached_property

from vlmeval_cli.text.ptb_characters import join_units, utf16_units
from vlmeval_cli.text.ptb_lexer import Caption, PtbLexer
from vlmeval_cli.text.ptb_words import (
    CAPITAL_ABBREVIATIONS,
    CLOSING_ABBREVIATIONS,
    CONTRACTIONS,
    NUMBERED_ABBREVIATIONS,
    TITLE_ABBREVIATIONS,
)

Tokens = tuple[str, ...]

# Compared after lower-casing, so "-lrb-" and its kin stay: coco-caption means to drop "-LRB-".
_DROPPED = "'' ' `` ` -LRB- -RRB- -LCB- -RCB- . ? ! , : - -- ... ;"
PUNCTUATION = frozenset(_DROPPED.split())

_TO_SPACES = dict.fromkeys(map(ord, "\n\r\v\f\x85\u2028\u2029"), " ")
_HALVES = frozenset(first + rest for first, rest in CONTRACTIONS)
_LONGEST_LOOKED_UP = 64  # longer words hardly repeat


class PtbTokenizer:
    """The tokenizer of coco-caption.

    Most words of a caption have tokens of their own, whatever stands beside them; they are looked
    up, and only the others go through the lexer.

    Example:
        >>> PtbTokenizer().tokenize("A man's dog can't cross the U.S. (yet).")
        ['a', 'man', "'s", 'dog', 'ca', "n't", 'cross', 'the', 'u.s.', '-lrb-', 'yet', '-rrb-']
    """

    def __init__(self) -> None:
        self._free: dict[str, Tokens | None] = {}
        self._before_letters: dict[str, Tokens | None] = {}

    def tokenize(self, text: str) -> list[str]:
        """The tokens of one caption, as coco's ROUGE-L sees them.

        Args:
            text: any string; line breaks of every kind count as spaces.

        Returns:
            Lower-case tokens without punctuation. A token may hold U+00A0 (phone numbers,
            fractions, tags). An empty caption has none.
        """
        line = text.translate(_TO_SPACES)
        return self._word_by_word(line) if line.isprintable() else self._without_shortcuts(line)

    def tokenize_slowly(self, text: str) -> list[str]:
        """What :meth:`tokenize` returns, with every character sent through the lexer."""
        return self._without_shortcuts(text.translate(_TO_SPACES))

    def tokens_of_word(self, word: str) -> Tokens | None:
        """The tokens of a short word between two spaces, None where its neighbours may matter.

        A final full stop still depends on them if the next word starts with one (". . ." is one
        token). Such a next word has None or no tokens at all, so a caption in which every word has
        tokens here is the sum of its words.
        """
        if len(word) > _LONGEST_LOOKED_UP:
            return None
        try:
            return self._free[word]
        except KeyError:
            tokens = self._free[word] = self._tokens_anywhere(word)
            return tokens

    def _without_shortcuts(self, line: str) -> list[str]:
        printed = " ".join(self._lexer.tokens(line)).rstrip()
        kept = " ".join(token for token in printed.split(" ") if token not in PUNCTUATION)
        return kept.split(" ") if kept else []

    def _word_by_word(self, line: str) -> list[str]:
        units = utf16_units(line)
        caption: Caption | None = None
        tokens: list[str] = []
        place = 0
        while place < len(units):
            end = units.find(" ", place) % (len(units) + 1)
            known = self._tokens_in_place(units, place, end)
            if known is None:
                caption = caption or self._lexer.read(line)
                place = self._lex_to_next_word(caption, place, tokens)
            else:
                tokens += known
                place = end + 1
        return tokens if len(units) == len(line) else [join_units(token) for token in tokens]

    def _lex_to_next_word(self, caption: Caption, place: int, tokens: list[str]) -> int:
        """Lex from ``place`` to the first token that starts a word; append to ``tokens``."""
        while place < len(caption.units):
            token, place = self._lexer.step(caption, place)
            if token is not None and token not in PUNCTUATION:
                tokens.append(token)
            if caption.units[place - 1] == " ":
                break
        return place

    def _tokens_in_place(self, units: str, place: int, end: int) -> Tokens | None:
        """The tokens of the word at ``place``, None where only the lexer knows."""
        word, after = units[place:end], units[end + 1 : end + 2]
        if word[-1:] == "." and after == ".":
            return None
        known = self.tokens_of_word(word)
        if known is None and (not after or (after.isascii() and after.isalpha())):
            return self._tokens_before_letters(word)
        return known

    def _tokens_before_letters(self, word: str) -> Tokens | None:
        """The tokens of a number, which may go on in another number but not in letters."""
        if len(word) > _LONGEST_LOOKED_UP or not _HAS_DIGIT(word):
            return None
        if word not in self._before_letters:
            self._before_letters[word] = self._lexed(word)
        return self._before_letters[word]

    def _tokens_anywhere(self, word: str) -> Tokens | None:
        stem = word[:-1] if word[-1:] in (",", ".") else word
        if stem.isascii() and stem.isalpha() and not (word[-1] == "." and _ABBREVIATION(stem)):
            lower = stem.lower()
            return self._lexed(stem) if lower in _HALVES else (lower,)
        if word in _LONE_MARKS:
            return ()
        if _IS_HYPHENATED(word):
            return (word.lower(),)
        return None if _HAS_DIGIT(word) else self._lexed(word)

    def _lexed(self, word: str) -> Tokens | None:
        """The tokens of ``word``, None where a rule may look past the space after it.

        Such rules are those for tags, spaced dots, abbreviations with their full stop, and numbers
        before numbers.
        """
        if not word.isprintable() or "<" in word or (word[:1] == "." and word != "."):
            return None
        if word[-1:] == "." and not self._ends_with_a_lone_stop(word):
            return None
        return tuple(self._without_shortcuts(word))

    def _ends_with_a_lone_stop(self, word: str) -> bool:
        """Whether the full stop at the end of ``word`` is a token, whatever follows."""
        if _NUMBERED_ABBREVIATION(word):
            return False
        return self._lexer.tokens(word) == [*self._lexer.tokens(word[:-1]), "."]

    @cached_property
    def _lexer(self) -> PtbLexer:
        return PtbLexer()


_LONE_MARKS = frozenset(".,!?;:")  # each is a token of its own, and dropped
_IS_HYPHENATED = re.compile(r"[A-Za-z]+(?:-[A-Za-z]+)+").fullmatch
_HAS_DIGIT = re.compile(r"\d").search
_ABBREVIATION = re.compile(
    f"(?i:[a-z]|{CLOSING_ABBREVIATIONS}|{TITLE_ABBREVIATIONS}|{NUMBERED_ABBREVIATIONS})"
    f"|{CAPITAL_ABBREVIATIONS}"
).fullmatch
_NUMBERED_ABBREVIATION = re.compile(rf"(?i)(?:{NUMBERED_ABBREVIATIONS})\.$").search
