"""The tuples that SPICE compared in items that the user asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from vlmeval_cli.core.errors import UsageError, did_you_mean, quoted
from vlmeval_cli.core.metric import Table
from vlmeval_cli.core.results import RunResult
from vlmeval_cli.engine.serial import Measured
from vlmeval_cli.scenes.tuples import Scene

_COLUMNS = ("side", "tuple", "matched")
_BETWEEN = " – "


def explained_scenes(
    result: RunResult, found: Sequence[Measured], wanted: Sequence[str]
) -> Mapping[str, Table]:
    """Tables of the tuples of items, by metric and item.

    Args:
        result: of the run.
        found: what its metrics found, in the same order.
        wanted: ids of items.

    Raises:
        UsageError: no metric of the run compares scenes, or an item is not there.
    """
    columns = [
        (chosen.outputs()[0][0], part.scenes)
        for chosen, part in zip(result.chosen, found, strict=True)
        if part.scenes is not None
    ]
    if not columns:
        raise UsageError(
            "--explain shows what spice compares, and no such metric is scored here",
            hint="Such as --metrics spice --explain ID.",
        )
    places = {one: i for i, one in enumerate(result.items.ids)}
    tables = {}
    for one in wanted:
        if one not in places:
            hint = did_you_mean(one, [*places])
            raise UsageError(f"--explain: no item has the id {quoted(one)}", hint=hint)
        for name, column in columns:
            i = places[one]
            why = column.skips.get(i, "only its counts are known")
            told = _told(result, name, i) if column.scenes[i] is not None else why
            rows = [*_rows(column.scenes[i])]
            tables[f"{name} of {one}"] = Table(f"{name} of {one}: {told}", _COLUMNS, rows)
    return tables


def _told(result: RunResult, name: str, i: int) -> str:
    score = result.items.scores[name][i]
    return f"{score:.4f}"


def _rows(scene: Scene | None) -> Iterator[tuple[str, str, str]]:
    for side, tuples in () if scene is None else zip(Scene._fields, scene, strict=True):
        for one in tuples:
            yield side, _BETWEEN.join(one.words), "yes" if one.is_matched else ""
