"""ANLS: how few characters of the answer would have to change."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Literal, NamedTuple

import numpy as np
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cpdist

from vlmeval_cli.core.batch import Array, Batch, Ints
from vlmeval_cli.core.errors import UsageError, quoted
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
    Pairs,
)
from vlmeval_cli.text.normalize import each, single_spaced_lowercase, stripped_lowercase

Variant = Literal["official", "paper", "normalized"]
_PADDED = "padded"


class _Rule(NamedTuple):
    """What a variant does.

    Attributes:
        normalizer: applied to both texts before they are compared.
        raw_length: the distance is divided by the longer text's length before normalisation.
        keeps_threshold: a similarity of exactly the threshold counts.
    """

    normalizer: Callable[[str], str]
    raw_length: bool
    keeps_threshold: bool


_RULES = MappingProxyType(
    {
        "official": _Rule(single_spaced_lowercase, raw_length=True, keeps_threshold=True),
        "paper": _Rule(stripped_lowercase, raw_length=False, keeps_threshold=False),
        "normalized": _Rule(stripped_lowercase, raw_length=False, keeps_threshold=True),
    }
)


@dataclass(frozen=True, slots=True)
class Anls(MeanMetric[None]):
    """Average normalised Levenshtein similarity with the best accepted answer.

    Input: the predicted text and any number of accepted answers, compared without regard to case.
    The similarity is 1 - edits / length of the longer text, and 0 below the threshold.

    Output: per item a similarity; the corpus score is their mean, a fraction from 0 to 1, higher is
    better. Items without an accepted answer are skipped.

    Edge cases: two empty texts have similarity 1. Edits are counted in Unicode code points.

    Options:
        variant: ``official`` is the script of the RRC challenges (DocVQA, InfographicVQA): runs of
            white space become one space, but the length is taken before that, so padding raises the
            score ("  ab  " against "abcd" gives .667, not .5), and of the uppercase text ("ß" is
            two long). ``paper`` (ST-VQA) strips and lowercases, takes lengths after that, and
            counts a similarity of exactly the threshold as 0. ``normalized`` (MMF) is the same but
            keeps the threshold.
        threshold: similarities below it count as 0.

    Differs from: MMF fails on two empty texts.

    Source: Biten et al. 2019, "Scene Text Visual Question Answering", equation 1.

    Example:
        >>> from vlmeval_cli.core.batch import Batch, TextColumn
        >>> prediction = TextColumn(["ITC Ltd"], np.array([0, 1]))
        >>> answers = TextColumn(["itc ltd.", "ITC Limited"], np.array([0, 2]))
        >>> columns = {"prediction.text": prediction, "references.text": answers}
        >>> batch = Batch(["q1"], prediction.texts, [answers.texts], prepared=columns)
        >>> Anls().measure(batch, None).values.tolist()
        [[0.875, 1.0]]
    """

    variant: Variant = "official"
    threshold: float = 0.5

    info: ClassVar[MetricInfo] = MetricInfo(
        name="anls",
        revision=1,
        title="similarity of characters with the best accepted answer; below one half it counts 0",
        use="answers read from an image, where a misread character should not cost everything; "
        "the score of DocVQA, InfographicVQA and ST-VQA",
        tasks=("vqa", "docqa"),
        needs=NEEDS,
        multi_reference="best",
        source="Biten et al. 2019 (arXiv:1905.13648); RRC evaluation script",
        sees=frozenset({"partial", "spelling", "endings", "order"}),
        texts_per_second=100_000,
    )

    def check(self) -> None:
        """Refuse a threshold outside 0 to 1."""
        if not 0.0 <= self.threshold <= 1.0:
            raise UsageError(
                f"option anls:threshold: got {quoted(self.threshold)}, expected 0 to 1",
                hint="The usual threshold is 0.5.",
            )

    def outputs(self) -> tuple[Output, ...]:
        """One number, the mean similarity."""
        return (Output("anls", meaning=self.info.title),)

    def measure(self, batch: Batch, context: None) -> Statistics:
        """Rows ``(similarity of the best answer, 1)``."""
        rule = _RULES[self.variant]
        answers = Answers.of(batch)
        pairs = answers.pairs()
        normalized = each(rule.normalizer, answers.texts)
        shown = _longer(normalized, pairs)
        longer = _longer(_in_uppercase(answers.texts), pairs) if rule.raw_length else shown
        edits = self._edits(normalized, pairs, longer)
        scores = self._best(edits, longer, answers, pairs)
        facts = {}
        if rule.raw_length:
            unpadded = self._best(edits, shown, answers, pairs)
            facts[_PADDED] = int(np.count_nonzero(scores != unpadded))
        return mean_statistics(scores, skips=answers.skips, facts=facts)

    def _edits(self, texts: Sequence[str], pairs: Pairs, longer: Ints) -> Ints:
        """Levenshtein distances; pairs that must fall below the threshold get the whole length."""
        lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
        least = np.abs(lengths[pairs.prediction] - lengths[pairs.reference])
        # With a little slack, so that no rounding decides here.
        hopeless = least > (1 - self.threshold) * longer + 1e-6 * (longer + 1)
        edits = np.where(hopeless, np.maximum(longer, 1), 0)
        open_pairs = np.flatnonzero(~hopeless)
        edits[open_pairs] = cpdist(
            [texts[code] for code in pairs.prediction[open_pairs].tolist()],
            [texts[code] for code in pairs.reference[open_pairs].tolist()],
            scorer=Levenshtein.distance,
            dtype=np.int64,
        )
        return edits

    def _best(self, edits: Ints, longer: Ints, answers: Answers, pairs: Pairs) -> Array:
        """Similarity of each item's best answer, 0 below the threshold. Shape (n,)."""
        distance = edits / np.maximum(longer, 1)
        similarity = 1 - distance
        if _RULES[self.variant].keeps_threshold:
            counts = similarity >= self.threshold
        else:
            counts = distance < 1 - self.threshold
        return answers.best(np.where(counts, similarity, 0.0)[pairs.of_reference])

    def advise(self, facts: Mapping[str, int], n: int) -> tuple[Notice, ...]:
        """Padding, which the official divisor rewards."""
        padded = facts.get(_PADDED, 0)
        if not padded:
            return ()
        return (
            Notice(
                "padded_answers",
                f"in {padded:,} of {n:,} items the official ANLS divides by the length of texts "
                "that still have their extra spaces (or letters that grow in uppercase), which "
                "raises the score; anls:variant=normalized does not",
            ),
        )


def _in_uppercase(texts: Sequence[str]) -> list[str]:
    """Texts as long as they are in uppercase; only letters outside ASCII can grow."""
    return [text if text.isascii() else text.upper() for text in texts]


def _longer(texts: Sequence[str], pairs: Pairs) -> Ints:
    """Length of the longer text of each pair."""
    lengths = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts))
    return np.maximum(lengths[pairs.prediction], lengths[pairs.reference])


METRICS = (Anls,)
