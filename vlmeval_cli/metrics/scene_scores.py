"""The arithmetic of SPICE: F of the counted tuples, of all and of each kind."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from vlmeval_cli.core.batch import Array
from vlmeval_cli.core.metric import Output, Statistics
from vlmeval_cli.scenes.tuples import CATEGORIES, SceneColumn

# Category → end of the output's name, and what its tuples are.
_KINDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "All": ("", "all tuples"),
        "Object": ("_object", "objects"),
        "Relation": ("_relation", "relations"),
        "Attribute": ("_attribute", "attributes"),
        "Color": ("_color", "attributes that are colours"),
        "Cardinality": ("_count", "attributes that are numbers"),
        "Size": ("_size", "attributes that are sizes"),
    }
)


def scene_outputs(name: str) -> tuple[Output, ...]:
    """The F of all tuples, called ``name``, and that of each kind, such as ``spice_color``."""
    return tuple(
        Output(name + end, meaning=_meaning(what, is_part=bool(end)))
        for end, what in map(_KINDS.__getitem__, CATEGORIES)
    )


def _meaning(what: str, *, is_part: bool) -> str:
    mean = f"mean F of {what}"
    return f"{mean}, over the items whose references have any" if is_part else mean


def scene_scores(column: SceneColumn) -> Array:
    """F of every category of every item, shape (n, 7).

    That of all tuples is 0 where the references have none; that of a kind is unknown then, NaN.
    """
    tp, fp, fn = np.moveaxis(column.counts.astype(np.float64), -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.where(tp + fp > 0, tp / (tp + fp), 0.0)
        recall = np.where(tp + fn > 0, tp / (tp + fn), 0.0)
        both = precision + recall
        scores = np.where(both > 0, 2 * precision * recall / both, 0.0)
    scores[:, 1:][(tp + fn)[:, 1:] == 0] = np.nan
    return np.asarray(scores, dtype=np.float64)


def scene_statistics(column: SceneColumn) -> Statistics:
    """Rows of shape (n, 14): the F of each category, then 1 where it is known and 0 elsewhere."""
    scores = scene_scores(column)
    is_known = ~np.isnan(scores)
    values = np.hstack([np.where(is_known, scores, 0.0), is_known])
    values[list(column.skips)] = 0.0
    return Statistics(values, skips=column.skips, facts=column.facts)


def scene_means(name: str, totals: Array) -> dict[str, Array]:
    """Means over the items that have a value, by output name."""
    n = len(CATEGORIES)
    with np.errstate(divide="ignore", invalid="ignore"):
        means = totals[..., :n] / totals[..., n:]
    return {output.name: means[..., i] for i, output in enumerate(scene_outputs(name))}
