"""What SPICE compares: the tuples of a prediction and of its references, and how many match.

A tuple of one word is an object, of two an attribute of an object, of three a relation of two
objects. Colours, numbers and sizes are some of the attributes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from vlmeval_cli.core.batch import Ints
from vlmeval_cli.models.columns import Provenance

CATEGORIES = ("All", "Object", "Relation", "Attribute", "Color", "Cardinality", "Size")
_UNKNOWN = Provenance()


class SceneTuple(NamedTuple):
    """An object, an attribute of one, or a relation of two.

    Attributes:
        words: one to three; merged synonyms stand as ``small/little``.
        is_matched: whether the other side has a tuple like it.
    """

    words: tuple[str, ...]
    is_matched: bool


class Scene(NamedTuple):
    """The tuples of an item, each once."""

    prediction: tuple[SceneTuple, ...]
    references: tuple[SceneTuple, ...]


@dataclass(frozen=True, slots=True)
class SceneColumn:
    """The compared scenes of items.

    Attributes:
        counts: true positives, false positives and false negatives by item and category, in the
            order of :data:`CATEGORIES`; int64, shape (n, 7, 3). A skipped item has zeros.
        scenes: the tuples of each item, length n; None for a skipped item, and where only counts
            are known.
        skips: item → why its captions were not compared.
        provenance: what compared them.
        facts: counts for warnings, of the whole column; they go with its first item.
    """

    counts: Ints
    scenes: Sequence[Scene | None]
    skips: Mapping[int, str] = field(default_factory=dict)
    provenance: Provenance = _UNKNOWN
    facts: Mapping[str, int] = field(default_factory=dict)

    def part(self, start: int, stop: int) -> SceneColumn:
        """The scenes of items ``start`` to ``stop``."""
        skips = {i - start: why for i, why in self.skips.items() if start <= i < stop}
        return replace(
            self,
            counts=self.counts[start:stop],
            scenes=self.scenes[start:stop],
            skips=skips,
            facts=self.facts if start == 0 else {},
        )


class Found(NamedTuple):
    """What was found of one item.

    Attributes:
        counts: int64, shape (7, 3), as in :class:`SceneColumn`.
        scene: its tuples, where they are known.
    """

    counts: Ints
    scene: Scene | None


def scene_column(
    found: Iterable[Found | str],
    provenance: Provenance = _UNKNOWN,
    facts: Mapping[str, int] | None = None,
) -> SceneColumn:
    """The column of items, each with what was found of it, or why nothing was.

    >>> scene_column(["too_long"]).skips
    {0: 'too_long'}
    """
    items = list(found)
    counts = np.zeros((len(items), len(CATEGORIES), 3), dtype=np.int64)
    for i, one in enumerate(items):
        if not isinstance(one, str):
            counts[i] = one.counts
    return SceneColumn(
        counts=counts,
        scenes=[None if isinstance(one, str) else one.scene for one in items],
        skips={i: one for i, one in enumerate(items) if isinstance(one, str)},
        provenance=provenance,
        facts=facts or {},
    )
