"""Recorded token log-probabilities and losses, whatever program wrote them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, pairwise
from typing import Any

import numpy as np

from vlmeval_cli.core.batch import Array, offsets_of
from vlmeval_cli.core.config import OnBadRow
from vlmeval_cli.parsing.items import Place, Values
from vlmeval_cli.parsing.texts import refused
from vlmeval_cli.readers.json_values import described

LOSS_NAMES = frozenset({"loss", "losses", "nll"})  # negative log-likelihoods; all else is positive
IMPOSSIBLE = -9999.0  # what OpenAI and vLLM write for a token of (nearly) no probability
_ROUNDING = 1e-3  # log-probabilities in half precision may come out this far above 0
_EXPECTED = (
    "natural log-probabilities: a list of numbers ≤ 0 (null for a token without one), OpenAI or "
    "vLLM logprobs, or a loss with a count of tokens"
)
_ESCAPED_BYTES = re.compile(r"bytes:((?:\\x[0-9a-f]{2})+)")  # of a token that is a broken character


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
    name = field.rpartition(".")[2]
    plain = _all_plain(values, name)
    if plain is not None:
        return Values(plain, {})
    read = partial(_tokens, name=name)
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


def _all_plain(values: Sequence[Any], name: str) -> list[Any] | None:
    """Tokens of lists of numbers, read as one array; None if there is anything else or amiss."""
    if not set(map(type, values)) <= {list, type(None)}:
        return None
    flat = [*chain.from_iterable(value for value in values if value is not None)]
    if not set(map(type, flat)) <= {int, float}:
        return None
    log_probs = _sign(name) * np.array(flat, dtype=np.float64)
    if np.isnan(log_probs).any() or log_probs.max(initial=-np.inf) > _ROUNDING:
        return None
    offsets = offsets_of([0 if value is None else len(value) for value in values])
    found = _plain(_without_sentinels(log_probs, name))
    return [
        None
        if value is None
        else Tokens(
            found.log_probs[start:stop], found.is_top[start:stop], found.n_bytes[start:stop]
        )
        for value, (start, stop) in zip(values, pairwise(offsets.tolist()), strict=True)
    ]


def _sign(name: str) -> float:
    return -1.0 if name in LOSS_NAMES else 1.0


def _without_sentinels(log_probs: Array, name: str) -> Array:
    """Log-probabilities, minus infinity where the number says that there is no probability."""
    if name in LOSS_NAMES:
        return log_probs
    return np.where(log_probs == IMPOSSIBLE, -np.inf, log_probs)


def _tokens(value: object, name: str) -> Tokens | Total:
    sign = _sign(name)
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
    return replace(found, log_probs=_without_sentinels(found.log_probs, name))


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
    given = entry.get("bytes")
    return float(len(given)) if isinstance(given, list) else _token_bytes(entry["token"])


def _token_bytes(token: object) -> float:
    r"""UTF-8 bytes of a token's text; unknown of a broken character, unless it is spelled out.

    >>> _token_bytes(" über"), _token_bytes(r"bytes:\xe6\x97"), _token_bytes("\ufffd")
    (6.0, 2.0, nan)
    """
    if not isinstance(token, str) or "\N{REPLACEMENT CHARACTER}" in token:
        return np.nan
    escaped = _ESCAPED_BYTES.fullmatch(token.strip())
    return len(escaped[1]) / 4 if escaped else float(len(token.encode("utf-8", "surrogatepass")))


def _completion(value: Mapping[str, Any]) -> Tokens:
    """``{tokens, token_logprobs, top_logprobs}`` of OpenAI's older completions."""
    found = _plain(_numbers(value["token_logprobs"]))
    n = len(found.log_probs)
    texts, tops = value.get("tokens"), value.get("top_logprobs")
    if isinstance(texts, list) and len(texts) == n:
        found = replace(found, n_bytes=np.array([*map(_token_bytes, texts)], dtype=np.float64))
    if not isinstance(tops, list) or len(tops) != n:
        return found
    is_top = [
        _is_top(own, others.values()) if isinstance(others, Mapping) else np.nan
        for own, others in zip(value["token_logprobs"], tops, strict=True)
    ]
    return replace(found, is_top=np.array(is_top, dtype=np.float64))


def _prompt(entries: Sequence[Any]) -> Tokens:
    """``[null, {token id: {logprob, rank}}]`` of vLLM; the prompt's own token stands first."""
    firsts = [*map(_first, entries)]
    ranks = [first.get("rank") for first in firsts]
    return Tokens(
        log_probs=_numbers([first.get("logprob") for first in firsts]),
        is_top=np.array([np.nan if r is None else float(r == 1) for r in ranks], dtype=np.float64),
        n_bytes=np.array(
            [_token_bytes(first.get("decoded_token")) for first in firsts], dtype=np.float64
        ),
    )


def _first(entry: object) -> Mapping[str, Any]:
    """The prompt's own token; nothing is known of the first one."""
    if entry is None:
        return {}
    first = next(iter(entry.values()), None) if isinstance(entry, Mapping) else None
    if not isinstance(first, Mapping) or "logprob" not in first:
        raise _MalformedError('a list whose entries are no {token id: {"logprob": …}}')
    return first
