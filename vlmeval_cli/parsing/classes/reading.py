"""Predictions and references of a classifier, or of a model that was asked for a class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np

from vlmeval_cli.core.batch import Array, Column, NumberColumn, offsets_of, singles
from vlmeval_cli.core.config import RunConfig
from vlmeval_cli.core.errors import DataError, quoted
from vlmeval_cli.core.metric import Notice
from vlmeval_cli.parsing.classes.labels import LabelSet, Reading, reader
from vlmeval_cli.parsing.classes.values import confidences, label_text, top
from vlmeval_cli.parsing.items import Items, Parsed
from vlmeval_cli.text.labels import LabelColumn, codes_of, label_words

CONFIDENCE_FIELDS = (
    "confidence", "probability", "prob", "score", "probabilities", "probs", "scores",
)  # fmt: skip
_SHOWN = 5
_SHORT = 6  # words; a longer prediction is a sentence
# Words of sentences and prompts: "It is a cat", "a photo of a cat".
_WORDING = frozenset(
    {"is", "are", "it", "this", "that", "answer", "shows", "photo", "image", "picture"}
)
_MANY = 0.05  # share of confidences that must not be below a half


def parse_classes(items: Items, config: RunConfig) -> Parsed:
    """The class that each prediction names, and the confidence in it.

    Raises:
        DataError: predictions are numbers of classes and references are names, or the reverse; or
            a confidence is no number.
    """
    labels = LabelSet.of(items.labels())
    recorded = _confidence_field(items)
    texts, own_confidence = _texts(items, labels)
    has_confidence = recorded is not None or own_confidence is not None
    are_labels = has_confidence and look_like_labels(texts, labels)
    read = reader(labels, config.parse.labels, are_labels=are_labels)
    readings = {text: read(text) for text in dict.fromkeys(texts) if text is not None}
    label_of: dict[str | None, str | None] = {text: one.label for text, one in readings.items()}
    label_of[None] = None
    values = [*map(label_of.__getitem__, texts)]
    if config.parse.labels == "find" and not set(values) <= {None, *labels.labels}:
        values = _spelled_alike(values, labels)
    refuse_numbers_for_names(items, labels, values)
    own = sorted(set(values) - {None, *labels.labels})  # type: ignore[type-var]  # None is taken out
    names = (*labels.labels, *(name for name in own if name is not None))
    columns: dict[str, Column] = {
        "prediction.labels": LabelColumn(codes_of(values, names), singles(len(values)), names)
    }
    found = own_confidence
    if recorded is not None:
        found = confidences(items.fields[recorded], values, recorded, items.place)
    confidence, notes, warnings = _checked(found, recorded or "prediction", labels)
    if confidence is not None:
        columns["prediction.confidence"] = NumberColumn(confidence, singles(len(values)))
    return Parsed(
        values=values,
        unparsed=_unparsed(texts, values, readings),
        helped=_found_inside(texts, values, labels),
        columns=columns,
        notes=(*_how_read(are_labels, config), *notes),
        warnings=(*_strangers(values, names[len(labels.labels) :], labels), *warnings),
        inferred={"labels": "whole" if are_labels else config.parse.labels},
        decided={"labels": config.parse.labels},
    )


class ClassesRead(NamedTuple):
    """The class that each prediction names, or item → why none could be read."""

    values: list[str | None]
    unread: dict[int, str]


def read_classes(items: Items) -> ClassesRead:
    """Classes as predictions name them: a classifier's labels as a whole, or in an answer's words.

    Where predictions look like labels, only those that are worded as a sentence are searched for
    one, so that "tiger shark" is no "tiger".

    Raises:
        DataError: predictions are numbers of classes and references are names, or the reverse.
    """
    labels = LabelSet.of(items.labels())
    texts = [given if isinstance(given, str) else None for given in items.predictions]
    ways = {whole: reader(labels, "find", are_labels=whole) for whole in (True, False)}
    are_labels = look_like_labels(texts, labels)
    readings = {
        text: ways[are_labels and _WORDING.isdisjoint(label_words(text))](text)
        for text in dict.fromkeys(texts)
        if text is not None
    }
    values = [None if text is None else readings[text].label for text in texts]
    refuse_numbers_for_names(items, labels, values)
    return ClassesRead(values, _unparsed(texts, values, readings))


def reference_classes(references: Sequence[Sequence[str]], items: Items) -> Mapping[str, Column]:
    """The accepted labels as codes; their names are the first of those of the predictions."""
    names = tuple(items.labels())
    codes = codes_of([*chain.from_iterable(references)], names)
    return {"references.labels": LabelColumn(codes, offsets_of([*map(len, references)]), names)}


def _confidence_field(items: Items) -> str | None:
    filled = (name for name in CONFIDENCE_FIELDS if items.field(name) is not None)
    return next(filled, None)


def _texts(items: Items, labels: LabelSet) -> tuple[list[str | None], Array | None]:
    """Predictions as texts; and the largest probability where they are probabilities."""
    given = items.predictions
    if not any(issubclass(kind, Mapping) for kind in set(map(type, given))):
        return list(given), None
    are_names = not all(label.isdecimal() for label in labels.labels)
    texts: list[str | None] = []
    confidence = np.full(len(given), np.nan)
    for i, value in enumerate(given):
        if not isinstance(value, Mapping):
            texts.append(value)
            continue
        best = top(value)
        if are_names and isinstance(best.label, int):
            raise DataError(
                f"{items.place(i)}: got a list of {len(value)} probabilities, and the references "
                f"are names of classes such as {_listed(labels.labels)}",
                hint="Write probabilities as {label: probability}, or the label alone.",
            )
        texts.append("" if best.label is None else label_text(best.label))
        confidence[i] = best.probability
    return texts, confidence


def look_like_labels(texts: Sequence[str | None], labels: LabelSet) -> bool:
    """Whether they are what a classifier writes: short, and labels of the references by half."""
    counts = Counter(text for text in texts if text)
    if any(len(text.split()) > _SHORT and not labels.whole(text).label for text in counts):
        return False
    known = sum(n for text, n in counts.items() if labels.whole(text).label is not None)
    return 2 * known >= sum(counts.values())


def _unparsed(
    texts: Sequence[str | None], values: Sequence[str | None], readings: Mapping[str, Reading]
) -> dict[int, str]:
    if None not in values:
        return {}
    return {
        i: readings[text].reason
        for i, (text, label) in enumerate(zip(texts, values, strict=True))
        if label is None and text is not None
    }


def _found_inside(
    texts: Sequence[str | None], values: Sequence[str | None], labels: LabelSet
) -> dict[int, str]:
    """Items whose prediction is not a label but holds one."""
    inside = {
        (text, label)
        for text, label in set(zip(texts, values, strict=True))
        if text is not None and label is not None and label != text.strip()
        and labels.whole(text).label is None
    }  # fmt: skip
    if not inside:
        return {}
    pairs = enumerate(zip(texts, values, strict=True))
    return {i: "the class was found in a longer text" for i, pair in pairs if pair in inside}


def refuse_numbers_for_names(items: Items, labels: LabelSet, values: Sequence[str | None]) -> None:
    """Class 1 may be any of the names: which one is for the user to say."""
    found = {label for label in values if label is not None}
    known = labels.labels
    if not found or not known or not found.isdisjoint(known):
        return
    numbers = [all(label.lstrip("-").isdecimal() for label in side) for side in (found, known)]
    if numbers[0] == numbers[1]:
        return
    mine, theirs = ("numbers", "names") if numbers[0] else ("names", "numbers")
    at = next(i for i, label in enumerate(values) if label is not None)
    raise DataError(
        f"{items.place(at)}: predictions are {mine} of classes ({_listed(sorted(found))}), and "
        f"references are {theirs} ({_listed(known)})",
        hint="Write the same names, or the same numbers, into both files; or name another field "
        "with --prediction-field or --reference-field.",
    )


def _spelled_alike(values: Sequence[str | None], labels: LabelSet) -> list[str | None]:
    """Classes that no reference has, each in its most frequent spelling: Lights for lights too."""
    counts = Counter(values)
    for known in (None, *labels.labels):
        del counts[known]
    spelling: dict[object, str] = {}
    for label in sorted(counts, key=lambda label: (-counts[label], label)):
        spelling.setdefault(label_words(label or ""), label or "")
    alike = {label: spelling[label_words(label or "")] for label in counts}
    return [alike.get(label, label) for label in values]


def _strangers(
    values: Sequence[str | None], own: Sequence[str], labels: LabelSet
) -> tuple[Notice, ...]:
    """Predicted classes that no reference has."""
    if not own:
        return ()
    counts = Counter(values)
    total = sum(counts[name] for name in own)
    most = sorted(own, key=lambda name: (-counts[name], name))
    others = f", of {len(own):,} such classes" if len(own) > _SHOWN else ""
    return (
        Notice(
            "unknown_labels",
            f"{total:,} predictions are classes that no reference has: {_listed(most)}{others}. "
            "They are wrong, and each counts as a class in macro averages, as in scikit-learn. "
            f"The references have {len(labels.labels):,}: {_listed(labels.labels)}",
        ),
    )


def _how_read(are_labels: bool, config: RunConfig) -> tuple[str, ...]:
    if config.parse.labels == "exact":
        return ("labels: each prediction is a label as it stands (parse.labels: exact)",)
    if are_labels:
        return ("labels: the predictions are a classifier's, so each is a label as a whole",)
    return ()


def _checked(
    found: Array | None, name: str, labels: LabelSet
) -> tuple[Array | None, tuple[str, ...], tuple[Notice, ...]]:
    """Confidences from 0 to 1, if these can be read so; notes and warnings."""
    if found is None or np.isnan(found).all():
        return None, (), ()
    low, high = float(np.nanmin(found)), float(np.nanmax(found))
    notes: tuple[str, ...] = ()
    if low >= 0.0 and 1.0 < high <= 100.0 and name in ("confidence", "probability", "prob"):
        found, notes = found / 100.0, (f'"{name}" is in percent and was divided by 100',)
    elif low < 0.0 or high > 1.0:
        message = (
            f'"{name}" goes from {low:g} to {high:g}, so it is no probability, and calibration '
            "is not scored. Write the probability of the predicted label, from 0 to 1"
        )
        return None, (), (Notice("no_probability", message),)
    share = float(np.nanmean(found < 0.5))
    warnings: tuple[Notice, ...] = ()
    if len(labels.labels) == 2 and share > _MANY:
        message = (
            f'{share:.0%} of "{name}" are below 0.5, which the more probable of two classes cannot '
            "be. It may be the probability of one class throughout: calibration needs that of "
            "the predicted one"
        )
        warnings = (Notice("confidence_of_one_class", message),)
    return found, notes, warnings


def _listed(labels: Sequence[str]) -> str:
    more = ", …" if len(labels) > _SHOWN else ""
    return ", ".join(quoted(label, 40) for label in labels[:_SHOWN]) + more
