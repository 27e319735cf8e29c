"""Position bias: does a judge say the same when the two answers change places?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from vlmeval_cli.core.batch import Batch, Ints
from vlmeval_cli.core.metric import MeanMetric, MetricInfo, Output, Statistics, mean_statistics
from vlmeval_cli.parsing.judgments.columns import (
    JUDGMENTS,
    ORDERS,
    JudgmentColumn,
    mean_by,
    means_of_items,
    sign,
)

_ONE_ORDER = "not judged in both orders"


@dataclass(frozen=True, slots=True)
class PositionBias(MeanMetric[None]):
    """How often the verdict stays when the two answers change places, and where it goes if not.

    Input: verdicts of one judge on the same two answers in both orders. What is called a (or
    ``model_a``, ``output_1``) was shown first unless a field says which was: ``shown_first``,
    ``swapped``, ``order``.

    Output: ``position_consistency``, the share of pairs whose two verdicts agree (the same winner,
    or two ties); ``biased_to_first`` and ``biased_to_second``, the shares in which the answer shown
    first, or second, does better in both orders together. The three sum to 1. A judge without a
    bias has small and equal ones.

    Edge cases: several verdicts of one judge in one order are averaged. Pairs of one item are
    averaged, so that every item counts once. Items not judged in both orders are skipped.

    Source: Zheng et al. 2023, "Judging LLM-as-a-Judge" (arXiv:2306.05685), table 2.
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        name="position_bias",
        revision=1,
        title="how often a verdict stays the same when the two answers change places",
        use="every judge that saw both orders; below about 0.8, average both orders and say so",
        tasks=("preference",),
        needs=(JUDGMENTS, ORDERS),
        multi_reference="all",
        source="Zheng et al. 2023 (arXiv:2306.05685), table 2",
    )

    def outputs(self) -> tuple[Output, ...]:
        """Agreement, and the two ways to disagree."""
        meanings = {
            "biased_to_first": "share of pairs in which the answer shown first does better in both "
            "orders together",
            "biased_to_second": "share of pairs in which the answer shown second does better in "
            "both orders together",
        }
        biased = (
            Output(name, higher_is_better=False, worst=None, meaning=meaning)
            for name, meaning in meanings.items()
        )
        return (Output("position_consistency", worst=None, meaning=self.info.title), *biased)

    def measure(self, batch: Batch, context: None) -> Statistics:
        """Rows ``(consistent, to the first, to the second, 1)``."""
        column = batch.column(JUDGMENTS, JudgmentColumn)
        pairs = column.pairs
        keys = (column.item, column.task, column.judge, pairs.first, pairs.second)
        in_order = [np.flatnonzero(pairs.shown_first == order) for order in (0, 1)]
        means = [mean_by([key[rows] for key in keys], pairs.share[rows]) for rows in in_order]
        shown = [
            np.stack(keys)[:, rows[one.row]] for rows, one in zip(in_order, means, strict=True)
        ]
        straight, turned = _in_both(*shown)
        # What one and the same model of each pair won while it was shown first, and second.
        while_first, while_second = sign(means[0].value[straight]), sign(means[1].value[turned])
        leaning = np.sign(while_first - while_second)
        counted = [(leaning == way).astype(np.float64) for way in (0, 1, -1)]
        parts, unscored = means_of_items(shown[0][0, straight], counted, len(batch))
        return mean_statistics(*parts, skips=dict.fromkeys(unscored, _ONE_ORDER))


def _in_both(one: Ints, other: Ints) -> tuple[Ints, Ints]:
    """Places of the columns that two tables share, whose own columns are all different."""
    every = np.concatenate([one, other], axis=1)
    code = np.unique(every, axis=1, return_inverse=True)[1].ravel()
    n = one.shape[1]
    _, mine, theirs = np.intersect1d(code[:n], code[n:], assume_unique=True, return_indices=True)
    return mine, theirs


METRICS = (PositionBias,)
