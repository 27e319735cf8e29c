"""OCRBench: an accepted answer stands somewhere in the prediction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from vlmeval_cli.core.batch import Array, Batch
from vlmeval_cli.core.metric import (
    MeanMetric,
    MetricInfo,
    Notice,
    Output,
    Statistics,
    mean_statistics,
)
from vlmeval_cli.metrics.answers import NEEDS, Answers, Flags, Pairs
from vlmeval_cli.text.normalize import (
    contained_spelling,
    formula_spelling,
    half_width_spelling,
)

Variant = Literal["official", "lmms", "v2"]
Spelling = Literal["auto", "text", "formula"]

_FORMULAS = "HME100k"  # the part of OCRBench that is handwritten mathematics
_DATASET_FIELDS = ("dataset_name", "dataset")
_LONG_ANSWER = 5  # words; from here on v2 compares characters
_THRESHOLD = 0.5


@dataclass(frozen=True, slots=True)
class OcrBench(MeanMetric[None]):
    """1 if any accepted answer is a part of the prediction, else 0.

    Input: the predicted text and any number of accepted answers, in lower case, ends stripped,
    newlines as spaces. Handwritten mathematics keeps its case and loses all spaces instead.

    Output: per item 0 or 1 (``v2``: up to 1); the corpus score is their mean, a fraction from 0 to
    1, higher is better. OCRBench prints points of 1,000 items: 1,000 times this.

    Edge cases: an empty answer is a part of everything, so that every prediction gets the point; a
    warning counts such items. Words are not told apart: "art" is a part of "party", and a long
    enough text holds many answers, so look at ``anls`` beside it.

    Options:
        variant: ``official``; ``lmms`` also writes full-width letters and digits as ASCII, as
            lmms-eval does; ``v2`` (OCRBench v2) takes answers of five words or more by their
            similarity in characters, if it is at least 0.5.
        spelling: ``formula`` compares all items as handwritten mathematics, ``text`` none, ``auto``
            those whose field ``dataset_name`` or ``dataset`` is HME100k.

    Differs from: OCRBench's script, which prints no score unless there are exactly 1,000 items.

    Source: Liu et al. 2024, "OCRBench"; Fu et al. 2025, "OCRBench v2".

    Example:
        >>> from vlmeval_cli.core.batch import Batch, TextColumn
        >>> prediction = TextColumn(["The total is $12.50."], np.array([0, 1]))
        >>> answers = TextColumn(["$12.50", "12.50 USD"], np.array([0, 2]))
        >>> columns = {"prediction.text": prediction, "references.text": answers}
        >>> batch = Batch(["q1"], prediction.texts, [answers.texts], prepared=columns)
        >>> OcrBench().measure(batch, None).values.tolist()
        [[1.0, 1.0]]
    """

    variant: Variant = "official"
    spelling: Spelling = "auto"

    info: ClassVar[MetricInfo] = MetricInfo(
        name="ocrbench",
        revision=1,
        title="share of predictions that hold an accepted answer somewhere (OCRBench's rule)",
        use="OCRBench; beside anls it tells right answers inside longer sentences from wrong "
        "ones. It rewards long outputs, so never alone.",
        tasks=("docqa", "vqa"),
        needs=NEEDS,
        multi_reference="best",
        source="Liu et al. 2024 (arXiv:2305.07895), OCRBench; Fu et al. 2025, OCRBench v2",
        sees=frozenset({"order"}),
        texts_per_second=100_000,
    )

    def outputs(self) -> tuple[Output, ...]:
        """One number."""
        kind: Literal["mean", "binary"] = "mean" if self.variant == "v2" else "binary"
        return (Output("ocrbench", kind=kind, meaning=self.info.title),)

    def measure(self, batch: Batch, context: None) -> Statistics:
        """Rows ``(points, 1)``."""
        raw = Answers.of(batch)
        as_text = half_width_spelling if self.variant == "lmms" else contained_spelling
        points, empty = self._points(raw, as_text)
        are_formulas = self._are_formulas(batch)
        if are_formulas.any():
            others = self._points(raw, formula_spelling)
            points = np.where(are_formulas, others[0], points)
            empty = np.where(are_formulas, others[1], empty)
        facts = {"empty_answers": int(np.count_nonzero(empty))}
        return mean_statistics(points, skips=raw.skips, facts=facts)

    def _points(self, raw: Answers, spelling: Callable[[str], str]) -> tuple[Array, Flags]:
        """Points of each item, and whether one of its answers is empty, (n,) each."""
        answers = raw.normalized(spelling)
        pairs = answers.pairs()
        found = _contained(answers, pairs)
        if self.variant == "v2":
            found = _with_similarities(answers, pairs, found)
        is_empty = np.array([not text for text in answers.texts], dtype=np.bool_)
        return (
            answers.best(found[pairs.of_reference]),
            answers.total(is_empty[answers.references]) > 0,
        )

    def _are_formulas(self, batch: Batch) -> Flags:
        """Which items are spelled as handwritten mathematics, shape (n,)."""
        if self.spelling != "auto":
            return np.full(len(batch), self.spelling == "formula")
        names = next((batch.fields[key] for key in _DATASET_FIELDS if key in batch.fields), ())
        flags = [name == _FORMULAS for name in names]
        return np.array(flags, dtype=np.bool_) if flags else np.zeros(len(batch), dtype=np.bool_)

    def advise(self, facts: Mapping[str, int], n: int) -> tuple[Notice, ...]:
        """Points that every prediction gets."""
        empty = facts.get("empty_answers", 0)
        if not empty:
            return ()
        return (
            Notice(
                "empty_answers",
                f"in {empty:,} of {n:,} items an accepted answer is empty, and by OCRBench's rule "
                "every prediction holds it; take empty answers out of the references",
            ),
        )


def _contained(answers: Answers, pairs: Pairs) -> Array:
    """1 for pairs whose answer is a part of the prediction, shape (n_pairs,)."""
    texts = answers.texts
    found = (
        texts[answer] in texts[prediction]
        for prediction, answer in zip(
            pairs.prediction.tolist(), pairs.reference.tolist(), strict=True
        )
    )
    return np.fromiter(found, dtype=np.float64, count=len(pairs.reference))


def _with_similarities(answers: Answers, pairs: Pairs, found: Array) -> Array:
    """``found``, long answers by their similarity instead."""
    from rapidfuzz.distance import Levenshtein
    from rapidfuzz.process import cpdist

    n_words = np.array([len(text.split()) for text in answers.texts], dtype=np.int64)
    is_long = n_words[pairs.reference] >= _LONG_ANSWER
    sides = [
        [answers.texts[code] for code in codes[is_long].tolist()]
        for codes in (pairs.prediction, pairs.reference)
    ]
    edits = cpdist(*sides, scorer=Levenshtein.distance, dtype=np.int64)
    longer = np.array([max(map(len, pair)) for pair in zip(*sides, strict=True)], dtype=np.int64)
    similarity = 1 - edits / np.maximum(longer, 1)
    mixed = found.copy()
    mixed[is_long] = np.where(similarity >= _THRESHOLD, similarity, 0.0)
    return mixed


METRICS = (OcrBench,)
