"""Our default with one rule of a tool's at a time: which rule gives the tool's score of an item."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple

import numpy as np

from vlmeval_cli.core.batch import Array, Batch, NumberColumn, TextColumn
from vlmeval_cli.core.config import StatisticsPolicy
from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.core.metric import Metric, Scalar
from vlmeval_cli.core.progress import NoProgress
from vlmeval_cli.engine.serial import measure
from vlmeval_cli.metrics.choice import OURS, options_of
from vlmeval_cli.parsing.choices.options import LETTERS
from vlmeval_cli.parsing.choices.rules import Rule, read_all
from vlmeval_cli.runs.answer_trials import Trial, answer_trials, way_of
from vlmeval_cli.stats.summary import Subset, estimates, item_scores

_QUIET = NoProgress()
_NO_INTERVALS = StatisticsPolicy(resamples=0)
_CHOICES = ("choice_accuracy", "mmmu_accuracy")

# (metric, option) → what another value of it does, in words.
_OPTIONS = {
    ("bleu", "tokenizer"): "raw texts split at white space: case and punctuation count",
    ("cider", "tokenizer"): "raw texts split at white space: case and punctuation count",
    ("rouge_l", "tokenizer"): "raw texts split at spaces: case and punctuation count",
    ("rouge", "stemmer"): "words are not stemmed",
    ("sacrebleu", "smoothing"): "no smoothing: an order without a match makes the score 0",
    ("sacrebleu", "tokenizer"): "tokens split at white space alone, not 13a's",
    ("sacrebleu", "reference_length"): "of references equally close in length the first counts",
    ("chrf", "word_order"): "words count too (chrF++)",
    ("chrf", "variant"): "F-scores of the orders are averaged, not precision and recall",
    ("exact_match", "version"): "answers that normalise to nothing count",
    ("token_f1", "version"): "answers that normalise to nothing count, or agree",
    ("relaxed_accuracy", "strip"): "the prediction is stripped",
    ("mean_ap", "precision"): "boxes, thresholds and levels of recall are in single precision",
    ("mean_ap", "areas"): "sizes are by the area of boxes, not of segments",
    ("ocrbench", "variant"): "full-width letters are written as ASCII",
}


class Found(NamedTuple):
    """Scores of a metric, by output name.

    Attributes:
        items: shape (n,) each.
        corpus: None where unknown.
    """

    items: dict[str, Array]
    corpus: dict[str, float | None]


@dataclass(frozen=True, slots=True)
class Sides:
    """A metric of the tool and ours of the same family, each with the items as it sees them.

    Attributes:
        theirs, ours: the metrics.
        their_items, our_items: they differ where the tool takes reasoning or spaces off.
        known: what was scored already, by metric and by whose items.
    """

    theirs: Metric[Any]
    ours: Metric[Any]
    their_items: Batch
    our_items: Batch
    known: dict[tuple[Metric[Any], bool], Found] = field(default_factory=dict)

    def scored(self, metric: Metric[Any], *, on_theirs: bool = False) -> Found:
        """Scores of a metric on our items, or on the items as the tool sees them."""
        key = metric, on_theirs
        if key not in self.known:
            self.known[key] = scored(metric, self.their_items if on_theirs else self.our_items)
        return self.known[key]


def scored(metric: Metric[Any], items: Batch) -> Found:
    """Scores of a metric on all items."""
    (found,) = measure([metric], items, _QUIET)
    ((own,),) = estimates([metric], [found.statistics], [Subset()], None, _NO_INTERVALS, len(items))
    corpus = {name: estimate.value for name, estimate in own.items()}
    return Found(item_scores(metric, found.statistics, len(items)), corpus)


def trials(sides: Sides, output: str, places: Sequence[int]) -> list[Trial]:
    """Rules that part the two, each with the scores that ours would have had with it alone.

    Args:
        sides: the metrics and their items.
        output: which output of theirs.
        places: items on which they differ.
    """
    found = list(_text_trials(sides, output))
    mine, own = way_of(sides.ours), way_of(sides.theirs)
    if mine is not None and own is not None:
        return [*found, *answer_trials(own, mine, sides.our_items, places)]
    if sides.theirs.info.name in _CHOICES:
        return [*found, *_choice_trials(sides, output, places)]
    return [*found, *_option_trials(sides, output)]


def same_texts(one: Batch, other: Batch) -> bool:
    """Whether the predictions are the same, as texts and as what they were read as."""
    same_values = list(one.predictions) == list(other.predictions)
    return same_values and list(_texts(one)) == list(_texts(other))


def _texts(items: Batch) -> Sequence[Any]:
    column = items.columns.get("prediction.text")
    return column.texts if isinstance(column, TextColumn) else items.predictions


def _text_trials(sides: Sides, output: str) -> Iterator[Trial]:
    """Our metric on their texts: with reasoning, or without the spaces at the ends."""
    if same_texts(sides.their_items, sides.our_items):
        return
    whole = sides.scored(sides.ours, on_theirs=True)
    theirs, ours = (_texts(items) for items in (sides.their_items, sides.our_items))
    ends = np.array([_stripped(a) == _stripped(b) for a, b in zip(theirs, ours, strict=True)])
    for rule, own in (
        ("white space at the ends of the prediction", ends),
        ("reasoning in the prediction", ~ends),
    ):
        if own.any():
            scores = whole.items.get(output, np.full(len(own), np.nan))
            yield Trial(rule, np.where(own, scores, np.nan), whole.corpus[output])


def _stripped(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


def _option_trials(sides: Sides, output: str) -> Iterator[Trial]:
    for name, value in _changed(sides):
        try:
            changed = replace(sides.ours, **{name: value})  # type: ignore[type-var]  # dataclasses
        except UsageError:  # the option makes sense beside others alone
            continue
        found = sides.scored(changed)
        unknown = np.full(len(sides.our_items), np.nan)
        scores = found.items.get(output, unknown)
        yield Trial(_rule(sides.theirs, name, value), scores, found.corpus.get(output))


def _changed(sides: Sides) -> list[tuple[str, Scalar]]:
    """Options in which the metrics differ, with the tool's values."""
    named = [f.name for f in fields(sides.theirs) if not f.metadata.get("unnamed")]  # type: ignore[arg-type]  # metrics are dataclasses
    pairs = [(name, getattr(sides.theirs, name)) for name in named]
    return [(name, value) for name, value in pairs if value != getattr(sides.ours, name)]


def _rule(metric: Metric[Any], name: str, value: Scalar) -> str:
    known = _OPTIONS.get((metric.info.name, name))
    return known or f"{name}={value}"


def _choice_trials(sides: Sides, output: str, places: Sequence[int]) -> Iterator[Trial]:
    """What was read, by their rule and by ours."""
    scores = sides.scored(sides.theirs, on_theirs=True).items[output]
    theirs, ours = _letters(sides.theirs, sides.their_items), _letters(sides.ours, sides.our_items)
    name = sides.theirs.options()["variant"]
    places_of: dict[str, list[int]] = {}
    for i in places:
        places_of.setdefault(_reading(str(name), theirs[i], ours[i]), []).append(i)
    for rule, own in places_of.items():
        of_rule = np.full(len(scores), np.nan)
        of_rule[own] = scores[own]
        yield Trial(rule, of_rule)


def _reading(name: str, theirs: str | None, ours: str | None) -> str:
    if theirs is None:
        return f"{name} finds no option, our rule does"
    if ours is None:
        return f"{name} finds an option, our rule does not"
    return f"{name} reads another option"


def _letters(metric: Metric[Any], items: Batch) -> list[str | None]:
    """The option that each answer names by the rule of a metric."""
    rule: Rule = metric.options()["variant"]  # type: ignore[assignment]  # metrics of choices
    if rule == "vlmeval":
        column = items.columns[OURS[0]]
        assert isinstance(column, NumberColumn)
        return [None if code != code else LETTERS[int(code)] for code in column.numbers.tolist()]
    texts = items.columns["choice.answer"]
    assert isinstance(texts, TextColumn)
    prepared = replace(items, prepared=items.columns)
    found = read_all(rule, texts.texts, options_of(prepared))
    return [None if one is None else one.letter for one in found]
