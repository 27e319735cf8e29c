"""What the changes of several scores from one run to another say together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from vlmeval_cli.comparing.attribution import Attribution, Shared
from vlmeval_cli.comparing.ladder import FAILURES
from vlmeval_cli.core.results import Diagnosis, RunResult
from vlmeval_cli.runs.lengths import lengths
from vlmeval_cli.tasks.base import Task
from vlmeval_cli.tasks.patterns.changes import (
    ANY_TASK,
    CHANGES,
    FAILURES_PART,
    PRIMARY,
    WORDS_RATIO,
)

_ERRORS: Final = 2.0  # standard errors; a smaller change is told as none
_FEW: Final = 20  # items; a standard error or a median of fewer says little
_MUCH_ABSENT: Final = 0.1  # of the answers; beside it other causes cannot be told apart


def compare_diagnosis(task: Task, base: RunResult, run: RunResult) -> Sequence[Diagnosis]:
    """Patterns in the changes from ``base`` to ``run``.

    Args:
        task: of both.
        base: the baseline.
        run: the other run, over the same references.
    """
    if any(_absent(one) >= _MUCH_ABSENT for one in (base, run)):
        return ()  # the outcomes say so, and what they cost
    values = gains(base, run)
    return CHANGES.get(task.name, ANY_TASK).among(values) if values else ()


def change_findings(task: Task, results: Mapping[str, RunResult]) -> tuple[Diagnosis, ...]:
    """The patterns of every run against the first, with their names."""
    (against, base), *others = results.items()
    return tuple(
        replace(one, pattern=f"{name} against {against}: {one.pattern}")
        for name, result in others
        for one in compare_diagnosis(task, base, result)
    )


def _absent(result: RunResult) -> float:
    """Share of the items without an answer."""
    absent = sum(outcome in ("missing", "empty") for outcome in result.items.outcomes)
    return absent / (len(result.items) or 1)


def gains(base: RunResult, run: RunResult) -> dict[str, float]:
    """Output → its change, positive where ``run`` is better; and what patterns see beside these.

    A change of less than two standard errors of the items' differences is 0: it may be chance.
    None is told of few items.
    """
    shared = Shared.of(base, run)
    if len(shared.own) < _FEW:
        return {}
    found: dict[str, float] = {}
    for name, score in run.scores.items():
        change = _change(base, run, name, shared)
        if change is not None:
            found[name] = change if score.output.higher_is_better else -change
    if run.primary in found:
        found[PRIMARY] = found[str(run.primary)]
    part = _failures_part(base, run, shared)
    if part is not None:
        found[FAILURES_PART] = part
    mine, theirs = lengths(run), lengths(base)
    if mine is not None and theirs is not None and theirs.words:
        found[WORDS_RATIO] = mine.words / theirs.words
    return found


def _change(base: RunResult, run: RunResult, name: str, shared: Shared) -> float | None:
    """The change of a score; over the items of both where it is a mean, and 0 within its error."""
    before = base.scores.get(name)
    after = run.scores[name]
    if before is None or before.value is None or after.value is None:
        return None
    whole = after.value - before.value
    mine, theirs = run.items.scores.get(name), base.items.scores.get(name)
    if mine is None or theirs is None:
        return whole
    change = mine[shared.own] - theirs[shared.base]
    change = change[np.isfinite(change)]
    if len(change) < _FEW:
        return None
    error = float(change.std(ddof=1)) / len(change) ** 0.5
    if after.output.kind in ("binary", "mean"):
        whole = float(change.mean())
    return whole if abs(whole) > _ERRORS * error else 0.0


def _failures_part(base: RunResult, run: RunResult, shared: Shared) -> float | None:
    """The part of the primary score's change that is from items that failed in one run only."""
    parts = Attribution.of(base, run, shared)
    failed, had_failed = (
        np.array([one.items.outcomes[i] in FAILURES for i in places], dtype=np.bool_)
        for one, places in ((run, shared.own), (base, shared.base))
    )
    total = parts.part(np.ones(len(failed), dtype=np.bool_))
    explained = parts.part(failed != had_failed)
    if not total or explained is None:
        return None
    return min(1.0, explained / total)  # above 1, all else moved the other way
