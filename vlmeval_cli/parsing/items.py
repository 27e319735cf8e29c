"""What a parser sees of the items of a run, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from vlmeval_cli.core.batch import Column
from vlmeval_cli.core.metric import Notice
from vlmeval_cli.core.progress import NoProgress, Progress

Made = TypeVar("Made")
Place = Callable[[int], str]  # row → where it stands, ``file:line``


class Values(NamedTuple):
    """Values of a column of predictions.

    Attributes:
        values: one value per row, or None where it is null or the row is bad.
        bad: row → what is wrong with it, where bad rows are left out.
    """

    values: list[Any]
    bad: dict[int, str]


class ReferenceValues(NamedTuple):
    """Accepted answers of each row, and bad rows as in :class:`Values`."""

    values: list[list[Any]]
    bad: dict[int, str]


@dataclass(frozen=True, slots=True)
class Items:
    """``n`` items without their answers.

    Attributes:
        ids: item ids.
        predictions: as recorded, texts without reasoning; None where missing. Lists where the task
            takes several of an item.
        fields: other fields of the items by name, each of length n. A field of the predictions
            file holds lists where the task takes several predictions of an item.
        question, options, image: names of the fields that play these roles; options that stand in
            columns A, B, C… are called "A".
        place: item → where its prediction stands, for messages.
        shared: what the columns of predictions and of references both need, by name.
        folders: where relative paths in the fields start, of each file in turn.
        field_name: the field that holds the predictions, for messages.
        labels: gives the different texts among all references, sorted: the label set of a
            classifier. It says nothing of any single item.
        progress: told by a parser that takes long.
    """

    ids: Sequence[str]
    predictions: Sequence[Any]
    fields: Mapping[str, Sequence[Any]]
    place: Place
    labels: Callable[[], Sequence[str]]
    question: str | None = None
    options: str | None = None
    image: str | None = None
    field_name: str = ""
    folders: Sequence[str] = ()
    progress: Progress = field(default_factory=NoProgress)
    shared: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def __len__(self) -> int:
        return len(self.ids)

    def field(self, *names: str) -> Sequence[Any] | None:
        """The first of the fields ``names`` that any item fills; None if there is none."""
        for name in names:
            column = self.fields.get(name)
            if column is not None and any(value is not None for value in column):
                return column
        return None

    def once(self, name: str, make: Callable[[], Made]) -> Made:
        """What ``make`` gives, made by the first that asks for ``name``."""
        if name not in self.shared:
            self.shared[name] = make()
        found: Made = self.shared[name]
        return found


Alternative = Callable[[], Mapping[str, Column]]


@dataclass(frozen=True, slots=True)
class Parsed:
    """Values of the predictions of ``n`` items.

    Attributes:
        values: as reports show them (plain JSON values); None where nothing could be read.
        unparsed: item → why no value could be read from the prediction it has.
        reasons: item → more about its outcome, where a value was read.
        answered: items whose prediction holds a whole answer, so that its words make it neither
            refused nor a loop.
        helped: item → what it took to read its prediction, where it was not read as it stands; None
            where that is not known, or nothing is read from texts.
        columns: typed columns for metrics, such as ``prediction.boxes``.
        notes: what the user should know of how they were read.
        warnings: what the user must know.
        inferred: what was decided from the predictions (a box format, say); the recorded part of
            the signature.
        decided: what was decided of the references, or by the user; a part of the signature that
            must be the same for runs to be compared.
        alternatives: other ways to read the whole file that were rejected, each with the columns
            that it would have given; their scores are told as a warning.
    """

    values: Sequence[Any]
    unparsed: Mapping[int, str] = field(default_factory=dict)
    reasons: Mapping[int, str] = field(default_factory=dict)
    answered: Set[int] = frozenset()
    helped: Mapping[int, str] | None = None
    columns: Mapping[str, Column] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    warnings: tuple[Notice, ...] = ()
    inferred: Mapping[str, Any] = field(default_factory=dict)
    decided: Mapping[str, Any] = field(default_factory=dict)
    alternatives: Mapping[str, Alternative] = field(default_factory=dict)
