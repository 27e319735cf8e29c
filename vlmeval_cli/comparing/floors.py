"""Between what the runs lie: people above, chance and the most frequent answer below.

*People*: each reference in turn answers, and the others of its item judge it (leave one out). It
has one reference fewer than the runs have, so that it is a little low. *Chance*: the answer of
another item, drawn at random. *Most frequent*: the same answer to everything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from statistics import fmean
from typing import NamedTuple

import numpy as np

from vlmeval_cli.core.config import RunConfig
from vlmeval_cli.core.errors import VlmevalError
from vlmeval_cli.core.metric import Table
from vlmeval_cli.core.progress import NoProgress
from vlmeval_cli.core.results import RunResult
from vlmeval_cli.engine.prepare import Workshop
from vlmeval_cli.runs.answers import take_answers
from vlmeval_cli.runs.gathering import Gathered
from vlmeval_cli.runs.scoring import score_items
from vlmeval_cli.runs.values import as_values
from vlmeval_cli.tasks import task as task_called

TASKS = frozenset({"captioning", "vqa", "docqa", "text", "classification", "choice"})
_MOST_ROUNDS = 10
_MOST_ANSWERS = 50_000  # that people give in all rounds together
_SILENT = NoProgress()


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    how: str
    n: int
    values: Mapping[str, float | None]


class _How(NamedTuple):
    """How all of them are scored, and what they share: the encodings of images, tokens."""

    config: RunConfig
    workshop: Workshop


def floors_table(
    items: Gathered, outputs: Sequence[str], config: RunConfig, workshop: Workshop
) -> dict[str, Table]:
    """Scores of people, chance and the most frequent answer, where references are texts.

    Args:
        items: of one run, with references as the task reads them.
        outputs: that the runs are compared by.
        config: how the runs are scored.
        workshop: what these answers share with the runs: encodings, tokens.
    """
    references = items.dataset.references
    if items.task not in TASKS or not _are_texts(references):
        return {}
    plain = replace(
        config,
        compare_with_reference=False,
        by=(),
        where={},
        limit=None,
        statistics=replace(config.statistics, resamples=0),
    )
    how = _How(plain, workshop)
    rows = [*_people(items, how), *_chance(items, how), *_most_frequent(items, how)]
    if not rows:
        return {}
    cells = [[row.name, row.n, *map(row.values.get, outputs), row.how] for row in rows]
    title = "People, chance and the most frequent answer"
    return {"floors": Table(title, ("answers of", "items", *outputs, "how"), cells)}


def _are_texts(references: Sequence[Sequence[object]]) -> bool:
    return set(map(type, chain.from_iterable(references))) == {str}


def _people(items: Gathered, how: _How) -> Iterator[_Row]:
    several = [i for i, own in enumerate(items.dataset.references) if len(own) > 1]
    if 2 * len(several) < len(items.dataset):
        return
    chosen = replace(items, dataset=items.dataset.at(several))
    references = chosen.dataset.references
    most = max(map(len, references))
    rounds = max(1, min(most, _MOST_ROUNDS, _MOST_ANSWERS // len(several)))
    scored = []
    for number in range(rounds):
        answers = [own[number % len(own)] for own in references]
        others = [[*own[: number % len(own)], *own[number % len(own) + 1 :]] for own in references]
        scored.append(_scores(chosen, answers, others, how))
    values = {name: _mean([own.get(name) for own in scored]) for name in scored[0]}
    words = (
        f"each reference against the others of its item, {rounds} of {most} in turn; the runs "
        "have one more"
    )
    yield _Row("people", words, len(several), values)


def _chance(items: Gathered, how: _How) -> Iterator[_Row]:
    references = items.dataset.references
    n = len(references)
    if n < 2:
        return
    rng = np.random.default_rng(how.config.statistics.seed)
    order = rng.permutation(n)
    drawn = np.empty(n, dtype=np.int64)
    drawn[order] = np.roll(order, 1)  # a cycle: nobody draws the own answer
    answers = [references[i][0] for i in drawn.tolist()]
    values = _scores(items, answers, references, how)
    yield _Row("chance", "the first reference of another item", n, values)


def _most_frequent(items: Gathered, how: _How) -> Iterator[_Row]:
    references = items.dataset.references
    counts = Counter(chain.from_iterable(references))
    ((answer, number),) = counts.most_common(1)
    if number == 1:
        return
    values = _scores(items, [answer] * len(references), references, how)
    yield _Row("most frequent", f'always "{answer}"', len(references), values)


def _scores(
    items: Gathered,
    answers: Sequence[str],
    references: Sequence[Sequence[str]],
    how: _How,
) -> dict[str, float | None]:
    """Scores of other answers to the same items; none where the task cannot read them."""
    dataset = replace(items.dataset, predictions=[*answers], references=[*map(list, references)])
    own = replace(items, dataset=dataset)
    try:
        result = _result(own, how)
    except VlmevalError:
        return {}
    return {name: score.value for name, score in result.scores.items()}


def _result(items: Gathered, how: _How) -> RunResult:
    task, config = task_called(items.task), how.config
    gathered, answers = take_answers(as_values(items, task, config), task, config, _SILENT)
    return score_items(gathered, task, answers, config, _SILENT, how.workshop)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if len(known) == len(values) and known else None
