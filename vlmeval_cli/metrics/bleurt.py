"""BLEURT: a network, trained on people's ratings, reads reference and prediction together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from vlmeval_cli.core.batch import Array, Batch
from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.core.metric import (
    MeanMetric,
    MetricInfo,
    Notice,
    Output,
    Statistics,
    mean_statistics,
)
from vlmeval_cli.models.pair_scores import PairColumn

NO_REFERENCE = "no_reference"
NOT_FINITE = "not_finite"
_DEFAULT = "lucadiliello/BLEURT-20"
_NEED = "pair.bleurt:"


@dataclass(frozen=True, slots=True)
class Bleurt(MeanMetric[None]):
    """A rating of how well the prediction says what the reference says, as people would rate it.

    A network reads [CLS] reference [SEP] prediction [SEP] and gives one number; it was trained on
    people's ratings of translations.

    Input:
        The predicted text and one reference or more, of sentence length. A pair that the network
        cannot take whole (512 tokens, 128 with the checkpoints that end in -128) loses the ends of
        its longer text, and is counted.

    Output:
        ``bleurt``, a number without bounds, higher is better; the corpus score is the mean over
        items. BLEURT-20 gives about 1 to a text that says the same and about 0 to one that has
        nothing to do with it; the English checkpoints go below 0. Values of different checkpoints
        are not comparable. Items without a reference are skipped, and so are those whose number is
        not finite, which half precision can bring about.

    Edge cases:
        An empty prediction is rated like any text; there is no worst value, so ``--missing worst``
        is refused. Several references: the best rating counts, or their mean. Exchanging reference
        and prediction changes the rating.

    Differs from:
        google-research/bleurt pads every pair to 512 tokens, which changes no rating, and takes
        the tiny test checkpoint where none is named; here that is never done. Its TensorFlow code
        approximates GELU by tanh where the PyTorch port's checkpoints ask for the exact function.
        The port does not cut long pairs and fails on them.

    Source:
        Sellam, Das and Parikh 2020, arXiv:2004.04696; BLEURT-20: Pu et al. 2021, arXiv:2110.06341.

    Attributes:
        model: checkpoint in PyTorch: a name on the Hugging Face hub or a folder. BLEURT-20 is the
            one its authors recommend (579 million weights); ``lucadiliello/BLEURT-20-D12``, -D6 and
            -D3 are distilled from it, and smaller.
        multi_reference: ``max``, the best reference of each item, or ``mean``.

    Example:
        >>> column = PairColumn(np.array([0.9, 0.5]), np.zeros(2, bool), np.array([0, 2]))
        >>> batch = Batch(["a"], [""], [["", ""]], prepared={Bleurt().needs()[0]: column})
        >>> Bleurt(multi_reference="mean").measure(batch, None).values.tolist()
        [[0.7, 1.0]]
    """

    model: str = _DEFAULT
    multi_reference: Literal["max", "mean"] = "max"

    info: ClassVar[MetricInfo] = MetricInfo(
        name="bleurt",
        revision=1,
        title="how people would rate the prediction against the reference, as a network judges it",
        use="Translations and other sentences that may say the same in other words; short answers "
        "and captions are not what it was trained on. BLEURT-20 wants a GPU; for CPUs there are "
        "smaller checkpoints (docs/bleurt.md).",
        tasks=("text", "captioning", "vqa"),
        needs=(f"{_NEED}{_DEFAULT}",),
        multi_reference="best",
        source="arXiv:2004.04696; arXiv:2110.06341",
        extra="neural",
        sees=frozenset({"partial", "endings", "synonyms", "order", "meaning"}),
        texts_per_second=1,
    )

    def check(self) -> None:
        """Check that a checkpoint is named.

        Raises:
            UsageError: the name is empty.
        """
        if not self.model:
            raise UsageError(f"bleurt:model is empty, expected a checkpoint such as {_DEFAULT}")

    def needs(self) -> tuple[str, ...]:
        """The checkpoint's scores of pairs."""
        return (f"{_NEED}{self.model}",)

    def outputs(self) -> tuple[Output, ...]:
        """One number, the mean rating."""
        return (
            Output("bleurt", range=(None, None), unit="score", worst=None, meaning=self.info.title),
        )

    def measure(self, batch: Batch, context: None) -> Statistics:
        """Rows ``(rating, 1)``."""
        pairs = batch.column(self.needs()[0], PairColumn)
        scores = self._over_references(pairs)
        skips = dict.fromkeys(np.flatnonzero(~np.isfinite(scores)).tolist(), NOT_FINITE)
        without = np.flatnonzero(np.diff(pairs.item_offsets) == 0)
        skips |= dict.fromkeys(without.tolist(), NO_REFERENCE)
        facts = {"cut_pairs": int(pairs.cut.sum()), "pairs": len(pairs.cut)}
        return mean_statistics(scores, skips=skips, facts=facts)

    def _over_references(self, pairs: PairColumn) -> Array:
        """The best or mean rating of each item, shape (n,); not finite where there is none."""
        each = np.diff(pairs.item_offsets)
        item = np.repeat(np.arange(len(each)), each)
        with np.errstate(invalid="ignore"):
            if self.multi_reference == "mean":
                sums = np.bincount(item, weights=pairs.scores, minlength=len(each))
                return np.asarray(sums / each)
            best = np.full(len(each), -np.inf)
            np.maximum.at(best, item, pairs.scores)
            return best

    def advise(self, facts: Mapping[str, int], n: int) -> tuple[Notice, ...]:
        """Pairs that were cut."""
        cut = facts.get("cut_pairs", 0)
        if not cut:
            return ()
        return (
            Notice(
                "bleurt_cut",
                f"{cut:,} of {facts['pairs']:,} pairs of prediction and reference are longer than "
                f"{self.model} takes and were rated without their ends",
            ),
        )


METRICS = (Bleurt,)
