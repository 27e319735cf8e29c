"""A parsed sentence, as the rules read it: words with their parts of speech and their heads.

Tags are those of the Penn Treebank, roles those of spaCy's English models (``nsubj``, ``dobj``,
``prep``, ``pobj``, …). No rule sees the parser's own objects, so that sentences can be written by
hand and the parser replaced.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

_ENDS = {".", "!", "?"}


class Word(NamedTuple):
    """A word of a sentence.

    Attributes:
        place: where it stands, from 0.
        text: as written, in lower case.
        lemma: its base form, in lower case.
        tag: part of speech.
        role: what it is to its head.
        head: place of the word that it depends on; its own place where it depends on none.
    """

    place: int
    text: str
    lemma: str
    tag: str
    role: str
    head: int

    @property
    def is_noun(self) -> bool:
        """Whether it is a common or proper noun."""
        return self.tag.startswith("NN")

    @property
    def is_verb(self) -> bool:
        """Whether it is a form of a verb, auxiliaries left out."""
        return self.tag.startswith("VB") and self.role not in {"aux", "auxpass"}


@dataclass(frozen=True, slots=True)
class Sentence:
    """Words and who depends on whom.

    Attributes:
        words: in order.
        dependents: by place, the words that depend on each, in order.
    """

    words: Sequence[Word]
    dependents: Sequence[Sequence[Word]]

    @classmethod
    def of(cls, words: Sequence[Word]) -> Sentence:
        """The sentence of ``words``."""
        dependents: list[list[Word]] = [[] for _ in words]
        for word in words:
            if word.head != word.place:
                dependents[word.head].append(word)
        return cls(words, dependents)

    @property
    def is_finished(self) -> bool:
        """Whether it ends with a mark, as sentences do and bare phrases do not."""
        return bool(self.words) and self.words[-1].text in _ENDS

    def head(self, word: Word) -> Word:
        """What a word depends on; itself for a root."""
        return self.words[word.head]

    def having(self, word: Word, *roles: str) -> Iterator[Word]:
        """The dependents of ``word`` that have one of these roles, in order."""
        return (one for one in self.dependents[word.place] if one.role in roles)

    def with_others(self, word: Word) -> Iterator[Word]:
        """A word and those coordinated with it: of "a cat, dog and bird" all three."""
        left = [word]
        while left:
            one = left.pop()
            yield one
            left += reversed([*self.having(one, "conj")])

    def first_of(self, word: Word) -> Word:
        """The first of the words that ``word`` is coordinated with."""
        while word.role == "conj":
            word = self.head(word)
        return word
