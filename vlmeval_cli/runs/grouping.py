"""Which items are scored together, and which are resampled together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vlmeval_cli.core.batch import Ints
from vlmeval_cli.core.config import RunConfig
from vlmeval_cli.core.errors import UsageError, did_you_mean, quoted
from vlmeval_cli.runs.gathering import Gathered
from vlmeval_cli.stats.groups import clusters, group_names, members
from vlmeval_cli.tasks.base import Task


@dataclass(frozen=True, slots=True)
class Grouping:
    """Groups and clusters of the items of a run.

    Attributes:
        subsets: ({field: value}, items) of every group, field after field.
        labels: field → group of every item.
        clusters: cluster of every item, shape (n,); None when items are resampled.
        cluster_field: the field that clusters, None when items are resampled.
        notes: what the user should know.
    """

    subsets: Sequence[tuple[Mapping[str, str], Ints]]
    labels: Mapping[str, Sequence[str]]
    clusters: Ints | None
    cluster_field: str | None
    notes: tuple[str, ...]


def grouping(gathered: Gathered, task: Task, config: RunConfig) -> Grouping:
    """Groups by ``--by`` and by the task's own fields; clusters by ``--cluster-by``.

    Raises:
        UsageError: a field that no item has.
    """
    free = [name for name in task.free_groups if _is_known(gathered, name)]
    labels = {
        name: group_names(_field(gathered, name, "by"))
        for name in dict.fromkeys((*config.by, *free))
    }
    subsets = [
        ({name: value}, items)
        for name, column in labels.items()
        for value, items in members(column).items()
    ]
    numbers, field = _clusters(gathered, config.statistics.cluster_by)
    notes: tuple[str, ...] = ()
    policy = config.statistics
    if field is not None and policy.cluster_by == "auto" and policy.resamples:
        notes = (f'"{field}" repeats: intervals resample the items of an image together',)
    return Grouping(subsets, labels, numbers, field, notes)


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
