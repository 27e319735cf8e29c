"""What the form of the answers costs: the score without any help in reading, and its ceiling.

Three readings of one run: *strict*, where an answer that had to be dug out or mended counts as
worthless; *as scored*; and the *ceiling*, where every answer that failed by its form (empty,
refused, cut off, caught in a loop, unreadable) is supposed to be right. A missing prediction is no
matter of form and stays as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from vlmeval_cli.core.batch import Array
from vlmeval_cli.core.metric import Output, Table
from vlmeval_cli.core.results import MeasuredMetric, RunResult, Score
from vlmeval_cli.core.wording import number_of
from vlmeval_cli.tasks import NAMES, task

FORM_FAILURES: Final = ("empty", "refused", "truncated", "loop", "unparsed")
Flags = npt.NDArray[np.bool_]
_SAME: Final = 1e-12  # rounding of sums
_UNREAD: Final = "it is not known how its answers were read"
_NO_RIGHT: Final = "no answer of this task is simply right"
_POOLED: Final = "the score is made of all items together, not of their single scores"
_NO_PARTS: Final = "the score is a ratio of sums that do not tell what a right answer would add"
_UNBOUNDED: Final = "the score has no best or no worst value"
_ALL_FAILED: Final = "all answers failed"


@dataclass(frozen=True, slots=True)
class FormatCost:
    """Readings of the primary score of a run.

    Attributes:
        output: the primary output.
        strict: answers that took help to be read count as worthless.
        given: the score as it is; so are all readings that suppose nothing of any item.
        others: failed answers are as good as the others are on average.
        ceiling: failed answers are right.
        helped: what it took → answers; None where that is not known.
        failed: outcome → answers, of those that are a matter of form.
        n: items.
        reasons: reading → why it is unknown.
    """

    output: Output
    strict: float | None
    given: float | None
    others: float | None
    ceiling: float | None
    helped: Mapping[str, int] | None
    failed: Mapping[str, int]
    n: int
    reasons: Mapping[str, str]

    @property
    def is_any(self) -> bool:
        """Whether one of the readings differs from the score."""
        readings = (self.strict, self.others, self.ceiling)
        known = [one for one in readings if one is not None]
        return self.given is not None and any(abs(one - self.given) > _SAME for one in known)


def format_cost(result: RunResult) -> FormatCost | None:
    """The readings of the primary score; None where there is no item or no primary output."""
    items, name = result.items, result.primary
    if name is None or name not in result.scores or not len(items):
        return None
    score = result.scores[name]
    failed = np.array([one in FORM_FAILURES for one in items.outcomes], dtype=np.bool_)
    helped = np.zeros(len(items), dtype=np.bool_)
    helped[list(items.helped or ())] = True
    scorer = _Scorer.of(result, score)
    reasons: dict[str, str] = {}
    strict = ceiling = None
    if items.helped is None:
        reasons["strict"] = _UNREAD
    else:
        strict = scorer.supposing(helped, right=False)
    if result.task in NAMES and task(result.task).has_right_answers:
        ceiling = scorer.supposing(failed, right=True)
    else:
        reasons["ceiling"] = _NO_RIGHT
    others = scorer.without(failed)
    if failed.all():
        reasons["others"] = _ALL_FAILED
    for reading, found in (("strict", strict), ("others", others), ("ceiling", ceiling)):
        if found is None:
            reasons.setdefault(reading, scorer.reason)
    return FormatCost(
        output=score.output,
        strict=strict,
        given=score.value,
        others=others,
        ceiling=ceiling,
        helped=None if items.helped is None else Counter(items.helped.values()),
        failed=Counter(one for one in items.outcomes if one in FORM_FAILURES),
        n=len(items),
        reasons=reasons,
    )


@dataclass(frozen=True, slots=True)
class _Scorer:
    """Makes the score again where some items are supposed to be other than they are.

    Attributes:
        output: the output.
        given: its value as the items are.
        column: item scores where the score is their mean, shape (n,).
        measured: the metric and its statistics where the score is a function of their sums.
        reason: why neither is there, or neither can tell.
    """

    output: Output
    given: float | None
    column: Array | None
    measured: MeasuredMetric | None
    reason: str

    @classmethod
    def of(cls, result: RunResult, score: Score) -> _Scorer:
        output, name = score.output, score.output.name
        if output.kind in ("binary", "mean"):
            column = result.items.scores.get(name)
            why = _POOLED if column is None else _UNBOUNDED
            return cls(output, score.value, column, None, why)
        found = next((one for one in result.measured if name in one.chosen.names.values()), None)
        is_ratio = output.kind == "ratio" and found is not None and found.statistics.item is None
        measured, why = (found, _NO_PARTS) if is_ratio else (None, _POOLED)
        return cls(output, score.value, None, measured, why)

    def supposing(self, items: Flags, *, right: bool) -> float | None:
        """The score if ``items`` were right, or worth nothing."""
        if not items.any():
            return self.given
        if self.column is not None:
            low, high = self.output.range
            best = high if self.output.higher_is_better else low
            value = best if right else self.output.worst
            if value is None:
                return None
            is_changed = items & ~np.isnan(self.column)
            return _mean(np.where(is_changed, value, self.column))
        if self.measured is None:
            return None
        values = self.measured.statistics.values
        other = self.measured.chosen.metric.supposed(values[items], right=right)
        return None if other is None else self._total(np.vstack([values[~items], other]))

    def without(self, items: Flags) -> float | None:
        """The score of all but ``items``."""
        if not items.any():
            return self.given
        if self.column is not None:
            return _mean(self.column[~items])
        if self.measured is None:
            return None
        return self._total(self.measured.statistics.values[~items])

    def _total(self, values: Array) -> float | None:
        assert self.measured is not None
        chosen = self.measured.chosen
        own = next(mine for mine, name in chosen.names.items() if name == self.output.name)
        with np.errstate(all="ignore"):
            found = float(chosen.metric.finalize(values.sum(axis=0))[own])
        return found if np.isfinite(found) else None


def _mean(column: Array) -> float | None:
    known = column[~np.isnan(column)]
    return float(known.mean()) if len(known) else None


def cost_tables(result: RunResult) -> dict[str, Table]:
    """The table ``format_cost`` of a run; none where the form costs nothing."""
    found = format_cost(result)
    if found is None or not found.is_any:
        return {}
    failed = sum(found.failed.values())
    rows = (
        ("strict", "answers that took help count as wrong", found.strict, _told(found.helped)),
        ("as scored", "", found.given, number_of(found.n, "item")),
        ("as the others", "failed answers are as good as the rest", found.others, None),
        ("ceiling", "failed answers are right", found.ceiling, _told(found.failed)),
    )
    shown = [
        (reading, score, _less(score, found.given), meaning, _because(found, reading, answers))
        for reading, meaning, score, answers in rows
        if reading != "as the others" or failed
    ]
    columns = ("reading", "score", "difference", "what is supposed", "answers")
    return {"format_cost": Table(f"Cost of the format ({found.output.name})", columns, shown)}


def format_costs(results: Mapping[str, RunResult]) -> Table | None:
    """The readings of several runs, a row each; None where the form costs nothing in any."""
    costs = {name: format_cost(result) for name, result in results.items()}
    if not any(one is not None and one.is_any for one in costs.values()):
        return None
    rows = [[name, *_readings(found)] for name, found in costs.items()]
    columns = (
        "run", "strict", "as scored", "as the others", "ceiling", "answers that took help",
        "failed answers", "why unknown",
    )  # fmt: skip
    shown = len(columns) if any(row[-1] for row in rows) else -1  # nothing is unknown
    return Table(
        "Cost of the format in the primary score",
        columns[:shown],
        [row[:shown] for row in rows],
    )


def _readings(found: FormatCost | None) -> list[str | float | int | None]:
    if found is None:
        return [*[None] * 6, "it has no primary score"]
    helped = None if found.helped is None else sum(found.helped.values())
    why = "; ".join(f"{reading}: {reason}" for reading, reason in found.reasons.items())
    return [
        found.strict, found.given, found.others, found.ceiling, helped,
        sum(found.failed.values()), why or None,
    ]  # fmt: skip


def _less(value: float | None, given: float | None) -> float | None:
    return None if value is None or given is None else value - given


def _told(counts: Mapping[str, int] | None) -> str | None:
    if counts is None:
        return None
    parts = [f"{n:,} {what}" for what, n in sorted(counts.items(), key=lambda one: -one[1])]
    return ", ".join(parts) or "0"


_KEYS: Final = {"strict": "strict", "as the others": "others", "ceiling": "ceiling"}


def _because(found: FormatCost, reading: str, answers: str | None) -> str | None:
    """What the answers are, and why the score is unknown where it is."""
    why = found.reasons.get(_KEYS.get(reading, ""))
    parts: Sequence[str] = [one for one in (answers, why and f"unknown: {why}") if one]
    return "; ".join(parts) or None
