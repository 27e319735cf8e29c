"""Win rate: how often judges prefer a model, a tie counting one half."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from vlmeval_cli.core.batch import Batch
from vlmeval_cli.core.metric import (
    MeanMetric,
    MetricInfo,
    MetricStatistics,
    Output,
    Statistics,
    Table,
    mean_statistics,
)
from vlmeval_cli.parsing.judgments.columns import (
    JUDGMENTS,
    JudgmentColumn,
    Names,
    means_of_items,
    sign,
)
from vlmeval_cli.stats.sign_test import sign_test

NO_VERDICT = "no verdict on the model"
_MEANINGS = {
    "win_rate": "share of verdicts that prefer the model, a tie counting one half",
    "win_share": "share of verdicts that prefer the model",
    "loss_share": "share of verdicts that prefer the other model",
}


@dataclass(frozen=True, slots=True)
class WinRate(MeanMetric[Names]):
    """How often judges prefer the model to the one it was compared with.

    Input: verdicts on pairs of answers, one or several for each item. The model is the one that
    ``--model`` names, or that the file puts forward (of AlpacaEval ``generator_2``, else
    ``model_a`` of the first row). Verdicts between other models are not looked at.

    Output: ``win_rate``, a win counting 1, a tie one half; ``win_share`` and ``loss_share``, what
    lacks to 1 being ties. Fractions from 0 to 1. Several verdicts on one item are averaged first,
    so that every item counts once. The table has the exact two-sided sign test over items: an item
    is won where its verdicts average above one half; tied items are left out of the test. Beside
    it stands the share of ties among the verdicts.

    Edge cases: a verdict in shades (AlpacaEval's 1.0 to 2.0) counts as much as it says, and is a
    win where it is above the middle. Items without a verdict on the model are skipped. "Both are
    bad" is a tie.

    Differs from: AlpacaEval's ``win_rate`` is this number times 100; an instruction that stands
    there twice counts once here.

    Source: AlpacaEval (Li et al. 2023); sign test: Dixon and Mood 1946.

    Example:
        >>> from vlmeval_cli.parsing.judgments.columns import Verdict, column_of
        >>> shares = [[1.0], [0.5], [0.0, 1.0], [1.0]]
        >>> verdicts = column_of([[Verdict("lora", "base", one) for one in own] for own in shares])
        >>> batch = Batch(list("1234"), [], [], prepared={"prediction.judgments": verdicts})
        >>> metric = WinRate()
        >>> totals = metric.measure(batch, metric.fit(batch)).values.sum(axis=0)
        >>> {name: float(value) for name, value in metric.finalize(totals).items()}
        {'win_rate': 0.75, 'win_share': 0.625, 'loss_share': 0.125}
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        name="win_rate",
        revision=1,
        title="how often judges prefer the model, a tie counting one half",
        use="verdicts of judges or people on two answers; look at length and order before you "
        "believe it",
        tasks=("preference",),
        needs=(JUDGMENTS,),
        multi_reference="all",
        source="AlpacaEval (Li et al. 2023); Dixon and Mood 1946",
    )

    def outputs(self) -> tuple[Output, ...]:
        """The win rate, and what it is made of."""
        return tuple(
            Output(
                name,
                higher_is_better=name.startswith("win"),
                worst=None,  # a verdict that is missing is nobody's failure
                meaning=meaning,
            )
            for name, meaning in _MEANINGS.items()
        )

    def fit(self, batch: Batch) -> Names:
        """The opponents; scores against other opponents are not comparable."""
        column = batch.column(JUDGMENTS, JudgmentColumn)
        return Names(tuple(column.models[:1]), compared=column.opponents)

    def measure(self, batch: Batch, context: Names) -> Statistics:
        """Rows ``(win rate, win, loss, 1)``."""
        own = batch.column(JUDGMENTS, JudgmentColumn).of_model
        side = sign(own.share)
        counted = [own.share, *((side == way).astype(np.float64) for way in (1, -1))]
        means, unscored = means_of_items(own.item, counted, len(batch))
        return mean_statistics(*means, skips=dict.fromkeys(unscored, NO_VERDICT))

    def tables(self, found: MetricStatistics, context: Names) -> Mapping[str, Table]:
        """The sign test over items."""
        scored = found.values[found.values[:, -1] > 0]
        if not len(scored):
            return {}
        side = sign(scored[:, 0])
        tie_share = float(1.0 - (scored[:, 1] + scored[:, 2]).mean())
        wins, ties, losses = (int(np.count_nonzero(side == way)) for way in (1, 0, -1))
        others = context.compared
        against = others[0] if len(others) == 1 else f"{len(others)} others"
        columns = ("model", "against", "items won", "tied", "lost", "share of ties", "p-value")
        p_value = sign_test(wins, losses)
        row = (context.names[0], against, wins, ties, losses, tie_share, p_value)
        return {"sign_test": Table("Sign test: is the model preferred?", columns, [row])}


METRICS = (WinRate,)
