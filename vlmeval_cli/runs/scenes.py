"""The tuples that SPICE compared in items that the user asks for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from vlmeval_cli.core.config import RunConfig
from vlmeval_cli.core.errors import UsageError, did_you_mean, quoted
from vlmeval_cli.core.metric import Chosen, Metric, Table
from vlmeval_cli.core.results import RunResult
from vlmeval_cli.engine.scenes import is_of_scenes, is_of_spice
from vlmeval_cli.engine.serial import Measured
from vlmeval_cli.scenes.tuples import Scene, SceneColumn

_COLUMNS = ("side", "tuple", "matched")
_BETWEEN = " – "


def refuse_unread(config: RunConfig, ids: Sequence[str], metrics: Sequence[Metric[Any]]) -> None:
    """Say which choices about scenes would change nothing, before captions are parsed.

    Raises:
        UsageError: no metric compares scenes, or an item to be shown is not there.
    """
    needs = [need for metric in metrics for need in metric.needs()]
    if config.models.spice_json is not None and not any(map(is_of_spice, needs)):
        raise UsageError(
            "--spice-json holds results of spice, which is not scored here",
            hint="Such as --metrics spice --spice-json FILE.",
        )
    if config.explain and not any(map(is_of_scenes, needs)):
        raise UsageError(
            "--explain shows tuples of spice and spice_native, and no such metric is scored here",
            hint="Such as --metrics spice --explain ID, or spice_native.",
        )
    lacking = [one for one in config.explain if one not in ids]
    if lacking:
        raise UsageError(
            f"--explain: no item has the id {quoted(lacking[0])}",
            hint=did_you_mean(lacking[0], [*ids]),
        )


def with_scenes(result: RunResult, found: Sequence[Measured], wanted: Sequence[str]) -> RunResult:
    """The result with a table of the tuples of each item called as ``wanted`` says.

    Args:
        result: of the run.
        found: what its metrics found, in the same order.
        wanted: ids of items.
    """
    tables = dict(result.tables)
    for one in wanted:
        i = [*result.items.ids].index(one)
        for chosen, part in zip(result.chosen, found, strict=True):
            if part.scenes is not None:
                title = f"{chosen.metric.info.name} of {one}"
                tables[title] = _table(title, result, chosen, part.scenes, i)
    return replace(result, tables=tables)


def _table(title: str, result: RunResult, chosen: Chosen, column: SceneColumn, i: int) -> Table:
    scene = column.scenes[i]
    score = result.items.scores[chosen.outputs()[0][0]][i]
    told = column.skips.get(i) or f"{score:.4f}"
    lacks = "; its tuples are not known" if scene is None else ""
    return Table(f"{title}: {told}{lacks}", _COLUMNS, [*_rows(scene)])


def _rows(scene: Scene | None) -> Iterator[tuple[str, str, str]]:
    for side, tuples in () if scene is None else zip(Scene._fields, scene, strict=True):
        for one in tuples:
            yield side, _BETWEEN.join(one.words), "yes" if one.is_matched else ""
