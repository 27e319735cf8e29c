"""The 23 numbers that METEOR 1.5 keeps of a pair of texts, for many pairs at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from vlmeval_cli.core.batch import Array, Ints, Vocabulary
from vlmeval_cli.resources.meteor_index import MeteorIndex
from vlmeval_cli.text.meteor_beam import chosen_matches
from vlmeval_cli.text.meteor_candidates import Candidates, Matcher
from vlmeval_cli.text.meteor_relations import Relations, relations
from vlmeval_cli.text.meteor_words import MeteorWords

# Places among the numbers; lengths, then four numbers per module, then what is matched.
PREDICTION_LENGTH, REFERENCE_LENGTH, PREDICTION_FUNCTION, REFERENCE_FUNCTION = range(4)
MODULES = 4
CHUNKS, PREDICTION_MATCHED, REFERENCE_MATCHED = 20, 21, 22
N_STATISTICS = 23

_MOST_CELLS = 1 << 19  # words of references times words of predictions, held at once
_MOST_CANDIDATES = 1 << 17  # searched at once


class Texts(NamedTuple):
    """Different texts as words, and which of them every given text is."""

    words: list[list[str]]
    number: Ints


def different_texts(given: Sequence[str], splitter: MeteorWords) -> Texts:
    """Words of texts; those with the same words are one."""
    strings = Vocabulary()
    string = np.array([strings[text] for text in given], dtype=np.int64)
    lines = Vocabulary()
    words: list[list[str]] = []
    numbers = []
    for split in splitter.split(strings.strings):
        number = lines[" ".join(split)]
        if number == len(words):
            words.append(split)
        numbers.append(number)
    return Texts(words, np.array(numbers, dtype=np.int64)[string])


def pair_statistics(
    texts: Sequence[Sequence[str]], prediction: Ints, reference: Ints, index: MeteorIndex
) -> Array:
    """Numbers of the pairs (``prediction[i]``, ``reference[i]``), places in ``texts``; (n, 23)."""
    known = relations(texts, index)
    matcher = Matcher(known)
    values = np.zeros((len(prediction), N_STATISTICS))
    lengths = np.diff(known.words.offsets)
    for block, candidates in _searched(matcher, prediction, reference, lengths):
        ours, theirs = prediction[block], reference[block]
        chosen = chosen_matches(candidates, np.maximum(lengths[ours], lengths[theirs]))
        matches = Candidates(*(column[chosen] for column in candidates))
        values[block] = _counted(known, matches, ours, theirs)
    return values


def _searched(
    matcher: Matcher, prediction: Ints, reference: Ints, lengths: Ints
) -> Iterator[tuple[slice, Candidates]]:
    """Consecutive pairs with their candidates, as many as are searched at once."""
    start, parts, held = 0, [], 0
    for block in _blocks(lengths[prediction] * lengths[reference]):
        found = matcher.candidates(reference[block], prediction[block])
        parts.append(found._replace(pair=found.pair + block.start - start))
        held += len(found.pair)
        if held >= _MOST_CANDIDATES or block.stop == len(prediction):
            yield (
                slice(start, block.stop),
                Candidates(*map(np.concatenate, zip(*parts, strict=True))),
            )
            start, parts, held = block.stop, [], 0


def _blocks(cells: Ints) -> Iterator[slice]:
    """Consecutive pairs that have, together, about as many cells as are held at once."""
    sums = np.cumsum(cells + 1)
    start = 0
    while start < len(cells):
        before = sums[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(sums, before + _MOST_CELLS, side="right")))
        yield slice(start, stop)
        start = stop


def _counted(known: Relations, matches: Candidates, ours: Ints, theirs: Ints) -> Array:
    """Numbers of a block from its matches."""
    offsets = known.words.offsets
    function = np.zeros(len(known.words.unit) + 1, dtype=np.int64)
    np.cumsum(known.is_function[known.words.unit], out=function[1:])
    n = len(ours)
    values = np.zeros((n, N_STATISTICS))
    for side, text in ((0, ours), (1, theirs)):
        values[:, PREDICTION_LENGTH + side] = offsets[text + 1] - offsets[text]
        values[:, PREDICTION_FUNCTION + side] = (
            function[offsets[text + 1]] - function[offsets[text]]
        )
        starts, lengths = (
            (matches.start, matches.length) if side else (matches.our_start, matches.our_length)
        )
        first = offsets[text][matches.pair] + starts
        functions = function[first + lengths] - function[first]
        for module in range(MODULES):
            own = matches.module == module
            place = 4 + 4 * module + side
            pair = matches.pair[own]
            values[:, place] = np.bincount(pair, (lengths - functions)[own], n)
            values[:, place + 2] = np.bincount(pair, functions[own], n)
        values[:, PREDICTION_MATCHED + side] = np.bincount(matches.pair, lengths, n)
    values[:, CHUNKS] = np.bincount(matches.pair[_begins_chunk(matches)], minlength=n)
    return values


def _begins_chunk(matches: Candidates) -> Ints:
    """Matches that do not go on where the one before them ends, on both sides."""
    begins = np.ones(len(matches.pair), dtype=bool)
    pair, theirs, ours = matches.pair, matches.start, matches.our_start
    goes_on = pair[1:] == pair[:-1]
    goes_on &= theirs[1:] == (theirs + matches.length)[:-1]
    goes_on &= ours[1:] == (ours + matches.our_length)[:-1]
    begins[1:] = ~goes_on
    return np.flatnonzero(begins)
