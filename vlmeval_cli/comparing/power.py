"""What the items of a data set can show: the smallest difference, and the items it would take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from vlmeval_cli.comparing.alignment import common_outputs, signature_differences
from vlmeval_cli.comparing.loading import LoadedRuns, load_runs
from vlmeval_cli.comparing.naming import NamedRun
from vlmeval_cli.comparing.saved_choices import chosen_outputs
from vlmeval_cli.core.config import RunConfig, StatisticsPolicy
from vlmeval_cli.core.errors import DataError, UsageError
from vlmeval_cli.core.metric import Notice
from vlmeval_cli.core.power import CORRELATION, OutputPower, PowerPolicy, PowerResult
from vlmeval_cli.core.progress import Progress
from vlmeval_cli.core.results import RunResult
from vlmeval_cli.stats.power import expected_standard_error, items_needed, smallest_difference
from vlmeval_cli.stats.precision import precision

_FEW = 30  # independent items, below which the normal approximation is rough


def power_of(
    paths: Sequence[str],
    references: str | None,
    config: RunConfig,
    policy: PowerPolicy,
    progress: Progress,
) -> PowerResult:
    """What the items of one run, or of two runs, can show.

    Args:
        paths: the run, and the other one if there is one: predictions, or saved reports.
        references: file of the references; None where the files of the runs hold them.
        config: how they are scored.
        policy: what is to be shown, and how surely.
        progress: told of every phase.

    Raises:
        UsageError: a correlation is assumed although both runs are there, or nothing is resampled.
        DataError: the runs cannot be compared.
    """
    _check(config, policy, has_other=len(paths) > 1)
    names = ("run", "against")
    runs = [NamedRun(name, (path,)) for name, path in zip(names, paths, strict=False)]
    loaded = _loaded(runs, references, config, progress)
    results = [result for (result,) in loaded.results]
    outputs = _comparable(results)
    if loaded.items is None:
        outputs = chosen_outputs(outputs, results[0], config)
    alpha = policy.alpha or round(1.0 - config.statistics.confidence, 12)
    asked = replace(policy, alpha=alpha)
    return PowerResult(
        task=results[0].task,
        run=paths[0],
        against=paths[1] if len(paths) > 1 else None,
        policy=asked,
        outputs=[*_outputs(results, outputs, config.statistics, asked)],
        options=results[0].statistics_options,
        warnings=_warnings(results[0]),
    )


def _loaded(
    runs: Sequence[NamedRun], references: str | None, config: RunConfig, progress: Progress
) -> LoadedRuns:
    try:
        return load_runs(runs, references, config, progress, intersect=False)
    except DataError as error:
        if "--intersect" not in (error.hint or ""):
            raise
        hint = "Give both runs the same items; --missing worst counts a missing answer as wrong."
        raise DataError(error.message, hint=hint) from error


def _check(config: RunConfig, policy: PowerPolicy, *, has_other: bool) -> None:
    if config.statistics.resamples == 0:
        raise UsageError("resamples: got 0, and power is computed from resampled scores")
    if config.by:
        raise UsageError(
            "by: power is told of all items together", hint="For one group: --where FIELD=VALUE"
        )
    if has_other and policy.correlation is not None:
        raise UsageError(
            "correlation: it is measured where both runs are there", hint="Leave it out."
        )


def _comparable(results: Sequence[RunResult]) -> list[str]:
    """The outputs that all runs have, if they may be compared."""
    common, _ = common_outputs(results)
    if not common:
        raise DataError("the runs have no metric in common", hint="Name --metrics for both.")
    for other in results[1:]:
        found = signature_differences(results[0], other, common, same_items=True)
        if found:
            raise DataError(
                f"the runs cannot be compared: {'; '.join(found)}",
                hint="Score both with the same options, tool and references.",
            )
    return common


def _outputs(
    results: Sequence[RunResult],
    names: Sequence[str],
    statistics: StatisticsPolicy,
    policy: PowerPolicy,
) -> Iterator[OutputPower]:
    first = results[0]
    by_output = [
        {name: one for one in result.measured for name, _ in one.chosen.outputs()}
        for result in results
    ]
    measured = [
        one for one in first.measured if any(name in names for name, _ in one.chosen.outputs())
    ]
    tables = [[own[one.chosen.outputs()[0][0]].statistics for one in measured] for own in by_output]
    found = precision(
        [one.chosen.metric for one in measured],
        tables,
        first.clusters,
        statistics,
        len(first.items),
    )
    for one, own in zip(measured, found, strict=True):
        for name, output in one.chosen.outputs():
            if name in names:
                known = OutputPower(replace(output, name=name), *own[output.name])
                yield _judged(known, policy, has_other=len(results) > 1)


def _judged(known: OutputPower, policy: PowerPolicy, *, has_other: bool) -> OutputPower:
    """The same with what follows from the standard error."""
    reason = _unknown(known, has_other=has_other)
    if reason is not None or known.standard_error is None or policy.alpha is None:
        return replace(known, standard_error=known.standard_error or None, reason=reason)
    error, correlation = known.standard_error, known.correlation
    if not has_other:
        correlation = CORRELATION if policy.correlation is None else policy.correlation
        error = expected_standard_error(error, correlation)
    wanted = policy.difference or known.difference
    return replace(
        known,
        standard_error=error,
        correlation=correlation,
        smallest=smallest_difference(error, policy.alpha, policy.power),
        items_needed=None
        if wanted is None
        else items_needed(wanted, error, known.n, policy.alpha, policy.power),
    )


def _unknown(known: OutputPower, *, has_other: bool) -> str | None:
    """Why nothing can be said."""
    if known.value is None or (has_other and known.against is None):
        return "no score"
    if known.standard_error is None:
        return "the bootstrap does not hold for it, or there are too few items"
    if known.standard_error == 0.0:
        who = "the runs differ by the same on every item" if has_other else "all items score alike"
        return f"{who}, so that their spread is unknown"
    return None


def _warnings(result: RunResult) -> tuple[Notice, ...]:
    units = result.statistics_options.get("units", len(result.items))
    if units >= _FEW:
        return ()
    message = f"{units} independent items: below about {_FEW}, these figures are rough"
    return (Notice("few_items", message),)
