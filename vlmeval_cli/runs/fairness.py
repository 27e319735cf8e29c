"""Tables of how far the groups of a run lie apart, for the groupings that the user asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from vlmeval_cli.core.config import StatisticsPolicy
from vlmeval_cli.core.metric import Table
from vlmeval_cli.core.results import Findings, RunResult
from vlmeval_cli.core.wording import number_of
from vlmeval_cli.runs.grouping import Family
from vlmeval_cli.stats.gaps import Gap, gaps
from vlmeval_cli.stats.group_draws import Sampling, n_permutations
from vlmeval_cli.stats.rescoring import Measured

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
    "by", "group", "score", "items", "group score", "rest score", "difference", "low", "high", "p",
    "p corrected",
)  # fmt: skip


class _Found(NamedTuple):
    """The gap of one output between the groups of one grouping."""

    family: Family
    output: str
    gap: Gap


def fairness(result: RunResult, families: Sequence[Family], policy: StatisticsPolicy) -> Findings:
    """How far the groups lie apart, and each of them beside the rest.

    Args:
        result: the run, with its statistics.
        families: groupings; those that were not asked for are passed over.
        policy: of resampling.
    """
    asked = [family for family in families if family.is_asked]
    usable = [family for family in asked if 1 < len(_large(family)) <= MOST_GROUPS]
    every = _gaps(result, usable, policy)
    found = [one for one in every if one.gap.gap.value is not None]
    notes = (*_notes(asked), *_notes_of_few(every), *_fixed_frequencies(result))
    if not found:
        return Findings({}, notes)
    how = _how(result, found, policy)
    return Findings({"gaps": _gap_table(found, how), "group_gaps": _group_table(found, how)}, notes)


def _large(family: Family) -> list[int]:
    return [i for i, (_, items) in enumerate(family.groups) if len(items) >= LEAST]


def _gaps(result: RunResult, families: Sequence[Family], policy: StatisticsPolicy) -> list[_Found]:
    """The gaps of all groupings and outputs, those of the primary output first."""
    large = [
        Family(family.fields, [family.groups[i] for i in _large(family)], is_asked=True)
        for family in families
    ]
    sampling = Sampling(len(result.items), result.clusters, policy)
    groupings = [[items for _, items in family.groups] for family in large]
    found = [
        _Found(family, name, outputs[output.name])
        for family, by_metric in zip(
            large, gaps(_pairs(result), groupings, sampling, LEAST), strict=True
        )
        for one, outputs in zip(result.measured, by_metric, strict=True)
        for name, output in one.chosen.outputs()
    ]
    return sorted(found, key=lambda one: one.output != result.primary)


def _pairs(result: RunResult) -> list[Measured]:
    return [Measured(one.chosen.metric, one.statistics) for one in result.measured]


class _How(NamedTuple):
    """How gaps were found, for titles: intervals, tests, and how many rows are worth a look."""

    intervals: str
    tests: str
    n_primary: int


def _how(result: RunResult, found: Sequence[_Found], policy: StatisticsPolicy) -> _How:
    n_primary = sum(one.output == result.primary for one in found)
    if not policy.resamples:
        return _How("", "", n_primary or len(found))
    count = n_permutations(_pairs(result), len(result.items), policy)
    outputs = number_of(len({one.output for one in found}), "score")
    families = number_of(len({one.family.fields for one in found}), "grouping")
    tests = f"p corrected for {families} and {outputs}, {count:,} permutations"
    return _How(f"{100 * policy.confidence:g}% intervals", tests, n_primary or len(found))


def _gap_table(found: Sequence[_Found], how: _How) -> Table:
    about = f" ({how.intervals} for all pairs at once; {how.tests})" if how.tests else ""
    return Table(
        title=f"Gaps between groups{about}",
        columns=_GAPS,
        rows=[*map(_gap_row, found)],
        shown=min(how.n_primary, _SHOWN),
        shown_columns=_GAPS_SHOWN,
    )


def _gap_row(one: _Found) -> list[str | float | int | None]:
    gap = one.gap
    return [
        one.family.name,
        one.output,
        sum(group.difference.value is not None for group in gap.groups),
        *_end(one, gap.best),
        *_end(one, gap.worst),
        *(gap.gap.value, gap.gap.low, gap.gap.high),
        *(gap.ratio.value, gap.ratio.low, gap.ratio.high),
        gap.p_value,
        gap.p_corrected,
    ]


def _end(one: _Found, group: int | None) -> tuple[str | None, float | None]:
    if group is None:
        return None, None
    return ", ".join(one.family.groups[group][0]), one.gap.groups[group].score


def _group_table(found: Sequence[_Found], how: _How) -> Table:
    """Every group beside the rest; of the primary output, whose rows are first, all are shown."""
    rows = [[*_group_rows(one)] for one in found]
    about = f" ({how.intervals} for all groups at once; {how.tests})" if how.tests else ""
    return Table(
        title=f"Groups beside all other items{about}",
        columns=_GROUPS,
        rows=[row for own in rows for row in own],
        shown=min(sum(map(len, rows[: how.n_primary])), _SHOWN),
        shown_columns=[name for name in _GROUPS if name != "p"],
    )


def _group_rows(one: _Found) -> Iterator[list[str | float | int | None]]:
    """The groups that can be compared, the furthest from the rest first."""
    pairs = [*zip(one.family.groups, one.gap.groups, strict=True)]
    pairs.sort(key=lambda pair: -abs(pair[1].difference.value or 0.0))
    for (values, _), own in pairs:
        if own.difference.value is None:
            continue
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
            own.p_value,
            own.p_corrected,
        ]


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


def _notes_of_few(found: Sequence[_Found]) -> Iterator[str]:
    """Groups of many items of which few are scored, or that few clusters hold."""
    compared: dict[tuple[str, str], bool] = {}
    for one in found:
        for (values, _), group in zip(one.family.groups, one.gap.groups, strict=True):
            key = one.family.name, ", ".join(values)
            compared[key] = compared.get(key, False) or group.difference.value is not None
    for (family, name), is_compared in compared.items():
        if not is_compared:
            yield (
                f'by {family}: "{name}" is not compared: fewer than {LEAST} of its items are '
                f"scored, or they are of fewer than {LEAST // 2} clusters"
            )


def _fixed_frequencies(result: RunResult) -> tuple[str, ...]:
    """CIDEr weighs words by how rare they are, and a group does not have frequencies of its own."""
    if not result.groups:
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
