"""64-bit keys of phrases, all of a text at once: what tables of millions of phrases are sorted by.

The key of a phrase is a polynomial of its UTF-8 bytes modulo 2⁶⁴, then mixed. Prefix sums give the
keys of any spans of a text without visiting them one by one. Two phrases may share a key; of the
2,616,378 phrases of METEOR's paraphrases no two do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from vlmeval_cli.core.batch import Ints, Keys, offsets_of

Bytes = npt.NDArray[np.uint8]
Number64 = TypeVar("Number64", Ints, Keys)

_BASE = 0x9E3779B97F4A7C15
_INVERSE = pow(_BASE, -1, 1 << 64)
_MIX = np.uint64(0xD6E8FEB86659FD93)
_HALF = np.uint64(32)


def span_keys(text: Bytes, starts: Ints, ends: Ints) -> Keys:
    """Keys of the spans ``text[starts[i]:ends[i]]``.

    >>> text = np.frombuffer(b"a dog, a dog", dtype=np.uint8)
    >>> first, second = span_keys(text, np.array([0, 7]), np.array([5, 12]))
    >>> bool(first == second)
    True
    """
    prefix = np.zeros(len(text) + 1, dtype=np.uint64)
    np.cumsum((text + np.uint64(1)) * _powers(_BASE, len(text)), out=prefix[1:])
    keys = (prefix[ends] - prefix[starts]) * _powers(_INVERSE, len(text) + 1)[starts]
    keys ^= keys >> _HALF
    keys *= _MIX
    keys ^= keys >> _HALF
    return keys


def phrase_keys(phrases: Sequence[str]) -> Keys:
    """Keys of phrases."""
    encoded = [phrase.encode("utf-8", "surrogatepass") for phrase in phrases]
    offsets = offsets_of([*map(len, encoded)])
    text = np.frombuffer(b"".join(encoded), dtype=np.uint8)
    return span_keys(text, offsets[:-1], offsets[1:])


def _powers(base: int, n: int) -> Keys:
    """1, base, base², …, modulo 2⁶⁴, shape (n,)."""
    powers = np.full(n, base, dtype=np.uint64)
    powers[:1] = 1
    return np.multiply.accumulate(powers, out=powers)


def places(keys: Number64, wanted: Number64) -> Ints:
    """Where each wanted key stands among sorted ``keys``; -1 where it is not."""
    if not len(keys):
        return np.full(len(wanted), -1, dtype=np.int64)
    found = np.searchsorted(keys, wanted)
    found[found == len(keys)] = 0
    return np.where(keys[found] == wanted, found, -1)
