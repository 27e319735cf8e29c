"""All matches that METEOR 1.5 may choose from, for many pairs of texts at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from vlmeval_cli.core.batch import Ints, offsets_of
from vlmeval_cli.text.meteor_relations import (
    BACKWARD_PARAPHRASE,
    PARAPHRASE,
    STEM,
    SYNONYM,
    Occurrences,
    Relations,
)
from vlmeval_cli.text.phrase_keys import places

EXACT_MODULE, STEM_MODULE, SYNONYM_MODULE, PARAPHRASE_MODULE = range(4)
_BACKWARD = 4
_MODULE_OF = (
    (STEM, STEM_MODULE),
    (SYNONYM, SYNONYM_MODULE),
    (PARAPHRASE, PARAPHRASE_MODULE),
    (BACKWARD_PARAPHRASE, _BACKWARD),
)
_FILTER_BITS = 22
_SPREAD = np.uint64(0x9E3779B97F4A7C15)


class Candidates(NamedTuple):
    """Possible matches, in the order in which the search tries them.

    Attributes:
        pair: which pair of texts.
        start: first word in the reference.
        length: words in the reference.
        our_start: first word in the prediction.
        our_length: words in the prediction.
        module: 0 exact, 1 stem, 2 synonym, 3 paraphrase.
        place: where the table of paraphrases has it.
    """

    pair: Ints
    start: Ints
    length: Ints
    our_start: Ints
    our_length: Ints
    module: Ints
    place: Ints


class Kinds(NamedTuple):
    """The different units of each text.

    Attributes:
        offsets: text ``t`` has the kinds ``offsets[t]`` to ``offsets[t + 1]``.
        unit: of each kind.
        begin: kind ``k`` has the members ``begin[k]`` to ``begin[k + 1]``.
        start: of each member, its first word in the text.
        length: of each kind, its words.
    """

    offsets: Ints
    unit: Ints
    begin: Ints
    start: Ints
    length: Ints


class Crossing(NamedTuple):
    """Every kind of a reference with every one of its prediction."""

    pair: Ints
    theirs: Ints
    ours: Ints


class Matcher:
    """Finds candidates.

    Args:
        relations: what may match in the texts.
    """

    def __init__(self, relations: Relations) -> None:
        self._relations = relations
        self._words, self._phrases = _kinds(relations.words), _kinds(relations.phrases)
        # Most pairs of units are no candidates: a small table of their hashes tells it for nearly
        # all of them, before the keys are searched.
        self._may_match = np.zeros(1 << _FILTER_BITS, dtype=bool)
        self._may_match[_slots(relations.keys)] = True

    def candidates(self, reference: Ints, prediction: Ints) -> Candidates:
        """Candidates of the pairs (``reference[i]``, ``prediction[i]``), numbers of texts.

        A pair of equal texts has exact candidates alone.
        """
        words, phrases = self._words, self._phrases
        crossing = _crossed(words, words, reference, prediction)
        identity = self._relations.identity[words.unit]
        same = identity[crossing.theirs] == identity[crossing.ours]
        parts = [_candidates(words, words, _at(crossing, same), EXACT_MODULE, np.zeros(0, int))]
        differ = reference != prediction
        crossing = _at(crossing, ~same & differ[crossing.pair])
        parts += self._related(words, words, crossing)
        for left, right in ((phrases, words), (words, phrases), (phrases, phrases)):
            crossing = _crossed(left, right, reference, prediction)
            parts += self._related(left, right, _at(crossing, differ[crossing.pair]))
        flat = Candidates(*map(np.concatenate, zip(*parts, strict=True)))
        return _ordered(flat)

    def _related(self, left: Kinds, right: Kinds, crossing: Crossing) -> Iterator[Candidates]:
        """Candidates of the three modules that match different units."""
        found = self._relations
        keys = left.unit[crossing.theirs] * found.n_units + right.unit[crossing.ours]
        may = np.flatnonzero(self._may_match[_slots(keys)])
        place = places(found.keys, keys[may])
        hits, known = may[place >= 0], place[place >= 0]
        for flag, module in _MODULE_OF:
            own = (found.flags[known] & flag) > 0
            yield _candidates(
                left, right, _at(crossing, hits[own]), module, _places(found, known[own], module)
            )


def _kinds(found: Occurrences) -> Kinds:
    text = np.repeat(np.arange(len(found.offsets) - 1), np.diff(found.offsets))
    order = np.lexsort((found.unit, text))
    text, unit = text[order], found.unit[order]
    is_first = np.ones(len(order), dtype=bool)
    is_first[1:] = (text[1:] != text[:-1]) | (unit[1:] != unit[:-1])
    first = np.flatnonzero(is_first)
    offsets = np.searchsorted(text[first], np.arange(len(found.offsets)))
    begin = np.append(first, len(order))
    return Kinds(offsets, unit[first], begin, found.start[order], found.length[order][first])


def _places(found: Relations, known: Ints, module: int) -> Ints:
    """What orders matches of a module: paraphrases have a place in the table, others have none.

    A pair may be both paraphrases and synonyms; as synonyms they come in the order of the texts.
    """
    if module == _BACKWARD:
        return found.backward[known]
    return found.forward[known] if module == PARAPHRASE_MODULE else np.zeros_like(known)


def _slots(keys: Ints) -> npt.NDArray[np.int64]:
    mixed = keys.view(np.uint64) * _SPREAD
    return (mixed >> np.uint64(64 - _FILTER_BITS)).view(np.int64)


def _at(crossing: Crossing, chosen: npt.NDArray[np.bool_] | Ints) -> Crossing:
    return Crossing(*(column[chosen] for column in crossing))


def _crossed(left: Kinds, right: Kinds, reference: Ints, prediction: Ints) -> Crossing:
    """Kinds of the reference's text in ``left`` with those of the prediction's in ``right``.

    Shapes follow from counts: a pair with 3 and 4 kinds has 12 rows.
    """
    theirs = left.offsets[reference + 1] - left.offsets[reference]
    ours = right.offsets[prediction + 1] - right.offsets[prediction]
    pair = np.repeat(np.arange(len(reference)), theirs)  # of each kind of the references
    begin = left.offsets[reference] - offsets_of(theirs)[:-1]
    row = np.arange(len(pair)) + begin[pair]
    counts = ours[pair]
    shift = right.offsets[prediction][pair] - offsets_of(counts)[:-1]
    column = np.repeat(shift, counts)
    column += np.arange(len(column))
    return Crossing(np.repeat(pair, counts), np.repeat(row, counts), column)


def _candidates(
    left: Kinds, right: Kinds, crossing: Crossing, module: int, place: Ints
) -> Candidates:
    """Every member of the kinds on one side with every one on the other."""
    theirs, ours = crossing.theirs, crossing.ours
    sizes = right.begin[ours + 1] - right.begin[ours]
    counts = (left.begin[theirs + 1] - left.begin[theirs]) * sizes
    row = np.repeat(np.arange(len(ours)), counts)
    within = np.arange(len(row)) - np.repeat(offsets_of(counts)[:-1], counts)
    their_member, our_member = np.divmod(within, sizes[row])
    return Candidates(
        crossing.pair[row],
        left.start[left.begin[theirs][row] + their_member],
        left.length[theirs][row],
        right.start[right.begin[ours][row] + our_member],
        right.length[ours][row],
        np.full(len(row), module, dtype=np.int64),
        place[row] if len(place) else np.zeros_like(row),
    )


def _ordered(found: Candidates) -> Candidates:
    """By pair and first word in the reference, then as the original finds them.

    It asks the modules one after the other, and the paraphrases twice: for those of the reference's
    phrases, then for those of the prediction's, each in the order of the table. Among equally good
    alignments the order decides.
    """
    forward = (found.length, found.place, found.our_start)
    backward = (found.our_start, found.our_length, found.place)
    is_backward = found.module == _BACKWARD
    within = [np.where(is_backward, b, f) for f, b in zip(forward, backward, strict=True)]
    order = np.lexsort((*reversed(within), found.module, found.start, found.pair))
    ordered = Candidates(*(column[order] for column in found))
    return ordered._replace(module=np.minimum(ordered.module, PARAPHRASE_MODULE))
