"""ANLS*: how alike two documents are, with partial credit for texts that differ a little.

Every leaf of the reference is worth one point; texts earn 1 - edits / length of the longer one, and
nothing below the threshold. Peer et al. 2024, "ANLS* -- A Universal Document Processing Metric for
Generative Large Language Models" (arXiv:2402.03848).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cdist

from vlmeval_cli.core.batch import Array
from vlmeval_cli.text.document_pairing import best_pairs

_BAD, _GOOD = [0.0], [1.0]
_FEW_PAIRS = 60


class Match(NamedTuple):
    """A reference value beside a predicted one.

    Attributes:
        points: what each leaf earned, in the order of the reference.
        size: how many points there were to earn, with those for what was made up.
        closest: the reference as near to the prediction as it may be written.
        parts: matches of what is inside: by key of an object; None for entries of a list.
    """

    points: list[float]
    size: int
    closest: Any
    parts: Sequence[tuple[str | None, Match]] = ()

    @property
    def mean(self) -> float:
        """Points per point to earn; 1 where there was none."""
        return sum(self.points) / self.size if self.size > 0 else 1.0


class Matcher:
    """Matches documents; remembers the texts it has normalised and compared.

    Args:
        threshold: similarities of texts below it earn nothing.
    """

    def __init__(self, threshold: float = 0.5) -> None:
        self._threshold = threshold
        self._normal: dict[str, str] = {}
        self._similar: dict[tuple[str, str], float] = {}

    def best(self, prediction: Any, references: Sequence[Any]) -> Match:  # noqa: ANN401
        """The match with the best of the references; of equally good ones, with an equal one.

        One reference that is a list of texts, beside a text, is a list of accepted answers.
        """
        if len(references) == 1 and isinstance(prediction, str) and _is_texts(references[0]):
            references = references[0]
        if len(references) == 1:
            return self.match(prediction, references[0])
        found = [self.match(prediction, reference) for reference in references]
        return max(found, key=lambda one: (one.mean, one.closest == prediction))

    def match(self, prediction: Any, reference: Any) -> Match:  # noqa: ANN401  (any JSON value)
        """``prediction`` beside ``reference``."""
        if isinstance(reference, dict):
            if isinstance(prediction, dict):
                return self._objects(prediction, reference)
        elif isinstance(reference, list):
            if isinstance(prediction, list):
                return self._lists(prediction, reference)
        elif reference is None:
            if _is_nothing(prediction):
                return Match(_GOOD, max(1, size_of(prediction)), prediction)
        elif not isinstance(prediction, dict | list) and prediction is not None:
            return Match([self._similarity(str(prediction), str(reference))], 1, reference)
        return Match(_BAD, max(size_of(reference), size_of(prediction)), reference)

    def _objects(self, prediction: dict[str, Any], reference: dict[str, Any]) -> Match:
        points: list[float] = []
        size = 0
        nearest = {}
        parts: list[tuple[str | None, Match]] = []
        for key, expected in reference.items():
            match = self.match(prediction.get(key), expected)
            points += match.points
            size += match.size
            parts.append((key, match))
            if key in prediction or not _is_nothing(match.closest):
                nearest[key] = match.closest
        for key, made_up in prediction.items():
            if key in reference:
                continue
            match = self.match(made_up, None)
            size += match.size
            if not _is_nothing(made_up):  # a key that holds nothing earns nothing, and costs
                points += match.points
                parts.append((key, match))
                nearest[key] = match.closest
        return Match(points, size, nearest, parts)

    def _lists(self, prediction: list[Any], reference: list[Any]) -> Match:
        if not prediction or not reference:
            return Match([], size_of(prediction) + size_of(reference), list(reference))
        pairs, found = self._paired(prediction, reference)
        matches = [found[pair] for pair in pairs]
        rows, columns = {row for row, _ in pairs}, {column for _, column in pairs}
        lost = [own for row, own in enumerate(reference) if row not in rows]
        made_up = (own for column, own in enumerate(prediction) if column not in columns)
        size = sum(match.size for match in matches) + sum(map(size_of, chain(lost, made_up)))
        by_column = [found[pair] for pair in sorted(pairs, key=lambda pair: pair[1])]
        return Match(
            [point for match in matches for point in match.points],
            size,
            [match.closest for match in by_column] + lost,
            [(None, match) for match in by_column],
        )

    def _paired(
        self, prediction: list[Any], reference: list[Any]
    ) -> tuple[list[tuple[int, int]], dict[tuple[int, int], Match]]:
        """The best pairs (place in the reference, place in the prediction), with their matches.

        Of long lists only the matches of the best pairs are made, so that memory is not filled by
        all. Lists within lists are matched once, or time would double with every level.
        """
        is_long = len(prediction) * len(reference) > _FEW_PAIRS
        if is_long and not any(map(_holds_list, prediction + reference)):
            by_table = _are_records(prediction + reference)
            gains = (self._record_gains if by_table else self._gains)(prediction, reference)
            pairs = best_pairs(gains)
            return pairs, {
                pair: self.match(prediction[pair[1]], reference[pair[0]]) for pair in pairs
            }
        found = {
            (row, column): self.match(own, expected)
            for row, expected in enumerate(reference)
            for column, own in enumerate(prediction)
        }
        gains = np.array([_gain(match, prediction[place[1]]) for place, match in found.items()])
        return best_pairs(gains.reshape(len(reference), len(prediction))), found

    def _gains(self, prediction: list[Any], reference: list[Any]) -> Array:
        """What pairing any two entries is worth."""
        return np.array(
            [
                [_gain(self.match(own, expected), own) for own in prediction]
                for expected in reference
            ]
        )

    def _record_gains(self, prediction: list[Any], reference: list[Any]) -> Array:
        """What pairing any two records is worth, column by column of the table that they are."""
        gains = np.zeros((len(reference), len(prediction)))
        for key in reference[0]:
            theirs, their_codes = self._distinct(reference, key)
            ours, our_codes = self._distinct(prediction, key)
            edits = cdist(theirs, ours, scorer=Levenshtein.distance, dtype=np.int64)
            longer = np.maximum([[len(text)] for text in theirs], [len(text) for text in ours])
            similar = 1 - edits / np.maximum(longer, 1)
            similar[similar < self._threshold] = 0.0
            gains += similar[np.ix_(their_codes, our_codes)]
        return gains / len(reference[0])

    def _distinct(self, records: list[Any], key: str) -> tuple[list[str], list[int]]:
        """The distinct texts at ``key``, normalised, and which of them each record has."""
        texts = [self._normalized(str(record[key])) for record in records]
        code_of = {text: code for code, text in enumerate(dict.fromkeys(texts))}
        return list(code_of), [code_of[text] for text in texts]

    def _similarity(self, prediction: str, reference: str) -> float:
        found = self._similar.get((prediction, reference))
        if found is None:
            found = self._compared(self._normalized(prediction), self._normalized(reference))
            self._similar[prediction, reference] = found
        return found

    def _normalized(self, text: str) -> str:
        found = self._normal.get(text)
        if found is None:
            found = self._normal[text] = " ".join(text.lower().split())
        return found

    def _compared(self, prediction: str, reference: str) -> float:
        if prediction == reference:
            return 1.0
        longer = max(len(prediction), len(reference))
        most = math.floor((1 - self._threshold) * longer) + 1  # with slack against rounding
        edits = Levenshtein.distance(prediction, reference, score_cutoff=most)
        similarity = 1 - edits / longer
        return similarity if edits <= most and similarity >= self._threshold else 0.0


def size_of(value: Any) -> int:  # noqa: ANN401  (any JSON value)
    """Leaves of a document, null among them.

    >>> size_of({"a": [1, 2], "b": None, "c": []})
    3
    """
    if isinstance(value, dict):
        return sum(map(size_of, value.values()))
    return sum(map(size_of, value)) if isinstance(value, list) else 1


def scores_by_key(match: Match) -> dict[str, dict[str, Any]]:
    """Key → its score and those of the keys below it; the mean where it occurs several times.

    Returns:
        ``{key: {"score": …, "keys": {…}}}``; entries of lists add no level.
    """
    sums: dict[tuple[str, ...], list[float]] = {}
    for path, mean in _scored_keys(match, ()):
        sums.setdefault(path, []).append(mean)
    tree: dict[str, dict[str, Any]] = {}
    for path in sorted(sums, key=len):
        level = tree
        for key in path[:-1]:
            level = level[key].setdefault("keys", {})
        level[path[-1]] = {"score": sum(sums[path]) / len(sums[path])}
    return tree


@dataclass(frozen=True, slots=True)
class Explanation:
    """How an ANLS* came about.

    Attributes:
        score: of the item.
        closest: the accepted document nearest to the prediction, lists in its order.
        keys: as :func:`scores_by_key`.
    """

    score: float
    closest: Any
    keys: Mapping[str, Mapping[str, Any]]


def explained(
    prediction: Any,  # noqa: ANN401  (any JSON value)
    references: Sequence[Any],
    threshold: float = 0.5,
) -> Explanation:
    """The score of a prediction with its closest reference and a score per key.

    >>> explained({"a": "hello!"}, [{"a": "world"}, {"a": "hello"}]).closest
    {'a': 'hello'}
    """
    match = Matcher(threshold).best(prediction, references)
    return Explanation(match.mean, match.closest, scores_by_key(match))


def _scored_keys(match: Match, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], float]]:
    for key, part in match.parts:
        below = path if key is None else (*path, str(key))
        yield from _scored_keys(part, below)
        if key is not None:
            yield below, part.mean


def _gain(match: Match, prediction: Any) -> float:  # noqa: ANN401  (any JSON value)
    """What pairing two entries is worth; of equal ones, a bit more where nothing differs."""
    mean = match.mean
    return math.nextafter(mean, math.inf) if match.closest == prediction else mean


def _is_nothing(value: Any) -> bool:  # noqa: ANN401  (any JSON value)
    return value is None or (isinstance(value, dict | list | str) and not value)


def _holds_list(value: Any) -> bool:  # noqa: ANN401  (any JSON value)
    if isinstance(value, dict):
        return any(map(_holds_list, value.values()))
    return isinstance(value, list)


def _are_records(entries: list[Any]) -> bool:
    """Whether the entries are objects with the same keys that hold one value each.

    All pairs of such entries have one size, so that every best pairing gives the same score.
    """
    first = entries[0]
    if not isinstance(first, dict) or not first:
        return False
    return all(
        isinstance(entry, dict)
        and entry.keys() == first.keys()
        and all(isinstance(value, str | int | float) for value in entry.values())
        for entry in entries
    )


def _is_texts(value: Any) -> bool:  # noqa: ANN401  (any JSON value)
    return isinstance(value, list) and bool(value) and all(isinstance(one, str) for one in value)
