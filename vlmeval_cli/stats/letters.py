"""Letters of equality: two runs share a letter exactly if they were not found different."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import combinations
from string import ascii_letters


def letters(
    n_runs: int, is_different: Collection[tuple[int, int]], order: Sequence[int]
) -> list[str]:
    """Compact letter display of all pairs of runs (Piepho 2004, doi:10.1198/1061860043515).

    Every pair of runs must have been compared: a pair that is not in ``is_different`` counts as
    not found different, which is no proof that the two are equal.

    Args:
        n_runs: number of runs.
        is_different: pairs that were found different, either way round.
        order: the runs, best first; the best one has the letter a.

    Returns:
        The letters of each run, ascending.

    >>> letters(3, {(0, 2)}, order=[2, 1, 0])
    ['b', 'ab', 'a']
    """
    differ = {frozenset(pair) for pair in is_different}
    groups = _without_idle(_groups(order, differ))
    return [
        "".join(_letter(i) for i, group in enumerate(groups) if run in group)
        for run in range(n_runs)
    ]


def _groups(order: Sequence[int], differ: set[frozenset[int]]) -> list[frozenset[int]]:
    """Sets of runs without a different pair, which together hold every pair that is not different.

    Each pair that no set holds yet starts one, and it takes in everybody whom it can.
    """
    groups: list[frozenset[int]] = []
    held: set[frozenset[int]] = set()
    for i, run in enumerate(order):
        alike = [other for other in order[i + 1 :] if frozenset((run, other)) not in differ]
        starts: list[tuple[int, ...]] = [(run, other) for other in alike] or [(run,)]
        for start in starts:
            if frozenset(start) not in held:
                group = _grown(start, order, differ)
                groups.append(group)
                held |= _held_by(group)
    return groups


def _grown(
    start: tuple[int, ...], order: Sequence[int], differ: set[frozenset[int]]
) -> frozenset[int]:
    group = set(start)
    for run in order:
        if all(frozenset((run, member)) not in differ for member in group):
            group.add(run)
    return frozenset(group)


def _without_idle(groups: list[frozenset[int]]) -> list[frozenset[int]]:
    """The groups less those whose runs and pairs the others hold."""
    kept = list(groups)
    for group in groups:
        others = set().union(*(_held_by(other) for other in kept if other is not group))
        if _held_by(group) <= others:
            kept.remove(group)
    return kept


def _held_by(group: frozenset[int]) -> set[frozenset[int]]:
    """The runs and the pairs of runs in a group."""
    singles = {frozenset((run,)) for run in group}
    return singles | {frozenset(pair) for pair in combinations(group, 2)}


def _letter(i: int) -> str:
    return ascii_letters[i] if i < len(ascii_letters) else f"({i + 1})"
