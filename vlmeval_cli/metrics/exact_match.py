"""Exact match: the prediction is one of the accepted answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from vlmeval_cli.core.batch import Batch
from vlmeval_cli.core.metric import (
    MeanMetric,
    MetricInfo,
    Notice,
    Output,
    Statistics,
    mean_statistics,
)
from vlmeval_cli.metrics.answers import (
    NEEDS,
    Answers,
    vanished_items,
    vanished_notice,
    without_vanished,
)
from vlmeval_cli.text.normalize import NORMALIZERS

Normalization = Literal["squad", "none", "lower", "gqa-lmms", "vqa"]
Version = Literal["v1", "v2"]


@dataclass(frozen=True, slots=True)
class ExactMatch(MeanMetric[None]):
    """1 if the prediction, normalised, equals any accepted answer, normalised; else 0.

    Input: the predicted text and any number of accepted answers.

    Output: per item 0 or 1; the corpus score is their mean, a fraction from 0 to 1, higher is
    better. Items without an accepted answer are skipped.

    Edge cases: an empty prediction is right only where an accepted answer is empty once normalised;
    an answer "A" or "The" is, under ``squad``, and a warning counts such items.

    Options:
        normalize: ``squad`` (lowercase, no ASCII punctuation, no articles, single spaces);
            ``none`` (as they are: the official rule of GQA, where case counts); ``lower`` (stripped
            and lowercase: GQA in VLMEvalKit); ``gqa-lmms`` (lowercase, no ASCII punctuation: GQA in
            lmms-eval); ``vqa`` (the whole rule of VQA accuracy).
        version: with ``squad``, ``v1`` takes any accepted answer; ``v2`` leaves out those that
            normalise to nothing if the item has others, as SQuAD's v2.0 script does.

    Differs from: the scripts of SQuAD and GQA print percent; SQuAD's v2.0 leaves missing
    predictions out of the total, and GQA's questions that are not balanced.

    Source: Rajpurkar et al. 2016 and 2018; Hudson and Manning 2019 for ``none``.

    Example:
        >>> from vlmeval_cli.core.batch import Batch, TextColumn
        >>> prediction = TextColumn(["The Eiffel Tower."], np.array([0, 1]))
        >>> answers = TextColumn(["eiffel tower", "tower"], np.array([0, 2]))
        >>> columns = {"prediction.text": prediction, "references.text": answers}
        >>> batch = Batch(["q1"], prediction.texts, [answers.texts], prepared=columns)
        >>> ExactMatch().measure(batch, None).values.tolist()
        [[1.0, 1.0]]
        >>> ExactMatch(normalize="none").measure(batch, None).values.tolist()
        [[0.0, 1.0]]
    """

    normalize: Normalization = "squad"
    version: Version = "v1"

    info: ClassVar[MetricInfo] = MetricInfo(
        name="exact_match",
        revision=1,
        title="share of predictions that are one of the accepted answers, once normalised",
        use="short answers with one right wording; look at token_f1 or anls beside it, which "
        "forgive extra words and spelling. GQA: exact_match:normalize=none; SQuAD v2: "
        "exact_match:version=v2",
        tasks=("vqa", "docqa"),
        needs=NEEDS,
        multi_reference="best",
        source="Rajpurkar et al. 2016 (SQuAD)",
        sees=frozenset({"order"}),
        texts_per_second=100_000,
    )

    def outputs(self) -> tuple[Output, ...]:
        """One number, the share of exact matches."""
        return (Output("exact_match", kind="binary", meaning=self.info.title),)

    def measure(self, batch: Batch, context: None) -> Statistics:
        """Rows ``(1 if right else 0, 1)``."""
        raw = Answers.of(batch)
        if self.normalize == "squad":
            answers = Answers.squad(batch)
        else:
            answers = raw.normalized(NORMALIZERS[self.normalize])
        agreements = answers.agree()
        if self.normalize == "squad" and self.version == "v2":
            agreements &= without_vanished(answers)
        right = (answers.total(agreements) > 0).astype(np.float64)
        facts = {"vanished": vanished_items(raw, answers)}
        return mean_statistics(right, skips=answers.skips, facts=facts)

    def advise(self, facts: Mapping[str, int], n: int) -> tuple[Notice, ...]:
        """Answers that are nothing but articles and punctuation."""
        return vanished_notice(facts, n)


METRICS = (ExactMatch,)
