"""A schema inferred from the references: what they all look like, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Any

from vlmeval_cli.core.signature import digest
from vlmeval_cli.metrics.document_structure import structure, type_of
from vlmeval_cli.metrics.json_schemas import canonical


@dataclass(frozen=True, slots=True)
class Shape:
    """What documents look like at one place. Shapes merge with ``|`` in any order.

    Attributes:
        types: JSON Schema's types of the values; numbers are one type, whole or not.
        required: keys that every object has; None where there was no object.
        keys: key of an object → what its values look like.
        elements: what the elements of lists look like; None where there were none.
    """

    types: frozenset[str] = frozenset()
    required: frozenset[str] | None = None
    keys: Mapping[str, Shape] = field(default_factory=dict)
    elements: Shape | None = None

    def __or__(self, other: Shape) -> Shape:
        mine, theirs = self.required, other.required
        keys = {key: self.keys.get(key, NO_SHAPE) | shape for key, shape in other.keys.items()}
        return Shape(
            types=self.types | other.types,
            required=theirs if mine is None else mine if theirs is None else mine & theirs,
            keys={**self.keys, **keys},
            elements=_either(self.elements, other.elements),
        )

    def schema(self) -> dict[str, Any]:
        """A JSON Schema that allows what was seen: these types, these keys, and no others."""
        found: dict[str, Any] = {"type": sorted(self.types)} if self.types else {}
        if self.required is not None:
            found["properties"] = {key: self.keys[key].schema() for key in sorted(self.keys)}
            found["required"] = sorted(self.required)
            found["additionalProperties"] = False
        if self.elements is not None:
            found["items"] = self.elements.schema()
        return found

    def digest(self) -> str:
        """A hash of the schema."""
        return digest([canonical(self.schema())])


NO_SHAPE = Shape()


def _either(one: Shape | None, other: Shape | None) -> Shape | None:
    if one is None or other is None:
        return one or other
    return one | other


def shape_of(documents: Iterable[Any]) -> Shape:
    """What ``documents`` look like; documents of one structure are looked at once."""
    different = {structure(one, with_types=True): one for one in documents}
    return reduce(or_, map(_shape, different.values()), NO_SHAPE)


def _shape(value: Any) -> Shape:  # noqa: ANN401  (JSON)
    if isinstance(value, dict):
        keys = {key: _shape(part) for key, part in value.items()}
        return Shape(frozenset({"object"}), frozenset(value), keys)
    if isinstance(value, list):
        elements = reduce(or_, map(_shape, value)) if value else None
        return Shape(frozenset({"array"}), elements=elements)
    name = type_of(value)
    return Shape(frozenset({"number" if name == "integer" else name}))
