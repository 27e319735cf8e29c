"""Which tuples of a prediction its references have too, and the counts of each category."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from vlmeval_cli.core.batch import Ints
from vlmeval_cli.scenes.native.categories import COLORS, NUMBERS, SIZES
from vlmeval_cli.scenes.native.synonyms import is_similar
from vlmeval_cli.scenes.tuples import CATEGORIES, Found, Scene, SceneTuple

Tuple = tuple[str, ...]


def _is_attribute_of(words: frozenset[str]) -> Callable[[Tuple], bool]:
    """Attributes out of a list; a merged one ("small/little") is in none, as in the original."""
    return lambda one: len(one) == 2 and one[1] in words


_BELONGS: dict[str, Callable[[Tuple], bool]] = {
    "All": lambda one: True,
    "Object": lambda one: len(one) == 1,
    "Relation": lambda one: len(one) == 3,
    "Attribute": lambda one: len(one) == 2,
    "Color": _is_attribute_of(COLORS),
    "Cardinality": _is_attribute_of(NUMBERS),
    "Size": _is_attribute_of(SIZES),
}


def is_match(one: Tuple, other: Tuple) -> bool:
    """Whether two tuples are as long, and each slot of one means the same as that of the other."""
    return len(one) == len(other) and all(map(is_similar, one, other))


def match(prediction: Sequence[Tuple], references: Sequence[Tuple]) -> Ints:
    """True positives, false positives and false negatives of each category.

    A tuple of the prediction is right where some tuple of the references matches it; several may
    be matched by the same, so that false negatives are a difference, never below zero.

    Returns:
        int64, shape (7, 3), in the order of :data:`~vlmeval_cli.scenes.tuples.CATEGORIES`.

    >>> match([("dog",), ("dog", "small")], [("dog",), ("dog", "little")])[0].tolist()
    [2, 0, 0]
    """
    counts = np.zeros((len(CATEGORIES), 3), dtype=np.int64)
    for row, category in enumerate(CATEGORIES):
        ours = [one for one in prediction if _BELONGS[category](one)]
        theirs = [one for one in references if _BELONGS[category](one)]
        right = sum(any(is_match(one, other) for other in theirs) for one in ours)
        counts[row] = right, len(ours) - right, max(len(theirs) - right, 0)
    return counts


def compared(prediction: Sequence[Tuple], references: Sequence[Tuple]) -> Found:
    """The counts of an item, and its tuples with those marked that the other side has."""
    scene = Scene(_marked(prediction, references), _marked(references, prediction))
    return Found(match(prediction, references), scene)


def _marked(tuples: Sequence[Tuple], others: Sequence[Tuple]) -> tuple[SceneTuple, ...]:
    return tuple(SceneTuple(one, any(is_match(one, other) for other in others)) for one in tuples)
