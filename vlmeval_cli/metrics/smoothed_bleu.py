"""Smoothed BLEU of programs, as CodeXGLUE scores generated code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from vlmeval_cli.core.batch import Array, Batch, Ints, TokenColumn, offsets_of
from vlmeval_cli.core.metric import Metric, MetricInfo, Output, Statistics
from vlmeval_cli.text.ngrams import clipped_matches, predictions_with_references

_ORDER = 4
NEEDS = ("programs.tokens:whitespace", "solutions.tokens:whitespace")
NO_REFERENCE = "no_reference"


@dataclass(frozen=True, slots=True)
class SmoothedBleu(Metric[None]):
    """BLEU-4 of generated code with one match and one n-gram added to every order.

    Input: any number of programs per item, each compared with all reference solutions; tokens are
    what white space separates. An n-gram counts at most as often as in the solution that has it
    most. The reference length is that of the shortest solution.

    Output: ``smoothed_bleu_4``, a fraction from 0 to 1, higher is better. The corpus score comes
    from counts summed over all programs, not from item scores.

    Edge cases: one is added to matches and n-grams of all four orders, unigrams too, so a text
    without a match does not score 0 (five words against five others: 0.23); an empty program does.
    Items without a solution are skipped.

    Differs from: CodeXGLUE's ``bleu.py`` prints percent rounded to two digits and fails where all
    programs are empty. NLTK's ``method2`` adds nothing to unigrams. Its ``code-to-text`` script
    for comments is another BLEU.

    Source: Lin and Och 2004 (ORANGE); Lu et al. 2021, "CodeXGLUE", text-to-code.

    Example:
        >>> matches, possible, programs = [3, 1, 0, 0], [4, 3, 2, 1], 1
        >>> totals = np.array([*matches, *possible, 4, 4, programs], dtype=float)
        >>> round(float(SmoothedBleu().finalize(totals)["smoothed_bleu_4"]), 6)
        0.508133
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        name="smoothed_bleu",
        revision=1,
        title="n-grams of a program that occur in the reference solution, one added to each count",
        use="generated code, to compare with CodeXGLUE's tables; it says nothing of whether a "
        "program works",
        tasks=("code",),
        needs=NEEDS,
        multi_reference="pooled",
        source="Lin and Och 2004; CodeXGLUE, bleu.py of text-to-code",
        sees=frozenset({"partial", "order"}),
        texts_per_second=100_000,
    )

    def outputs(self) -> tuple[Output, ...]:
        """One number, BLEU-4."""
        return (Output("smoothed_bleu_4", kind="ratio", meaning=self.info.title),)

    def measure(self, batch: Batch, context: None) -> Statistics:
        """Rows of matches and n-grams by order, both lengths, and the number of programs."""
        programs, solutions = (batch.tokens(name) for name in NEEDS)
        each, offered = np.diff(programs.item_offsets), np.diff(solutions.item_offsets)
        item = np.repeat(np.arange(len(batch)), each)
        kept = offered[item] > 0
        pairs = predictions_with_references(
            _of_texts(programs, np.flatnonzero(kept), np.ones(int(kept.sum()), dtype=np.int64)),
            _of_items(solutions, item[kept]),
        )
        lengths = pairs.lengths[pairs.is_prediction]
        counts = [
            *clipped_matches(pairs, _ORDER),
            *(np.maximum(lengths - n, 0) for n in range(_ORDER)),
            lengths,
            _shortest(pairs.lengths[~pairs.is_prediction], pairs.item[~pairs.is_prediction]),
            np.ones_like(lengths),
        ]
        rows = np.zeros((len(batch), len(counts)))
        np.add.at(rows, item[kept], np.column_stack(counts))
        return Statistics(
            rows, skips=dict.fromkeys(np.flatnonzero(offered == 0).tolist(), NO_REFERENCE)
        )

    def finalize(self, totals: Array) -> dict[str, Array]:
        """Geometric mean of the smoothed precisions, less the penalty for brevity."""
        totals = np.asarray(totals, dtype=np.float64)
        matched, possible = totals[..., :_ORDER], totals[..., _ORDER : 2 * _ORDER]
        length, wanted, programs = (totals[..., i] for i in (-3, -2, -1))
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = np.exp(np.log((matched + 1) / (possible + 1)).mean(axis=-1))
            penalty = np.where(length > wanted, 1.0, np.exp(1 - wanted / length))
        penalty = np.where(wanted == 0, 1.0, penalty)
        return {"smoothed_bleu_4": np.where(programs > 0, mean * penalty, np.nan)}


def _shortest(lengths: Ints, program: npt.NDArray[np.int32]) -> Ints:
    """Length of the shortest solution of each program, shape (programs,)."""
    starts = np.flatnonzero(np.diff(program, prepend=-1))
    return np.minimum.reduceat(lengths, starts) if len(starts) else lengths


def _of_items(column: TokenColumn, items: Ints) -> TokenColumn:
    """The texts of ``items``, which may repeat, as those of items of their own."""
    counts = np.diff(column.item_offsets)[items]
    return _of_texts(column, _ranges(column.item_offsets[items], counts), counts)


def _of_texts(column: TokenColumn, texts: Ints, counts: Ints) -> TokenColumn:
    """The texts numbered ``texts``, ``counts`` of them per item."""
    lengths = np.diff(column.offsets)[texts]
    tokens = column.tokens[_ranges(column.offsets[texts], lengths)]
    return TokenColumn(tokens, offsets_of(lengths), offsets_of(counts), column.vocabulary)


def _ranges(starts: Ints, lengths: Ints) -> Ints:
    """``starts[i]``, ``starts[i] + 1``, … for ``lengths[i]`` numbers each, one after another."""
    before = np.cumsum(lengths) - lengths
    return np.repeat(starts - before, lengths) + np.arange(int(lengths.sum()))


METRICS = (SmoothedBleu,)
