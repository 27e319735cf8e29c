"""Longest common subsequences of predictions and references.

The algorithm is rapidfuzz's bit-parallel one; here tokens become characters, one per token, so
that a text is a string.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from vlmeval_cli.core.batch import Ints, TokenColumn

_FIRST_SURROGATE, _N_SURROGATES = 0xD800, 0x800
_MAX_TOKENS = 0x110000 - _N_SURROGATES


def lcs_lengths(predictions: TokenColumn, references: TokenColumn) -> Ints:
    """Length of the longest common subsequence of each reference with its item's prediction.

    Args:
        predictions: one text per item.
        references: any number of texts per item, same vocabulary.

    Returns:
        Tokens, shape (n_references,).
    """
    from rapidfuzz.distance import LCSseq
    from rapidfuzz.process import cpdist

    n_references = len(references.offsets) - 1
    if n_references == 0:
        return np.zeros(0, dtype=np.int64)
    texts = _strings(predictions, references)
    predicted, accepted = texts[: len(predictions.offsets) - 1], texts[-n_references:]
    item = np.repeat(np.arange(len(predicted)), np.diff(references.item_offsets)).tolist()
    return cpdist(
        [predicted[i] for i in item], accepted, scorer=LCSseq.similarity, dtype=np.int64, workers=1
    )


def _strings(predictions: TokenColumn, references: TokenColumn) -> list[str]:
    """All texts, each as a string of one character per token."""
    joined = _characters(np.concatenate([predictions.tokens, references.tokens]))
    bounds = [*predictions.offsets.tolist()]
    bounds += (references.offsets[1:] + len(predictions.tokens)).tolist()
    return [joined[start:stop] for start, stop in pairwise(bounds)]


def _characters(tokens: npt.NDArray[np.int32]) -> str:
    if tokens.max(initial=0) >= _MAX_TOKENS:  # more words than Unicode has characters
        tokens = np.unique(tokens, return_inverse=True)[1].astype(np.int32)
    points = tokens + np.where(tokens >= _FIRST_SURROGATE, _N_SURROGATES, 0)
    return points.astype("<u4").tobytes().decode("utf-32-le")
