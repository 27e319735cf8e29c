"""What a tuned run gained and what it forgot: the study of base, LoRA and full fine-tuning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from vlmeval_cli.core.batch import Ints
from vlmeval_cli.core.comparison import ComparedRun, Comparison, Pair
from vlmeval_cli.core.metric import Table
from vlmeval_cli.core.results import RunResult
from vlmeval_cli.reports.figures import in_points
from vlmeval_cli.reports.json_bytes import json_bytes
from vlmeval_cli.stats.groups import members
from vlmeval_cli.stats.recovery import recovered_share

# Points (fractions × 100) that a LoRA may lie behind full fine-tuning.
EXCELLENT, WIDE = 2.0, 5.0
_EXAMPLES = 5

Cell = str | float | int | None
Flags = npt.NDArray[np.bool_]


def gap_table(comparison: Comparison) -> dict[str, Table]:
    """How far each run is from full fine-tuning, by output whose scale is in points."""
    full, base = comparison.full, comparison.baseline
    if full is None:
        return {}
    rows = [
        _gap_row(comparison, run.name, pair)
        for run in comparison.runs
        if run.name not in (full, base)
        for pair in _pairs(comparison, run.name, full)
        if in_points(pair.output)
    ]
    columns = (
        "run", "output", "gap in points", "low", "high", "reading", "recovered", "recovered low",
        "recovered high", "why not",
    )  # fmt: skip
    title = f"Gap to {full}, and the recovered share of the gain from {base} to {full}"
    return {"gap": Table(title, columns, rows)} if rows else {}


def _pairs(comparison: Comparison, run: str, against: str) -> Iterator[Pair]:
    return (one for one in comparison.pairs if (one.run, one.against) == (run, against))


def _gap_row(comparison: Comparison, run: str, pair: Pair) -> list[Cell]:
    name, found = pair.output.name, pair.found
    sign = -1.0 if pair.output.higher_is_better else 1.0  # a gap is how much worse the run is
    scaled = sorted(100.0 * sign * end for end in (found.low, found.high) if end is not None)
    ends: Sequence[float | None] = scaled or (None, None)
    gap = None if found.difference is None else 100.0 * sign * found.difference
    return [run, name, gap, *ends, reading(gap), *_recovered(comparison, run, name, pair)]


def reading(gap: float | None) -> str:
    """What a gap in points to full fine-tuning means."""
    if gap is None:
        return "unknown"
    if gap <= 0.0:
        return "no gap"
    if gap <= EXCELLENT:
        return "excellent"
    return "close" if gap <= WIDE else "wide: raise the rank or train longer"


def _recovered(comparison: Comparison, run: str, name: str, gap: Pair) -> list[Cell]:
    gain = comparison.pair(run, comparison.baseline, name)
    whole = comparison.pair(str(comparison.full), comparison.baseline, name)
    if gain is None or whole is None or whole.verdict != "improved":
        why = f"{comparison.full} is not shown to be better than {comparison.baseline}"
        return [None, None, None, why]
    share = recovered_share(gain.found, whole.found, gap.found, comparison.options["confidence"])
    return [None, None, None, "unknown difference"] if share is None else [*share, None]


def right_items(result: RunResult, primary: str | None) -> Flags | None:
    """Which items are right by the ``primary`` output; None where there is no right and wrong.

    The outcomes of a run go by its own primary output, which may be another one.
    """
    if "scored" in result.outcomes:
        return None
    if result.primary == primary:
        return np.array([outcome == "right" for outcome in result.items.outcomes], dtype=bool)
    if primary is None or primary not in result.items.scores:
        return None
    output = result.scores[primary].output
    low, high = output.range
    return np.asarray(result.items.scores[primary] == (high if output.higher_is_better else low))


def forgetting_table(comparison: Comparison) -> dict[str, Table]:
    """Items right in the baseline and not after tuning, and the other way, by group."""
    base = comparison.runs[0].result
    before = right_items(base, comparison.primary)
    if before is None:
        return {}
    rows = [
        [run.name, group, *_turned(before[items], after[items])]
        for run in comparison.runs[1:]
        if (after := right_items(run.result, comparison.primary)) is not None
        for group, items in _groups([one.result for one in comparison.runs])
    ]
    columns = (
        "run", "group", "items", "right before", "forgotten", "forgotten share", "not right before",
        "learned", "learned share", "net",
    )  # fmt: skip
    title = f"Forgotten and learned against {comparison.baseline} (an item is right or it is not)"
    return {"forgetting": Table(title, columns, rows)}


def _groups(results: Sequence[RunResult]) -> Iterator[tuple[str, Ints]]:
    """All items, then those of each group that any of the runs over them tells."""
    yield "all", np.arange(len(results[0].items))
    fields: dict[str, Sequence[str]] = {}
    for result in results:
        fields = {**result.items.groups, **fields}
    for field, labels in fields.items():
        for label, items in members(labels).items():
            yield f"{field}={label}", items


def _turned(before: Flags, after: Flags) -> list[Cell]:
    forgotten, learned = int((before & ~after).sum()), int((~before & after).sum())
    right = int(before.sum())
    wrong = len(before) - right
    return [
        len(before),
        right,
        forgotten,
        forgotten / right if right else None,
        wrong,
        learned,
        learned / wrong if wrong else None,
        learned - forgotten,
    ]


def only_table(comparison: Comparison) -> dict[str, Table]:
    """Items that one run alone gets right, that all do, and that none does."""
    flags = [right_items(run.result, comparison.primary) for run in comparison.runs]
    known = [own for own in flags if own is not None]
    if len(known) < len(flags):
        return {}
    table = np.array(known)
    counts = table.sum(axis=0)
    ids = comparison.runs[0].result.items.ids
    rows = [
        [f"only {run.name}", *_counted(own & (counts == 1), ids)]
        for run, own in zip(comparison.runs, table, strict=True)
    ]
    rows.append(["all runs", *_counted(counts == len(table), ids)])
    rows.append(["no run", *_counted(counts == 0, ids)])
    return {"only": Table("Who gets items right", ("right in", "items", "share", "first"), rows)}


def _counted(chosen: Flags, ids: Sequence[str]) -> list[Cell]:
    found = np.flatnonzero(chosen)
    first = ", ".join(ids[i] for i in found[:_EXAMPLES].tolist())
    return [len(found), len(found) / len(chosen) if len(chosen) else None, first]


def moves_table(comparison: Comparison, most: int) -> dict[str, Table]:
    """The items whose score of the primary output moved most against the baseline, each way."""
    name = _ranked_by(comparison)
    if name is None or most == 0:
        return {}
    base = comparison.runs[0]
    rows = [
        [run.name, *row] for run in comparison.runs[1:] for row in _moved(base, run, name, most)
    ]
    columns = (
        "run", "way", "id", f"{base.name}", "run's", "change", f"{base.name} said", "run said",
        "references",
    )  # fmt: skip
    title = f"Largest moves of single items by {name}"
    return {"moves": Table(title, columns, rows)} if rows else {}


def _ranked_by(comparison: Comparison) -> str | None:
    names = (str(comparison.primary), *comparison.runs[0].scores)
    has = [run.result.items.scores for run in comparison.runs]
    return next((name for name in names if all(name in own for own in has)), None)


def _moved(base: ComparedRun, run: ComparedRun, name: str, most: int) -> Iterator[list[Cell]]:
    before, after = (one.result.items.scores[name] for one in (base, run))
    higher = base.result.scores[name].output.higher_is_better
    gain = (after - before) if higher else (before - after)
    known = np.flatnonzero(~np.isnan(gain))
    order = known[np.argsort(gain[known], kind="stable")]
    worse = [i for i in order[:most].tolist() if gain[i] < 0]
    better = [i for i in order[::-1][:most].tolist() if gain[i] > 0]
    for way, chosen in (("better", better), ("worse", worse)):
        for i in chosen:
            yield [
                way,
                base.result.items.ids[i],
                float(before[i]),
                float(after[i]),
                float(after[i] - before[i]),
                _said(base.result, i),
                _said(run.result, i),
                " | ".join(map(_text, base.result.items.references[i])),
            ]


def _said(result: RunResult, i: int) -> str:
    """What was read of an answer, or the answer itself where nothing could be read."""
    read, raw = result.items.predictions[i], result.items.raw[i]
    return _text(raw if read is None and raw is not None else read)


def _text(value: object) -> str:
    if value is None:
        return "(none)"
    if value == "":
        return "(empty)"
    return value if isinstance(value, str) else json_bytes(value).decode("utf-8")


def tuning_tables(comparison: Comparison, moves: int) -> Mapping[str, Table]:
    """All tables of the study."""
    return {
        **gap_table(comparison),
        **forgetting_table(comparison),
        **only_table(comparison),
        **moves_table(comparison, moves),
    }
