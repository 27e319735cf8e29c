"""Why a tool's number is not our default's: the items that differ, and the rule of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from vlmeval_cli.core.batch import Array, Batch
from vlmeval_cli.core.metric import Chosen, Metric, Output, Table
from vlmeval_cli.reports.figures import in_points
from vlmeval_cli.runs.answer_trials import Trial
from vlmeval_cli.runs.trials import Sides, same_texts, trials

SEVERAL = "several rules together"
ONE_ONLY = "scored by one of the two only"
_SHOWN = 5
_EQUAL = 1e-9
_ADDITIVE = ("binary", "mean")


class Beside(NamedTuple):
    """An output of a tool beside ours.

    Attributes:
        name: of theirs in this run.
        our_name: of ours.
        output: what they have in common.
        theirs, ours: item scores, shape (n,); None where items have none.
        corpus: their score and ours.
    """

    name: str
    our_name: str
    output: Output
    theirs: Array | None
    ours: Array | None
    corpus: tuple[float | None, float | None]


def explained(
    chosen: Sequence[Chosen], defaults: Sequence[Chosen], their_items: Batch, our_items: Batch
) -> dict[str, Table]:
    """Tables of the differences between a tool's numbers and our defaults.

    Args:
        chosen: metrics that give the tool's numbers.
        defaults: what we score by default on these items.
        their_items: the items as the tool sees them.
        our_items: the items as we see them by default.
    """
    tables: dict[str, Table] = {}
    totals: list[Sequence[str | float | int | None]] = []
    for one in chosen:
        ours = _counterpart(one, defaults)
        sides = Sides(one.metric, ours.metric, their_items, our_items)
        for beside in _outputs(sides, one, ours):
            output, places = beside.output, _differing(beside)
            totals.append(_total(beside, places))
            if places:
                tables |= _tables(beside, sides, places)
            elif beside.theirs is None and beside.corpus[0] != beside.corpus[1]:
                found = trials(sides, output.name, ())
                tables[f"explain {beside.name} rules"] = _rules(beside, {}, found, 0)
    columns = ("output", "score", "our default", "its score", "difference (points)",
               "items that differ")  # fmt: skip
    return {"explain": Table("The tool's numbers beside our defaults", columns, totals), **tables}


def _counterpart(chosen: Chosen, defaults: Sequence[Chosen]) -> Chosen:
    """What we score by default of the same family, else the family with its default options."""
    family = type(chosen.metric)
    known = next((one for one in defaults if isinstance(one.metric, family)), None)
    if known is not None:
        return known
    metric: Metric[Any] = family()
    return Chosen(metric, {output.name: output.name for output in metric.outputs()})


def _outputs(sides: Sides, chosen: Chosen, ours: Chosen) -> Iterator[Beside]:
    theirs = sides.scored(sides.theirs, on_theirs=True)
    is_same = sides.theirs == sides.ours and same_texts(sides.their_items, sides.our_items)
    mine = theirs if is_same else sides.scored(sides.ours)
    for name, output in chosen.outputs():
        if output.name in mine.corpus:
            yield Beside(
                name=name,
                our_name=ours.names.get(output.name, output.name),
                output=output,
                theirs=theirs.items.get(output.name),
                ours=mine.items.get(output.name),
                corpus=(theirs.corpus[output.name], mine.corpus[output.name]),
            )


def _differing(beside: Beside) -> list[int]:
    """Items on which the two differ."""
    if beside.theirs is None or beside.ours is None:
        return []
    equal = np.isclose(beside.theirs, beside.ours, rtol=0, atol=_EQUAL, equal_nan=True)
    return [int(i) for i in np.flatnonzero(~equal)]


def _points(beside: Beside) -> float:
    return 100.0 if in_points(beside.output) else 1.0


def _total(beside: Beside, places: Sequence[int]) -> Sequence[str | float | int | None]:
    theirs, ours = beside.corpus
    both = theirs is not None and ours is not None
    difference = (theirs - ours) * _points(beside) if both else None  # type: ignore[operator]  # both
    n = len(places) if beside.theirs is not None else None
    return (beside.name, theirs, beside.our_name, ours, difference, n)


def _tables(beside: Beside, sides: Sides, places: Sequence[int]) -> dict[str, Table]:
    assert beside.theirs is not None
    assert beside.ours is not None
    found = trials(sides, beside.output.name, places)
    rules = {i: _rule(i, beside.theirs, beside.ours, found) for i in places}
    differences = beside.theirs - beside.ours
    order = sorted(places, key=lambda i: (-abs(np.nan_to_num(differences[i], nan=np.inf)), i))
    ids = sides.their_items.ids
    rows = [
        (ids[i], _known(beside.theirs[i]), _known(beside.ours[i]), _known(differences[i]), rules[i])
        for i in order
    ]
    what = f"{beside.name} and our default {beside.our_name}"
    if beside.name == beside.our_name:
        what = f"{beside.name}, theirs and ours"
    title = f"Items that differ: {what}"
    columns = ("id", "score", "our default", "difference", "rule")
    return {
        f"explain {beside.name}": Table(title, columns, rows, shown=_SHOWN),
        f"explain {beside.name} rules": _rules(beside, rules, found, len(ids)),
    }


def _rule(i: int, theirs: Array, ours: Array, found: Sequence[Trial]) -> str:
    """The first rule that alone makes our score of an item theirs."""
    if np.isnan(theirs[i]) or np.isnan(ours[i]):
        return ONE_ONLY
    return next((one.rule for one in found if abs(one.scores[i] - theirs[i]) <= _EQUAL), SEVERAL)


def _rules(beside: Beside, rules: Mapping[int, str], found: Sequence[Trial], n: int) -> Table:
    """How many items each rule decides, and what it does to the score of the corpus."""
    counts = Counter(rules.values())
    if beside.output.kind in _ADDITIVE:
        title = f"Rules behind the difference of {beside.name}"
        columns = ("rule", "items", "of the difference (points)")
        effects: dict[str, float | None] = {
            rule: _sum_of(rule, beside, rules, n) for rule in counts
        }
    else:
        title = f"Rules behind the difference of {beside.name}, {_no_mean(beside)}"
        columns = ("rule", "items", "of the corpus score, with this rule alone (points)")
        effects = dict.fromkeys(counts) | _alone(beside, found)
    has_items = beside.theirs is not None
    rows = [
        (rule, counts[rule] if has_items else None, effects[rule])
        for rule in effects
        if counts[rule] or effects[rule]
    ]
    rows.sort(key=lambda row: (-abs(row[2] or 0.0), -(row[1] or 0), row[0]))
    return Table(title, columns, rows)


def _no_mean(beside: Beside) -> str:
    return "which is no mean of item scores" if beside.theirs is not None else "a score of no item"


def _sum_of(rule: str, beside: Beside, rules: Mapping[int, str], n: int) -> float | None:
    """What the items of a rule add to the difference of the means; None where they have none."""
    assert beside.theirs is not None
    assert beside.ours is not None
    if rule == ONE_ONLY:
        return None
    own = [i for i, found in rules.items() if found == rule]
    n_scored = int(np.count_nonzero(~np.isnan(beside.theirs))) or n
    return float((beside.theirs[own] - beside.ours[own]).sum()) / n_scored * _points(beside)


def _alone(beside: Beside, found: Sequence[Trial]) -> dict[str, float | None]:
    ours = beside.corpus[1]
    return {
        one.rule: (one.corpus - ours) * _points(beside)
        for one in found
        if one.corpus is not None and ours is not None
    }


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
