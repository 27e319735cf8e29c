"""Length-controlled win rate: what the win rate would be if both answers were equally long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from vlmeval_cli.core.batch import Array, Batch
from vlmeval_cli.core.metric import (
    MetricInfo,
    MetricStatistics,
    Output,
    PooledMetric,
    Rows,
    Statistics,
    Table,
)
from vlmeval_cli.parsing.judgments.columns import JUDGMENTS, LENGTHS, JudgmentColumn, Names
from vlmeval_cli.stats.logistic import fit_line

_NAME = "length_controlled_win_rate"
_NO_LENGTHS = "no verdict on the model with the lengths of both answers"
_UNKNOWN = (
    "no finite fit: one side always wins, length alone decides, or all differ in length by the same"
)


@dataclass(frozen=True, slots=True)
class LengthControlledWinRate(PooledMetric[Names]):
    """The win rate that a logistic model expects between answers of equal length.

    Input: verdicts on the model with the lengths of both answers: recorded (``length_a``), or the
    characters of the answers themselves (``output_a``; of conversations, of the model's turns).

    Output: a fraction from 0 to 1, higher is better. The model is log-odds of a win =
    q + g · tanh(d / s), where d is how much longer the model's answer is, s the standard deviation
    of d over the verdicts (n - 1), and q, g are fitted without a penalty by maximum likelihood. The
    score is 1 / (1 + exp(-q)): the win rate at d = 0. A tie, or a verdict in shades, is so much of
    a win and the rest of a loss; verdicts on one item share its weight of 1. The table holds g and
    s; g > 0 means that judges prefer the longer answer.

    Edge cases: where no two answers differ in length it is the win rate. None where one side wins
    always, length alone tells wins from losses, or all differ by the same: the likelihood has no
    finite maximum there. Resamples of that kind are left out of the interval.

    Differs from: AlpacaEval 2 (arXiv:2404.04475), whose model also has a term for the difficulty of
    each instruction, known only for its own 805 instructions, and whose fit is cross-validated with
    an L1 penalty on data that includes two rewritten baselines. The numbers are near, not equal.

    Source: Dubois et al. 2024, "Length-Controlled AlpacaEval" (arXiv:2404.04475), section 3.
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        name=_NAME,
        revision=1,
        title="the win rate expected between answers of equal length, by a logistic model",
        use="beside win_rate: where it is lower, the model won partly by writing more",
        tasks=("preference",),
        needs=(JUDGMENTS, LENGTHS),
        multi_reference="all",
        source="Dubois et al. 2024 (arXiv:2404.04475), simplified",
    )

    def outputs(self) -> tuple[Output, ...]:
        """One number."""
        meaning = self.info.title
        return (Output(_NAME, worst=None, kind="pooled", has_item_score=False, meaning=meaning),)

    def fit(self, batch: Batch) -> Names:
        """The opponents; scores against other opponents are not comparable."""
        column = batch.column(JUDGMENTS, JudgmentColumn)
        return Names(tuple(column.models[:1]), compared=column.opponents)

    def measure(self, batch: Batch, context: Names) -> Statistics:
        """Rows ``(share of a win, how much longer, weight within the item)``."""
        own = batch.column(JUDGMENTS, JudgmentColumn).of_model
        known = ~np.isnan(own.longer_by)
        item = own.item[known]
        count = np.bincount(item, minlength=len(batch))
        rows = np.column_stack([own.share[known], own.longer_by[known], 1.0 / count[item]])
        skips = dict.fromkeys(np.flatnonzero(count == 0).tolist(), _NO_LENGTHS)
        return Statistics(rows, item=item, skips=skips)

    def combine(self, rows: Rows, weights: Array) -> dict[str, Array]:
        """The expected win rate at no difference in length, for each weighting."""
        return {_NAME: _fitted(rows, weights).win_rate}

    def unknown(self, output: str, facts: Mapping[str, int]) -> str | None:
        """Why the fit may not exist."""
        return _UNKNOWN

    def tables(self, found: MetricStatistics, context: Names) -> Mapping[str, Table]:
        """What length does."""
        if found.item is None or not len(found.item):
            return {}
        n = int(found.item.max()) + 1
        fitted = _fitted(Rows(found.values, found.item), np.ones((1, n)))
        share, longer_by, weight = found.values.T
        differs = longer_by != 0
        won = np.where(longer_by > 0, share, 1.0 - share)[differs]
        longer = float(np.average(won, weights=weight[differs])) if differs.any() else None
        rows = [
            ("win rate of the longer answer", longer),
            (
                "the model's answer is longer by (mean)",
                float(np.average(longer_by, weights=weight)),
            ),
            ("standard deviation of the difference, s", _or_none(fitted.scale[0])),
            ("effect of length, g", _or_none(fitted.slope[0])),
        ]
        return {"length": Table("Length and verdicts", ("", "value"), rows)}


class _Fitted(NamedTuple):
    """Expected win rates, slopes and scales of weightings, shapes (B,); NaN where undefined."""

    win_rate: Array
    slope: Array
    scale: Array


def _fitted(rows: Rows, weights: Array) -> _Fitted:
    share, longer_by, part = rows.values.T
    own = weights[:, rows.item] * part
    total = own.sum(axis=1)
    with np.errstate(all="ignore"):
        mean = own @ longer_by / total
        spread = (own * (longer_by - mean[:, None]) ** 2).sum(axis=1)
        scale = np.sqrt(spread / (total - 1.0))
        line = fit_line(np.tanh(longer_by / scale[:, None]), share, own)
        win_rate = 1.0 / (1.0 + np.exp(-line.intercept))
        raw = own @ share / total
    is_even = ~((own > 0) & (longer_by != 0)).any(axis=1)
    return _Fitted(np.where(is_even, raw, win_rate), line.slope, scale)


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


METRICS = (LengthControlledWinRate,)
