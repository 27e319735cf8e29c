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

from rapidfuzz.distance import Levenshtein

from vlmeval_cli.text.document_compare import best_pairs

_BAD, _GOOD = [0.0], [1.0]


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
        beside = [[self.match(own, expected) for own in prediction] for expected in reference]
        gains = [
            [_gain(match, own) for match, own in zip(row, prediction, strict=True)]
            for row in beside
        ]
        pairs = best_pairs(gains)
        matches = [beside[row][column] for row, column in pairs]
        rows, columns = {row for row, _ in pairs}, {column for _, column in pairs}
        lost = [own for row, own in enumerate(reference) if row not in rows]
        made_up = (own for column, own in enumerate(prediction) if column not in columns)
        size = sum(match.size for match in matches) + sum(map(size_of, chain(lost, made_up)))
        by_column = [beside[row][column] for row, column in sorted(pairs, key=lambda p: p[1])]
        return Match(
            [point for match in matches for point in match.points],
            size,
            [match.closest for match in by_column] + lost,
            [(None, match) for match in by_column],
        )

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


def _is_texts(value: Any) -> bool:  # noqa: ANN401  (any JSON value)
    return isinstance(value, list) and bool(value) and all(isinstance(one, str) for one in value)
