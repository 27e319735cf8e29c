"""Which reference items a run looks at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from vlmeval_cli.core.errors import UsageError, quoted
from vlmeval_cli.joining.columns import Columns
from vlmeval_cli.joining.paths import as_text
from vlmeval_cli.stats.groups import label

SHOWN = 10


@dataclass(frozen=True, slots=True)
class Selection:
    """Items wanted: the first ``limit`` of those whose fields have the values of ``where``.

    Values are compared as text, so that ``--where year=2014`` finds a number and a string. A list
    is found by each of its members, and by all of them as groups are named: ``red, blue``.
    ``keeps_empty`` says that an empty list is a reference: an image may have no objects.
    ``keeps_unanswered`` says that items without any reference are wanted too.
    """

    where: Mapping[str, str] = field(default_factory=dict)
    limit: int | None = None
    keeps_empty: bool = False
    keeps_unanswered: bool = False

    @property
    def is_part(self) -> bool:
        """Whether some of the items may not be wanted."""
        return bool(self.where) or self.limit is not None

    def rows(self, columns: Columns, rows: Sequence[int]) -> Sequence[int]:
        """Those of ``rows`` that are wanted, in order.

        Raises:
            UsageError: no row has a field named in ``where``, or none has its value.
        """
        for name, wanted in self.where.items():
            rows = _with_value(columns, rows, name, wanted)
        return rows if self.limit is None else rows[: self.limit]

    def policy(self) -> dict[str, str]:
        """What was selected, for the signature."""
        said = {f"where {name}": value for name, value in self.where.items()}
        return said if self.limit is None else {**said, "limit": str(self.limit)}


def _with_value(columns: Columns, rows: Sequence[int], name: str, wanted: str) -> list[int]:
    values = columns.columns.get(name)
    if values is None or (name not in columns.known and not any(v is not None for v in values)):
        raise UsageError(
            f"{columns.path} has no field {quoted(name)} to select by",
            hint=f"Its fields: {', '.join(sorted(columns.known))}.",
        )
    chosen = [row for row in rows if _is_wanted(values[row], wanted)]
    if not chosen:
        seen = list(dict.fromkeys(label(values[row]) for row in rows))
        more = ", …" if len(seen) > SHOWN else ""
        shown = ", ".join(quoted(value, 40) for value in seen[:SHOWN])
        raise UsageError(
            f"no item of {columns.path} has {name}={wanted}", hint=f"Its values: {shown}{more}."
        )
    return chosen


def _is_wanted(value: object, wanted: str) -> bool:
    if isinstance(value, str):
        return value == wanted
    if wanted in (as_text(value), label(value)):
        return True
    return isinstance(value, list) and any(_is_wanted(part, wanted) for part in value)
