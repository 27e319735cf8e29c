"""Whether runs may be compared: the same items, references and signatures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from vlmeval_cli.core.batch import Ints
from vlmeval_cli.core.config import StatisticsPolicy
from vlmeval_cli.core.metric import MetricStatistics
from vlmeval_cli.core.results import ItemScores, RunResult, Score
from vlmeval_cli.core.signature import of_items
from vlmeval_cli.stats.outcomes import counted
from vlmeval_cli.stats.summary import Estimate, Subset, estimates

_SHORT = 60
_SELECTION = frozenset({"missing", "limit"})  # how items were selected, beside "where …"


def at_items(result: RunResult, order: Sequence[int]) -> RunResult:
    """A saved run over some of its items, in the order given, its scores made anew."""
    places = np.asarray(order, dtype=np.int64)
    n = len(result.items)
    statistics = {name: _at(own, places, n) for name, own in result.statistics.items()}
    clusters = None if result.clusters is None else _renumbered(result.clusters[places])
    items = _items_at(result.items, places)
    smaller = replace(
        result,
        statistics=statistics,
        clusters=clusters,
        items=items,
        outcomes=counted([*items.outcomes]),
        groups=(),
        tables={},
    )
    return replace(smaller, scores=_scores(smaller))


def policy_of(result: RunResult) -> StatisticsPolicy:
    """How the intervals of a run were made."""
    options = result.statistics_options
    return StatisticsPolicy(options["resamples"], options["confidence"], options["seed"])


def named_clusters(policy: StatisticsPolicy, result: RunResult) -> StatisticsPolicy:
    """The policy with the field that clusters the items, so that tests are told by its name."""
    return replace(policy, cluster_by=result.statistics_options.get("cluster_by") or "none")


def _scores(result: RunResult) -> dict[str, Score]:
    measured = result.measured
    (found,) = estimates(
        [one.chosen.metric for one in measured],
        [one.statistics for one in measured],
        [Subset()],
        result.clusters,
        policy_of(result),
        len(result.items),
    )
    return {
        name: _rescored(result.scores[name], own[output.name])
        for one, own in zip(measured, found, strict=True)
        for name, output in one.chosen.outputs()
    }


def _rescored(score: Score, estimate: Estimate) -> Score:
    reason = None if estimate.value is not None else score.reason or "undefined for these items"
    return replace(
        score,
        value=estimate.value,
        ci_low=estimate.low,
        ci_high=estimate.high,
        n=estimate.n,
        skipped=estimate.skipped,
        reason=reason,
    )


def _at(statistics: MetricStatistics, places: Ints, n: int) -> MetricStatistics:
    new = np.full(n, -1, dtype=np.int64)
    new[places] = np.arange(len(places))
    skips = {int(new[i]): why for i, why in statistics.skips.items() if new[i] >= 0}
    if statistics.item is None:
        return replace(statistics, values=statistics.values[places], skips=skips)
    owner = new[statistics.item]
    order = np.argsort(owner, kind="stable")
    order = order[owner[order] >= 0]
    return replace(statistics, values=statistics.values[order], item=owner[order], skips=skips)


def _renumbered(clusters: Ints) -> Ints:
    return np.unique(clusters, return_inverse=True)[1].astype(np.int64)


def _items_at(items: ItemScores, places: Ints) -> ItemScores:
    order = places.tolist()
    new = {old: i for i, old in enumerate(order)}

    def moved(by_item: Mapping[int, str]) -> dict[int, str]:
        return {new[i]: why for i, why in by_item.items() if i in new}

    return ItemScores(
        ids=[items.ids[i] for i in order],
        predictions=[items.predictions[i] for i in order],
        raw=[items.raw[i] for i in order],
        references=[items.references[i] for i in order],
        outcomes=[items.outcomes[i] for i in order],
        reasons=moved(items.reasons),
        scores={name: column[places] for name, column in items.scores.items()},
        skips={name: moved(own) for name, own in items.skips.items()},
        groups={name: [column[i] for i in order] for name, column in items.groups.items()},
        slices={name: [column[i] for i in order] for name, column in items.slices.items()},
        helped=None if items.helped is None else moved(items.helped),
    )


def common_outputs(results: Iterable[RunResult]) -> tuple[list[str], list[str]]:
    """Outputs that all runs have, in the order of the first, and those that only some have."""
    first, *others = [[*result.scores] for result in results]
    common = [name for name in first if all(name in names for names in others)]
    everything = dict.fromkeys(name for names in (first, *others) for name in names)
    return common, [name for name in everything if name not in common]


def signature_differences(
    base: RunResult, other: RunResult, outputs: Sequence[str], *, same_items: bool
) -> list[str]:
    """What keeps two runs from being comparable, in words; empty where nothing does.

    Args:
        base: a run.
        other: another one.
        outputs: that are to be compared.
        same_items: both are over all items they were scored on; otherwise what all items say
            together (the hash of all references) is made anew from those that are left, and how
            items were selected no longer matters.
    """
    mine, theirs = (_comparable(one, outputs) for one in (base, other))
    if not same_items:
        for own, result in ((mine, base), (theirs, other)):
            own["references"] = of_items(result.items.ids, _plain(result.items.references))
            own["join"] = _without_selection(own["join"])
            own["metrics"] = {name: _without_whole(one) for name, one in own["metrics"].items()}
    return [*_unequal(mine, theirs, "")]


def _without_selection(part: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: value
        for key, value in part.items()
        if key not in _SELECTION and not key.startswith("where ")
    }


def _without_whole(part: Mapping[str, Any]) -> dict[str, Any]:
    """Less the hash of the images of all items, which parts of them do not have."""
    return {key: value for key, value in _without_selection(part).items() if key != "images"}


def _plain(references: Sequence[Sequence[Any]]) -> list[list[str]]:
    return [[str(one) for one in accepted] for accepted in references]


def _comparable(result: RunResult, outputs: Sequence[str]) -> dict[str, Any]:
    whole = dict(result.signature.comparable)
    whole["metrics"] = {name: dict(result.scores[name].signature.comparable) for name in outputs}
    return whole


def _unequal(mine: object, theirs: object, path: str) -> Iterator[str]:
    if isinstance(mine, Mapping) and isinstance(theirs, Mapping):
        for key in dict.fromkeys((*mine, *theirs)):
            inner = f"{path} {key}".strip()
            yield from _unequal(mine.get(key), theirs.get(key), inner)
    elif _listed(mine) != _listed(theirs):
        yield f"{path}: {_cut(mine)} against {_cut(theirs)}"


def _listed(value: object) -> object:
    """Tuples as the lists that JSON makes of them."""
    return [*map(_listed, value)] if isinstance(value, list | tuple) else value


def _cut(value: object) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= _SHORT else f"{text[:_SHORT]}…"
