"""WordNet 3.0's synonyms of single words, looked up as NLTK looks them up.

The index ``data/wordnet-3.0.npy`` is made by :mod:`vlmeval_cli.resources.build_wordnet`: four
arrays in numpy's format, one after the other (compressed, they would take three times as long to
load). For every lemma and part of speech it holds the lemma
names that share a synset with it, except those that no lowercased token can equal: names of several
words (they have a "_", and METEOR of NLTK leaves them out) and names with a capital ("Frisbee";
lowercasing leaves no ASCII capital in a token).
"""

from __future__ import annotations

import io
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pkgutil import get_data
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

INDEX_FILE = "data/wordnet-3.0.npy"
VERB_PHRASES_FILE = "data/wordnet-3.0-verb-phrases.txt"

# Endings that Morphy takes off, and what it puts in their place, as NLTK 3.9 and 3.10 have them
# (the man page morphy(7WN) lacks "ves"). Morphy applies one rule, once, and keeps every result.
_NOUN_RULES = (
    ("s", ""), ("ses", "s"), ("ves", "f"), ("xes", "x"), ("zes", "z"), ("ches", "ch"),
    ("shes", "sh"), ("men", "man"), ("ies", "y"),
)  # fmt: skip
_VERB_RULES = (
    ("s", ""), ("ies", "y"), ("es", "e"), ("es", ""), ("ed", "e"), ("ed", ""), ("ing", "e"),
    ("ing", ""),
)  # fmt: skip
_ADJECTIVE_RULES = (("er", ""), ("est", ""), ("er", "e"), ("est", "e"))


class PartOfSpeech(NamedTuple):
    """A part of speech: the suffix of WordNet's files and Morphy's rules for it."""

    name: str
    rules: tuple[tuple[str, str], ...]


# Satellite adjectives stand among the adjectives in WordNet's files.
PARTS_OF_SPEECH = (
    PartOfSpeech("noun", _NOUN_RULES),
    PartOfSpeech("verb", _VERB_RULES),
    PartOfSpeech("adj", _ADJECTIVE_RULES),
    PartOfSpeech("adv", ()),
)


@dataclass(frozen=True, slots=True)
class WordNet:
    """Synonyms of single words.

    Attributes:
        words: all lemmas and names, sorted; a word's number is its place. (A dict of them would
            take longer to make than thousands of binary searches.)
        offsets: shape (4 * n_words + 1,), see ``names``.
        names: word numbers; the names that share a synset with word ``w`` as part of speech ``p``
            are ``names[offsets[p * n_words + w]:offsets[p * n_words + w + 1]]``.
        exceptions: by part of speech, irregular form → its base forms, with spaces between.
    """

    words: Sequence[str]
    offsets: npt.NDArray[np.int32]
    names: npt.NDArray[np.int32]
    exceptions: Sequence[Mapping[str, str]]
    _known: dict[str, frozenset[str]] = field(default_factory=dict, repr=False, compare=False)

    def synonyms(self, word: str) -> frozenset[str]:
        """What a token may equal to match ``word`` in the third stage of NLTK's METEOR.

        The word itself, and every lowercase single-word lemma name of every synset that
        ``nltk.corpus.wordnet.synsets(word)`` finds. Answers are remembered.
        """
        found = self._known.get(word)
        if found is None:
            found = self._known[word] = frozenset((word, *self._names_of(word.lower())))
        return found

    def knows(self, word: str) -> bool:
        """Whether a word in lower case, or a base form of it, is in WordNet.

        >>> load_wordnet().knows("running"), load_wordnet().knows("runnign")
        (True, False)
        """
        if self._number(word) is not None or any(word in forms for forms in self.exceptions):
            return True
        forms = (form for _, rules in PARTS_OF_SPEECH for form in _regular_forms(word, rules))
        return any(self._number(form) is not None for form in forms)

    def names_as(self, word: str, part: int) -> list[str]:
        """The names that share a synset with a word in lower case, as one part of speech.

        Args:
            word: looked up as it stands.
            part: place among :data:`PARTS_OF_SPEECH`.

        >>> load_wordnet().names_as("shrub", 0), load_wordnet().names_as("shrub", 1)
        (['bush', 'shrub'], [])
        """
        number = self._number(word)
        if number is None:
            return []
        row = part * len(self.words) + number
        start, end = self.offsets[row : row + 2].tolist()
        return [self.words[name] for name in self.names[start:end].tolist()]

    def _names_of(self, query: str) -> Iterator[str]:
        """Lemma names of the synsets of ``query``; a name may come several times."""
        for part, (_, rules) in enumerate(PARTS_OF_SPEECH):
            irregular = self.exceptions[part].get(query)
            forms = _regular_forms(query, rules) if irregular is None else irregular.split(" ")
            for form in (query, *forms):
                yield from self.names_as(form, part)

    def _number(self, word: str) -> int | None:
        """The place of ``word``, None if WordNet does not have it or it has no names."""
        place = bisect_left(self.words, word)
        return place if place < len(self.words) and self.words[place] == word else None


def _regular_forms(query: str, rules: tuple[tuple[str, str], ...]) -> list[str]:
    """Base forms that Morphy's rules make of ``query``, whether or not they are words."""
    return [query.removesuffix(old) + new for old, new in rules if query.endswith(old)]


@cache
def load_wordnet() -> WordNet:
    """The index that comes with the package, read once per process (some 15 ms).

    >>> sorted(load_wordnet().synonyms("automobiles") & {"car", "automobiles", "railcar"})
    ['automobiles', 'car']
    """
    content = get_data(__package__, INDEX_FILE)
    if content is None:  # pragma: no cover  (only a loader that cannot read data files says None)
        raise FileNotFoundError(INDEX_FILE)
    stream = io.BytesIO(content)
    text, counts, names, exceptions = (np.load(stream, allow_pickle=False) for _ in range(4))
    offsets = np.zeros(counts.size + 1, dtype=np.int32)
    np.cumsum(counts, out=offsets[1:])
    words = text.tobytes().decode().split("\n")
    return WordNet(words, offsets, names, _exceptions(exceptions.tobytes().decode()))


@cache
def load_verb_phrases() -> dict[str, frozenset[int]]:
    """Phrasal verbs with "_" between their words, and verbs that mean the same → their synsets.

    >>> sorted(load_verb_phrases()["shake_off"] & load_verb_phrases()["shake"]) != []
    True
    """
    content = get_data(__package__, VERB_PHRASES_FILE)
    if content is None:  # pragma: no cover  (as above)
        raise FileNotFoundError(VERB_PHRASES_FILE)
    synsets: dict[str, list[int]] = {}
    for number, line in enumerate(content.decode().splitlines()):
        for name in line.split(" "):
            synsets.setdefault(name, []).append(number)
    return {name: frozenset(numbers) for name, numbers in synsets.items()}


def _exceptions(text: str) -> list[dict[str, str]]:
    """Irregular forms: a paragraph per part of speech, a line per form."""
    return [
        dict(line.partition(" ")[::2] for line in paragraph.split("\n"))
        for paragraph in text.split("\n\n")
    ]
