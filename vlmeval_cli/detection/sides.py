"""What detection looks at: the first rows of a file, and what it decides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from vlmeval_cli.core.errors import UsageError, did_you_mean, quoted
from vlmeval_cli.detection.rules import FILLED_SHARE, LONGEST_ID
from vlmeval_cli.joining import Fields, IdPair, Roles
from vlmeval_cli.joining.paths import WHOLE_ROW, value_at
from vlmeval_cli.readers.base import Layout


@dataclass(frozen=True)
class Side:
    """One file as detection sees it.

    Attributes:
        path: its name, for messages.
        layout: what the reader recognised.
        head: its first rows, some thousands of them.
    """

    path: str
    layout: Layout
    head: Sequence[Mapping[str, Any]]

    @cached_property
    def filled(self) -> Counter[str]:
        """Field → rows in which it is neither null nor empty."""
        counts: Counter[str] = Counter()
        for row in self.head:
            counts.update([name for name, value in row.items() if value not in (None, "")])
        return counts

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """All field names, in order of first sight."""
        return tuple(dict.fromkeys(name for row in self.head for name in row))

    def present(self, names: Iterable[str]) -> list[str]:
        """Those of ``names`` that the file has, in the order given.

        Fields that hardly any row fills count only if there is no better one.
        """
        there = [name for name in names if name in self.filled]
        enough = FILLED_SHARE * len(self.head)
        return [name for name in there if self.filled[name] >= enough] or there

    def named(self, names: Iterable[str]) -> list[str]:
        """Like :meth:`present`; if nothing is filled, the fields that are there and empty."""
        names = tuple(names)
        return self.present(names) or [name for name in names if name in self.fields]

    def has(self, *names: str) -> bool:
        """Whether it has one of the fields."""
        return bool(self.present(names))

    def values(self, name: str) -> list[Any]:
        """The values of a field in the first rows."""
        return [value_at(row, name) for row in self.head]

    def names_things(self, name: str) -> bool:
        """Whether the values of a field can be ids; images are often their own bytes.

        Such a field is never collected, so that memory does not grow with the images.
        """
        values = self.values(name)
        longest = max((len(value) for value in values if isinstance(value, str)), default=0)
        return longest <= LONGEST_ID and any(isinstance(v, str | int | float) for v in values)

    def check(self, name: str, role: str) -> str:
        """``name``, which the user gave for ``role``.

        Raises:
            UsageError: no row has such a field.
        """
        nothing = object()
        if name != WHOLE_ROW and all(value_at(row, name, nothing) is nothing for row in self.head):
            raise UsageError(
                f"{self.path} has no field {quoted(name)}, named as the {role}",
                hint=did_you_mean(name, list(self.fields)),
            )
        return name


@dataclass(frozen=True, slots=True)
class Detected:
    """What is in the files, and why.

    Attributes:
        fields: roles of both sides and the pairs of id fields to choose from, best first.
        task: its name, also of tasks that cannot be scored yet.
        task_reason: the evidence for the task, in words.
        reasons: role → how its field was chosen.
        notes: what the user should know about a choice.
        is_one_file: one file holds predictions and references.
    """

    fields: Fields
    task: str
    task_reason: str
    reasons: Mapping[str, str]
    notes: tuple[str, ...]
    is_one_file: bool

    @property
    def ids(self) -> Sequence[IdPair]:
        """Pairs of id fields, (in predictions, in references), the preferred first."""
        return self.fields.ids

    @property
    def prediction_names(self) -> tuple[str, ...]:
        """Fields to collect from the predictions, or from the one file."""
        own = (*self.fields.predictions.names(), *(pair.prediction for pair in self.ids))
        theirs = self.reference_names if self.is_one_file else ()
        return tuple(dict.fromkeys((*own, *theirs)))

    @property
    def reference_names(self) -> tuple[str, ...]:
        """Fields to collect from the references."""
        own = (*self.fields.references.names(), *(pair.references for pair in self.ids))
        return tuple(dict.fromkeys(own))


@dataclass(frozen=True, slots=True)
class Chosen:
    """A field and the reason for it; ``others`` are candidates that were passed over."""

    name: str | None
    reason: str = ""
    others: tuple[str, ...] = ()


def roles_of(side: Side, value: str | None, found: Mapping[str, str | None]) -> Roles:
    """Roles of a side; a field that is the value is nothing else."""
    rest = {role: name for role, name in found.items() if name != value}
    return Roles(
        value=value,
        question=rest.get("question"),
        options=rest.get("options"),
        image=rest.get("image"),
    )
