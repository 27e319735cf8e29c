"""Token accuracy: how often the model would have written the very token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from vlmeval_cli.core.batch import Array, Batch, NumberColumn
from vlmeval_cli.core.metric import Metric, MetricInfo, Output, Statistics
from vlmeval_cli.metrics.perplexity import UNSCORED, unscored

_NEEDS = ("prediction.nll", "prediction.n_top", "prediction.n_judged", UNSCORED)


@dataclass(frozen=True, slots=True)
class TokenAccuracy(Metric[None]):
    """Share of the scored tokens that were the model's most probable ones.

    Input: for each text how many of its tokens were the top choice, of how many for which that was
    recorded (top_logprobs, or ranks).

    Output: all tokens of all texts alike; a fraction from 0 to 1, higher is better.

    Edge cases: texts without recorded alternatives are skipped and counted.

    Source: teacher-forced accuracy as training frameworks report it.
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        name="token_accuracy",
        revision=1,
        title="share of the tokens that were the model's first choice",
        use="beside the loss: a high loss with a high accuracy means that the model is "
        "overconfident where it is wrong",
        tasks=("language_modeling",),
        needs=_NEEDS,
        multi_reference="best",
        source="teacher-forced accuracy of training frameworks",
    )

    def outputs(self) -> tuple[Output, ...]:
        """One number, a ratio of sums."""
        return (Output("token_accuracy", kind="ratio", meaning=self.info.title),)

    def measure(self, batch: Batch, context: None) -> Statistics:
        """Rows ``(tokens that were the top choice, tokens judged)``."""
        _, top, judged = (batch.column(need, NumberColumn).numbers for need in _NEEDS[:3])
        skips = dict.fromkeys(np.flatnonzero(judged == 0).tolist(), "no alternatives are recorded")
        return Statistics(np.column_stack([top, judged]), skips={**skips, **unscored(batch)})

    def finalize(self, totals: Array) -> dict[str, Array]:
        """Top choices of judged tokens."""
        with np.errstate(invalid="ignore"):
            return {"token_accuracy": totals[..., 0] / totals[..., 1]}

    def worst_row(self) -> Array | None:
        """A token judged, and not the top choice."""
        return np.array([0.0, 1.0])


METRICS = (TokenAccuracy,)
