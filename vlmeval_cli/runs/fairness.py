"""Tables of how far the groups of a run lie apart, for the groupings that the user asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from vlmeval_cli.core.config import StatisticsPolicy
from vlmeval_cli.core.metric import Table
from vlmeval_cli.core.results import RunResult, Study
from vlmeval_cli.runs.grouping import Family
from vlmeval_cli.stats.correction import holm
from vlmeval_cli.stats.gaps import Gap, gaps
from vlmeval_cli.stats.group_draws import Sampling, n_permutations

LEAST = 20  # scored items that a group needs to be compared
MOST_GROUPS = 100  # of one grouping; more are names of items, not groups
_SHOWN = 20
_GAPS = (
    "by", "score", "groups", "best", "best score", "worst", "worst score", "gap", "gap low",
    "gap high", "ratio", "ratio low", "ratio high", "p", "p corrected",
)  # fmt: skip
_GAPS_SHOWN = (
    "by", "score", "best", "worst", "gap", "gap low", "gap high", "ratio", "p corrected",
)  # fmt: skip
_GROUPS = (
    "by", "group", "score", "items", "group score", "rest score", "difference", "low", "high",
    "p corrected",
)  # fmt: skip


class _Found(NamedTuple):
    """The gap of one output between the groups of one grouping."""

    family: Family
    output: str
    gap: Gap


def fairness(result: RunResult, families: Sequence[Family], policy: StatisticsPolicy) -> Study:
    """How far the groups lie apart, and each of them beside the rest.

    Args:
        result: the run, with its statistics.
        families: groupings; those that were not asked for are passed over.
        policy: of resampling.
    """
    asked = [family for family in families if family.is_asked]
    usable = [family for family in asked if 1 < len(_large(family)) <= MOST_GROUPS]
    found = [one for family in usable for one in _gaps(result, family, policy)]
    notes = (*_notes(asked), *_fixed_frequencies(result, asked))
    if not found:
        return Study({}, notes)
    corrected = holm([one.gap.p_value for one in found])
    tables = {
        "gaps": _gap_table(found, corrected, _how(result, policy)),
        "group_gaps": _group_table(result, found, corrected, policy),
    }
    return Study(tables, notes)


def _large(family: Family) -> list[int]:
    return [i for i, (_, items) in enumerate(family.groups) if len(items) >= LEAST]


def _gaps(result: RunResult, family: Family, policy: StatisticsPolicy) -> Iterator[_Found]:
    large = [family.groups[i] for i in _large(family)]
    own = Family(family.fields, large, is_asked=True)
    sampling = Sampling(len(result.items), result.clusters, policy)
    pairs = [(one.chosen.metric, one.statistics) for one in result.measured]
    by_metric = gaps(pairs, [items for _, items in large], sampling, LEAST)
    for one, outputs in zip(result.measured, by_metric, strict=True):
        for name, output in one.chosen.outputs():
            gap = outputs[output.name]
            if gap.best is not None:
                yield _Found(own, name, gap)


def _gap_table(found: Sequence[_Found], corrected: Sequence[float | None], how: str) -> Table:
    rows = [_gap_row(one, p) for one, p in zip(found, corrected, strict=True)]
    n_tests = sum(p is not None for p in corrected)
    tested = f"; p of any difference, corrected for {n_tests}" if n_tests else ""
    return Table(
        title=f"Gaps between groups{how}{tested}",
        columns=_GAPS,
        rows=rows,
        shown_columns=_GAPS_SHOWN,
    )


def _gap_row(one: _Found, corrected: float | None) -> list[str | float | int | None]:
    gap = one.gap
    compared = [group for group in gap.groups if group.difference.value is not None]
    return [
        one.family.name,
        one.output,
        len(compared),
        *_end(one, gap.best),
        *_end(one, gap.worst),
        *(gap.gap.value, gap.gap.low, gap.gap.high),
        *(gap.ratio.value, gap.ratio.low, gap.ratio.high),
        gap.p_value,
        corrected,
    ]


def _end(one: _Found, group: int | None) -> tuple[str | None, float | None]:
    if group is None:
        return None, None
    return ", ".join(one.family.groups[group][0]), one.gap.groups[group].score


def _group_table(
    result: RunResult,
    found: Sequence[_Found],
    corrected: Sequence[float | None],
    policy: StatisticsPolicy,
) -> Table:
    """Every group beside the rest; the primary output first, which is all that is shown."""
    pairs = sorted(
        zip(found, corrected, strict=True), key=lambda pair: pair[0].output != result.primary
    )
    rows = [row for one, p in pairs for row in _group_rows(one, p)]
    primary = sum(row[2] == result.primary for row in rows)
    return Table(
        title=f"Groups beside all other items ({100 * policy.confidence:g}% intervals for all "
        "groups of a grouping at once; p corrected for groups, groupings and scores)",
        columns=_GROUPS,
        rows=rows,
        shown=min(primary or _SHOWN, _SHOWN),
    )


def _group_rows(one: _Found, family_p: float | None) -> Iterator[list[str | float | int | None]]:
    """The groups that can be compared, the furthest from the rest first.

    A group stands out only where its grouping does: its p-value is no smaller than that of the
    grouping, which is corrected for all groupings and outputs.
    """
    pairs = [*zip(one.family.groups, one.gap.groups, strict=True)]
    pairs.sort(key=lambda pair: -abs(pair[1].difference.value or 0.0))
    for (values, _), own in pairs:
        if own.difference.value is None:
            continue
        known = own.p_value is not None and family_p is not None
        yield [
            one.family.name,
            ", ".join(values),
            one.output,
            own.n,
            own.score,
            own.rest,
            own.difference.value,
            own.difference.low,
            own.difference.high,
            max(own.p_value, family_p) if known else None,  # type: ignore[type-var]  # known
        ]


def _how(result: RunResult, policy: StatisticsPolicy) -> str:
    if not policy.resamples:
        return ""
    pairs = [(one.chosen.metric, one.statistics) for one in result.measured]
    count = n_permutations(pairs, len(result.items), policy)
    return (
        f" ({100 * policy.confidence:g}% intervals for all pairs at once, {count:,} permutations)"
    )


def _notes(asked: Sequence[Family]) -> Iterator[str]:
    for family in asked:
        large = _large(family)
        if len(large) > MOST_GROUPS:
            yield f"by {family.name}: {len(large):,} groups are too many to be compared"
            continue
        small = [
            ", ".join(values) for i, (values, _) in enumerate(family.groups) if i not in set(large)
        ]
        if len(large) < 2:
            yield f"by {family.name}: fewer than two groups have {LEAST} items, so none is compared"
        elif small:
            shown = ", ".join(f'"{name}"' for name in small[:3])
            more = f" and {len(small) - 3:,} more" if len(small) > 3 else ""
            yield f"by {family.name}: fewer than {LEAST} items, not compared: {shown}{more}"


def _fixed_frequencies(result: RunResult, asked: Sequence[Family]) -> tuple[str, ...]:
    """CIDEr weighs words by how rare they are, and a group does not have frequencies of its own."""
    if not asked and not result.groups:
        return ()
    names = [name for name, score in result.scores.items() if score.metric == "cider"]
    if not names:
        return ()
    place = result.scores[names[0]].signature.comparable.get("df", "references")
    source = "the references of all items" if place == "references" else f'the file "{place}"'
    return (
        f"{', '.join(names)} of a group: words are weighted by their document frequencies in "
        f"{source}, the same for every group",
    )
