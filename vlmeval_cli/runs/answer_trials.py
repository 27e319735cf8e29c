"""Which rule of comparing answers makes a difference: one step, side or formula at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import Any, NamedTuple, cast

import numpy as np

from vlmeval_cli.core.batch import Array, Batch, TextColumn
from vlmeval_cli.core.metric import Metric
from vlmeval_cli.metrics.exact_match import ExactMatch
from vlmeval_cli.metrics.vqa_accuracy import VqaAccuracy
from vlmeval_cli.text.answer_steps import NAMES, SQUAD, VQA, Step, Steps, Told, stepped
from vlmeval_cli.text.vqa_normalize import vqa_whitespace

_NOTHING: Steps = frozenset()
_AGREEING = 3


class Way(NamedTuple):
    """How a prediction is held against the accepted answers of an item.

    Attributes:
        prediction, references: steps that the texts go through.
        prediction_if_same, references_if_same: the same where all answers are one and the same.
        formula: what becomes of the number of equal answers.
    """

    prediction: Steps
    references: Steps
    prediction_if_same: Steps
    references_if_same: Steps
    formula: str


_SIDES = ("prediction", "references")
_IF_SAME = ("prediction_if_same", "references_if_same")
_BY_SIDE = {
    "prediction": ("prediction", "prediction_if_same"),
    "accepted answers": ("references", "references_if_same"),
}


class Trial(NamedTuple):
    """Our default with one rule of the tool's.

    Attributes:
        rule: in words.
        scores: of every item, NaN where the rule was not tried; shape (n,).
        corpus: of all items together, None where it was not computed.
    """

    rule: str
    scores: Array
    corpus: float | None = None


def _same(prediction: Steps, references: Steps, formula: str = "leave one out") -> Way:
    return Way(prediction, references, prediction, references, formula)


_M4C: Steps = VQA | {"opening"}
_KIT: Steps = VQA | {"period"}
_SPACE: Steps = frozenset({"space"})
_PUNCTUATION: Steps = frozenset({"punctuation"})
_WAYS: Mapping[str, Way] = MappingProxyType(
    {
        "official2021": Way(VQA, VQA, _SPACE, _SPACE, "leave one out"),
        "official2015": Way(VQA, _PUNCTUATION, VQA, _NOTHING, "leave one out"),
        "lmms": _same(VQA, VQA),
        "m4c": _same(_M4C, _M4C),
        "vlmevalkit": _same(_KIT, _KIT),
        "vizwiz": _same(VQA, _NOTHING),
    }
)
_STEPS_OF: Mapping[str, Steps] = MappingProxyType(
    {
        "none": _NOTHING,
        "lower": frozenset({"ends", "case"}),
        "gqa-lmms": frozenset({"case", "deletion"}),
        "squad": SQUAD,
    }
)


def way_of(metric: Metric[Any]) -> Way | None:
    """How a metric compares answers; None where it is no matter of steps."""
    if isinstance(metric, VqaAccuracy):
        return _WAYS.get(metric.variant)
    if isinstance(metric, ExactMatch) and metric.version == "v1":
        steps = _STEPS_OF.get(metric.normalize)
        return None if steps is None else _same(steps, steps, "any")
    return None


def answer_trials(theirs: Way, ours: Way, items: Batch, places: Sequence[int]) -> Iterator[Trial]:
    """Our way with one rule of theirs after the other, tried on the items at ``places``."""
    texts = [items.columns[name] for name in ("prediction.text", "references.text")]
    mine, accepted = cast("list[TextColumn]", texts)
    spans = list(pairwise(accepted.item_offsets.tolist()))
    for rule, way in _ways_between(ours, theirs):
        scores = np.full(len(items), np.nan)
        for i in places:
            start, stop = spans[i]
            scores[i] = score(way, mine.texts[i], accepted.texts[start:stop])
        yield Trial(rule, scores)


def score(way: Way, prediction: str, references: Sequence[str]) -> float:
    """Score of an item.

    >>> score(_WAYS["lmms"], "Two", ["2"] * 3 + ["3"] * 7)
    0.9
    """
    is_same = len({vqa_whitespace(text) for text in references}) == 1
    own, accepted = way[2:4] if is_same else way[:2]
    text = stepped(prediction, own)
    equal = [stepped(reference, accepted) == text for reference in references]
    if way.formula == "any":
        return float(any(equal))
    n = len(equal)
    thirds = sum(min(sum(equal) - one, _AGREEING) for one in equal)
    return thirds / (_AGREEING * n) if n else 0.0


def _ways_between(ours: Way, theirs: Way) -> Iterator[tuple[str, Way]]:
    """Our way with one rule of theirs, the finest rules first."""
    splits = ours[:2] != ours[2:4] or theirs[:2] != theirs[2:4]
    groups = ((_IF_SAME, " where all annotators agree"), (_SIDES, "")) if splits else (
        ((*_SIDES, *_IF_SAME), ""),
    )  # fmt: skip
    for slots, where in groups:
        for step, told in NAMES.items():
            if way := _with_step(ours, theirs, step, slots):
                yield f"{_said(told, step, ours, way)}{where}", way
    if ours[2:4] != theirs[2:4] and splits:
        rule = "several steps at once where all annotators agree"
        yield rule, ours._replace(**{slot: getattr(theirs, slot) for slot in _IF_SAME})
    for side, slots in _BY_SIDE.items():
        changed = ours._replace(**{slot: getattr(theirs, slot) for slot in slots})
        if changed != ours:
            yield f"the {side} alone treated another way", changed
    if ours.formula != theirs.formula:
        yield f"{theirs.formula} instead of {ours.formula}", ours._replace(formula=theirs.formula)


def _said(told: Told, step: Step, ours: Way, way: Way) -> str:
    """What a step that is taken in ``way`` and not in ours, or left, means; and on which side."""
    changed = [slot for slot in (*_SIDES, *_IF_SAME) if getattr(ours, slot) != getattr(way, slot)]
    words = told.taken if step in getattr(way, changed[0]) else told.left
    own = [side for side, slots in _BY_SIDE.items() if set(changed) <= set(slots)]
    return f"{words} in the {own[0]}" if own else words


def _with_step(ours: Way, theirs: Way, step: Step, slots: Sequence[str]) -> Way | None:
    """Our way with one step as in theirs; None where that changes nothing."""
    changed = {
        slot: getattr(ours, slot) ^ {step}
        for slot in slots
        if (step in getattr(ours, slot)) != (step in getattr(theirs, slot))
    }
    return ours._replace(**changed) if changed else None
