"""Recorded token log-probabilities and losses, whatever program wrote them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from vlmeval_cli.core.batch import Array, NumberColumn, singles
from vlmeval_cli.core.config import OnBadRow
from vlmeval_cli.parsing.items import Items, Parsed, Place, Values
from vlmeval_cli.parsing.texts import refused
from vlmeval_cli.readers.json_values import described

LOSS_NAMES = frozenset({"loss", "losses", "nll"})  # negative log-likelihoods; all else is positive
MASK = -100  # a label that PyTorch's cross entropy ignores
_ROUNDING = 1e-3  # log-probabilities in half precision may come out this far above 0
_EXPECTED = (
    "natural log-probabilities: a list of numbers ≤ 0 (null for a token without one), OpenAI or "
    "vLLM logprobs, or a loss with a count of tokens"
)
_COUNTS = ("n_tokens", "num_tokens", "token_count")
_BYTES = ("n_bytes", "num_bytes", "byte_count")
FIELDS = (*_COUNTS, *_BYTES, "labels", "loss_mask", "text")


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of one text, in order.

    Attributes:
        log_probs: natural log-probability of each, shape (t,); NaN where it has none.
        is_top: 1 where the token was the most probable one, 0 where not, NaN where not recorded.
        n_bytes: UTF-8 bytes of each; NaN where not recorded.
    """

    log_probs: Array
    is_top: Array
    n_bytes: Array


@dataclass(frozen=True, slots=True)
class Total:
    """One number for a whole text: the sum of its log-probabilities, or their mean."""

    log_prob: float
    is_mean: bool


class _MalformedError(ValueError):
    """The value is none that holds log-probabilities; the message says what was found."""


def log_probabilities(
    values: Sequence[Any], field: str, place: Place, on_bad_row: OnBadRow = "error", /
) -> Values:
    """The values of ``field`` as :class:`Tokens` or :class:`Total`; null is missing.

    A field called loss, losses or nll holds negative log-likelihoods. A single ``loss`` is the mean
    over the tokens, as training reports it; a single nll or log-likelihood is a sum.

    Raises:
        DataError: a value holds no log-probabilities.
    """
    read = partial(_tokens, name=field.rpartition(".")[2])
    bad: dict[int, str] = {}
    found: list[Any] = []
    for row, value in enumerate(values):
        try:
            found.append(None if value is None else read(value))
        except _MalformedError as error:
            got = str(error) or described(value)
            bad[row] = refused(place(row), field, value, _EXPECTED, on_bad_row, got)
            found.append(None)
    return Values(found, bad)


def _tokens(value: object, name: str) -> Tokens | Total:
    sign = -1.0 if name in LOSS_NAMES else 1.0
    if isinstance(value, int | float) and not isinstance(value, bool):
        total = sign * _numbers([value])
        _refuse_positive(total, name)
        return Total(float(total[0]), is_mean=name == "loss")
    if isinstance(value, Mapping) and isinstance(value.get("content"), list):
        found = _chat(value["content"])
    elif isinstance(value, Mapping) and isinstance(value.get("token_logprobs"), list):
        found = _completion(value)
    elif isinstance(value, list) and dict in map(type, value):
        found = _chat(value) if all(map(_is_chat_token, value)) else _prompt(value)
    elif isinstance(value, list):
        found = _plain(sign * _numbers(value))
    else:
        raise _MalformedError
    _refuse_positive(found.log_probs, name)
    return found


def _plain(log_probs: Array) -> Tokens:
    unknown = np.full(len(log_probs), np.nan)
    return Tokens(log_probs, unknown, unknown)


def _numbers(values: Sequence[Any]) -> Array:
    """Numbers, null as NaN."""
    kinds = set(map(type, values))
    if not kinds <= {int, float, type(None)}:
        wrong = next(value for value in values if type(value) not in (int, float, type(None)))
        raise _MalformedError(f"{described(wrong)} among the numbers")
    numbers = np.array(values, dtype=np.float64)
    given = np.array([value is not None for value in values], dtype=bool)
    if np.isnan(numbers[given]).any():
        raise _MalformedError("NaN")
    return numbers


def _refuse_positive(log_probs: Array, name: str) -> None:
    highest = np.nanmax(log_probs, initial=-np.inf)
    if highest > _ROUNDING and name in LOSS_NAMES:
        raise _MalformedError(f"a loss of {-highest:g}, which is below 0")
    if highest > _ROUNDING:
        raise _MalformedError(
            f"a log-probability of {highest:g}; a probability is at most 1, its logarithm at most 0"
        )


def _is_chat_token(entry: object) -> bool:
    return isinstance(entry, Mapping) and "logprob" in entry and "token" in entry


def _chat(content: Sequence[Any]) -> Tokens:
    """``[{token, logprob, bytes, top_logprobs}]`` of OpenAI's chat and those who speak it."""
    if not all(map(_is_chat_token, content)):
        raise _MalformedError('a list whose entries have no "token" and "logprob"')
    return Tokens(
        log_probs=_numbers([entry["logprob"] for entry in content]),
        is_top=np.array([_is_chat_top(entry) for entry in content], dtype=np.float64),
        n_bytes=np.array([_chat_bytes(entry) for entry in content], dtype=np.float64),
    )


def _is_chat_top(entry: Mapping[str, Any]) -> float:
    others = entry.get("top_logprobs")
    if not isinstance(others, list):
        return np.nan
    return _is_top(
        entry["logprob"],
        [other.get("logprob") for other in others if isinstance(other, Mapping)],
    )


def _is_top(own: float | None, others: Iterable[Any]) -> float:
    """1 where no alternative is more probable, 0 where one is; NaN where none is recorded."""
    known = [other for other in others if other is not None]
    if own is None or not known:
        return np.nan
    if not set(map(type, known)) <= {int, float}:
        raise _MalformedError("alternatives whose log-probabilities are no numbers")
    return float(own >= max(known))


def _chat_bytes(entry: Mapping[str, Any]) -> float:
    """Bytes as recorded; a token that is text has its own, unless it is a broken character."""
    given, token = entry.get("bytes"), entry["token"]
    if isinstance(given, list):
        return float(len(given))
    is_whole = isinstance(token, str) and "\N{REPLACEMENT CHARACTER}" not in token
    return float(len(token.encode("utf-8", "surrogatepass"))) if is_whole else np.nan


def _completion(value: Mapping[str, Any]) -> Tokens:
    """``{tokens, token_logprobs, top_logprobs}`` of OpenAI's older completions."""
    found = _plain(_numbers(value["token_logprobs"]))
    tops = value.get("top_logprobs")
    if not isinstance(tops, list) or len(tops) != len(found.log_probs):
        return found
    is_top = [
        _is_top(own, others.values()) if isinstance(others, Mapping) else np.nan
        for own, others in zip(value["token_logprobs"], tops, strict=True)
    ]
    return Tokens(found.log_probs, np.array(is_top, dtype=np.float64), found.n_bytes)


def _prompt(entries: Sequence[Any]) -> Tokens:
    """``[null, {token id: {logprob, rank}}]`` of vLLM; the prompt's own token stands first."""
    firsts = [_first(entry) for entry in entries]
    ranks = [None if first is None else first.get("rank") for first in firsts]
    return Tokens(
        log_probs=_numbers([None if first is None else first.get("logprob") for first in firsts]),
        is_top=np.array([np.nan if r is None else float(r == 1) for r in ranks], dtype=np.float64),
        n_bytes=np.full(len(entries), np.nan),
    )


def _first(entry: object) -> Mapping[str, Any] | None:
    if entry is None:
        return None
    first = next(iter(entry.values()), None) if isinstance(entry, Mapping) else None
    if not isinstance(first, Mapping) or "logprob" not in first:
        raise _MalformedError('a list whose entries are no {token id: {"logprob": …}}')
    return first


# What a text comes to: its loss and tokens, its bytes with their loss, and its top tokens.
_SUMS = ("nll", "n_tokens", "n_bytes", "n_top", "n_judged")
_Row = tuple[float, float, float, float, float]


def parse(items: Items) -> Parsed:
    """Sums of each item as columns ``prediction.nll``, ``prediction.n_tokens``, ….

    Columns hold one number per item. ``nll`` is in nats, infinite where a token had no probability
    at all. NaN: ``n_bytes`` where the bytes of the scored tokens are not known. ``n_top`` of
    ``n_judged`` tokens were the most probable ones; there are no such columns where no row records
    alternatives.
    """
    unparsed: dict[int, str] = {}
    values: list[dict[str, float | None] | None] = []
    sums = np.zeros((len(items), len(_SUMS)))
    beside = {name: items.fields[name] for name in FIELDS if name in items.fields}
    for i, found in enumerate(items.predictions):
        row = None
        if found is not None:
            row = _sums(found, {name: column[i] for name, column in beside.items()})
        if isinstance(row, str):
            unparsed[i] = row
        elif row is not None:
            sums[i] = row
        values.append(None if row is None or isinstance(row, str) else _shown(row))
    known = _SUMS if sums[:, -1].any() else _SUMS[:-2]
    columns = {
        f"prediction.{name}": NumberColumn(sums[:, j], singles(len(items)))
        for j, name in enumerate(known)
    }
    return Parsed(values, unparsed=unparsed, columns=columns)


def _shown(row: _Row) -> dict[str, float | None]:
    return {"n_tokens": row[1], "nll": row[0] if np.isfinite(row[0]) else None}


def _sums(found: Tokens | Total, beside: Mapping[str, Any]) -> _Row | str:
    """The sums of one text, or why it has none."""
    if isinstance(found, Total):
        return _sums_of_total(found, beside)
    scored = _mask(len(found.log_probs), beside)
    if isinstance(scored, str):
        return scored
    scored &= ~np.isnan(found.log_probs)
    if not scored.any():
        return "no token is scored"
    judged = scored & ~np.isnan(found.is_top)
    return (
        float(-np.minimum(found.log_probs[scored], 0.0).sum()),
        float(scored.sum()),
        _bytes_of(found, scored, beside),
        float(found.is_top[judged].sum()),
        float(judged.sum()),
    )


def _sums_of_total(found: Total, beside: Mapping[str, Any]) -> _Row | str:
    count = _whole(beside, _COUNTS)
    if count is None or count <= 0:
        return f"one number for the whole text, and no count of tokens ({', '.join(_COUNTS)})"
    given = _whole(beside, _BYTES)
    n_bytes = _text_bytes(beside) if given is None else float(given)
    nll = -found.log_prob * (count if found.is_mean else 1)
    return max(nll, 0.0), float(count), n_bytes, 0.0, 0.0


def _mask(n: int, beside: Mapping[str, Any]) -> Any:  # noqa: ANN401  (an array, or why not)
    """Tokens that labels and loss mask let count, shape (n,); a text if their lengths differ."""
    scored = np.ones(n, dtype=bool)
    for name, counts in _MASKS.items():
        given = beside.get(name)
        if not isinstance(given, list):
            continue
        if len(given) == n + 1:
            given = given[1:]  # the first token has no prediction
        if len(given) != n:
            return f"{len(given):,} {name} for {n:,} log-probabilities"
        scored &= np.array([counts(entry) for entry in given], dtype=bool)
    return scored


_MASKS: Mapping[str, Callable[[object], bool]] = {
    "labels": lambda label: label != MASK,
    "loss_mask": bool,
}


def _bytes_of(found: Tokens, scored: Any, beside: Mapping[str, Any]) -> float:  # noqa: ANN401
    recorded = found.n_bytes[scored]
    if not np.isnan(recorded).any():
        return float(recorded.sum())
    given = _whole(beside, _BYTES)
    if given is not None:
        return float(given)
    # All tokens but the first, which has no prediction, stand for the whole text.
    return _text_bytes(beside) if scored[1:].all() else np.nan


def _text_bytes(beside: Mapping[str, Any]) -> float:
    text = beside.get("text")
    return float(len(text.encode("utf-8", "surrogatepass"))) if isinstance(text, str) else np.nan


def _whole(beside: Mapping[str, Any], names: Sequence[str]) -> int | None:
    for name in names:
        value = beside.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and value == int(value):
            return int(value)
    return None
