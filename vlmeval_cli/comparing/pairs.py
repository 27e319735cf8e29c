"""Every run against the baseline and against full fine-tuning: differences and verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from vlmeval_cli.comparing.seeds import over_all_seeds, tested_over_seeds
from vlmeval_cli.core.comparison import ComparedRun, Difference, Family, Pair
from vlmeval_cli.core.config import PairPolicy, StatisticsPolicy
from vlmeval_cli.core.metric import Output
from vlmeval_cli.core.results import MeasuredMetric
from vlmeval_cli.stats.correction import adjusted
from vlmeval_cli.stats.equivalence import verdict
from vlmeval_cli.stats.letters import letters
from vlmeval_cli.stats.paired import Resampling, differences
from vlmeval_cli.stats.power import items_needed, smallest_difference
from vlmeval_cli.stats.summary import Subset

MOST_LETTERED = 12  # runs; of more, the pairs are too many to be tested for letters alone

Indices = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Paired:
    """What the pairs of runs show.

    Attributes:
        shown: the pairs that were asked for, by output.
        letters: output → letters of the runs.
        family: of the tests of ``shown``.
    """

    shown: Sequence[Pair]
    letters: Mapping[str, Sequence[str]]
    family: Family


def paired(
    runs: Sequence[ComparedRun],
    outputs: Sequence[str],
    shown: Sequence[Indices],
    statistics: StatisticsPolicy,
    policy: PairPolicy,
) -> Paired:
    """Differences of runs over the same items.

    Args:
        runs: the runs.
        outputs: names of the outputs that all runs have.
        shown: (run, against) of the differences that are told, in this order.
        statistics: resamples, confidence and seed.
        policy: tests, correction, margin.
    """
    is_lettered = len(runs) <= MOST_LETTERED
    every = [pair for pair in combinations(range(len(runs)), 2) if is_lettered]
    wanted = list(dict.fromkeys((*shown, *(_as_shown(pair, shown) for pair in every))))
    found = _differences(runs, outputs, wanted, statistics, policy)
    pairs = _judged([found[pair] for pair in shown], statistics, policy)
    return Paired(
        shown=[
            _between(runs[run], runs[other], one)
            for (run, other), own in zip(shown, pairs, strict=True)
            for one in own.values()
        ],
        letters=_letters(runs, outputs, every, found, statistics, policy) if is_lettered else {},
        family=Family(policy.correction, _n_tested(pairs)),
    )


def _between(run: ComparedRun, other: ComparedRun, pair: Pair) -> Pair:
    """The pair with its names. Where seeds limit what can be shown, more items do not tell."""
    needed = pair.items_needed if run.seeds is None and other.seeds is None else None
    return replace(pair, run=run.name, against=other.name, items_needed=needed)


def against_each(n_runs: int, against: Sequence[int]) -> list[Indices]:
    """Every run against each of ``against`` (the baseline, full fine-tuning), no pair twice."""
    found: list[Indices] = []
    for other in against:
        for run in range(n_runs):
            if run != other and (other, run) not in found:
                found.append((run, other))
    return found


def _as_shown(pair: Indices, shown: Sequence[Indices]) -> Indices:
    """The pair the way round in which it is shown, so that nothing is tested twice."""
    first, second = pair
    return (second, first) if (second, first) in shown else pair


def _differences(
    runs: Sequence[ComparedRun],
    outputs: Sequence[str],
    pairs: Sequence[Indices],
    statistics: StatisticsPolicy,
    policy: PairPolicy,
) -> dict[Indices, dict[str, tuple[Output, Difference]]]:
    """Pair → name of the output → what was found."""
    measured = [one for one in runs[0].result.measured if _names(one, outputs)]
    tables = [[over_all_seeds(same_metric(run, one)) for one in measured] for run in runs]
    result = runs[0].result
    resampling = Resampling(result.clusters, statistics, policy, len(result.items))
    metrics = [one.chosen.metric for one in measured]
    (found,) = differences(metrics, tables, pairs, [Subset()], resampling)
    named: dict[Indices, dict[str, tuple[Output, Difference]]] = {}
    for pair, by_metric in zip(pairs, found, strict=True):
        own: dict[str, tuple[Output, Difference]] = {}
        for one, by_output in zip(measured, by_metric, strict=True):
            for name, output in one.chosen.outputs():
                if name in outputs:
                    own[name] = replace(output, name=name), by_output[output.name]
        named[pair] = _over_seeds(own, runs, pair, statistics)
    return named


def _over_seeds(
    found: dict[str, tuple[Output, Difference]],
    runs: Sequence[ComparedRun],
    pair: Indices,
    statistics: StatisticsPolicy,
) -> dict[str, tuple[Output, Difference]]:
    trained = runs[pair[0]].trained, runs[pair[1]].trained
    if len(trained[0]) == len(trained[1]) == 1:
        return found
    return {
        name: (output, tested_over_seeds(one, output, trained, statistics.confidence))
        for name, (output, one) in found.items()
    }


def _names(one: MeasuredMetric, outputs: Sequence[str]) -> list[str]:
    return [name for name, _ in one.chosen.outputs() if name in outputs]


def same_metric(run: ComparedRun, measured: MeasuredMetric) -> list[MeasuredMetric]:
    """The metric in every seed of a run: the one that gives the same outputs."""
    wanted = {name for name, _ in measured.chosen.outputs()}
    return [
        max(
            result.measured,
            key=lambda one: len(wanted & {name for name, _ in one.chosen.outputs()}),
        )
        for result in run.trained
    ]


def _judged(
    found: Sequence[dict[str, tuple[Output, Difference]]],
    statistics: StatisticsPolicy,
    policy: PairPolicy,
) -> list[dict[str, Pair]]:
    """The differences with corrected p-values and verdicts; names of runs are filled in later."""
    alpha = 1.0 - statistics.confidence
    p_values = [one.p_value for own in found for _, one in own.values()]
    corrected = iter(adjusted(p_values, policy.correction))
    n_tested = sum(p is not None for p in p_values)
    level = alpha if policy.correction == "none" else alpha / max(1, n_tested)
    return [
        {
            name: _pair(output, one, next(corrected), (alpha, level), policy)
            for name, (output, one) in own.items()
        }
        for own in found
    ]


def _pair(
    output: Output,
    found: Difference,
    p_adjusted: float | None,
    levels: tuple[float, float],
    policy: PairPolicy,
) -> Pair:
    """The pair, at the level of one test and at that which is left of it to each of them all."""
    alpha, corrected_level = levels
    error = found.standard_error
    judged = verdict(
        found.difference,
        found.narrow_low,
        found.narrow_high,
        p_adjusted,
        alpha=alpha,
        margin=policy.margin,
        higher_is_better=output.higher_is_better,
    )
    needed = None
    if judged == "undecided" and found.difference and error:
        needed = items_needed(found.difference, error, found.n, corrected_level)
        if needed is not None and needed <= found.n:
            needed = None  # an exact test of few items asks for more than this approximation
    return Pair(
        run="",
        against="",
        output=output,
        found=found,
        p_adjusted=p_adjusted,
        verdict=judged,
        smallest=smallest_difference(error, alpha) if error else None,
        items_needed=needed,
    )


def _n_tested(pairs: Sequence[Mapping[str, Pair]]) -> int:
    return sum(one.found.p_value is not None for own in pairs for one in own.values())


def _letters(
    runs: Sequence[ComparedRun],
    outputs: Sequence[str],
    every: Sequence[Indices],
    found: Mapping[Indices, dict[str, tuple[Output, Difference]]],
    statistics: StatisticsPolicy,
    policy: PairPolicy,
) -> dict[str, list[str]]:
    """Letters by output, corrected for all pairs of runs and all outputs."""
    alpha = 1.0 - statistics.confidence
    keys = [pair if pair in found else (pair[1], pair[0]) for pair in every]
    p_values = [found[key][name][1].p_value for name in outputs for key in keys]
    corrected = adjusted(p_values, policy.correction)
    lettered: dict[str, list[str]] = {}
    for i, name in enumerate(outputs):
        own = corrected[i * len(keys) : (i + 1) * len(keys)]
        differ = {key for key, p in zip(keys, own, strict=True) if p is not None and p <= alpha}
        order = _best_first(runs, name)
        if order is not None and None not in own:
            lettered[name] = letters(len(runs), differ, order)
    return lettered


def _best_first(runs: Sequence[ComparedRun], name: str) -> list[int] | None:
    values = [run.scores[name].value for run in runs]
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return None
    sign = -1.0 if runs[0].scores[name].output.higher_is_better else 1.0
    return sorted(range(len(runs)), key=lambda i: sign * known[i])
