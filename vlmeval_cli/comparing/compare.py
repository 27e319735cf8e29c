"""The road of a comparison: load the runs, see that they are comparable, test, and study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vlmeval_cli.comparing.alignment import (
    common_outputs,
    named_clusters,
    signature_differences,
)
from vlmeval_cli.comparing.conditions import condition_of
from vlmeval_cli.comparing.loading import LoadedRuns, load_runs
from vlmeval_cli.comparing.naming import NamedRun
from vlmeval_cli.comparing.pairs import MOST_LETTERED, Paired, against_each, paired
from vlmeval_cli.comparing.request import Request
from vlmeval_cli.comparing.robustness import noisy_and_clean
from vlmeval_cli.comparing.saved_choices import chosen_outputs
from vlmeval_cli.comparing.seeds import mean_scores, spread
from vlmeval_cli.comparing.studies import studied
from vlmeval_cli.core.comparison import ComparedRun, Comparison
from vlmeval_cli.core.config import ComparePolicy
from vlmeval_cli.core.errors import DataError, UsageError, did_you_mean, quoted
from vlmeval_cli.core.metric import Notice
from vlmeval_cli.core.progress import Progress
from vlmeval_cli.core.results import RunResult
from vlmeval_cli.core.wording import number_of

FULL = "full"
_MANY_DROPPED = 0.05
_PARTS_SHOWN = 4


def compare_runs(request: Request, progress: Progress) -> Comparison:
    """What the runs of ``request`` show beside each other.

    Raises:
        UsageError: fewer than two runs, an unknown baseline, or files that cannot be decided.
        DataError: runs that cannot be compared.
    """
    ordered, full = _ordered(request)
    loaded = load_runs(
        ordered,
        request.references,
        request.config,
        progress,
        intersect=request.policy.intersect,
    )
    outputs, left_out = common_outputs(one for several in loaded.results for one in several)
    if outputs and loaded.items is None:  # all saved: what was scored before is chosen from
        outputs = chosen_outputs(outputs, loaded.results[0][0], request.config)
    policy, warnings = _comparable(ordered, loaded, outputs, request.policy)
    runs = [
        _run(named.name, several, outputs)
        for named, several in zip(ordered, loaded.results, strict=True)
    ]
    progress.start("testing differences", None)
    statistics = named_clusters(request.config.statistics, loaded.results[0][0])
    shown = _pairs(runs, full, request.policy)
    found = paired(runs, outputs, shown, statistics, request.pairs)
    base = runs[0].result
    comparison = Comparison(
        task=base.task,
        runs=runs,
        baseline=runs[0].name,
        full=None if full is None else runs[full].name,
        pairs=found.shown,
        letters=found.letters,
        family=found.family,
        primary=base.primary if base.primary in outputs else outputs[0],
        policy=policy,
        options=_options(base, request),
        warnings=[*warnings, *_warnings(found), *_warnings_of_runs(runs)],
        notes=[*_notes(runs, left_out), *_notes_of_runs(runs)],
    )
    comparison = studied(comparison, request, loaded, progress)
    progress.done()
    return comparison


def _ordered(request: Request) -> tuple[list[NamedRun], int | None]:
    """The runs with the baseline first, and which of them is the full fine-tuning."""
    runs = [*request.runs]
    names = [run.name for run in runs]
    if len(runs) < 2:
        raise UsageError(
            f"compare needs two runs at least, got {len(runs)}",
            hint="vlmeval compare base=base.jsonl lora=lora.jsonl --refs refs.jsonl",
        )
    for option, name in (("baseline", request.policy.baseline), (FULL, request.policy.full)):
        if name is not None and name not in names:
            raise UsageError(
                f"{option}: no run is called {quoted(name)}", hint=did_you_mean(name, names)
            )
    baseline = request.policy.baseline or _clean(request.policy, names) or names[0]
    runs.sort(key=lambda run: run.name != baseline)
    full = request.policy.full or (FULL if FULL in names else None)
    if full is None or full == baseline:
        return runs, None
    return runs, [run.name for run in runs].index(full)


def _clean(policy: ComparePolicy, names: Sequence[str]) -> str | None:
    """In a study of noise the run without it is the baseline, wherever a folder lists it."""
    if policy.study != "robustness":
        return None
    return next((name for name in names if condition_of(name).is_clean), None)


def _pairs(
    runs: Sequence[ComparedRun], full: int | None, policy: ComparePolicy
) -> Sequence[tuple[int, int]]:
    """What is compared with what: all with the baseline and full fine-tuning, noisy with clean."""
    if policy.study == "robustness":
        names = [run.name for run in runs]
        noisy = noisy_and_clean(names, names[0])
        if any(clean != 0 for _, clean in noisy):  # there are several models
            under_noise = {run for run, _ in noisy}
            models = [(run, 0) for run in range(1, len(runs)) if run not in under_noise]
            return [*models, *sorted(noisy, key=lambda pair: pair[1])]
    return against_each(len(runs), [0] if full is None else [0, full])


def _run(name: str, trained: Sequence[RunResult], outputs: Sequence[str]) -> ComparedRun:
    seeds = spread(trained, outputs)
    return ComparedRun(
        name=name,
        result=trained[0],
        scores=mean_scores(trained, seeds, outputs),
        trained=trained,
        seeds=seeds,
    )


def _comparable(
    named: Sequence[NamedRun],
    loaded: LoadedRuns,
    outputs: Sequence[str],
    policy: ComparePolicy,
) -> tuple[dict[str, str], list[Notice]]:
    """How the runs were made comparable, to be shown; and what they do not share of the rest.

    Raises:
        DataError: they are not comparable.
    """
    if not outputs:
        raise DataError(
            "the runs have no output in common",
            hint="Score all of them with the same --metrics.",
        )
    shown = {}
    if loaded.left_out:
        shown["intersect"] = f"{number_of(loaded.left_out, 'item')} left out, not in all runs"
    base = loaded.results[0][0]
    forced: dict[str, None] = {}
    for run, several in zip(named, loaded.results, strict=True):
        for result in several:
            unequal = signature_differences(base, result, outputs, same_items=loaded.left_out == 0)
            if unequal and not policy.force:
                _refuse(named[0].name, run.name, unequal)
            forced |= dict.fromkeys(f"{run.name}: {one}" for one in unequal)
    if forced:
        shown["force"] = "; ".join(forced)
    return shown, [*_recorded(named, loaded), *_unfinished(named, loaded)]


def _refuse(base: str, run: str, unequal: Sequence[str]) -> None:
    more = len(unequal) - _PARTS_SHOWN
    parts = [*unequal[:_PARTS_SHOWN], *([f"{more} more"] if more > 0 else [])]
    raise DataError(
        f"{quoted(base)} and {quoted(run)} were not scored alike: {'; '.join(parts)}",
        hint="Score both in the same way, or pass --force to compare them all the same.",
    )


def _recorded(named: Sequence[NamedRun], loaded: LoadedRuns) -> list[Notice]:
    """Differences in the recorded part of the signatures, which warn."""
    base = loaded.results[0][0].signature.recorded
    found = []
    for run, several in zip(named, loaded.results, strict=True):
        own = several[0].signature.recorded
        for key in ("inferred", "vlmeval"):
            if own.get(key) != base.get(key):
                mine, theirs = _other_parts(own.get(key), base.get(key))
                text = f"{run.name}: {key} is {mine}, of the baseline {theirs}"
                found.append(Notice("recorded_difference", text))
    return found


def _other_parts(mine: object, theirs: object) -> tuple[str, str]:
    """Both in words; of what is recorded by name only the parts that differ."""
    if not isinstance(mine, Mapping) or not isinstance(theirs, Mapping):
        return str(mine or "nothing"), str(theirs or "nothing")
    keys = [key for key in {**mine, **theirs} if mine.get(key) != theirs.get(key)]
    told = [", ".join(f"{key} {own.get(key, 'none')}" for key in keys) for own in (mine, theirs)]
    return told[0], told[1]


def _unfinished(named: Sequence[NamedRun], loaded: LoadedRuns) -> list[Notice]:
    """Runs that cannot tell what was cut off, beside others that can."""
    outcomes = {name for several in loaded.results for one in several for name in one.outcomes}
    silent = [run.name for run in named if loaded.without_finish.intersection(run.paths)]
    if not silent or len(silent) == len(named) or "truncated" not in outcomes:
        return []
    text = (
        f"{', '.join(silent)}: no finish_reason is recorded, so that answers that were cut off are "
        "not known as such; other runs have it: do not compare how often they are truncated"
    )
    return [Notice("finish_reason_missing", text)]


def _options(base: RunResult, request: Request) -> Mapping[str, Any]:
    return {
        **base.statistics_options,
        "resamples": request.config.statistics.resamples,
        "confidence": request.config.statistics.confidence,
        "seed": request.config.statistics.seed,
        "test": request.pairs.test,
        "trials": request.pairs.trials,
        "margin": request.pairs.margin,
    }


def _warnings(found: Paired) -> list[Notice]:
    """Pairs that many items were left out of."""
    warned: dict[str, None] = {}
    for pair in found.shown:
        n, dropped = pair.found.n, pair.found.dropped
        if dropped > _MANY_DROPPED * (n + dropped):
            warned[
                f"{pair.output.name} of {pair.run} against {pair.against}: {dropped:,} of "
                f"{n + dropped:,} items have a score in one of the two only and are left out"
            ] = None
    return [Notice("items_left_out", text) for text in warned]


def _warnings_of_runs(runs: Sequence[ComparedRun]) -> list[Notice]:
    """The warnings of the runs, with the run's name where not all have them."""
    return [
        Notice(code, text)
        for (code, _), text in _told_once(
            [
                (run.name, (one.code, one.message))
                for run in runs
                for result in run.trained
                for one in result.warnings
            ],
            len(runs),
        )
    ]


def _notes_of_runs(runs: Sequence[ComparedRun]) -> list[str]:
    told = [(run.name, ("", note)) for run in runs for note in run.result.notes]
    return [text for _, text in _told_once(told, len(runs))]


def _told_once(
    told: Sequence[tuple[str, tuple[str, str]]], n_runs: int
) -> list[tuple[tuple[str, str], str]]:
    by_text: dict[tuple[str, str], dict[str, None]] = {}
    for name, said in told:
        by_text.setdefault(said, {})[name] = None
    return [
        (said, said[1] if len(names) == n_runs else f"{', '.join(names)}: {said[1]}")
        for said, names in by_text.items()
    ]


def _notes(runs: Sequence[ComparedRun], left_out: Sequence[str]) -> list[str]:
    notes = []
    if left_out:
        notes.append(f"not in all runs, so left out: {', '.join(left_out)}")
    if len(runs) > MOST_LETTERED:
        notes.append(
            f"no letters of equality: {len(runs)} runs have more pairs than are tested for them"
        )
    several = [run for run in runs if run.seeds is not None]
    if several:
        counts = ", ".join(f"{run.name} {len(run.trained)}" for run in several)
        notes.append(
            f"several seeds ({counts}): scores are means over seeds; outcomes, samples and tables "
            "of items are those of the first seed"
        )
    return notes
