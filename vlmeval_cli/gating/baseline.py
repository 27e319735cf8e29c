"""The run that a gate holds the new one against: loaded, found comparable, put in its order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vlmeval_cli.comparing.alignment import at_items, signature_differences
from vlmeval_cli.core.errors import DataError, UsageError, quoted
from vlmeval_cli.core.gate import UNREADABLE, GateBaseline, GateRule, NewlyWrong
from vlmeval_cli.core.results import RunResult
from vlmeval_cli.gating.targets import Point, Target, items_in, point
from vlmeval_cli.runs.saved import SavedRun, load_saved
from vlmeval_cli.tasks import NAMES
from vlmeval_cli.tasks import task as task_called

_MAKE_ONE = "The first one is written by vlmeval gate … --update-baseline."
_SHOWN = 200  # characters of an answer in a report
_RECORDED = ("vlmeval", "inferred")


@dataclass(frozen=True, slots=True)
class Baseline:
    """A baseline beside the run.

    Attributes:
        saved: as it was written.
        run, result: the run and the baseline over the items that both have, in the same order;
            None where the baseline is bare, or they share none.
        unequal: what keeps the two from being comparable.
    """

    saved: SavedRun
    run: RunResult | None
    result: RunResult | None
    unequal: Sequence[str] = ()

    def is_same_metric(self, name: str) -> bool:
        """Whether ``name`` is the same formula in both, so that its statistics are alike."""
        return not any(
            part.startswith((f"metrics {name} ", f"score {name}:")) for part in self.unequal
        )

    def told(self) -> GateBaseline:
        """What reports say of it."""
        report = self.saved.report
        return GateBaseline(
            path=self.saved.path,
            created=str(report["created"]),
            version=str(report["tool"]["version"]),
            bare=self.saved.bare,
            unequal=self.unequal,
            scores={name: one.value for name, one in self.saved.result.scores.items()},
        )


def load_baseline(path: str, rules: Sequence[GateRule]) -> SavedRun:
    """The saved run at ``path``.

    Raises:
        UsageError: it is not there, or is bare and a rule needs its items.
        DataError: it is damaged.
    """
    if not Path(path).exists():
        raise UsageError(f"baseline {quoted(path)} is not there", hint=_MAKE_ONE)
    if Path(path).is_dir() and not any(Path(path).iterdir()):
        raise UsageError(f"baseline {quoted(path)} is an empty folder", hint=_MAKE_ONE)
    saved = load_saved(path)
    for rule in rules:
        if saved.bare is not None and rule.needs_items:
            what = "newly_wrong" if rule.check else "test: paired"
            raise UsageError(
                f"{rule.place}: the rule {quoted(rule.words())} needs the baseline's items, and "
                f"the baseline {quoted(path)} is bare: {saved.bare}",
                hint=f"Name a folder as --output wrote it, or leave {what} out: a report alone "
                "allows absolute and relative rules.",
            )
    return saved


def beside(run: RunResult, saved: SavedRun, rules: Sequence[GateRule], *, force: bool) -> Baseline:
    """The baseline beside ``run``, if the two are comparable for what the rules ask.

    Where no rule asks for a baseline, one that is not comparable is passed over.

    Raises:
        DataError: they are not, unless ``force`` passes over it.
    """
    outputs = [*_outputs(run, rules)]
    lost = [name for name in outputs if name not in saved.result.scores]
    common = [name for name in outputs if name not in lost]
    unequal = [f"score {name}: absent against present" for name in lost]
    unequal += signature_differences(saved.result, run, common, same_items=True)
    if any(rule.check == "newly_wrong" for rule in rules):
        unequal += _other_primary(run, saved.result)
    if unequal and not force and any(rule.needs_baseline for rule in rules):
        raise DataError(
            f"the baseline {quoted(saved.path)} is not comparable with this run (there against "
            f"here): {'; '.join(unequal)}",
            hint=_other_items_hint(unequal, run)
            + "Make a new baseline with --update-baseline --force, or compare anyway with --force.",
        )
    if saved.bare is not None:
        return Baseline(saved, None, None, unequal)
    return _with_items(Baseline(saved, None, None, unequal), run)


def _other_primary(run: RunResult, saved: RunResult) -> list[str]:
    """What is right and wrong is said by the primary metric."""
    if saved.primary == run.primary:
        return []
    return [f"primary metric: {saved.primary} against {run.primary}"]


def _other_items_hint(unequal: Sequence[str], run: RunResult) -> str:
    is_skip = run.join.policy.get("missing") == "skip" and run.join.missing
    if is_skip and any(part.startswith("references") for part in unequal):
        return "With join.missing: worst, missing predictions stay among the items. "
    return ""


def _outputs(run: RunResult, rules: Sequence[GateRule]) -> Iterator[str]:
    """Outputs that rules hold against the baseline."""
    names = {rule.subject for rule in rules if rule.metric and rule.compares}
    if any(rule.check == "newly_wrong" for rule in rules) and run.primary is not None:
        names.add(run.primary)
    return (name for name in run.scores if name in names)


def _with_items(baseline: Baseline, run: RunResult) -> Baseline:
    """Run and baseline over the items that both have, in the order of the run."""
    saved = baseline.saved.result
    if [*run.items.ids] == [*saved.items.ids]:
        return replace(baseline, run=run, result=saved)
    places = {id_: place for place, id_ in enumerate(saved.items.ids)}
    mine = [i for i, id_ in enumerate(run.items.ids) if id_ in places]
    if not mine:
        return baseline
    theirs = [places[run.items.ids[i]] for i in mine]
    whole = len(mine) == len(run.items)
    return replace(
        baseline,
        run=run if whole else at_items(_plain(run), mine),
        result=at_items(_plain(saved), theirs),
    )


def _plain(result: RunResult) -> RunResult:
    """The run without resamples: only its statistics are wanted at other items."""
    return replace(result, statistics_options={**result.statistics_options, "resamples": 0})


def baseline_point(baseline: Baseline, target: Target) -> Point | None:
    """The baseline's score for a target; None where it has no such score or group.

    Raises:
        UsageError: a bare baseline was not scored by the fields of the rule.
    """
    saved, name = baseline.saved.result, target.rule.subject
    if name not in saved.scores:
        return None
    if target.items is None:
        return point(saved, name, None)
    if baseline.run is not None and baseline.result is not None:
        return point(baseline.result, name, items_in(baseline.run, target.by))
    if baseline.saved.bare is None:
        return None
    fields = [*target.by]
    groups = [group for group in saved.groups if sorted(group.by) == sorted(fields)]
    if not groups:
        raise UsageError(
            f"{target.rule.place}: the baseline {quoted(baseline.saved.path)} is bare and has no "
            f"scores by {', '.join(fields)}: {baseline.saved.bare}",
            hint="Name a folder as --output wrote it.",
        )
    for group in groups:
        if dict(group.by) == dict(target.by) and name in group.scores:
            score = group.scores[name]
            return Point(score.output, score.value, score.n, score.reason or "")
    return None


def knows_right(run: RunResult) -> bool:
    """Whether items of the run can be right or wrong."""
    has_scores = run.primary in run.items.scores
    return run.task in NAMES and task_called(run.task).has_right_answers and has_scores


def newly_wrong(baseline: Baseline) -> list[NewlyWrong] | None:
    """Items that were right in the baseline and are wrong, or have no usable answer, now.

    None where that cannot be said: there are no items, or right is something else there.
    """
    if baseline.run is None or baseline.result is None or not knows_right(baseline.run):
        return None
    primary = baseline.run.primary or ""
    if _other_primary(baseline.run, baseline.saved.result) or not baseline.is_same_metric(primary):
        return None
    mine, theirs = baseline.run.items, baseline.result.items
    return [
        NewlyWrong(
            mine.ids[i],
            now,
            _shown(mine.predictions[i], mine.raw[i]),
            _shown(theirs.predictions[i], theirs.raw[i]),
        )
        for i, (before, now) in enumerate(zip(theirs.outcomes, mine.outcomes, strict=True))
        if before == "right" and now in ("wrong", *UNREADABLE)
    ]


def _shown(prediction: object, raw: str | None) -> str:
    text = raw if prediction is None and raw is not None else str(prediction)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def recorded_differences(run: RunResult, saved: RunResult) -> list[str]:
    """What was recorded otherwise, and may move a score: versions, formats that were recognised."""
    mine, theirs = run.signature.recorded, saved.signature.recorded
    return [
        f"{name}: {theirs.get(name, 'nothing')} in the baseline, {mine.get(name, 'nothing')} now"
        for name in _RECORDED
        if mine.get(name) != theirs.get(name)
    ]
