"""MMMU's official accuracy over multiple-choice and open questions together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Literal

import numpy as np

from vlmeval_cli.core.batch import Array, Batch, NumberColumn, TextColumn
from vlmeval_cli.core.metric import (
    MeanMetric,
    MetricInfo,
    MetricStatistics,
    Notice,
    Output,
    Statistics,
    Table,
    mean_statistics,
)
from vlmeval_cli.metrics.choice import options_of, random_draws
from vlmeval_cli.parsing.choices.rules import GUESSED, read_all
from vlmeval_cli.text.mmmu_open import is_right_open

Variant = Literal["mmmu", "lmms"]


@dataclass(frozen=True, slots=True)
class MmmuAccuracy(MeanMetric[None]):
    """Micro accuracy by MMMU's official rules, one for options and one for open answers.

    Input: answers and references as texts, the options' texts where they are recorded, and which
    items are open questions (``question_type``, or no options where others have some).

    Output: per item 0 or 1; the corpus score is their mean, a fraction from 0 to 1, higher is
    better. The table ``mmmu`` gives both kinds of questions apart.

    Edge cases: a chosen letter is right if it equals a reference as it stands. An open answer is
    right if a reference is part of a string found in it, or equals a number found in it, rounded to
    two decimals: short references are forgiving.

    Options:
        variant: ``mmmu`` reads options as the official code does, ``lmms`` as lmms-eval does, which
            also takes a letter with nothing before it ("DNA is") and "B." at the end of a word.

    Differs from: both codes draw an option at random, with seed 42 and depending on the
    order of the items, where their rule finds none. Here such an answer is wrong, and a warning
    counts them.

    Source: Yue et al. 2024; ``mmmu/utils/eval_utils.py``.
    """

    variant: Variant = "mmmu"

    info: ClassVar[MetricInfo] = MetricInfo(
        name="mmmu_accuracy",
        revision=1,
        title="accuracy by MMMU's official rules for options and for open answers",
        use="MMMU, and to lay a number beside one of its leaderboard",
        tasks=("choice",),
        needs=(
            "prediction.choice", "options.text", "options.count", "choice.open", "choice.answer",
            "choice.accepted",
        ),
        multi_reference="best",
        source="Yue et al. 2024 (MMMU)",
    )  # fmt: skip

    def outputs(self) -> tuple[Output, ...]:
        """One number, the share of right answers of both kinds."""
        return (Output("mmmu_accuracy", worst=0.0, kind="binary", meaning=self.info.title),)

    def measure(self, batch: Batch, context: None) -> Statistics:
        """Rows ``(right, open, 1)``."""
        answers = batch.column("choice.answer", TextColumn).texts
        accepted = batch.column("choice.accepted", TextColumn)
        is_open = batch.column("choice.open", NumberColumn).numbers
        chosen = read_all(
            self.variant,
            [None if alone else text for text, alone in zip(answers, is_open, strict=True)],
            options_of(batch),
        )
        golds = [accepted.texts[start:stop] for start, stop in pairwise(accepted.item_offsets)]
        right = [
            is_right_open(text, own) if found is None else found.letter in own
            for text, own, found in zip(answers, golds, chosen, strict=True)
        ]
        drawn = sum(found is not None and found.reason == GUESSED for found in chosen)
        return mean_statistics(np.array(right, float), is_open, facts={"guessed": drawn})

    def worst_row(self) -> Array | None:
        """The row of a missing answer is the worst already, and keeps its kind."""
        return None

    def tables(self, found: MetricStatistics, context: None) -> Mapping[str, Table]:
        """Both kinds of questions apart."""
        right, is_open = found.values[:, 0], found.values[:, 1] > 0
        kinds = (("multiple choice", ~is_open), ("open", is_open), ("all", is_open | True))
        rows = [
            (name, int(own.sum()), float(right[own].mean())) for name, own in kinds if own.any()
        ]
        return {"mmmu": Table("MMMU by kind of question", ("questions", "n", "accuracy"), rows)}

    def advise(self, facts: Mapping[str, int], n: int) -> tuple[Notice, ...]:
        """Random draws that were not made."""
        return random_draws(self.variant, facts, n)


METRICS = (MmmuAccuracy,)
