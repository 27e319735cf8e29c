"""The answers of a run: predictions as text, without reasoning, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from vlmeval_cli.core.batch import Batch
from vlmeval_cli.core.config import RunConfig
from vlmeval_cli.core.errors import DataError, quoted
from vlmeval_cli.joining import Dataset
from vlmeval_cli.parsing.reasoning import answer
from vlmeval_cli.parsing.statuses import Status, status
from vlmeval_cli.runs.gathering import FINISH_REASON, Gathered

MISSING = Status("missing", "there is no prediction for this item")


@dataclass(frozen=True, slots=True)
class Answers:
    """Parsed predictions of ``n`` items.

    Attributes:
        texts: None where missing.
        raw: the text before parsing where that changed it, else None.
        outcomes: the rung of the ladder that parsing decides, None where the score does.
        reasons: item → why it stands on that rung.
        missing: items without a prediction.
        notes: what the user should know.
    """

    texts: Sequence[str | None]
    raw: Sequence[str | None]
    outcomes: Sequence[str | None]
    reasons: Mapping[int, str]
    missing: Sequence[int]
    notes: tuple[str, ...]


def take_answers(gathered: Gathered, config: RunConfig) -> tuple[Gathered, Answers]:
    """Answers of the items, and the items less those that policy leaves out.

    Predictions and references are texts already (:mod:`vlmeval_cli.runs.texts`).

    Raises:
        DataError: policy leaves all of them out.
    """
    if config.join.missing == "skip":
        gathered = _without_missing(gathered)
    predictions = gathered.dataset.predictions
    texts, raw, unfinished = _stripped(predictions, config)
    found = _statuses(texts, unfinished, gathered.dataset.fields.get(FINISH_REASON))
    stripped = sum(text is not None for text in raw)
    note = f"reasoning was taken out of {stripped:,} of {len(texts):,} predictions"
    return gathered, Answers(
        texts=texts,
        raw=raw,
        outcomes=[None if one is None else one.outcome for one in found],
        reasons={i: one.reason for i, one in enumerate(found) if one is not None},
        missing=[i for i, text in enumerate(texts) if text is None],
        notes=(note,) if stripped else (),
    )


def batch_of(dataset: Dataset, answers: Answers) -> Batch:
    """All items as one batch; a missing prediction is an empty text."""
    return Batch(
        ids=dataset.ids,
        predictions=["" if text is None else text for text in answers.texts],
        references=dataset.references,
        fields=dataset.fields,
    )


def _without_missing(gathered: Gathered) -> Gathered:
    dataset = gathered.dataset
    kept = [i for i, prediction in enumerate(dataset.predictions) if prediction is not None]
    if not kept:
        raise DataError(
            f"{gathered.predictions.path}: no item has a prediction in "
            f"{quoted(gathered.predictions.field)}, so nothing is left to score",
            hint="Name the field that holds the predictions with --prediction-field.",
        )
    if len(kept) == len(dataset):
        return gathered
    return replace(gathered, dataset=dataset.at(kept))


def _stripped(
    predictions: Sequence[str | None], config: RunConfig
) -> tuple[list[str | None], list[str | None], set[int]]:
    """Texts without reasoning, the raw text where that changed it, and unfinished reasoning."""
    texts = list(predictions)
    raw: list[str | None] = [None] * len(predictions)
    unfinished: set[int] = set()
    if config.parse.reasoning == "keep":
        return texts, raw, unfinished
    for i, text in enumerate(predictions):
        if text is None or "<" not in text:
            continue
        found = answer(text)
        if found.is_stripped:
            texts[i], raw[i] = found.text, text
        if found.is_unfinished:
            unfinished.add(i)
    return texts, raw, unfinished


def _statuses(
    texts: Sequence[str | None], unfinished: set[int], finish: Sequence[object] | None
) -> list[Status | None]:
    finish = [None] * len(texts) if finish is None else finish
    return [
        MISSING
        if text is None
        else status(text, finish_reason=finish[i], is_unfinished=i in unfinished)
        for i, text in enumerate(texts)
    ]
