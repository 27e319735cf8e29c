"""Choices of how runs are scored, beside runs that were scored before.

A saved run is what it is: items, groups and clusters were chosen when it was scored. A choice that
cannot be followed is refused, since a table that ignores it looks like one that follows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vlmeval_cli.core.config import RunConfig
from vlmeval_cli.core.errors import UsageError, did_you_mean
from vlmeval_cli.core.results import RunResult

_ALREADY = "all runs are scored already, so it would change nothing"


def check_choices(
    saved: Sequence[tuple[str, RunResult]], config: RunConfig, *, all_saved: bool
) -> None:
    """Refuse choices that the ``saved`` runs, paths with results, do not follow.

    Raises:
        UsageError: such a choice was made.
    """
    told = next(_unheeded(saved, config, all_saved=all_saved), None)
    if told is not None:
        option, why = told
        raise UsageError(
            f"{option}: {why}",
            hint=f"Score the runs with it, vlmeval score … {option} --output DIR, or name their "
            "files of predictions.",
        )


def _unheeded(
    saved: Sequence[tuple[str, RunResult]], config: RunConfig, *, all_saved: bool
) -> Iterator[tuple[str, str]]:
    """(option, why it has no effect)."""
    if all_saved and config.where:
        wanted = " ".join(f"{field}={value}" for field, value in config.where.items())
        yield f"--where {wanted}", _ALREADY
    if all_saved and config.limit is not None:
        yield f"--limit {config.limit}", _ALREADY
    for field in config.by if all_saved else ():
        if not all(field in result.items.groups for _, result in saved):
            yield f"--by {field}", _ALREADY
    wanted = config.statistics.cluster_by
    for path, result in saved if wanted != "auto" else ():
        own = result.statistics_options.get("cluster_by")
        if own != (None if wanted == "none" else wanted):
            clusters = "without clusters" if own is None else f"with clusters by {own}"
            yield f"--cluster-by {wanted}", f"{path} was scored {clusters}"


def chosen_outputs(outputs: Sequence[str], run: RunResult, config: RunConfig) -> list[str]:
    """Those of the ``outputs`` of saved runs that ``--metrics`` names; all where it names none.

    Raises:
        UsageError: a metric that the runs do not have, or one with options.
    """
    if not config.metrics:
        return [*outputs]
    kept: dict[str, None] = {}
    for spec in config.metrics:
        found = [name for name in outputs if spec.name in (name, run.scores[name].metric)]
        if spec.options or not found:
            asked = ":".join((spec.name, *(f"{key}={own}" for key, own in spec.options.items())))
            raise UsageError(
                f"--metrics: the saved runs have no {asked}",
                hint=f"{did_you_mean(spec.name, [*outputs])} Or score the runs with it: vlmeval "
                f"score … --metrics {asked} --output DIR.",
            )
        kept |= dict.fromkeys(found)
    return [name for name in outputs if name in kept]
