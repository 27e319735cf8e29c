"""Two runs part by part: inputs, signatures, scores, intervals, counts, outcomes, groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vlmeval_cli.core.report_parts import Part, PartKind
from vlmeval_cli.core.results import Group, RunResult, Score

NETWORK_TOLERANCE = 1e-6  # float32 of other batches, threads or devices
_ROUNDING = 1e-12  # of a float64 that was summed in another order


def parts_of(mine: RunResult, theirs: RunResult) -> list[Part]:
    """Every part of two runs; scores of one that the other lacks are parts that differ."""
    return [
        *_inputs(mine, theirs),
        *_images(mine, theirs),
        *_tree("signature", mine.signature.comparable, theirs.signature.comparable, ""),
        *_scores(mine.scores, theirs.scores, ""),
        *_outcomes(mine, theirs),
        *_groups(mine, theirs),
    ]


def notes_on(mine: RunResult, theirs: RunResult) -> tuple[str, ...]:
    """What the user should know of how the two are compared."""
    scores = (*mine.scores.values(), *theirs.scores.values())
    names = dict.fromkeys(score.metric for score in scores if _by_network(score))
    if not names:
        return ()
    return (
        f"what networks compute counts as equal up to {NETWORK_TOLERANCE:g}, since other batches "
        f"and devices move its last digits: {', '.join(names)}; all else is to be equal",
    )


def _by_network(*scores: Score) -> bool:
    """Whether a network had a part in the scores: their signatures name its weights."""
    return any("weights" in score.signature.comparable for score in scores)


def _inputs(mine: RunResult, theirs: RunResult) -> Iterator[Part]:
    """Files by their role: equal where their content is."""
    other = {one.role: one for one in theirs.inputs}
    for one in mine.inputs:
        if (there := other.pop(one.role, None)) is None:
            yield Part("input", one.role, one.path, None, is_equal=False)
        else:
            same = one.sha256 == there.sha256
            told = (f"{one.path} ({one.sha256[:12]})", f"{there.path} ({there.sha256[:12]})")
            yield Part("input", one.role, *told, is_equal=same)
    for one in other.values():
        yield Part("input", one.role, None, one.path, is_equal=False)


def _images(mine: RunResult, theirs: RunResult) -> Iterator[Part]:
    """The images that both runs were held against; the signature tells where one has none."""
    left, right = map(_seen_images, (mine, theirs))
    if left and right:
        yield Part("input", "images", left, right, is_equal=left == right)


def _seen_images(run: RunResult) -> str | None:
    found = (one.signature.comparable.get("images") for one in run.scores.values())
    return next(filter(None, found), None)


def _tree(kind: PartKind, mine: object, theirs: object, path: str) -> Iterator[Part]:
    """The leaves of two trees of mappings."""
    trees = [one for one in (mine, theirs) if isinstance(one, Mapping)]
    if len(trees) == 2 or (trees and None in (mine, theirs)):
        for key in dict.fromkeys(key for tree in trees for key in tree):
            inner = f"{path} {key}".strip()
            yield from _tree(kind, _under(mine, key), _under(theirs, key), inner)
        return
    left, right = _listed(mine), _listed(theirs)
    yield Part(kind, path, _text(left), _text(right), is_equal=left == right)


def _under(tree: object, key: str) -> object:
    return tree.get(key) if isinstance(tree, Mapping) else None


def _listed(value: Any) -> Any:  # noqa: ANN401  (any JSON value)
    """Tuples as the lists that JSON makes of them."""
    if isinstance(value, Mapping):
        return {key: _listed(one) for key, one in value.items()}
    return [*map(_listed, value)] if isinstance(value, list | tuple) else value


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _scores(mine: Mapping[str, Score], theirs: Mapping[str, Score], where: str) -> Iterator[Part]:
    kind: PartKind = "group" if where else "score"
    for name in dict.fromkeys((*mine, *theirs)):
        left, right = mine.get(name), theirs.get(name)
        label = f"{where} {name}".strip()
        if left is None or right is None:
            mine_, theirs_ = (None if one is None else _text(one.value) for one in (left, right))
            yield Part(kind, label, mine_, theirs_, is_equal=False)
            continue
        rounding = NETWORK_TOLERANCE if _by_network(left, right) else _ROUNDING
        yield _number(kind, label, left.value, right.value, rounding)
        if not where:
            yield _number("interval", f"{label} low", left.ci_low, right.ci_low, rounding)
            yield _number("interval", f"{label} high", left.ci_high, right.ci_high, rounding)
        yield _number("count", f"{label} scored", left.n, right.n)


def _number(
    kind: PartKind,
    name: str,
    mine: float | None,
    theirs: float | None,
    rounding: float = _ROUNDING,
) -> Part:
    told = _text(mine), _text(theirs)
    if mine is None or theirs is None:
        return Part(kind, name, *told, is_equal=mine is theirs)
    difference = theirs - mine
    same = abs(difference) <= rounding * max(1.0, abs(mine))
    return Part(kind, name, *told, is_equal=same, difference=difference)


def _outcomes(mine: RunResult, theirs: RunResult) -> Iterator[Part]:
    for name in dict.fromkeys((*mine.outcomes, *theirs.outcomes)):
        yield _number("outcome", name, mine.outcomes.get(name, 0), theirs.outcomes.get(name, 0))


def _groups(mine: RunResult, theirs: RunResult) -> Iterator[Part]:
    """Scores of groups that both have; the other run may have been grouped otherwise."""
    other = {_name(group): group for group in theirs.groups}
    for group in mine.groups:
        if _name(group) in other:
            yield from _scores(group.scores, other[_name(group)].scores, _name(group))


def _name(group: Group) -> str:
    return ", ".join(f"{field}={value}" for field, value in group.by.items())
