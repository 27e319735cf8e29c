"""Format validity: the answers that are documents, as they stand and with help."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from vlmeval_cli.core.batch import Batch, NumberColumn
from vlmeval_cli.core.metric import (
    MeanMetric,
    MetricInfo,
    MetricStatistics,
    Output,
    Statistics,
    Table,
    mean_statistics,
)

_REPAIRED, _EXTRACTED, _STRICT = 1, 2, 3  # as parsing numbers its stages


@dataclass(frozen=True, slots=True)
class FormatValid(MeanMetric[None]):
    """Shares of answers that can be read as a document: as they stand, dug out, or mended.

    Input: for each answer the stage at which it could be read, as the parser of documents found it
    (JSON, YAML or CSV, whichever the references are).

    Output: three rates that are never merged, each from 0 to 1, higher is better.
    ``format_valid_strict``: the whole answer is a valid object or list (or table).
    ``format_valid_extracted``: that, or a valid one stands in a fence or amid prose.
    ``format_valid_repaired``: that, or one can be made of what is broken (trailing commas, Python
    literals, missing brackets, a list cut off, another syntax than the expected one). Each is at
    least as high as the one before; the difference is what the format costs.

    Edge cases: missing, empty and refused answers are valid at no stage. A scalar such as ``null``
    or ``42`` is valid JSON and no document. NaN and Infinity are no JSON. Of keys written twice in
    one object the last counts, and parsing tells how many answers have such.

    Differs from: tools that count fenced JSON as invalid, or that repair first and report one rate.

    Source: RFC 8259 for JSON; the order of extraction is that of the Qwen-VL cookbooks.

    Example:
        >>> stages = NumberColumn(np.array([3.0, 2.0, 1.0, 0.0]), np.arange(5))
        >>> batch = Batch("abcd", [None] * 4, [[]] * 4, prepared={"prediction.format": stages})
        >>> rows = FormatValid().measure(batch, None).values
        >>> {name: float(rate) for name, rate in FormatValid().finalize(rows.sum(axis=0)).items()}
        {'format_valid_strict': 0.25, 'format_valid_extracted': 0.5, 'format_valid_repaired': 0.75}
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        name="format_valid",
        revision=1,
        title="answers that can be read as a document: as they stand, after extraction, after "
        "repair",
        use="JSON, YAML or CSV was asked for; the differences between the three rates say what a "
        "fence, prose and broken syntax cost. It says nothing of the values: see field_f1",
        tasks=("freeform",),
        needs=("prediction.format",),
        multi_reference="all",
        source="RFC 8259",
    )

    def outputs(self) -> tuple[Output, ...]:
        """The three rates, each including the one before."""
        return (
            Output(
                "format_valid_strict", kind="binary", meaning="the whole answer is a valid document"
            ),
            Output(
                "format_valid_extracted",
                kind="binary",
                meaning="the answer is a valid document, or holds one in a fence or amid prose",
            ),
            Output(
                "format_valid_repaired",
                kind="binary",
                meaning="a document can be read from the answer, if need be after repair",
            ),
        )

    def measure(self, batch: Batch, context: None) -> Statistics:
        """Rows ``(strict, extracted or better, repaired or better, 1)``."""
        stages = batch.column("prediction.format", NumberColumn).numbers
        return mean_statistics(
            *((stages >= least).astype(np.float64) for least in (_STRICT, _EXTRACTED, _REPAIRED))
        )

    def tables(self, found: MetricStatistics, context: None) -> Mapping[str, Table]:
        """What each stage adds."""
        strict, extracted, repaired, n = found.values.sum(axis=0).tolist()
        stages = (
            ("as it stands", strict, strict),
            ("out of a fence or prose", extracted - strict, extracted),
            ("after repair", repaired - extracted, repaired),
            ("not at all", n - repaired, None),
        )
        rows = [
            (name, int(own), own / n, None if so_far is None else so_far / n)
            for name, own, so_far in stages
            if n
        ]
        columns = ("readable", "answers", "share", "valid so far")
        return {"format": Table("What the format costs", columns, rows)}


METRICS = (FormatValid,)
