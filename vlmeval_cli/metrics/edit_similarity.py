"""Edit similarity and exact match of programs, as CodeXGLUE scores code completion."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from rapidfuzz.distance import Indel
from rapidfuzz.process import cpdist

from vlmeval_cli.core.batch import Array, Batch, Ints, TextColumn
from vlmeval_cli.core.metric import MeanMetric, MetricInfo, Output, Statistics, mean_statistics

NEEDS = ("programs.text", "solutions.text")
NO_REFERENCE = "no_reference"
_SOURCE = "Lu et al. 2021 (CodeXGLUE), evaluator of CodeCompletion-line"


@dataclass(frozen=True, slots=True)
class EditSimilarity(MeanMetric[None]):
    """Share of characters that a program and the reference have in common, in order.

    Input: any number of programs and of reference solutions per item. The similarity of two texts
    is 2 M / T: T their characters together, M those of their longest common subsequence. This is
    ``fuzz.ratio`` of FuzzyWuzzy on python-Levenshtein and of RapidFuzz.

    Output: per item the mean over its programs of the similarity with the closest solution; the
    corpus score is the mean of items, a fraction from 0 to 1, higher is better. Items without a
    solution are skipped.

    Edge cases: two empty texts have similarity 1, an empty and a full one 0. White space at the
    ends is ignored; inside, and in case, every character counts.

    Differs from: CodeXGLUE's evaluator rounds every item to whole percent and prints percent, and
    writes literals such as ``<STR_LIT:x>`` as ``x`` before comparing.

    Source: Lu et al. 2021, "CodeXGLUE".

    Example:
        >>> columns = {"programs.text": TextColumn(["return a"], np.array([0, 1])),
        ...            "solutions.text": TextColumn(["return b"], np.array([0, 1]))}
        >>> batch = Batch(["p"], [""], [[]], prepared=columns)
        >>> EditSimilarity().measure(batch, None).values.tolist()
        [[0.875, 1.0]]
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        name="edit_similarity",
        revision=1,
        title="characters that a program shares with the reference solution, in order",
        use="code completion, where the reference is the line a person wrote; it says nothing of "
        "whether a program works: two right programs may look unlike each other",
        tasks=("code",),
        needs=NEEDS,
        multi_reference="best",
        source=_SOURCE,
        sees=frozenset({"partial", "spelling", "endings", "order"}),
        texts_per_second=1_000_000,
    )

    def outputs(self) -> tuple[Output, ...]:
        """One number, the mean similarity."""
        return (Output("edit_similarity", meaning=self.info.title),)

    def measure(self, batch: Batch, context: None) -> Statistics:
        """Rows ``(similarity, 1)``."""
        return _measured(batch, _similarities, str.strip)


@dataclass(frozen=True, slots=True)
class CodeExactMatch(MeanMetric[None]):
    r"""1 if a program is a reference solution, but for white space.

    Input: any number of programs and of reference solutions per item. Two texts are equal if their
    words (``str.split``) are: indentation and line breaks do not count, comments do.

    Output: per item the share of its programs that equal any solution; the corpus score is the mean
    of items, a fraction from 0 to 1, higher is better. Items without a solution are skipped.

    Edge cases: an empty program equals only an empty solution.

    Differs from: CodeXGLUE's evaluator prints percent, and writes literals such as ``<STR_LIT:x>``
    as ``x`` before comparing.

    Source: Lu et al. 2021, "CodeXGLUE".

    Example:
        >>> columns = {"programs.text": TextColumn(["x  = 1"], np.array([0, 1])),
        ...            "solutions.text": TextColumn(["x = 1\n"], np.array([0, 1]))}
        >>> batch = Batch(["p"], [""], [[]], prepared=columns)
        >>> CodeExactMatch().measure(batch, None).values.tolist()
        [[1.0, 1.0]]
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        name="code_exact_match",
        revision=1,
        title="share of programs that are the reference solution, but for white space",
        use="completion of single lines; whole functions are hardly ever written twice alike",
        tasks=("code",),
        needs=NEEDS,
        multi_reference="best",
        source=_SOURCE,
        sees=frozenset({"order"}),
        texts_per_second=100_000,
    )

    def outputs(self) -> tuple[Output, ...]:
        """One number, the share of exact matches."""
        return (Output("code_exact_match", meaning=self.info.title),)

    def measure(self, batch: Batch, context: None) -> Statistics:
        """Rows ``(1 if equal else 0, 1)``."""
        return _measured(batch, _equal, lambda text: " ".join(text.split()))


def _similarities(programs: list[str], solutions: list[str]) -> Array:
    return cpdist(programs, solutions, scorer=Indel.normalized_similarity, dtype=np.float64)


def _equal(programs: list[str], solutions: list[str]) -> Array:
    return np.fromiter(map(str.__eq__, programs, solutions), np.float64, len(programs))


def _measured(
    batch: Batch,
    compare: Callable[[list[str], list[str]], Array],
    normalize: Callable[[str], str],
) -> Statistics:
    """The mean over an item's programs of the best comparison with one of its solutions."""
    programs, solutions = batch.text(NEEDS[0]), batch.text(NEEDS[1])
    each, offered = np.diff(programs.item_offsets), np.diff(solutions.item_offsets)
    program, solution = _pairs(each, offered, solutions.item_offsets)
    made, known = _normalized(programs, normalize), _normalized(solutions, normalize)
    scores = compare([made[i] for i in program.tolist()], [known[i] for i in solution.tolist()])
    best = np.zeros(len(made))
    np.maximum.at(best, program, scores)
    sums = np.bincount(np.repeat(np.arange(len(each)), each), weights=best, minlength=len(each))
    skips = dict.fromkeys(np.flatnonzero(offered == 0).tolist(), NO_REFERENCE)
    return mean_statistics(sums / np.maximum(each, 1), skips=skips)


def _pairs(each: Ints, offered: Ints, first: Ints) -> tuple[Ints, Ints]:
    """Every program beside every solution of its item: numbers of both, shape (pairs,) each."""
    item = np.repeat(np.arange(len(each)), each)
    count = offered[item]
    program = np.repeat(np.arange(len(item)), count)
    place = np.arange(len(program)) - np.repeat(np.cumsum(count) - count, count)
    return program, first[:-1][item][program] + place


def _normalized(column: TextColumn, normalize: Callable[[str], str]) -> list[str]:
    return [*map(normalize, column.texts)]


METRICS = (EditSimilarity, CodeExactMatch)
