"""What the recorded tokens of each text come to: loss, tokens, bytes and first choices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from vlmeval_cli.core.batch import Array, Column, Ints, NumberColumn, ValueColumn, singles
from vlmeval_cli.parsing.items import Items, Parsed
from vlmeval_cli.parsing.log_probabilities import Tokens, Total

MASK = -100  # a label that PyTorch's cross entropy ignores
_COUNTS = ("n_tokens", "num_tokens", "token_count")
_BYTES = ("n_bytes", "num_bytes", "byte_count")
_LABELS, _LOSS_MASK, _TEXT = "labels", "loss_mask", "text"
FIELDS = (*_COUNTS, *_BYTES, _LABELS, _LOSS_MASK, _TEXT)
NO_TOKEN = "no token is scored"

Flags = npt.NDArray[np.bool_]


class _Sums(NamedTuple):
    """Sums of ``n`` items, each of shape (n,); zeros where an item has no scored token."""

    nll: Array
    n_tokens: Array
    n_bytes: Array
    n_top: Array
    n_judged: Array


def parse(items: Items) -> Parsed:
    """Sums of each item as columns ``prediction.nll``, ``prediction.n_tokens``, ….

    Columns hold one number per item. ``nll`` is in nats, infinite where a token had no probability
    at all. NaN: ``n_bytes`` where the bytes of the scored tokens are not known. ``n_top`` of
    ``n_judged`` tokens were the most probable ones; there are no such columns where no row records
    alternatives. ``prediction.unscored`` says why an item has no sums; None where it has.
    """
    n = len(items)
    sums = _Sums(*np.zeros((len(_Sums._fields), n)))
    unparsed = _add_tokens(sums, items) | _add_totals(sums, items)
    given = items.predictions
    unscored = ["no prediction" if one is None else unparsed.get(i) for i, one in enumerate(given)]
    known = _Sums._fields if sums.n_judged.any() else _Sums._fields[:-2]
    columns: dict[str, Column] = {
        f"prediction.{name}": NumberColumn(getattr(sums, name), singles(n)) for name in known
    }
    columns["prediction.unscored"] = ValueColumn(unscored, singles(n))
    return Parsed(_shown(sums), unparsed=dict(sorted(unparsed.items())), columns=columns)


def _shown(sums: _Sums) -> list[dict[str, float | None] | None]:
    """What reports show of each item."""
    return [
        {"n_tokens": tokens, "nll": nll if np.isfinite(nll) else None} if tokens else None
        for nll, tokens in zip(sums.nll.tolist(), sums.n_tokens.tolist(), strict=True)
    ]


def _add_tokens(sums: _Sums, items: Items) -> dict[int, str]:
    """Put the sums of texts whose tokens were recorded in place; item → why it has none."""
    own = [(i, one) for i, one in enumerate(items.predictions) if isinstance(one, Tokens)]
    if not own:
        return {}
    at = np.array([i for i, _ in own], dtype=np.int64)
    lengths = np.array([len(one.log_probs) for _, one in own], dtype=np.int64)
    owner = np.repeat(at, lengths)
    log_probs = np.concatenate([one.log_probs for _, one in own])
    is_top = np.concatenate([one.is_top for _, one in own])
    n_bytes = np.concatenate([one.n_bytes for _, one in own])
    scored, unparsed = _counted(items, at, lengths)
    scored &= ~np.isnan(log_probs)
    judged = scored & ~np.isnan(is_top)

    def add(target: Array, values: Array, where: Flags) -> None:
        target += np.bincount(owner[where], weights=values[where], minlength=len(target))

    ones = np.ones(len(owner))
    add(sums.nll, -np.minimum(log_probs, 0.0), scored)
    add(sums.n_tokens, ones, scored)
    add(sums.n_bytes, n_bytes, scored)
    add(sums.n_top, is_top, judged)
    add(sums.n_judged, ones, judged)
    _fill_bytes(sums, items, _wholly_scored(scored, lengths, at))
    nothing = at[sums.n_tokens[at] == 0.0].tolist()
    return dict.fromkeys(nothing, NO_TOKEN) | unparsed


def _counted(items: Items, at: Ints, lengths: Ints) -> tuple[Flags, dict[int, str]]:
    """Tokens that labels and loss mask let count, one flag for each; item → a mask of other length.

    Such an item has no token that counts.
    """
    counted = np.ones(int(lengths.sum()), dtype=bool)
    unparsed: dict[int, str] = {}
    ends = np.cumsum(lengths)
    for name in (_LABELS, _LOSS_MASK):
        column = items.fields.get(name)
        if column is None:
            continue
        for i, n, end in zip(at.tolist(), lengths.tolist(), ends.tolist(), strict=True):
            if not isinstance(column[i], list):
                continue
            mask = _mask(column[i], n, name)
            if mask is None:
                unparsed[i] = f"{len(column[i]):,} {name} for {n:,} log-probabilities"
            counted[end - n : end] &= False if mask is None else mask
    return counted, unparsed


def _mask(given: list[Any], n: int, name: str) -> Flags | None:
    """Whether each of ``n`` tokens counts; None if these are not as many."""
    own = given[1:] if len(given) == n + 1 else given  # the first token has no prediction
    if len(own) != n:
        return None
    return np.array([entry != MASK if name == _LABELS else bool(entry) for entry in own], bool)


def _wholly_scored(scored: Flags, lengths: Ints, at: Ints) -> set[int]:
    """Items of which all tokens count, but perhaps the first, which has no prediction."""
    left_out = ~scored
    firsts = (np.cumsum(lengths) - lengths)[lengths > 0]
    left_out[firsts] = False
    owner = np.repeat(np.arange(len(at)), lengths)
    n_left_out = np.bincount(owner[left_out], minlength=len(at))
    return set(at[n_left_out == 0].tolist())


def _fill_bytes(sums: _Sums, items: Items, whole: set[int]) -> None:
    """Bytes of texts whose tokens have none: as recorded for the text, or those of the text."""
    beside = _beside(items)
    if beside.keys().isdisjoint((*_BYTES, _TEXT)):
        return
    for i in np.flatnonzero(np.isnan(sums.n_bytes)).tolist():
        given = _whole(beside, _BYTES, i)
        if given is not None:
            sums.n_bytes[i] = given
        elif i in whole:
            sums.n_bytes[i] = _text_bytes(beside, i)


def _add_totals(sums: _Sums, items: Items) -> dict[int, str]:
    """Put texts of which one number was recorded in place; item → why it has no sums."""
    beside = _beside(items)
    unparsed: dict[int, str] = {}
    for i, found in enumerate(items.predictions):
        if not isinstance(found, Total):
            continue
        count = _whole(beside, _COUNTS, i)
        if count is None or count <= 0:
            unparsed[i] = f"one number for the whole text, and no count of tokens ({_NAMED})"
            continue
        given = _whole(beside, _BYTES, i)
        sums.nll[i] = max(-found.log_prob * (count if found.is_mean else 1), 0.0)
        sums.n_tokens[i] = count
        sums.n_bytes[i] = _text_bytes(beside, i) if given is None else given
    return unparsed


_NAMED = ", ".join(_COUNTS)


def _beside(items: Items) -> Mapping[str, Sequence[Any]]:
    return {name: items.fields[name] for name in FIELDS if name in items.fields}


def _text_bytes(beside: Mapping[str, Sequence[Any]], i: int) -> float:
    text = beside[_TEXT][i] if _TEXT in beside else None
    return float(len(text.encode("utf-8", "surrogatepass"))) if isinstance(text, str) else np.nan


def _whole(beside: Mapping[str, Sequence[Any]], names: Sequence[str], i: int) -> int | None:
    for name in names:
        value = beside[name][i] if name in beside else None
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        if float(value).is_integer():
            return int(value)
    return None
