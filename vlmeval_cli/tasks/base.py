"""What a task is made of, and what its defaults may depend on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from vlmeval_cli.core.batch import Column
from vlmeval_cli.core.config import OnBadRow, RunConfig
from vlmeval_cli.core.metric import Scalar
from vlmeval_cli.core.results import Diagnosis, Score
from vlmeval_cli.joining import Repeats, Roles
from vlmeval_cli.parsing.items import Items, Parsed, Place, ReferenceValues, Values
from vlmeval_cli.parsing.texts import prediction_texts, reference_texts


@dataclass(frozen=True, slots=True)
class Facts:
    """What the defaults of a task look at.

    Attributes:
        typical_references: median number of references of an item.
        median_words: median number of words of a reference that is text.
        least_predictions: the smallest number of predictions of an item that has some.
        columns: typed columns that the items have, such as ``prediction.confidence``.
        fields: other fields that the items have.
        have_lines: most references that are text have several lines.
        layouts: names of the layouts of the files, such as ``squad_v2``.
        ready: metrics whose tables are compiled on this machine.
    """

    typical_references: float
    median_words: float
    columns: frozenset[str] = frozenset()
    fields: frozenset[str] = frozenset()
    have_lines: bool = False
    least_predictions: int = 1
    layouts: frozenset[str] = frozenset()
    ready: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Defaults:
    """Metrics scored when none is asked for; the first named output is the primary one.

    Attributes:
        metrics: with their options.
        primary: the primary output.
        note: what the user should know of the choice.
        networks: metrics that are scored too where their networks are on disk.
    """

    metrics: tuple[str, ...]
    primary: str
    note: str = ""
    networks: tuple[str, ...] = ()


class PredictionReader(Protocol):
    """Recorded predictions as what a parser takes; refuses what cannot be one."""

    def __call__(
        self, values: Sequence[Any], field: str, place: Place, on_bad_row: OnBadRow = "error", /
    ) -> Values:
        """As :func:`~vlmeval_cli.parsing.texts.prediction_texts`."""
        ...


class ReferenceReader(Protocol):
    """Recorded references as accepted answers; refuses what cannot be one."""

    def __call__(
        self,
        values: Sequence[Any],
        field: str,
        place: Place,
        on_bad_row: OnBadRow = "error",
        /,
        *,
        empty_is_answer: bool = False,
    ) -> ReferenceValues:
        """As :func:`~vlmeval_cli.parsing.texts.reference_texts`."""
        ...


# Accepted answers, items, what was parsed of the predictions, choices → what is known of both.
WithReferences = Callable[[Sequence[Sequence[Any]], Items, Parsed, RunConfig], Parsed]


def adding(
    columns_of: Callable[[Sequence[Sequence[Any]], Items], Mapping[str, Column]],
) -> WithReferences:
    """What was parsed, with the columns that ``columns_of`` makes of the references alone."""

    def add(
        references: Sequence[Sequence[Any]], items: Items, parsed: Parsed, config: RunConfig
    ) -> Parsed:
        return replace(parsed, columns={**parsed.columns, **columns_of(references, items)})

    return add


Settings = Mapping[str, Mapping[str, Scalar]]


@dataclass(frozen=True, slots=True)
class Task:
    """A task.

    Attributes:
        name: as ``--task`` takes it.
        defaults: which metrics fit these items.
        has_right_answers: an item can be right, partial or wrong, not just better or worse.
        free_groups: fields that group the scores without being asked for.
        diagnose: patterns in the scores, with advice.
        fields: other fields that parser and metrics read, from either file.
        needs_references: whether an item without a reference is left out.
        belongs_to_value: fields that are part of a value that is no text: where one stands in a row
            of two files, the whole row is the value.
        empty_list_is_answer: a reference may be an empty list: there is nothing to be found.
        repeats: what several predictions of one id are.
        rows_repeat: the same where it depends on the recorded predictions, the roles of their
            fields, and the layouts of the files.
        read_predictions: recorded predictions → what ``parse`` takes.
        read_references: recorded references → accepted answers, plain values.
        parse: predictions → values and typed columns; None where they are texts and stay so.
        with_references: makes typed columns of the references, beside what was parsed of the
            predictions; :func:`adding` where that hangs on nothing else.
        reads: fields of :class:`~vlmeval_cli.core.config.ParsePolicy` that it looks at, beside
            ``reasoning``; the others are refused.
        settings: choices of the run → options of metrics by metric name, which come with the data.
        detail: makes, for a run's choices, (value, references) → more about how an item was scored.
    """

    name: str
    defaults: Callable[[Facts], Defaults]
    has_right_answers: bool
    free_groups: tuple[str, ...]
    diagnose: Callable[[Mapping[str, Score]], Sequence[Diagnosis]]
    fields: tuple[str, ...] = ()
    needs_references: bool = True
    empty_list_is_answer: bool = False
    belongs_to_value: frozenset[str] = frozenset()
    repeats: Repeats = "error"
    rows_repeat: Callable[[Sequence[Any], Roles, frozenset[str]], Repeats] | None = None
    read_predictions: PredictionReader = prediction_texts
    read_references: ReferenceReader = reference_texts
    parse: Callable[[Items, RunConfig], Parsed] | None = None
    with_references: WithReferences | None = None
    reads: frozenset[str] = frozenset()
    settings: Callable[[RunConfig], Settings] | None = None
    detail: (
        Callable[[RunConfig], Callable[[Any, Sequence[Any]], Mapping[str, Any] | None]] | None
    ) = None


def value(scores: Mapping[str, Score], output: str) -> float | None:
    """The value of ``output`` if it was scored."""
    found = scores.get(output)
    return None if found is None else found.value
