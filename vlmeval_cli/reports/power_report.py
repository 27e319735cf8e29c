"""What a data set can show, as a table for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from vlmeval_cli.core.power import OutputPower, PowerResult
from vlmeval_cli.reports.blocks import Block, Facts, Grid, Heading, Paragraph
from vlmeval_cli.reports.figures import UNKNOWN, View, figure
from vlmeval_cli.reports.json_bytes import json_bytes
from vlmeval_cli.reports.json_bytes import known as finite
from vlmeval_cli.reports.json_report import SCHEMA_VERSION, TOOL, Provenance


def power_json(result: PowerResult, provenance: Provenance) -> bytes:
    """The whole report, in the metrics' own scale."""
    return json_bytes(_value(result, provenance), indent=True) + b"\n"


def power_blocks(result: PowerResult, view: View) -> list[Block]:
    """The table, and how to read it."""
    has_other = result.against is not None
    facts = [("task", result.task), ("run", result.run)]
    facts += [("against", result.against)] if result.against is not None else []
    cluster = result.options.get("cluster_by")
    if cluster not in (None, "none", "auto"):
        facts.append(("units", f"{result.options['units']:,}, clustered by {cluster}"))
    return [
        Facts(tuple(facts)),
        _grid(result, view, has_other=has_other),
        Paragraph("How to read it", tuple(_reading(result))),
    ]


def _grid(result: PowerResult, view: View, *, has_other: bool) -> Grid:
    columns = [
        Heading("metric"),
        Heading("items", is_number=True),
        Heading("score", is_number=True),
    ]
    if has_other:
        columns += [Heading(name, is_number=True) for name in ("against", "difference")]
    columns += [
        Heading(name, is_number=True) for name in ("std. error", "correlation", "smallest shown")
    ]
    policy = result.policy
    asked = has_other or policy.difference is not None
    if asked:
        columns.append(Heading("items needed", is_number=True))
    rows = tuple(_row(one, view, has_other=has_other, asked=asked) for one in result.outputs)
    title = (
        f"Differences that these items show with {policy.power:.0%} power at a level of "
        f"{policy.alpha:g}"
    )
    return Grid(title, tuple(columns), rows)


def _row(one: OutputPower, view: View, *, has_other: bool, asked: bool) -> tuple[str, ...]:
    cells = [one.output.name, f"{one.n:,}", figure(one.value, one.output, view)]
    if has_other:
        cells += [figure(value, one.output, view) for value in (one.against, one.difference)]
    cells += [
        figure(one.standard_error, one.output, view),
        UNKNOWN if one.correlation is None else f"{one.correlation:.2f}",
        figure(one.smallest, one.output, view),
    ]
    if asked:
        cells.append(UNKNOWN if one.items_needed is None else f"{one.items_needed:,}")
    return tuple(cells)


def _reading(result: PowerResult) -> Iterator[str]:
    policy = result.policy
    yield (
        "A true difference of the smallest shown is found significant in "
        f"{policy.power:.0%} of data sets of this size; smaller ones mostly are not."
    )
    if result.against is None:
        assumed = next(
            (one.correlation for one in result.outputs if one.smallest is not None), None
        )
        if assumed is not None:
            yield (
                "The other run is not there: it is taken to score as unevenly as this one, and "
                f"their scores to correlate by {assumed:g} (--correlation; 0 for unrelated models, "
                "more the fewer answers a change moves). With --against it is measured."
            )
    if policy.difference is not None:
        yield f"Items needed are those for a difference of {policy.difference:g}."
    elif result.against is not None:
        yield (
            "Items needed are those for the difference of these two runs, if it is the true one: "
            "itself no more certain than its standard error."
        )
    for one in result.outputs:
        if one.reason is not None:
            yield f"{one.output.name}: unknown, {one.reason}."


def _value(result: PowerResult, provenance: Provenance) -> dict[str, Any]:
    policy = result.policy
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": "power",
        "tool": {"name": TOOL, "version": provenance.version},
        "created": provenance.created.isoformat(timespec="seconds"),
        "seed": result.options.get("seed"),
        "command": provenance.command,
        "task": result.task,
        "run": result.run,
        "against": result.against,
        "power": policy.power,
        "alpha": policy.alpha,
        "difference": policy.difference,
        "outputs": {one.output.name: _output(one) for one in result.outputs},
        "statistics": result.options,
        "warnings": [{"code": w.code, "message": w.message} for w in result.warnings],
    }


def _output(one: OutputPower) -> dict[str, Any]:
    return {
        "value": finite(one.value),
        "against": finite(one.against),
        "difference": finite(one.difference),
        "standard_error": finite(one.standard_error),
        "correlation": finite(one.correlation),
        "n": one.n,
        "smallest_difference": finite(one.smallest),
        "items_needed": one.items_needed,
        "higher_is_better": one.output.higher_is_better,
        "unit": one.output.unit,
        "reason": one.reason,
    }
