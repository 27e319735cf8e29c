"""Loss, perplexity and bits per byte from recorded token log-probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from vlmeval_cli.core.batch import Array, Batch, NumberColumn, ValueColumn
from vlmeval_cli.core.metric import Metric, MetricInfo, Notice, Output, Statistics

UNSCORED = "prediction.unscored"

_NEEDS = ("prediction.nll", "prediction.n_tokens", "prediction.n_bytes", UNSCORED)


@dataclass(frozen=True, slots=True)
class Perplexity(Metric[None]):
    """How surprised the model was by the recorded texts.

    Input: for each text the negative log-likelihood of its scored tokens in nats, and how many
    tokens and bytes these are. Masked tokens (label −100) and tokens without a log-probability (the
    first one) are not scored; for one without, why.

    Output: ``loss`` is the mean per token, all tokens of all texts alike (not the mean of the
    texts' losses); ``perplexity`` is its exponential, 1 or more; ``bits_per_byte`` divides by the
    bytes of the texts instead, in bits, and so compares models of different tokenizers. Lower is
    better.

    Edge cases: a token of probability 0 makes all three infinite, which reports tell as unknown
    with that reason; so does the −9999 that OpenAI and vLLM write in place of a log-probability,
    as nothing is known of how small it is. Texts whose bytes are not known are left out of
    ``bits_per_byte``; it is unknown if there are no others. A text that could not be read is
    skipped and counted.

    Source: Jelinek et al. 1977; bits per byte as in lm-evaluation-harness.

    Example:
        >>> from vlmeval_cli.core.batch import singles
        >>> numbers = {"nll": 3.1, "n_tokens": 3, "n_bytes": 12}
        >>> columns = {
        ...     f"prediction.{name}": NumberColumn(np.array([number]), singles(1))
        ...     for name, number in numbers.items()
        ... }
        >>> columns["prediction.unscored"] = ValueColumn([None], singles(1))
        >>> metric = Perplexity()
        >>> found = metric.measure(Batch(["t1"], [None], [[]], prepared=columns), None)
        >>> {name: round(float(v), 4) for name, v in metric.finalize(found.values[0]).items()}
        {'loss': 1.0333, 'perplexity': 2.8104, 'bits_per_byte': 0.3727}
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        name="perplexity",
        revision=1,
        title="how surprised the model was by the texts, per token",
        use="checkpoints of one model on the same texts; between models of different tokenizers "
        "only bits_per_byte compares",
        tasks=("language_modeling",),
        needs=_NEEDS,
        multi_reference="best",
        source="Jelinek et al. 1977",
    )

    def outputs(self) -> tuple[Output, ...]:
        """Loss, perplexity, bits per byte."""
        return (
            Output(
                "loss", False, (0.0, None), "nats per token", None, "ratio",
                meaning="mean negative log-likelihood of the scored tokens",
            ),
            Output(
                "perplexity", False, (1.0, None), "perplexity", None, "ratio",
                meaning="exponential of the loss: the number of equally likely next tokens",
            ),
            Output(
                "bits_per_byte", False, (0.0, None), "bits per byte", None, "ratio",
                meaning="bits that code one byte of the text; compares across tokenizers",
            ),
        )  # fmt: skip

    def measure(self, batch: Batch, context: None) -> Statistics:
        """Rows ``(loss, tokens, infinite tokens' items, loss where bytes are known, bytes)``."""
        nll, tokens, n_bytes = (batch.column(need, NumberColumn).numbers for need in _NEEDS[:3])
        infinite = np.isinf(nll)
        finite = np.where(infinite, 0.0, nll)
        known = ~np.isnan(n_bytes) & (n_bytes > 0) & (tokens > 0)
        values = np.column_stack(
            [finite, tokens, infinite, np.where(known, finite, 0.0), np.where(known, n_bytes, 0.0)]
        )
        skips = unscored(batch)
        unknown = int(((tokens > 0) & ~known).sum())
        facts = {"infinite": int(infinite.sum()), "no_bytes": unknown}
        return Statistics(values, skips=skips, facts=facts)

    def finalize(self, totals: Array) -> dict[str, Array]:
        """Ratios of sums; infinite where any text has a token of probability 0."""
        nll, tokens, infinite, byte_nll, n_bytes = np.moveaxis(totals, -1, 0)
        none_possible = infinite > 0
        with np.errstate(all="ignore"):
            loss = np.where(none_possible, np.inf, nll / tokens)
            bits = np.where(none_possible, np.inf, byte_nll / n_bytes) / np.log(2.0)
            return {
                "loss": loss,
                "perplexity": np.exp(loss),
                "bits_per_byte": np.where(n_bytes > 0, bits, np.nan),
            }

    def unknown(self, output: str, facts: Mapping[str, int]) -> str | None:
        """A token of no probability, or no bytes."""
        if facts.get("infinite"):
            return "a token has probability 0"
        return "the bytes of no text are known" if output == "bits_per_byte" else None

    def advise(self, facts: Mapping[str, int], n: int) -> tuple[Notice, ...]:
        """Infinite losses, and texts without bytes."""
        found = []
        if facts.get("infinite"):
            found.append(
                Notice(
                    "infinite_loss",
                    f"{facts['infinite']:,} of {n:,} texts hold a token of probability 0 "
                    "(log-probability −inf, or −9999 as OpenAI and vLLM write it), which makes the "
                    "loss infinite",
                )
            )
        if 0 < facts.get("no_bytes", 0) < n:
            found.append(
                Notice(
                    "bytes_unknown",
                    f"bits_per_byte leaves out {facts['no_bytes']:,} of {n:,} texts whose bytes "
                    "are not recorded",
                )
            )
        return tuple(found)


def unscored(batch: Batch) -> dict[int, str]:
    """Items without a scored token, and why."""
    reasons = batch.column(UNSCORED, ValueColumn).values
    return {i: why for i, why in enumerate(reasons) if why is not None}


METRICS = (Perplexity,)
