"""Multiple choice: accuracy over all answers and over those that name an option; floors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from vlmeval_cli.core.batch import Array, Batch, Ints, NumberColumn, TextColumn, ValueColumn
from vlmeval_cli.core.metric import (
    MeanMetric,
    Metric,
    MetricInfo,
    MetricStatistics,
    Notice,
    Output,
    PooledMetric,
    Rows,
    Statistics,
    Table,
    mean_statistics,
)
from vlmeval_cli.core.wording import number_of
from vlmeval_cli.parsing.choices.options import LETTERS, Options
from vlmeval_cli.parsing.choices.rules import GUESSED, NOT_INFERRED, Rule, read_all

OURS = ("prediction.choice", "references.choice", "options.count", "choice.open")
THEIRS = (*OURS, "choice.answer", "options.text")
OPEN = "open question"
NO_OPTION = "its answer is none of its options"
UNPARSED = "no option could be read"
_NONE = -1  # code of an answer that names no option
_CODES = np.arange(len(LETTERS))


@dataclass(frozen=True, slots=True)
class Answered:
    """The answers of a batch.

    Attributes:
        chosen: code of the letter, 0 for A; -1 where the answer names none, shape (n,).
        first: code of the first right letter, shape (n,); -1 where there is none.
        golds: all right letters, as bits: 1 for A, 2 for B, 4 for C, shape (n,).
        is_right: shape (n,).
        skips: item → why it cannot be right or wrong.
        n_guessed: answers in which the official rule finds no option.
    """

    chosen: Ints
    first: Ints
    golds: Ints
    is_right: npt.NDArray[np.bool_]
    skips: Mapping[int, str]
    n_guessed: int

    @classmethod
    def of(cls, batch: Batch, rule: Rule) -> Answered:
        """Answers as ``rule`` reads them."""
        right = batch.column("references.choice", NumberColumn)
        is_open = batch.column("choice.open", NumberColumn).numbers
        offsets = right.item_offsets
        sizes = np.diff(offsets)
        chosen, n_guessed = _chosen(batch, rule, sizes > 0)
        codes = right.numbers.astype(np.int64)
        golds = np.zeros(len(batch), dtype=np.int64)
        np.bitwise_or.at(golds, np.repeat(np.arange(len(batch)), sizes), 1 << codes)
        first = np.full(len(batch), _NONE, dtype=np.int64)
        first[sizes > 0] = codes[offsets[:-1][sizes > 0]]
        is_right = (chosen != _NONE) & (golds >> np.maximum(chosen, 0) & 1 == 1)
        skips = {
            item: OPEN if is_open[item] else NO_OPTION
            for item in np.flatnonzero(sizes == 0).tolist()
        }
        return cls(chosen, first, golds, is_right, skips, n_guessed)

    def facts(self) -> dict[str, int]:
        """Counts for warnings."""
        lost = sum(why == NO_OPTION for why in self.skips.values())
        return {"guessed": self.n_guessed, "no_option": lost}


def _chosen(batch: Batch, rule: Rule, is_scored: npt.NDArray[np.bool_]) -> tuple[Ints, int]:
    if rule == "vlmeval":
        codes = batch.column("prediction.choice", NumberColumn).numbers
        return np.nan_to_num(codes, nan=_NONE).astype(np.int64), 0
    texts = batch.column("choice.answer", TextColumn).texts
    found = read_all(rule, texts, options_of(batch))
    drawn = sum(
        one is not None and one.reason in (GUESSED, NOT_INFERRED) and bool(scored)
        for one, scored in zip(found, is_scored, strict=True)
    )
    letters = [LETTERS.index(one.letter) if one and one.letter else _NONE for one in found]
    return np.array(letters, dtype=np.int64), drawn


def options_of(batch: Batch) -> list[Options]:
    """The options of every item."""
    column = batch.column("options.text", ValueColumn)
    return [
        Options.of(column.values[start:stop] if stop > start else None)
        for start, stop in pairwise(column.item_offsets.tolist())
    ]


def random_draws(rule: Rule, facts: Mapping[str, int], n: int) -> tuple[Notice, ...]:
    """Warning of answers in which the official code finds no option."""
    if not facts.get("guessed"):
        return ()
    answers = f"{facts['guessed']:,} of {n:,} answers"
    if rule in ("vlmevalkit", "ms-vlmeval"):
        told = f"finds no option in {answers}; like its exact_matching this counts them as wrong"
    else:
        told = f"would draw an option at random for {answers}; here they are wrong, without chance"
    return (Notice("random_guess", f"the official code of {rule} {told}"),)


def _without_right_option(facts: Mapping[str, int]) -> tuple[Notice, ...]:
    n = facts.get("no_option", 0)
    if not n:
        return ()
    counted = number_of(
        n,
        "item has an answer that is none of its options, and is",
        "items have answers that are none of their options, and are",
    )
    message = f"{counted} left out. Look for letters beyond the options, or several in one text"
    return (Notice("no_right_option", message),)


@dataclass(frozen=True, slots=True)
class _ChoiceMetric(Metric[None]):
    """What metrics of multiple choice share: whose rule reads the answers."""

    variant: Rule = "vlmeval"

    def needs(self) -> tuple[str, ...]:
        """Other rules read the text of the answer again."""
        return OURS if self.variant == "vlmeval" else THEIRS


@dataclass(frozen=True, slots=True)
class ChoiceAccuracy(_ChoiceMetric, MeanMetric[None]):
    """1 if the answer names a right option, else 0; an answer that names none is 0.

    Input: the option that an answer names (read from its text as
    :mod:`vlmeval_cli.parsing.choices.letters` says), and the right options, of which any counts;
    both as numbers, 0 for A.

    Output: per item 0 or 1; the corpus score is their mean, a fraction from 0 to 1, higher is
    better. Tables: ``floors`` (what a random and a constant answer score) and ``letters`` (how
    often each letter is right and is chosen).

    Edge cases: missing and unreadable answers are wrong, never guessed. Open questions, and items
    whose recorded answer is none of their options, are skipped and counted.

    Options:
        variant: whose rule reads the answers: ``vlmeval``; ``mmmu`` (official); ``vlmevalkit``
            (``exact_matching``, no judge); ``ms-vlmeval`` (its package on PyPI, which does not look
            for "answer is X"); ``lmms`` (lmms-eval's MMMU); ``lmms-mcq`` (what its other tasks of
            four options share).

    Differs from: the official codes of MMMU and lmms-eval draw an option at random where their rule
    finds none; here such an answer is wrong, as for VLMEvalKit's ``exact_matching``, and a warning
    counts them.

    Source: Yue et al. 2024 (MMMU); VLMEvalKit ``matching_util``.
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        name="choice_accuracy",
        revision=1,
        title="share of answers that name a right option; what cannot be read is wrong",
        use="multiple-choice questions; read it beside the floors, the unparsed rate, and the "
        "accuracy over parsed answers",
        tasks=("choice",),
        needs=OURS,
        multi_reference="best",
        source="Yue et al. 2024 (MMMU)",
    )

    def outputs(self) -> tuple[Output, ...]:
        """One number, the share of right answers."""
        name = self.info.name
        return (Output(name, worst=0.0, kind="binary", meaning=self.info.title),)

    def measure(self, batch: Batch, context: None) -> Statistics:
        """Rows ``(right, bits of the right letters, code of the chosen one, chance, 1)``."""
        found = Answered.of(batch, self.variant)
        n_options = batch.column("options.count", NumberColumn).numbers
        chance = _letter_flags(found.golds).sum(axis=1) / n_options
        return mean_statistics(
            found.is_right.astype(np.float64),
            found.golds.astype(np.float64),
            found.chosen.astype(np.float64),
            np.nan_to_num(chance, nan=0.0),
            skips=found.skips,
            facts=found.facts(),
        )

    def worst_row(self) -> Array | None:
        """The row of a missing answer is the worst already, and keeps its right letter."""
        return None

    def tables(self, found: MetricStatistics, context: None) -> Mapping[str, Table]:
        """Floors, and letters that are right and chosen."""
        rows = found.values[found.values[:, -1] > 0]
        return {"floors": _floors(rows), "letters": _letters(rows)} if len(rows) else {}

    def advise(self, facts: Mapping[str, int], n: int) -> tuple[Notice, ...]:
        """Random draws that were not made, and answers that are no options."""
        return (*random_draws(self.variant, facts, n), *_without_right_option(facts))


def _letter_flags(golds: Array | Ints) -> npt.NDArray[np.bool_]:
    """Whether each letter is among the bits of each item, shape (n, 26)."""
    flags: npt.NDArray[np.bool_] = (golds.astype(np.int64)[:, None] >> _CODES) & 1 == 1
    return flags


def _floors(rows: Array) -> Table:
    """What one scores without looking at the question."""
    constant = _letter_flags(rows[:, 1]).mean(axis=0)
    chance = rows[:, 3].mean() if (rows[:, 3] > 0).all() else None
    return Table(
        title="Accuracy beside its floors",
        columns=("answers", "accuracy"),
        rows=(
            ("as scored", float(rows[:, 0].mean())),
            (f"always {LETTERS[constant.argmax()]}, most often right", float(constant.max())),
            ("random options", None if chance is None else float(chance)),
        ),
    )


def _letters(rows: Array) -> Table:
    """A model that prefers a position chooses its letter more often than it is right."""
    right, chosen = _letter_flags(rows[:, 1]), rows[:, 2].astype(int)
    is_right = right.sum(axis=0)
    is_chosen = np.bincount(chosen + 1, minlength=len(LETTERS) + 1)
    hits = right.T @ rows[:, 0]
    n = len(rows)
    last = int(np.flatnonzero(is_right + is_chosen[1:])[-1])
    listed: list[tuple[str | float | int | None, ...]] = [
        (
            LETTERS[code],
            int(is_right[code]),
            int(is_chosen[code + 1]),
            float((is_chosen[code + 1] - is_right[code]) / n),
            float(hits[code] / is_right[code]) if is_right[code] else None,
        )
        for code in range(last + 1)
    ]
    if is_chosen[0]:
        listed.append(("none named", 0, int(is_chosen[0]), float(is_chosen[0] / n), None))
    return Table(
        title="Letters: how often right and how often chosen",
        columns=("letter", "right", "chosen", "chosen - right (share)", "accuracy where right"),
        rows=listed,
    )


@dataclass(frozen=True, slots=True)
class ChoiceAccuracyParsed(_ChoiceMetric, MeanMetric[None]):
    """Accuracy over the answers that name an option; the others are skipped and counted.

    Input, options and source as in ``choice_accuracy``.

    Output: a fraction from 0 to 1, higher is better; its ``n`` is the number of answers that name
    an option. It says how good the answers are, apart from their form; a model can raise it by
    saying nothing where it is unsure, so it is no score to rank by alone.

    Edge cases: nothing parsed gives no score. Missing answers are left out, whatever ``--missing``
    says: ``choice_accuracy`` counts them as wrong.
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        name="choice_accuracy_parsed",
        revision=2,
        title="share of right answers among those that name an option",
        use="beside choice_accuracy, to tell wrong answers from unreadable ones",
        tasks=("choice",),
        needs=OURS,
        multi_reference="best",
        source="choice_accuracy over parsed answers",
    )

    def outputs(self) -> tuple[Output, ...]:
        """One number."""
        name = self.info.name
        return (Output(name, worst=0.0, kind="binary", meaning=self.info.title),)

    def measure(self, batch: Batch, context: None) -> Statistics:
        """Rows ``(right, 1)`` of the answers that name an option."""
        found = Answered.of(batch, self.variant)
        silent = np.flatnonzero(found.chosen == _NONE).tolist()
        skips = {**dict.fromkeys(silent, UNPARSED), **found.skips}
        return mean_statistics(found.is_right.astype(np.float64), skips=skips)

    def worst_row(self) -> Array | None:
        """A missing answer names no option, and so is left out as it is."""
        return None


@dataclass(frozen=True, slots=True)
class ChoiceUnparsedRate(_ChoiceMetric, MeanMetric[None]):
    """Share of answers that name no option, or several; missing answers are among them.

    Input, options and source as in ``choice_accuracy``. Output: a fraction from 0 to 1, lower is
    better. Why an answer could not be read stands in the samples.
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        name="choice_unparsed_rate",
        revision=1,
        title="share of answers that name no option, or several",
        use="beside choice_accuracy: where it is high, accuracy measures the form of the answers",
        tasks=("choice",),
        needs=OURS,
        multi_reference="best",
        source="choice_accuracy",
    )

    def outputs(self) -> tuple[Output, ...]:
        """One number, lower is better."""
        meaning = self.info.title
        return (
            Output(
                self.info.name, higher_is_better=False, worst=1.0, kind="binary", meaning=meaning
            ),
        )

    def measure(self, batch: Batch, context: None) -> Statistics:
        """Rows ``(unparsed, 1)``."""
        found = Answered.of(batch, self.variant)
        return mean_statistics((found.chosen == _NONE).astype(np.float64), skips=found.skips)


@dataclass(frozen=True, slots=True)
class ChoiceBalancedAccuracy(_ChoiceMetric, PooledMetric[None]):
    """Mean over the letters of the accuracy where that letter is right.

    A model that always says "B" scores 1 / letters here, however often B is right.

    Input, options and edge cases as in ``choice_accuracy``; of several right letters the first
    counts as the item's. Output: a fraction from 0 to 1, higher is better, over the letters that
    are right at least once; no score of single items.

    Source: Brodersen et al. 2010 (balanced accuracy).
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        name="choice_balanced_accuracy",
        revision=1,
        title="mean over the letters of the accuracy where that letter is right",
        use="beside choice_accuracy, to see whether a model gains by preferring a position",
        tasks=("choice",),
        needs=OURS,
        multi_reference="best",
        source="Brodersen et al. 2010",
    )

    def outputs(self) -> tuple[Output, ...]:
        """One number, of no single item."""
        return (
            Output(
                self.info.name, worst=0.0, kind="pooled", has_item_score=False,
                meaning=self.info.title,
            ),
        )  # fmt: skip

    def measure(self, batch: Batch, context: None) -> Statistics:
        """Rows ``(code of the right letter, right)``."""
        found = Answered.of(batch, self.variant)
        values = np.column_stack([found.first, found.is_right]).astype(np.float64)
        values[list(found.skips)] = 0.0
        return Statistics(values, skips=found.skips)

    def combine(self, rows: Rows, weights: Array) -> dict[str, Array]:
        """Weighted accuracy of each letter, then their mean."""
        letters = np.arange(rows.values[:, 0].max(initial=0.0) + 1)
        is_gold = (rows.values[:, :1] == letters).astype(np.float64)
        own = weights[:, rows.item]
        sizes, hits = own @ is_gold, own @ (is_gold * rows.values[:, 1:])
        with np.errstate(invalid="ignore"):
            accuracies = hits / sizes
            present = (sizes > 0).sum(axis=1)
            means = np.nan_to_num(accuracies).sum(axis=1) / present
        return {self.info.name: means}


METRICS = (ChoiceAccuracy, ChoiceAccuracyParsed, ChoiceUnparsedRate, ChoiceBalancedAccuracy)
