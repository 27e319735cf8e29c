"""Longest common subsequences of summaries, sentence by sentence, as ROUGE-Lsum counts them.

Every sentence of the reference is compared with every sentence of the prediction, and what is
common with any of them counts once (the union). Among longest common subsequences of equal length
the choice matters for the union; it is rouge-score's: from the end, step back in the prediction
only where that is the only way to keep the length.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate, chain, pairwise

Sentence = Sequence[int]

_WORD = re.compile(r"[a-z0-9]+")  # of rouge-score


def has_sentences(text: str) -> bool:
    """Whether more than one line of a text has something in it."""
    return sum(map(bool, text.split("\n"))) > 1


def sentences(text: str, tokens: Sentence) -> list[Sentence]:
    r"""The tokens of each line of a text, less lines without any.

    Args:
        text: a sentence a line.
        tokens: its tokens by rouge-score's rule, with or without stemming.

    >>> sentences("A dog.\n\nIt runs", [0, 1, 2, 3])
    [[0, 1], [2, 3]]
    """
    lengths = (len(_WORD.findall(line.lower())) for line in text.split("\n"))
    bounds = accumulate(lengths, initial=0)
    return [tokens[start:stop] for start, stop in pairwise(bounds) if stop > start]


def union_hits(reference: Sequence[Sentence], prediction: Sequence[Sentence]) -> int:
    """Tokens of the reference's sentences that are common with the prediction's.

    A token counts at most as often as both summaries have it.

    >>> union_hits([[1, 2, 3, 4, 5]], [[1, 2, 6, 7, 8], [1, 3, 8, 9, 5]])  # Lin 2004: 1 2 3 5
    4
    """
    left = Counter(chain.from_iterable(reference)) & Counter(chain.from_iterable(prediction))
    hits = 0
    for sentence in reference:
        if left.keys().isdisjoint(sentence):
            continue
        for place in _places(_union(sentence, prediction)):
            token = sentence[place]
            if left[token] > 0:
                left[token] -= 1
                hits += 1
    return hits


def _union(reference: Sentence, predictions: Iterable[Sentence]) -> int:
    """Places of the reference, as bits, that any of the common subsequences takes."""
    at: dict[int, int] = {}
    for place, token in enumerate(reference):
        at[token] = at.get(token, 0) | 1 << place
    found = 0
    for prediction in predictions:
        found |= _common(at, len(reference), prediction)
    return found


def _common(at: dict[int, int], length: int, prediction: Sentence) -> int:
    """Places of the reference, as bits, of one longest common subsequence.

    There is a column of bits per token of the prediction. Bit ``i`` is 0 where the subsequence with
    the first ``i + 1`` tokens of the reference is longer than that with the first ``i`` (Hyyrö
    2004).

    Args:
        at: token → its places in the reference.
        length: tokens of the reference.
        prediction: a sentence.
    """
    everything = (1 << length) - 1
    matches = [at.get(token, 0) for token in prediction]
    if not any(matches):
        return 0
    columns, column = [], everything
    for match in matches:
        kept = column & match
        column = ((column + kept) | (column - kept)) & everything
        columns.append(column)
    found, open_places = 0, everything
    for match, column in zip(reversed(matches), reversed(columns), strict=True):
        # Back to where the tokens are equal, or where the length would be lost.
        place = ((match | ~column) & open_places).bit_length() - 1
        if place < 0:
            break
        is_equal = match >> place & 1
        found |= is_equal << place
        open_places = (1 << place + 1 - is_equal) - 1
    return found


def _places(bits: int) -> Iterable[int]:
    """The places of the bits that are set, ascending."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest
