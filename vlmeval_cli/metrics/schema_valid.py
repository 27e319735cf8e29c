"""Schema validity: the answers that follow a JSON Schema, and what breaks it where."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from vlmeval_cli.core.batch import Batch, ValueColumn
from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.core.metric import (
    SETTING,
    MeanMetric,
    MetricInfo,
    MetricStatistics,
    Output,
    Statistics,
    Table,
    mean_statistics,
)
from vlmeval_cli.metrics.inferred_schema import NO_SHAPE, Shape, shape_of
from vlmeval_cli.metrics.json_schemas import Fault, fault_finder, refuse_invalid
from vlmeval_cli.text.document_paths import ROOT

_UNREAD = frozenset({Fault(ROOT, "missing, or could not be read")})
_SHOWN = 15
_APART = "\t"  # between path and problem in the names of facts


@dataclass(frozen=True, slots=True)
class SchemaValid(MeanMetric[Shape | None]):
    """Share of answers whose document follows a JSON Schema.

    Input: one document per item; without a schema of the user's (``--schema FILE``), the accepted
    documents, from which one is inferred.

    Output: per item 0 or 1; the corpus score is their mean, a fraction from 0 to 1, higher is
    better. A table counts the answers that break the schema, by path and problem.

    Edge cases: an answer that cannot be read, or is missing, is not valid. The inferred schema
    takes types from all references (numbers are one type), requires the keys that all of them have,
    and allows no key that none of them has; a reference always follows it. As in JSON Schema, 1.0
    is an integer, ``true`` is no number, and ``format`` is an annotation that is not checked.

    Options:
        schema: the schema as JSON text, draft 2020-12 unless its ``$schema`` says another.
            References lead within it; nothing is fetched. Empty infers one.

    Differs from: the jsonschema package in nothing; it explains every fault, and tests hold the
    quick check in front of it equal to it.

    Source: JSON Schema draft 2020-12.

    Example:
        >>> documents = ValueColumn([{"total": 5}, {"total": "5"}, None], np.arange(4))
        >>> batch = Batch("123", [], [], prepared={"prediction.documents": documents})
        >>> metric = SchemaValid(schema='{"properties": {"total": {"type": "number"}}}')
        >>> metric.measure(batch, None).values.tolist()
        [[1.0, 1.0], [0.0, 1.0], [0.0, 1.0]]
    """

    schema: str = field(default="", metadata=SETTING)

    info: ClassVar[MetricInfo] = MetricInfo(
        name="schema_valid",
        revision=1,
        title="share of answers that follow the JSON Schema, given or inferred from the references",
        use="keys and types must be right before values can be; a low value beside a high "
        "format_valid_repaired means wrong keys or types: the table says which",
        tasks=("freeform",),
        needs=("prediction.documents", "references.documents"),
        multi_reference="all",
        source="JSON Schema draft 2020-12",
    )

    def check(self) -> None:
        """Refuse a schema that is none."""
        if not self.schema:
            return
        try:
            contents = json.loads(self.schema)
        except (ValueError, RecursionError) as error:
            raise UsageError(
                f"option schema_valid:schema: not JSON: {error}",
                hint="Name the file of the schema with --schema.",
            ) from error
        refuse_invalid(contents, "option schema_valid:schema")

    def needs(self) -> tuple[str, ...]:
        """The references are looked at only where the schema is inferred from them."""
        return self.info.needs[:1] if self.schema else self.info.needs

    def outputs(self) -> tuple[Output, ...]:
        """One number, the share of valid answers."""
        return (Output("schema_valid", kind="binary", meaning=self.info.title),)

    def fit(self, batch: Batch) -> Shape | None:
        """What the accepted documents look like, unless a schema was given."""
        if self.schema:
            return None
        return shape_of(batch.column("references.documents", ValueColumn).values)

    def measure(self, batch: Batch, context: Shape | None) -> Statistics:
        """Rows ``(1 if valid else 0, 1)``; facts count the answers with each fault."""
        schema = json.loads(self.schema) if self.schema else (context or NO_SHAPE).schema()
        find = fault_finder(schema)
        documents = batch.column("prediction.documents", ValueColumn).values
        found = [_UNREAD if document is None else find(document) for document in documents]
        counts = Counter(fault for faults in found for fault in faults)
        return mean_statistics(
            np.array([not faults for faults in found], dtype=np.float64),
            facts={f"{path}{_APART}{problem}": n for (path, problem), n in counts.items()},
        )

    def tables(self, found: MetricStatistics, context: Shape | None) -> Mapping[str, Table]:
        """Answers that break the schema, by path and problem, the most frequent first."""
        if not found.facts:
            return {}
        counts = sorted(found.facts.items(), key=lambda fact: (-fact[1], fact[0]))
        faults = [(*fact.partition(_APART), n) for fact, n in counts]
        rows = [(path, problem, n, n / len(found.values)) for path, _, problem, n in faults]
        title = "What breaks the schema" if self.schema else "What breaks the inferred schema"
        return {"schema": Table(title, ("path", "problem", "answers", "share"), rows, _SHOWN)}


METRICS = (SchemaValid,)
