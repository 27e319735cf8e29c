"""What the metrics of CLIP share: their columns, cosines, and what was cut or is not there."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from vlmeval_cli.core.batch import Array, Batch, Ints
from vlmeval_cli.core.metric import Notice
from vlmeval_cli.core.wording import number_of
from vlmeval_cli.models.columns import VectorColumn, Vectors
from vlmeval_cli.models.image_files import MISSING, UNREADABLE

DEFAULT_MODEL = "openai/clip-vit-base-patch32"
LONG_MODEL = "zer0int/LongCLIP-GmP-ViT-L-14"
WEIGHT = 2.5  # of Hessel et al., so that scores are of about 0 to 1

_ROWS = 4096  # pairs that are compared at a time
_CUT = "texts_cut"
_CUT_REFERENCES = "references_cut"


def column(side: str, model: str, *, is_plain: bool = False) -> str:
    """Name of the vectors of a side; texts are put into CLIPScore's prompt unless they are plain.

    >>> column("prediction", "folder/model", is_plain=True)
    'prediction.clip_vectors:folder/model@plain'
    """
    return f"{side}.clip_vectors:{model}{'@plain' if is_plain else ''}"


def vectors(batch: Batch, name: str) -> VectorColumn:
    """The prepared vectors ``name``."""
    return batch.column(name, VectorColumn)


def cosines(mine: Vectors, theirs: Vectors, which: Ints, other: Ints) -> Array:
    """Cosine of each pair of rows ``mine[which]`` and ``theirs[other]``, in float64.

    A vector of zeros has a cosine of 0 with every other.
    """
    found = np.zeros(len(which))
    for start in range(0, len(which), _ROWS):
        part = slice(start, start + _ROWS)
        one = mine[which[part]].astype(np.float64)
        two = theirs[other[part]].astype(np.float64)
        lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(two, axis=1)
        products = np.einsum("ij,ij->i", one, two)
        np.divide(products, lengths, out=found[part], where=lengths > 0)
    return found


def image_cosines(texts: VectorColumn, images: VectorColumn) -> tuple[Array, dict[int, str]]:
    """Cosine of every item's text and image, and the items that have no image with the reason."""
    found = np.zeros(len(images.which))
    known = np.flatnonzero(images.which >= 0)
    found[known] = cosines(texts.vectors, images.vectors, texts.which[known], images.which[known])
    return found, without_image(images)


def without_image(images: VectorColumn) -> dict[int, str]:
    """Items that have no image to look at, and why; a warning names the files."""
    lost = np.flatnonzero(images.which < 0).tolist()
    return {i: UNREADABLE if i in images.reasons else MISSING for i in lost}


def best_cosines(texts: VectorColumn, references: VectorColumn) -> Array:
    """The largest cosine of every item's text with one of its references; NaN where none is."""
    counts = np.diff(references.item_offsets)
    item = np.repeat(np.arange(len(counts)), counts)
    pairs = cosines(texts.vectors, references.vectors, texts.which[item], references.which)
    best = np.full(len(counts), np.nan)
    some = np.flatnonzero(counts)
    if len(some):
        best[some] = np.maximum.reduceat(pairs, references.item_offsets[:-1][some])
    return best


def cut_facts(texts: VectorColumn, references: VectorColumn | None = None) -> dict[str, int]:
    """How many texts of each side were cut because the model takes no more tokens."""
    return {
        _CUT: texts.n_cut(),
        **({} if references is None else {_CUT_REFERENCES: references.n_cut()}),
    }


def cut_notice(facts: Mapping[str, int], model: str) -> tuple[Notice, ...]:
    """Texts of which the model saw the beginning alone; of each side, so that metrics agree."""
    sides = ((_CUT, "caption"), (_CUT_REFERENCES, "reference"))
    counts = [(n, side) for fact, side in sides if (n := facts.get(fact, 0))]
    return tuple(
        Notice(
            "texts_cut",
            f"{number_of(n, f'{side} is', f'{side}s are')} longer than {model} takes; it sees the "
            f"beginning alone. A model for long texts reads on: model={LONG_MODEL}",
        )
        for n, side in counts
    )
