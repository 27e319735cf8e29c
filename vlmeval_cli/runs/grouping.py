"""Which items are scored together, and which are resampled together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from vlmeval_cli.core.batch import Ints
from vlmeval_cli.core.config import By, RunConfig, crossed
from vlmeval_cli.core.errors import UsageError, did_you_mean, quoted
from vlmeval_cli.runs.gathering import Gathered
from vlmeval_cli.stats.groups import (
    Membership,
    clusters,
    crossed_membership,
    group_names,
    membership,
)
from vlmeval_cli.tasks.base import Task


@dataclass(frozen=True, slots=True)
class Family:
    """The groups of one grouping.

    Attributes:
        fields: whose values make the groups; several are crossed.
        groups: value of each field, and the items that have them.
        is_asked: the user asked for it; others come with the task.
    """

    fields: tuple[str, ...]
    groups: Sequence[tuple[tuple[str, ...], Ints]]
    is_asked: bool

    @property
    def name(self) -> str:
        """The fields, as a table names them."""
        return " × ".join(self.fields)


@dataclass(frozen=True, slots=True)
class Grouping:
    """Groups and clusters of the items of a run.

    Attributes:
        families: the groups of each grouping.
        labels: field → group of every item.
        clusters: cluster of every item, shape (n,); None when items are resampled.
        cluster_field: the field that clusters, None when items are resampled.
        notes: what the user should know.
    """

    families: Sequence[Family]
    labels: Mapping[str, Sequence[str]]
    clusters: Ints | None
    cluster_field: str | None
    notes: tuple[str, ...]

    @property
    def subsets(self) -> list[tuple[Mapping[str, str], Ints]]:
        """({field: value}, items) of every group, grouping after grouping."""
        return [
            (dict(zip(family.fields, values, strict=True)), items)
            for family in self.families
            for values, items in family.groups
        ]


def grouping(gathered: Gathered, task: Task, config: RunConfig) -> Grouping:
    """Groups by ``--by`` and by the task's own fields; clusters by ``--cluster-by``.

    Raises:
        UsageError: a field that no item has.
    """
    asked = dict.fromkeys(_fields(gathered, by) for by in config.by)
    free = [(name,) for name in task.free_groups if _is_known(gathered, name)]
    wanted: list[tuple[str, ...]] = [*dict.fromkeys([*asked, *free])]
    members = {
        name: membership(_field(gathered, name, "by"))
        for name in dict.fromkeys(name for names in wanted for name in names)
    }
    numbers, field = _clusters(gathered, config.statistics.cluster_by)
    return Grouping(
        families=[
            _family(names, members, len(gathered.dataset), is_asked=names in asked)
            for names in wanted
        ],
        labels={name: _labels(gathered, name, own) for name, own in members.items()},
        clusters=numbers,
        cluster_field=field,
        notes=(*_told(members), *_cluster_note(field, config)),
    )


def _family(
    names: tuple[str, ...], members: Mapping[str, Membership], n: int, *, is_asked: bool
) -> Family:
    found, values = crossed_membership([members[name] for name in names], n)
    return Family(names, [*zip(values, found.items(), strict=True)], is_asked)


def _fields(gathered: Gathered, by: By) -> tuple[str, ...]:
    """The fields that are crossed; a field whose own name holds the comma wins."""
    return (by,) if isinstance(by, str) and _is_known(gathered, by) else crossed(by)


def _labels(gathered: Gathered, name: str, own: Membership) -> Sequence[str]:
    """The group of every item in words; of several groups all."""
    n = len(gathered.dataset)
    if len(own.item) == n and not own.how:
        return group_names(gathered.dataset.fields[name])
    found: list[list[str]] = [[] for _ in range(n)]
    for item, group in zip(own.item.tolist(), own.group.tolist(), strict=True):
        found[item].append(own.names[group])
    return [", ".join(names) for names in found]


def _told(members: Mapping[str, Membership]) -> Iterator[str]:
    return (f'by "{name}": {own.how}' for name, own in members.items() if own.how)


def _cluster_note(field: str | None, config: RunConfig) -> tuple[str, ...]:
    policy = config.statistics
    if field is None or policy.cluster_by != "auto" or not policy.resamples:
        return ()
    return (f'"{field}" repeats: intervals resample the items of an image together',)


def _clusters(gathered: Gathered, choice: str) -> tuple[Ints | None, str | None]:
    if choice == "none":
        return None, None
    if choice == "auto":
        if gathered.roles.image is None or not _is_known(gathered, gathered.roles.image):
            return None, None
        name = gathered.roles.image
    else:
        name = choice
    numbers = clusters(_field(gathered, name, "cluster_by"))
    return numbers, None if numbers is None else name


def _is_known(gathered: Gathered, name: str) -> bool:
    column = gathered.dataset.fields.get(name)
    return column is not None and any(value is not None for value in column)


def _field(gathered: Gathered, name: str, choice: str) -> Sequence[object]:
    """The column called ``name``, which ``choice`` asks for."""
    if name in (gathered.predictions.field, gathered.references.field):
        raise UsageError(
            f"{choice}: {quoted(name)} is what is scored",
            hint="Groups and clusters need another field of the items.",
        )
    if not _is_known(gathered, name):
        others = sorted(gathered.known_fields - {name})
        raise UsageError(
            f"{choice}: no item has a value in a field {quoted(name)}",
            hint=did_you_mean(name, others),
        )
    return [_once(value) for value in gathered.dataset.fields[name]]


def _once(value: object) -> object:
    """A list (the rows of one item) without what repeats in it; a single value if one is left."""
    if not isinstance(value, list) or len(value) < 2:
        return value
    different = [one for i, one in enumerate(value) if one not in value[:i]]
    return different[0] if len(different) == 1 else different
