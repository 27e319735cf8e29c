"""Every test of a comparison: which output gets which, and what they find."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from vlmeval_cli.core.batch import Array, Ints
from vlmeval_cli.core.config import PairPolicy, StatisticsPolicy
from vlmeval_cli.core.metric import Metric, MetricStatistics, Output
from vlmeval_cli.stats.item_moves import Moves, moves
from vlmeval_cli.stats.matching import Contest, Matched, contest
from vlmeval_cli.stats.mcnemar import exact_mcnemar
from vlmeval_cli.stats.pooled_randomization import randomized_pooled
from vlmeval_cli.stats.procedures import (
    Duel,
    comet_compare,
    sacrebleu_bootstrap,
    sacrebleu_randomization,
)
from vlmeval_cli.stats.randomization import Trials, randomized
from vlmeval_cli.stats.rescoring import Subset
from vlmeval_cli.stats.summary import item_scores
from vlmeval_cli.stats.testing import Facts, Kind, Tested, choose


class Resampling(NamedTuple):
    """How items are resampled.

    Attributes:
        clusters: cluster number of every item, shape (n,); None where each stands alone.
        statistics: resamples, confidence and seed, as for the intervals of scores.
        pairs: the test.
        n: number of items.
    """

    clusters: Ints | None
    statistics: StatisticsPolicy
    pairs: PairPolicy
    n: int

    @property
    def trials(self) -> Trials:
        """Of the randomisation tests."""
        field = self.statistics.cluster_by
        unit = "cluster" if field in ("auto", "none") else field
        units = "" if self.clusters is None else f", by {unit}"
        return Trials(self.pairs.trials, self.statistics.seed, units)


@dataclass(frozen=True, slots=True)
class Match:
    """A metric by which runs are compared, with what decides the tests.

    Attributes:
        contest: statistics of the pairs.
        items: item scores of every run by output name; none where items have none.
        binary: outputs of which every item scores 0 or 1.
        kinds: output → its test, and why it is not the one that was asked for.
    """

    contest: Contest
    items: Sequence[Mapping[str, Array]]
    binary: frozenset[str]
    kinds: Mapping[str, tuple[Kind, str]]

    def gets(self, *kinds: Kind) -> bool:
        """Whether an output is tested by one of ``kinds``."""
        return any(kind in kinds for kind, _ in self.kinds.values())

    def moves(self, pair: Matched, output: Output, subset: Subset) -> Moves | None:
        """Items on which the runs differ; None where items have no scores."""
        sides = [self.items[run].get(output.name) for run in (pair.run, pair.against)]
        if sides[0] is None or sides[1] is None:
            return None
        return moves(subset.rows(sides[0]), subset.rows(sides[1]), output)


Tests = dict[tuple[int, int, int], dict[str, Tested]]  # (subset, metric, pair) → output → test


def match(
    metric: Metric[Any],
    runs: Sequence[MetricStatistics],
    pairs: Sequence[tuple[int, int]],
    resampling: Resampling,
) -> Match:
    """The runs of a metric, and how its outputs are tested."""
    one = contest(metric, runs, pairs)
    items = [item_scores(metric, own, resampling.n) for own in runs]
    binary = frozenset(
        output.name
        for output in metric.outputs()
        if output.kind == "binary" and all(_is_binary(own.get(output.name)) for own in items)
    )
    kinds = {
        output.name: choose(
            resampling.pairs.test,
            output,
            Facts(one.is_pooled, output.name in binary, resampling.clusters is not None),
        )
        for output in metric.outputs()
    }
    return Match(one, items, binary, kinds)


def tested(matches: Sequence[Match], subsets: Sequence[Subset], resampling: Resampling) -> Tests:
    """What every test finds but the bootstrap's, which is read off the intervals' resamples."""
    found: Tests = {}
    _by_randomization(matches, subsets, resampling, found)
    _by_items(matches, subsets, resampling, found)
    for s, subset in enumerate(subsets):
        _by_sacrebleu(matches, s, subset, resampling, found)
    return found


def _by_randomization(
    matches: Sequence[Match], subsets: Sequence[Subset], resampling: Resampling, found: Tests
) -> None:
    chosen = [(m, one.contest) for m, one in enumerate(matches) if one.gets("randomization")]
    how = (resampling.clusters, resampling.n, resampling.trials)
    additive = [(m, one) for m, one in chosen if not one.is_pooled]
    for s, by_metric in enumerate(randomized([one for _, one in additive], subsets, *how)):
        for (m, _), by_pair in zip(additive, by_metric, strict=True):
            found |= {(s, m, p): tests for p, tests in enumerate(by_pair)}
    for m, one in chosen:
        if one.is_pooled:
            for s, by_pair in enumerate(randomized_pooled(one, subsets, *how)):
                found |= {(s, m, p): tests for p, tests in enumerate(by_pair)}


def _by_items(
    matches: Sequence[Match], subsets: Sequence[Subset], resampling: Resampling, found: Tests
) -> None:
    """The tests of item scores: McNemar's and COMET's."""
    for m, one in enumerate(matches):
        for output in one.contest.metric.outputs():
            kind, _ = one.kinds[output.name]
            if kind not in ("mcnemar", "comet"):
                continue
            for s, subset in enumerate(subsets):
                for p, pair in enumerate(one.contest.pairs):
                    test = _of_items(one, pair, output, subset, resampling)
                    found.setdefault((s, m, p), {})[output.name] = test


def _of_items(
    one: Match, pair: Matched, output: Output, subset: Subset, resampling: Resampling
) -> Tested:
    if one.kinds[output.name][0] == "mcnemar":
        found = one.moves(pair, output, subset)
        wins, losses = (found.wins, found.losses) if found else (0, 0)
        return Tested(exact_mcnemar(wins, losses), "exact McNemar")
    items = pair.items(subset, resampling.n)
    mine, theirs = (one.items[run][output.name][items] for run in (pair.run, pair.against))
    known = np.isfinite(mine) & np.isfinite(theirs)
    return comet_compare(mine[known], theirs[known], resampling.statistics.seed)


def _by_sacrebleu(
    matches: Sequence[Match], s: int, subset: Subset, resampling: Resampling, found: Tests
) -> None:
    """The tests of sacrebleu, of all pairs together that have the same items."""
    by_items: dict[frozenset[int], list[tuple[int, list[int]]]] = {}
    for m, one in enumerate(matches):
        if one.gets("sacrebleu_bs", "sacrebleu_ar"):
            pairs: dict[frozenset[int], list[int]] = {}
            for p, pair in enumerate(one.contest.pairs):
                pairs.setdefault(pair.unscored, []).append(p)
            for unscored, own in pairs.items():
                by_items.setdefault(unscored, []).append((m, own))
    for places in by_items.values():
        duels = [_duel(matches[m].contest, own, subset, resampling.n) for m, own in places]
        for (m, own), tests in zip(places, _sacrebleu(duels, resampling), strict=True):
            found |= {(s, m, p): test for p, test in zip(own, tests, strict=True)}


def _duel(one: Contest, numbers: Sequence[int], subset: Subset, n: int) -> Duel:
    pairs = [one.pairs[p] for p in numbers]
    items = pairs[0].items(subset, n)
    sides = sorted({side for pair in pairs for side in (pair.side, pair.other)})
    return Duel(
        one.metric,
        [one.sides[side].values[items] for side in sides],
        [(sides.index(pair.side), sides.index(pair.other)) for pair in pairs],
    )


def _sacrebleu(duels: Sequence[Duel], resampling: Resampling) -> list[list[dict[str, Tested]]]:
    policy = resampling.statistics
    is_bootstrap = resampling.pairs.test == "sacrebleu_bs"
    draws = policy.resamples if is_bootstrap else resampling.pairs.trials
    if not draws or not len(duels[0].runs[0]):
        what = "resamples" if is_bootstrap else "trials"
        unknown = Tested(None, f"sacrebleu's test, 0 {what}", "there is nothing to resample")
        return [
            [{output.name: unknown for output in duel.metric.outputs()} for _ in duel.pairs]
            for duel in duels
        ]
    test = sacrebleu_bootstrap if is_bootstrap else sacrebleu_randomization
    return test(duels, draws, policy.seed)


def _is_binary(scores: Array | None) -> bool:
    if scores is None:
        return False
    return bool((np.isnan(scores) | (scores == 0.0) | (scores == 1.0)).all())
