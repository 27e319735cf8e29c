"""The ladder in sentences: what failed more, what that cost, and what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from vlmeval_cli.comparing.ladder import ANY_FAILURE, Change, Ladder, RungChange
from vlmeval_cli.core.metric import Output
from vlmeval_cli.core.results import Diagnosis
from vlmeval_cli.core.wording import number_of
from vlmeval_cli.reports.figures import in_points

ALPHA: Final = 0.05  # of the adjusted p-value; what is above may be chance, and stands in the table
_TINY: Final = 0.0005  # of the scale: less than a tenth of a point is told as nothing
_NAMED: Final = 4  # runs in a sentence
_CORRECTIONS: Final = {"holm": "Holm", "bh": "Benjamini-Hochberg", "none": "uncorrected"}


class _Words(NamedTuple):
    """How a run is said to fail, and what to do about it."""

    verb: str
    advice: str


_OUTCOMES: Final[Mapping[str, _Words]] = MappingProxyType(
    {
        "missing": _Words(
            "gives no prediction (missing)",
            "find the requests that failed or were filtered, and run them again before comparing",
        ),
        "empty": _Words(
            "answers nothing (empty)",
            "look for a stop token that comes first, a template without its last turn, or an image "
            "that did not load",
        ),
        "refused": _Words(
            "refuses (refused)",
            "read the refusals; the system prompt or safety data of the tuning may be at work",
        ),
        "truncated": _Words(
            "is cut off (truncated)",
            "raise max_new_tokens, or ask for shorter answers; see whether the stop token was "
            "learned in tuning",
        ),
        "loop": _Words(
            "repeats itself (loop)",
            "set a repetition penalty or a temperature, and check that texts of the tuning end "
            "with the stop token",
        ),
        "unparsed": _Words(
            "cannot be read (unparsed)",
            "compare the form of the answers with what the prompt asks for; the reasons stand in "
            "the samples",
        ),
    }
)


def ladder_findings(found: Ladder) -> tuple[Diagnosis, ...]:
    """What fails more or less often than in the baseline, where that is no chance.

    The failures that cost or earn most come first.
    """
    told = [
        one
        for one in found.rungs
        if one.outcome != ANY_FAILURE and one.p_adjusted is not None and one.p_adjusted <= ALPHA
    ]
    told.sort(key=lambda one: -abs(one.explained or 0.0))
    cured: dict[str, list[RungChange]] = {}
    for one in told:
        if one.share < one.against_share:
            cured.setdefault(one.outcome, []).append(one)
    findings = []
    for one in told:
        same = cured.get(one.outcome, []) if one.share < one.against_share else []
        if len(same) < 2:
            findings.append(_finding(one, found))
        elif one is same[0]:  # what several runs do better needs one sentence
            findings.append(_cure(same, found))
    return tuple(findings)


def _cure(runs: Sequence[RungChange], found: Ladder) -> Diagnosis:
    """Several runs that fail less often than the baseline, in one sentence."""
    first = runs[0]
    words = _OUTCOMES[first.outcome]
    shares = ", ".join(f"{one.run} {one.share:.1%}" for one in runs[:_NAMED])
    more = f" and {len(runs) - _NAMED} more" if len(runs) > _NAMED else ""
    highest = max(one.p_adjusted or 0.0 for one in runs)
    pattern = (
        f"{first.against} {words.verb} on {first.against_share:.1%} of the items, and "
        f"{len(runs)} runs do so on fewer: {shares}{more} ({_probability(highest, at_most=True)}, "
        f"exact McNemar, {_family(found)})"
    )
    meaning = f"{part_in(found.totals[first.run], first.explained)} ({first.run})"
    return Diagnosis(pattern, meaning, f"nothing to do; {first.against} does it more often")


def _finding(one: RungChange, found: Ladder) -> Diagnosis:
    words = _OUTCOMES[one.outcome]
    points = 100 * (one.share - one.against_share)
    pattern = (
        f"{one.run} {words.verb} on {one.share:.1%} of the items, {one.against} on "
        f"{one.against_share:.1%}: {points:+.1f} points ({_probability(one.p_adjusted)}, exact "
        f"McNemar, {_family(found)})"
    )
    is_worse = one.share > one.against_share
    advice = words.advice if is_worse else f"nothing to do; {one.against} does it more often"
    return Diagnosis(pattern, part_in(found.totals[one.run], one.explained), advice)


def _family(found: Ladder) -> str:
    return f"{_CORRECTIONS[found.correction]} over {number_of(found.n_tests, 'test')}"


def _probability(p: float | None, *, at_most: bool = False) -> str:
    if p is None:
        return "p unknown"
    return "p < 0.0001" if p < 0.0001 else f"p {'≤' if at_most else '='} {p:.4f}"


def part_in(change: Change, explained: float | None) -> str:
    """What failures have to do with the change of the primary score."""
    output, total = change.output, change.value
    if output is None or total is None or explained is None:
        return f"what it does to the primary score is unknown: {change.reason or 'undefined'}"
    sign = 1.0 if output.higher_is_better else -1.0
    own, whole = sign * explained, sign * total
    if abs(own) < _TINY * _span(output):
        return f"that does not move {output.name}"
    verb, kind = ("costs", "loss") if own < 0 else ("earns", "gain")
    amount, of_all = _amount(own, output), _amount(whole, output)
    if own * whole <= 0:
        way = "rises" if whole > 0 else "falls"
        moved = f"{way} by {of_all}" if whole else "does not change"
        return f"that {verb} {amount} {_unit(output)} of {output.name}, which {moved} all the same"
    if abs(own) > abs(whole) + _TINY * _span(output):
        return (
            f"that {verb} {amount} {_unit(output)} of {output.name}, more than the whole {kind} "
            f"of {of_all}"
        )
    return (
        f"of the {kind} of {of_all} {_unit(output)} in {output.name}, {amount} are explained by it"
    )


def _span(output: Output) -> float:
    low, high = output.range
    return 1.0 if low is None or high is None or in_points(output) else high - low


def _amount(value: float, output: Output) -> str:
    return f"{100 * abs(value):.1f}" if in_points(output) else f"{abs(value):.4g}"


def _unit(output: Output) -> str:
    return "points" if in_points(output) else output.unit
