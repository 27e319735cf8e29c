"""VQA accuracy: agreement with ten annotators, as the official evaluation and others count it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Literal, NamedTuple

import numpy as np

from vlmeval_cli.core.batch import Array, Batch, Ints
from vlmeval_cli.core.errors import UsageError
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
    Flags,
)
from vlmeval_cli.text.normalize import NORMALIZERS, Normalizer, as_it_is
from vlmeval_cli.text.vqa_normalize import (
    m4c_normalized,
    vlmevalkit_normalized,
    vqa_normalized,
    vqa_punctuation,
    vqa_whitespace,
)

Variant = Literal["official2021", "official2015", "lmms", "m4c", "vlmevalkit", "vizwiz", "simple"]
SimpleNormalizer = Literal["case", "none", "lower", "squad", "vqa"]

_ANNOTATORS = 10
_AGREEING = 3  # other annotators that make an answer fully right
_FACT = "answers_"
_UNANIMOUS = "unanimous_differs"


class _Sides(NamedTuple):
    """How the prediction and how the annotators' answers are normalised."""

    prediction: Normalizer
    reference: Normalizer


class _Rule(NamedTuple):
    """What a variant compares.

    Attributes:
        usually: how the texts are normalised.
        unanimous: how they are where, normalised this way, all annotators agree; None: as usually.
    """

    usually: _Sides
    unanimous: _Sides | None = None


class _Agreement(NamedTuple):
    """Which annotators' answers equal the prediction.

    Attributes:
        flags: shape (n_references,).
        hidden: items that would be right if their annotators did not all agree.
    """

    flags: Flags
    hidden: int = 0


def _both(normalizer: Callable[[str], str]) -> _Sides:
    return _Sides(normalizer, normalizer)


_RULES = MappingProxyType(
    {
        "official2021": _Rule(_both(vqa_normalized), unanimous=_both(vqa_whitespace)),
        # Until 2021 the annotators' answers went through the punctuation step alone, so that
        # "two" among them could never be met: the prediction had become "2".
        "official2015": _Rule(
            _Sides(vqa_normalized, vqa_punctuation), unanimous=_Sides(vqa_normalized, as_it_is)
        ),
        "lmms": _Rule(_both(vqa_normalized)),
        "m4c": _Rule(_both(m4c_normalized)),
        "vlmevalkit": _Rule(_both(vlmevalkit_normalized)),
        "vizwiz": _Rule(_Sides(vqa_normalized, as_it_is)),
    }
)


@dataclass(frozen=True, slots=True)
class VqaAccuracy(MeanMetric[None]):
    """Share of annotators who would call the prediction right, three agreeing ones being enough.

    Input: the predicted text, and the answers of an item's annotators, normally ten, repeated ones
    kept. With each annotator left out in turn, the prediction earns min(1, agreeing others / 3);
    the item's score is the mean. With ten annotators, 0, 1, 2, 3, and 4 or more agreeing ones give
    0, .3, .6, .9 and 1.

    Output: a fraction from 0 to 1, higher is better; the corpus score is the mean of the items.
    Items without an annotator's answer are skipped.

    Edge cases: where all annotators gave the same answer, ``official2021`` compares it with the
    prediction as it is, so that "Yes" and "yes." are wrong against ten "yes". With fewer than four
    annotators no prediction reaches 1: one agreeing annotator of one gives 0, two of two .33, three
    of three .67. An empty prediction agrees with an answer that normalises to nothing ("a").

    Options:
        variant: what is normalised, and how, before two answers are compared.
            ``official2021``: VQA v2's evaluation code since March 2021: both sides, but neither
            where all annotators agree.
            ``official2015``: the code before, still in LAVIS and Qwen-VL: the prediction whole, the
            annotators' answers by the punctuation step alone, or not where all agree.
            ``lmms``: lmms-eval on VQA v2: both sides, always.
            ``m4c``: TextVQA's evaluator, in MMF, LLaVA and lmms-eval (VizWiz too): both sides,
            always, commas, question marks and "'s" treated first.
            ``vizwiz``: VizWiz's evaluation code: the prediction alone, always.
            ``vlmevalkit``: VLMEvalKit on TextVQA and VizWiz: both sides, always; periods beside a
            digit stay.
            ``simple``: what ``normalize`` says, and min(1, agreeing / 3) with nobody left out
            (A-OKVQA, PaliGemma).
        normalize: what ``simple`` compares: ``case`` (lowercase), ``none``, ``lower`` (stripped
            too), ``squad`` or ``vqa``. The other variants bring their own.

    Differs from: the official code leaves out equal annotation records together, which gives 0 to
    ten records without ids; here exactly one annotator is left out. The official code rounds to
    two decimals and prints percent. Copies of VizWiz's code write the apostrophes of contractions
    in various ways; here they are plain.

    Source: Antol et al. 2015, section 3, and its evaluation code.

    Example:
        >>> from vlmeval_cli.core.batch import Batch, TextColumn
        >>> prediction = TextColumn(["Two."], np.array([0, 1]))
        >>> answers = TextColumn(["2"] * 3 + ["3"] * 7, np.array([0, 10]))
        >>> columns = {"prediction.text": prediction, "references.text": answers}
        >>> batch = Batch(["q1"], ["Two."], [answers.texts], prepared=columns)
        >>> VqaAccuracy().measure(batch, None).values.tolist()
        [[0.9, 1.0]]
    """

    variant: Variant = "official2021"
    normalize: SimpleNormalizer = "case"

    info: ClassVar[MetricInfo] = MetricInfo(
        name="vqa_accuracy",
        revision=1,
        title="agreement with ten annotators; three who gave the same answer make it right",
        use="the score of VQA v2, of TextVQA (variant=m4c) and of VizWiz (variant=vizwiz); with "
        "fewer than ten answers per question look at exact_match and token_f1",
        tasks=("vqa",),
        needs=NEEDS,
        multi_reference="all",
        source="Antol et al. 2015; evaluation code of VQA v2",
        sees=frozenset({"order"}),
        texts_per_second=100_000,
    )

    def check(self) -> None:
        """Refuse a normalisation that the variant does not take."""
        if self.normalize != "case" and self.variant != "simple":
            raise UsageError(
                f"vqa_accuracy:normalize is for variant=simple; {self.variant} has its own rule",
                hint=f"Leave it out, or use vqa_accuracy:variant=simple:normalize={self.normalize}",
            )

    def outputs(self) -> tuple[Output, ...]:
        """One number, the accuracy."""
        return (Output("vqa_accuracy", meaning=self.info.title),)

    def measure(self, batch: Batch, context: None) -> Statistics:
        """Rows ``(accuracy, 1)``."""
        answers = Answers.of(batch)
        agreement = self._agreement(answers)
        matches = answers.total(agreement.flags)
        if self.variant == "simple":
            scores = np.minimum(matches, _AGREEING) / _AGREEING
        else:
            scores = _leave_one_out(matches, answers.counts)
        facts = {_UNANIMOUS: agreement.hidden, **_annotator_counts(answers.counts)}
        return mean_statistics(scores, skips=answers.skips, facts=facts)

    def _agreement(self, answers: Answers) -> _Agreement:
        if self.variant == "simple":
            return _Agreement(answers.normalized(NORMALIZERS[self.normalize]).agree())
        usually, unanimous = _RULES[self.variant]
        normalized = answers.normalized(*usually).agree()
        if unanimous is None:
            return _Agreement(normalized)
        raw = answers.normalized(*unanimous)
        agreed, one_answer = raw.agree(), raw.unanimous()
        lost = one_answer & (raw.total(normalized) >= _AGREEING) & (raw.total(agreed) == 0)
        flags = np.where(raw.spread(one_answer), agreed, normalized)
        return _Agreement(flags, int(np.count_nonzero(lost)))

    def advise(self, facts: Mapping[str, int], n: int) -> tuple[Notice, ...]:
        """What the number of annotators, and their full agreement, do to the formula."""
        items_with = {
            int(fact.removeprefix(_FACT)): items
            for fact, items in facts.items()
            if fact.startswith(_FACT) and items
        }
        few = sum(items for annotators, items in items_with.items() if annotators < _ANNOTATORS)
        notices = []
        if facts.get(_UNANIMOUS):
            notices.append(Notice("unanimous_answers", self._unanimous(facts[_UNANIMOUS], n)))
        if few:
            notices.append(Notice("few_annotators", self._few_annotators(few, n)))
        if len(items_with) > 1:
            notices.append(Notice("uneven_annotators", _uneven_annotators(items_with)))
        return tuple(notices)

    def _unanimous(self, items: int, n: int) -> str:
        return (
            f"{items:,} of {n:,} predictions score 0 though they agree with all annotators but for "
            f"letter case, punctuation or articles: where all annotators gave the same answer, "
            f"variant={self.variant} (VQA v2) compares it as it is. Other sets normalise always, "
            "such as TextVQA: vqa_accuracy:variant=m4c"
        )

    def _few_annotators(self, few: int, n: int) -> str:
        start = f"{few:,} of {n:,} questions have fewer than ten answers. "
        if self.variant == "simple":
            return start + (
                "variant=simple is min(agreeing answers / 3, 1): a prediction that agrees with the "
                "only answer scores 0.33, with both of two 0.67. exact_match and token_f1 do not "
                "depend on the number of answers."
            )
        return start + (
            "VQA accuracy leaves one annotator out at a time: a prediction that agrees with the "
            "only answer scores 0.00, with both of two 0.33, with all of three 0.67. Take "
            "exact_match and token_f1, or vqa_accuracy:variant=simple, which is "
            "min(agreeing answers / 3, 1)."
        )


def _leave_one_out(matches: Ints, annotators: Ints) -> Array:
    """Mean over annotators of min(1, agreeing others / 3), from whole numbers, rounded once."""
    when_agreeing = np.clip(matches - 1, 0, _AGREEING)
    when_not = np.minimum(matches, _AGREEING)
    thirds = matches * when_agreeing + (annotators - matches) * when_not
    scores: Array = thirds / np.maximum(_AGREEING * annotators, 1)
    return scores


def _annotator_counts(annotators: Ints) -> dict[str, int]:
    """How many items have how many answers; items without any are not counted."""
    numbers, items = np.unique(annotators[annotators > 0], return_counts=True)
    return {
        f"{_FACT}{number}": size
        for number, size in zip(numbers.tolist(), items.tolist(), strict=True)
    }


def _uneven_annotators(items_with: Mapping[int, int]) -> str:
    usual = max(items_with, key=lambda number: items_with[number])
    return (
        f"questions have {min(items_with)} to {max(items_with)} answers ({items_with[usual]:,} of "
        f"{sum(items_with.values()):,} have {usual}); with fewer answers the same agreement "
        "scores lower, so compare only runs over the same questions"
    )


METRICS = (VqaAccuracy,)
