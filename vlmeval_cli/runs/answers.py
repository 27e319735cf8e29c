"""The answers of a run: predictions without reasoning, parsed, and what is wrong with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from vlmeval_cli.core.batch import Batch, Column, TextColumn, offsets_of, singles
from vlmeval_cli.core.config import RunConfig
from vlmeval_cli.core.errors import DataError, quoted
from vlmeval_cli.core.progress import Progress
from vlmeval_cli.core.wording import number_of
from vlmeval_cli.joining import Dataset
from vlmeval_cli.parsing.items import Items, Parsed
from vlmeval_cli.parsing.reasoning import answer, lmms_answer
from vlmeval_cli.parsing.statuses import BY_WORDS, Status, status, statuses
from vlmeval_cli.runs.gathering import FINISH_REASON, Gathered
from vlmeval_cli.tasks.base import Task

_REASONS_SHOWN = 3
_REASONING = "reasoning was taken out of it"
MISSING = Status("missing", "there is no prediction for this item")


@dataclass(frozen=True, slots=True)
class Answers:
    """Parsed predictions of ``n`` items.

    Attributes:
        parsed: their values, columns and what was decided on the way.
        columns: typed columns of predictions and references.
        raw: the recorded text where it differs from the parsed value, else None.
        outcomes: the rung of the ladder that parsing decides, None where the score does.
        reasons: item → why it stands on that rung.
        missing: items without a prediction.
        helped: item → what it took to read its prediction; None where that is not known.
        notes: what the user should know.
    """

    parsed: Parsed
    columns: Mapping[str, Column]
    raw: Sequence[str | None]
    outcomes: Sequence[str | None]
    reasons: Mapping[int, str]
    missing: Sequence[int]
    helped: Mapping[int, str] | None
    notes: tuple[str, ...]


def take_answers(
    gathered: Gathered, task: Task, config: RunConfig, progress: Progress
) -> tuple[Gathered, Answers]:
    """Answers of the items, and the items less those that policy leaves out.

    Predictions and references are as the task reads them (:mod:`vlmeval_cli.runs.values`).

    Raises:
        DataError: policy leaves all of them out.
        UsageError: how they are to be read cannot be decided.
    """
    if config.join.missing == "skip":
        gathered = _without_missing(gathered)
    recorded = gathered.dataset.predictions
    given, stripped, unfinished = _stripped(recorded, config)
    finish = gathered.dataset.fields.get(FINISH_REASON)
    items = _items(gathered, given, progress)
    parsed = Parsed(given, helped={}) if task.parse is None else task.parse(items, config)
    if task.with_references is not None:
        parsed = task.with_references(gathered.dataset.references, items, parsed, config)
    found = _statuses(given, unfinished, finish, parsed)
    columns = _columns(gathered.dataset, items, parsed)
    outcomes: list[str | None] = [None] * len(given)
    for i, one in found.items():
        outcomes[i] = one.outcome
    note = f"reasoning was taken out of {len(stripped):,} of {len(given):,} predictions"
    return gathered, Answers(
        parsed=parsed,
        columns=columns,
        raw=_raw(recorded, parsed.values),
        outcomes=outcomes,
        reasons=dict(parsed.reasons) | {i: one.reason for i, one in found.items()},
        missing=[i for i, one in found.items() if one is MISSING],
        helped=_helped(stripped, parsed),
        notes=(*((note,) if stripped else ()), *parsed.notes, *_unparsed_notes(found)),
    )


def batch_of(dataset: Dataset, answers: Answers) -> Batch:
    """All items as one batch."""
    return Batch(
        ids=dataset.ids,
        predictions=answers.parsed.values,
        references=dataset.references,
        fields=dataset.fields,
        columns=answers.columns,
    )


def _items(gathered: Gathered, given: Sequence[Any], progress: Progress) -> Items:
    dataset, roles = gathered.dataset, gathered.roles
    return Items(
        ids=dataset.ids,
        predictions=given,
        fields=dataset.fields,
        place=gathered.predictions.place(dataset.prediction_lines),
        labels=gathered.labels,
        question=roles.question,
        options=roles.options,
        image=roles.image,
        field_name=gathered.predictions.field,
        folders=[str(Path(one.path).parent) for one in (gathered.predictions, gathered.references)],
        progress=progress,
    )


def _columns(dataset: Dataset, items: Items, parsed: Parsed) -> dict[str, Column]:
    """The typed columns; the texts that were parsed stand beside the values."""
    columns: dict[str, Column] = {}
    if set(map(type, items.predictions)) <= {str, type(None)}:
        texts = items.predictions
        if None in texts:
            texts = ["" if text is None else text for text in texts]
        columns["prediction.text"] = TextColumn(texts, singles(len(texts)))
    references = list(chain.from_iterable(dataset.references))
    if set(map(type, references)) == {str}:
        counts = [*map(len, dataset.references)]
        columns["references.text"] = TextColumn(references, offsets_of(counts))
    return {**columns, **parsed.columns}


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


class _Stripped(NamedTuple):
    """Predictions, texts among them without reasoning; which had some; whose is unfinished."""

    given: list[Any]
    stripped: set[int]
    unfinished: set[int]


def _stripped(predictions: Sequence[Any], config: RunConfig) -> _Stripped:
    given = list(predictions)
    stripped: set[int] = set()
    unfinished: set[int] = set()
    if config.parse.reasoning == "keep":
        return _Stripped(given, stripped, unfinished)
    if config.parse.reasoning == "lmms-eval":
        for i in [i for i, text in enumerate(given) if type(text) is str]:
            own = lmms_answer(given[i])
            given[i] = own.text
            if own.is_stripped:
                stripped.add(i)
        return _Stripped(given, stripped, unfinished)
    for i in [i for i, text in enumerate(given) if type(text) is str and "<" in text]:
        found = answer(given[i])
        if found.is_stripped:
            given[i] = found.text
            stripped.add(i)
        if found.is_unfinished:
            unfinished.add(i)
    return _Stripped(given, stripped, unfinished)


def _helped(stripped: Iterable[int], parsed: Parsed) -> Mapping[int, str] | None:
    """What it took to read each prediction that was not read as it stands."""
    if parsed.helped is None:
        return None
    return dict.fromkeys(stripped, _REASONING) | dict(parsed.helped)


def _raw(recorded: Sequence[Any], values: Sequence[Any]) -> list[str | None]:
    """The recorded texts that are not the value itself."""
    if recorded == values:
        return [None] * len(values)
    return [
        text if text != value and isinstance(text, str) else None
        for text, value in zip(recorded, values, strict=True)
    ]


def _unparsed_notes(found: Mapping[int, Status]) -> tuple[str, ...]:
    """How many predictions could not be read, and why: the reasons that most of them share."""
    reasons = Counter(one.reason for one in found.values() if one.outcome == "unparsed")
    if not reasons:
        return ()
    shown = reasons.most_common(_REASONS_SHOWN)
    rest = reasons.total() - sum(number for _, number in shown)
    told = [f"{number:,} × {reason}" for reason, number in shown]
    others = [f"{rest:,} for other reasons (in the samples)"] if rest else []
    start = f"{number_of(reasons.total(), 'prediction')} could not be read"
    return (f"{start}: {'; '.join([*told, *others])}",)


def _statuses(
    given: Sequence[Any],
    unfinished: set[int],
    finish: Sequence[object] | None,
    parsed: Parsed,
) -> dict[int, Status]:
    """Item → what keeps its prediction from being an answer, where something does, in order."""
    if finish is None and not unfinished and set(map(type, given)) <= {str, type(None)}:
        known: dict[str | None, Status] = {None: MISSING} if None in given else {}
        known.update(statuses(text for text in given if text is not None))
        found = {i: known[text] for i, text in enumerate(given) if text in known} if known else {}
    else:
        finish = [None] * len(given) if finish is None else finish
        found = {
            i: one
            for i, text in enumerate(given)
            if (one := _status(text, finish[i], is_unfinished=i in unfinished)) is not None
        }
    found = {
        i: one
        for i, one in found.items()
        if one.outcome not in BY_WORDS or i not in parsed.answered
    }
    for i, reason in parsed.unparsed.items():
        found.setdefault(i, Status("unparsed", reason))
    return dict(sorted(found.items()))


def _status(value: object, finish_reason: object, *, is_unfinished: bool) -> Status | None:
    if value is None:
        return MISSING
    if not isinstance(value, str):
        return None
    return status(value, finish_reason=finish_reason, is_unfinished=is_unfinished)
