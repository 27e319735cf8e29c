"""Which words and phrases of some texts METEOR 1.5 may match, and by which of its modules.

A *unit* is a word, or a phrase of several words that is a paraphrase of another unit of the texts.
Units ``0`` to ``n_words - 1`` are the words.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from vlmeval_cli.core.batch import Ints, Vocabulary, offsets_of
from vlmeval_cli.resources.meteor_index import MeteorIndex, UInts
from vlmeval_cli.text.phrase_keys import phrase_keys, places, span_keys
from vlmeval_cli.text.porter2 import porter2

Number = TypeVar("Number", np.uint32, np.uint64)

LONGEST_PHRASE = 7  # words, in the table of paraphrases

STEM, SYNONYM, PARAPHRASE, BACKWARD_PARAPHRASE = 1, 2, 4, 8

# WordNet's endings of nouns, verbs and adjectives, and what base forms have in their place.
_ENDINGS = (
    ("s", ""), ("ses", "s"), ("xes", "x"), ("zes", "z"), ("ches", "ch"), ("shes", "sh"),
    ("men", "man"), ("ies", "y"),
    ("s", ""), ("ies", "y"), ("es", "e"), ("es", ""), ("ed", "e"), ("ed", ""), ("ing", "e"),
    ("ing", ""),
    ("er", ""), ("est", ""), ("er", "e"), ("est", "e"),
)  # fmt: skip

Flags = npt.NDArray[np.uint8]


class Occurrences(NamedTuple):
    """Where units stand in texts: text ``t`` has ``offsets[t]`` to ``offsets[t + 1]``."""

    offsets: Ints
    start: Ints
    length: Ints
    unit: Ints


class Relations(NamedTuple):
    """Pairs of different units that may match.

    Attributes:
        words: every word of every text.
        phrases: the phrases of several words.
        n_units: how many units there are.
        keys: sorted; ``a * n_units + b`` for a unit ``a`` that may match a unit ``b``.
        flags: by which modules each pair does.
        forward: place of ``b`` in the table of paraphrases of ``a``, where it is there.
        backward: place of ``a`` in that of ``b``.
        is_function: of each word, whether it is a function word.
        identity: of each unit, a number; words are equal to METEOR where it is.
    """

    words: Occurrences
    phrases: Occurrences
    n_units: int
    keys: Ints
    flags: Flags
    forward: Ints
    backward: Ints
    is_function: npt.NDArray[np.bool_]
    identity: Ints


class _Pairs(NamedTuple):
    """Unit ``left[i]`` may match unit ``right[i]`` by the module ``flag``.

    ``place`` is where a table of paraphrases has it; 0 where that says nothing.
    """

    left: Ints
    right: Ints
    flag: int
    place: Ints


def relations(texts: Sequence[Sequence[str]], index: MeteorIndex) -> Relations:
    """What may match among the units of ``texts``, which are words in lower case."""
    vocabulary = Vocabulary()
    flat = np.array([vocabulary[word] for text in texts for word in text], dtype=np.int64)
    offsets = offsets_of([*map(len, texts)])
    start = np.arange(len(flat)) - np.repeat(offsets[:-1], np.diff(offsets))
    words = Occurrences(offsets, start, np.ones_like(flat), flat)
    strings = vocabulary.strings
    phrases, linked = _paraphrases(words, strings, index)
    n_units = max(len(strings), int(phrases.unit.max(initial=-1)) + 1)
    pairs = list(linked)
    for flag, (left, right) in ((STEM, _stems(strings)), (SYNONYM, _synonyms(strings, index))):
        pairs.append(_Pairs(left, right, flag, np.zeros_like(left)))
    is_function = np.array([word in index.function for word in strings], dtype=bool)
    identity = np.arange(n_units) + (1 << 32)
    identity[: len(strings)] = [java_hash(word) for word in strings]
    return Relations(words, phrases, n_units, *_merged(pairs, n_units), is_function, identity)


def java_hash(word: str) -> int:
    """What Java's strings have for a hash, by which the original compares words and stems.

    It is a number of 32 bits, and words of two or three characters with marks may share it.

    >>> java_hash("all") == java_hash("an.")
    True
    """
    number = 0
    units = word.encode("utf-16-le", "surrogatepass")
    for low, high in zip(units[::2], units[1::2], strict=True):
        number = (31 * number + low + (high << 8)) & 0xFFFFFFFF
    return number


def _merged(pairs: Sequence[_Pairs], n_units: int) -> tuple[Ints, Flags, Ints, Ints]:
    """Each pair of different units once, with all its modules and places."""
    every = np.concatenate([pair.left * n_units + pair.right for pair in pairs])
    keys, merged = np.unique(every, return_inverse=True)
    flags = np.zeros(len(keys), dtype=np.uint8)
    forward, backward = np.zeros((2, len(keys)), dtype=np.int64)
    start = 0
    for pair in pairs:
        own = merged[start : start + len(pair.left)]
        start += len(pair.left)
        flags[own] |= pair.flag
        if pair.flag == PARAPHRASE:
            forward[own] = pair.place
        elif pair.flag == BACKWARD_PARAPHRASE:
            backward[own] = pair.place
    return keys, flags, forward, backward


def _joined(group: Ints, member: Ints) -> tuple[Ints, Ints]:
    """Ordered pairs of different members of the same group."""
    order = np.argsort(group, kind="stable")
    group, member = group[order], member[order]
    _, begins, sizes = np.unique(group, return_index=True, return_counts=True)
    size = np.repeat(sizes, sizes)
    left = np.repeat(np.arange(len(member)), size)
    right = np.arange(len(left)) - np.repeat(offsets_of(size)[:-1], size)
    right += np.repeat(np.repeat(begins, sizes), size)
    differ = member[left] != member[right]
    return member[left[differ]], member[right[differ]]


def _stems(strings: Sequence[str]) -> tuple[Ints, Ints]:
    """Words of equal stems."""
    stem = np.array([java_hash(porter2(word)) for word in strings], dtype=np.int64)
    return _joined(stem, np.arange(len(strings)))


def _synonyms(strings: Sequence[str], index: MeteorIndex) -> tuple[Ints, Ints]:
    """Words that share a synset, with those of their base forms."""
    keys = phrase_keys(strings)
    irregular = places(index.exception_keys, keys)
    listed = np.flatnonzero(irregular >= 0)
    bases, counts = _slices(index.exception_offsets, index.exception_bases, irregular[listed])
    regular = _regular_bases(strings, irregular < 0, index)
    word = np.concatenate([np.tile(np.arange(len(strings)), 2), np.repeat(listed, counts)])
    place = np.concatenate(
        [places(index.synonym_keys, keys), regular, places(index.synonym_keys, bases)]
    )
    synsets, counts = _slices(index.synonym_offsets, index.synonym_sets, place[place >= 0])
    return _joined(synsets.astype(np.int64), np.repeat(word[place >= 0], counts))


def _regular_bases(
    strings: Sequence[str], is_regular: npt.NDArray[np.bool_], index: MeteorIndex
) -> Ints:
    """The place of the base form of each word among the synonyms; -1 where it has none."""
    owners, forms = [], []
    for number in np.flatnonzero(is_regular).tolist():
        for form in _regular_forms(strings[number]):
            owners.append(number)
            forms.append(form)
    found = places(index.synonym_keys, phrase_keys(forms))
    owner = np.array(owners, dtype=np.int64)
    base = np.full(len(strings), -1, dtype=np.int64)
    hits = np.flatnonzero(found >= 0)[::-1]  # backwards: the first of a word is written last
    base[owner[hits]] = found[hits]
    return base


def _regular_forms(word: str) -> list[str]:
    """Base forms that WordNet's endings make of a word, whether or not they are words."""
    stem, rest = (word[:-3], "ful") if word.endswith("ful") else (word, "")
    if stem.endswith("ss") or len(stem) <= 2:
        return []
    return [stem.removesuffix(old) + new + rest for old, new in _ENDINGS if stem.endswith(old)]


def _slices(
    offsets: UInts, values: npt.NDArray[Number], place: Ints
) -> tuple[npt.NDArray[Number], Ints]:
    """The values of each place, one after the other, and how many each has."""
    begins = offsets[place].astype(np.int64)
    counts = offsets[place + 1].astype(np.int64) - begins
    flat = np.arange(int(counts.sum())) + np.repeat(begins - offsets_of(counts)[:-1], counts)
    return values[flat], counts


def _paraphrases(
    words: Occurrences, strings: Sequence[str], index: MeteorIndex
) -> tuple[Occurrences, list[_Pairs]]:
    """Phrases of several words that have a paraphrase in the texts, and pairs of all such units."""
    begin, length, place = _known_phrases(words, strings, index)
    present = np.unique(place)
    targets, counts = _slices(index.phrase_offsets, index.phrase_targets, present)
    is_present = np.zeros(len(index.phrase_keys), dtype=bool)
    is_present[present] = True
    stays = np.flatnonzero(is_present[targets])
    source, target = np.repeat(present, counts)[stays], targets[stays]
    unit_of = np.full(len(index.phrase_keys), -1, dtype=np.int32)
    is_word = length == 1
    unit_of[place[is_word]] = words.unit[begin[is_word]]
    linked = np.union1d(source, target)
    several = linked[unit_of[linked] < 0]
    unit_of[several] = len(strings) + np.arange(len(several), dtype=np.int32)
    found = ~is_word & (unit_of[place] >= 0)
    left, right = unit_of[source].astype(np.int64), unit_of[target].astype(np.int64)
    pairs = [
        _Pairs(left, right, PARAPHRASE, stays),
        _Pairs(right, left, BACKWARD_PARAPHRASE, stays),
    ]
    return _occurrences(words, begin[found], length[found], unit_of[place[found]]), pairs


def _occurrences(words: Occurrences, begin: Ints, length: Ints, unit: UInts) -> Occurrences:
    """Phrases in the order of the texts, shorter before longer ones."""
    order = np.lexsort((length, begin))
    begin, length = begin[order], length[order]
    offsets = np.searchsorted(begin, words.offsets)
    return Occurrences(offsets, words.start[begin], length, unit[order].astype(np.int64))


def _known_phrases(
    words: Occurrences, strings: Sequence[str], index: MeteorIndex
) -> tuple[Ints, Ints, Ints]:
    """First word, length and place in the table of every phrase of the texts that is listed."""
    encoded = [word.encode("utf-8", "surrogatepass") for word in strings]
    text = b" ".join([encoded[word] for word in words.unit.tolist()])
    sizes = np.array([*map(len, encoded)], dtype=np.int64)[words.unit]
    ends = np.cumsum(sizes + 1) - 1
    starts = ends - sizes
    last = np.repeat(words.offsets[1:], np.diff(words.offsets)) - 1
    begins, lengths = [], []
    for n in range(1, LONGEST_PHRASE + 1):
        begins.append(np.flatnonzero(np.arange(len(starts)) + n - 1 <= last))
        lengths.append(np.full(len(begins[-1]), n))
    begin, length = np.concatenate(begins), np.concatenate(lengths)
    codes = np.frombuffer(text, dtype=np.uint8)
    keys, back = np.unique(
        span_keys(codes, starts[begin], ends[begin + length - 1]), return_inverse=True
    )
    place = places(index.phrase_keys, keys)[back]
    known = place >= 0
    return begin[known], length[known], place[known]
