"""Tables of the slices in which a run, or the change between two, differs from the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import inf
from typing import NamedTuple

import numpy as np

from vlmeval_cli.core.batch import Array, Ints
from vlmeval_cli.core.config import StatisticsPolicy
from vlmeval_cli.core.metric import Output, Table
from vlmeval_cli.core.results import Findings, RunResult
from vlmeval_cli.core.wording import number_of
from vlmeval_cli.stats.groups import numbered
from vlmeval_cli.stats.slices import FoundSlices, Slice, SlicePolicy, find_slices

LEAST = 20
_LEAST_SHARE = 0.002  # of many items: a slice of 20 in 100,000 is an anecdote
MOST_COLUMNS = 30
_MOST_LABELS = 20  # of one column, the most frequent
_SAYS_THE_SCORE = 0.98  # share of the variance of the scores that such a column explains
_SHOWN = 20
_COLUMNS = ("slice", "items", "score", "rest", "difference", "low", "high", "p", "p corrected")
_COLUMNS_SHOWN = (
    "slice", "items", "score", "rest", "difference", "low", "high", "p corrected",
)  # fmt: skip


class _Coded(NamedTuple):
    """Columns as integers with the names of their labels, and those that were left out."""

    codes: list[Ints]
    names: list[tuple[str, list[str]]]
    notes: tuple[str, ...]


def slices_of_run(result: RunResult, policy: StatisticsPolicy) -> Findings:
    """Slices in which the primary output of a run differs from its rest.

    Args:
        result: a run with the columns that it can be sliced by, :attr:`ItemScores.slices`.
        policy: its confidence and seed are used.
    """
    output = _sliced_output(result)
    if output is None:
        return Findings({}, ("slices need a score that single items have, and there is none",))
    words = _words(output, result.scores[output].output, times=1.0)
    items = result.items
    return _sliced(items.scores[output], items.slices, result.clusters, policy, words)


def slices_of_change(
    result: RunResult,
    against: RunResult,
    names: tuple[str, str] = ("run", "against"),
    policy: StatisticsPolicy | None = None,
) -> Findings:
    """Slices in which the change from one run to another differs from that of the other items.

    Args:
        result: a run that was sliced, :attr:`ItemScores.slices` has its columns.
        against: the run that it is compared with, sliced too; items are matched by their ids.
        names: of the two runs, for what differs between them, such as the length of their answers.
        policy: of resampling; None takes confidence and seed of the run.
    """
    output = _sliced_output(result)
    if output is None or output not in against.items.scores:
        return Findings({}, ("slices need a score that single items have in both runs",))
    if not result.items.slices or not against.items.slices:
        return Findings({}, ("no slices: the run was saved without them; score it with --slices",))
    place = {name: i for i, name in enumerate(against.items.ids)}
    mine = [i for i, name in enumerate(result.items.ids) if name in place]
    theirs = [place[result.items.ids[i]] for i in mine]
    values = result.items.scores[output][mine] - against.items.scores[output][theirs]
    columns: dict[str, Sequence[str]] = {}
    for name, own in result.items.slices.items():
        labels = [own[i] for i in mine]
        other = against.items.slices.get(name)
        others = None if other is None else [other[i] for i in theirs]
        if others is None or others == labels:
            columns[name] = labels
        else:
            columns |= {f"{name} of {names[0]}": labels, f"{name} of {names[1]}": others}
    clusters = None if result.clusters is None else result.clusters[mine]
    title = f"the change of {output}, {names[0]} - {names[1]},"
    words = _words(title, result.scores[output].output, times=2.0)  # of two changes
    return _sliced(values, columns, clusters, policy or _policy_of(result), words)


class _Words(NamedTuple):
    """What is sliced, in words, whether more of it is better, and the most it can differ by."""

    title: str
    higher_is_better: bool
    limit: float


def _words(title: str, output: Output, times: float) -> _Words:
    low, high = output.range
    limit = inf if low is None or high is None else times * (high - low)
    return _Words(title, output.higher_is_better, limit)


def _policy_of(result: RunResult) -> StatisticsPolicy:
    known = result.statistics_options
    return StatisticsPolicy(confidence=known.get("confidence", 0.95), seed=known.get("seed") or 0)


def _sliced_output(result: RunResult) -> str | None:
    """The primary output, or the first that single items have."""
    outputs = result.items.scores
    return result.primary if result.primary in outputs else next(iter(outputs), None)


def _sliced(
    values: Array,
    columns: Mapping[str, Sequence[str]],
    clusters: Ints | None,
    policy: StatisticsPolicy,
    words: _Words,
) -> Findings:
    n = int(np.isfinite(values).sum())
    least = max(LEAST, int(_LEAST_SHARE * n))
    coded = _coded(values, columns, least)
    chosen = SlicePolicy(least=least, confidence=policy.confidence, seed=policy.seed)
    found = find_slices(values, coded.codes, clusters, chosen)
    if not found.n_permutations:
        why = "all items score the same" if found.n_looked_at else f"none has {least} items"
        return Findings({}, (f"no slices to tell apart: {why}", *coded.notes))
    return Findings({"slices": _table(found, coded, chosen, words)}, coded.notes)


def _coded(values: Array, columns: Mapping[str, Sequence[str]], least: int) -> _Coded:
    """Integers for labels; labels that too few items have are none."""
    known = np.isfinite(values)
    codes: list[Ints] = []
    names: list[tuple[str, list[str]]] = []
    telling, left = [], []
    for name, labels in columns.items():
        kept = _frequent([one for one, ok in zip(labels, known, strict=True) if ok], least)
        if len(kept) < 2 and (not kept or len(set(labels)) < 2):
            continue
        if _says_the_score(values[known], [labels[i] for i in np.flatnonzero(known).tolist()]):
            telling.append(name)
        elif len(codes) == MOST_COLUMNS:
            left.append(name)
        else:
            place = {one: i for i, one in enumerate(kept)}
            codes.append(np.array([place.get(one, -1) for one in labels], dtype=np.int64))
            names.append((name, kept))
    return _Coded(codes, names, tuple(_left_out(telling, left)))


def _frequent(labels: Sequence[str], least: int) -> list[str]:
    counts = Counter(labels).most_common(_MOST_LABELS)
    return [one for one, count in counts if count >= least]


def _says_the_score(values: Array, labels: Sequence[str]) -> bool:
    """Whether a column is the score in other words, such as a recorded "correct"."""
    numbers, names = numbered(labels)
    sizes = np.bincount(numbers, minlength=len(names))
    total = float(np.square(values - values.mean()).sum()) if len(values) else 0.0
    if total == 0.0 or 2 * len(names) > len(values):
        return False
    means = np.bincount(numbers, values) / sizes
    between = float((sizes * np.square(means - values.mean())).sum())
    return between > _SAYS_THE_SCORE * total


def _left_out(telling: Sequence[str], left: Sequence[str]) -> list[str]:
    notes = []
    if telling:
        notes.append(f"not sliced by what is the score itself: {', '.join(telling)}")
    if left:
        notes.append(f"only {MOST_COLUMNS} columns are sliced by, without: {', '.join(left)}")
    return notes


def _table(found: FoundSlices, coded: _Coded, policy: SlicePolicy, words: _Words) -> Table:
    slices = found.slices if found.slices else found.strongest
    if not words.higher_is_better:
        slices = slices[::-1] if found.slices else slices
    return Table(
        title=_title(found, policy, words),
        columns=_COLUMNS,
        rows=[_row(one, coded, words.limit) for one in slices],
        shown=_SHOWN,
        shown_columns=_COLUMNS_SHOWN,
    )


def _title(found: FoundSlices, policy: SlicePolicy, words: _Words) -> str:
    looked = f"{number_of(found.n_looked_at, 'slice')} of at least {policy.least} items looked at"
    how = (
        f"{looked}; p corrected and {100 * policy.confidence:g}% intervals for all of them, "
        f"{found.n_permutations:,} permutations"
    )
    if not found.slices:
        return (
            f"Slices: {words.title} differs in none from the rest; the furthest are listed ({how})"
        )
    more = f"; {found.n_repeats:,} more say the same" if found.n_repeats else ""
    return f"Slices in which {words.title} differs from the rest, the worst first ({how}{more})"


def _row(one: Slice, coded: _Coded, limit: float) -> list[str | float | int | None]:
    parts = [
        f"{coded.names[column][0]} = {coded.names[column][1][number]}"
        for column, number in one.parts
    ]
    return [
        " and ".join(parts),
        one.n,
        one.score,
        one.rest,
        one.difference,
        max(one.low, -limit),
        min(one.high, limit),
        one.p_value,
        one.p_corrected,
    ]
