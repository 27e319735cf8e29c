"""``vlmeval metrics``: what can be scored, what each score means, and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vlmeval_cli.cli.completion import metric_names
from vlmeval_cli.cli.console import show, write_result

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vlmeval_cli.core.metric import Metric, Output
    from vlmeval_cli.reports.blocks import Block


@dataclass(frozen=True, slots=True)
class MetricsOptions:
    """List the metrics, or tell all about one."""

    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME", help="A metric or one of its outputs.", autocompletion=metric_names
        ),
    ] = None
    task: Annotated[str | None, typer.Option(help="Only those offered for this task.")] = None
    json: Annotated[
        str | None, typer.Option(metavar="FILE|-", help="As JSON; - prints it alone.")
    ] = None
    no_color: Annotated[bool, typer.Option("--no-color", help="No colour.")] = False
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False


def metrics(options: MetricsOptions) -> None:
    """Print what the registry knows."""
    chosen = _chosen(options)
    if options.json is not None:
        _write_json([_value(metric) for metric in chosen], options.json)
        return
    blocks = _one(chosen[0]) if options.name else _all(chosen, options.task)
    show(blocks, no_color=options.no_color)


def _chosen(options: MetricsOptions) -> list[Metric[Any]]:
    from vlmeval_cli import registry
    from vlmeval_cli.core.config import MetricSpec

    if options.task is not None:
        _check_task(options.task)
    if options.name is not None:
        return [registry.build(MetricSpec(options.name))]
    known = (metric() for metric in registry.metrics().values())
    return [m for m in known if options.task is None or options.task in m.info.tasks]


def _check_task(name: str) -> None:
    from vlmeval_cli.tasks import task

    task(name)


def _all(chosen: Sequence[Metric[Any]], only: str | None) -> list[Block]:
    """The quick reference: for each task its outputs, then what the metrics are for."""
    from vlmeval_cli.reports.blocks import Grid, Heading, Paragraph
    from vlmeval_cli.tasks import NAMES

    outputs = tuple(map(Heading, ("metric", "output", "scale", "better", "meaning")))
    uses = tuple(map(Heading, ("metric", "use", "source")))
    offered = [metric for metric in chosen if not set(NAMES).isdisjoint(metric.info.tasks)]
    return [
        *(Grid(task, outputs, _rows(offered, task)) for task in ([only] if only else NAMES)),
        Grid("Use", uses, tuple((m.info.name, m.info.use, m.info.source) for m in offered)),
        Paragraph("", ("All about one of them: vlmeval metrics NAME",)),
    ]


def _rows(chosen: Sequence[Metric[Any]], task: str) -> tuple[tuple[str, ...], ...]:
    """A row for each output that is offered for ``task``."""
    return tuple(
        (
            metric.info.name,
            output.name,
            _scale(output),
            _better(output),
            output.meaning or metric.info.title,
        )
        for metric in chosen
        if task in metric.info.tasks
        for output in metric.outputs()
    )


def _one(metric: Metric[Any]) -> list[Block]:
    """Everything about one metric."""
    from vlmeval_cli.registry import options as options_of
    from vlmeval_cli.reports.blocks import Facts, Grid, Heading

    info = metric.info
    facts = Facts(
        (
            ("metric", info.name),
            ("measures", info.title),
            ("use", info.use),
            ("tasks", ", ".join(info.tasks)),
            ("several references", info.multi_reference),
            ("source", info.source),
            ("revision", str(info.revision)),
            ("needs", _install(info.extra)),
        )
    )
    outputs = Grid(
        "Outputs",
        tuple(map(Heading, ("output", "scale", "unit", "better", "meaning"))),
        tuple((o.name, _scale(o), o.unit, _better(o), o.meaning) for o in metric.outputs()),
    )
    options = Grid(
        f"Options ({info.name}:option=value)",
        tuple(map(Heading, ("option", "default", "values"))),
        tuple(
            (option.name, _written(option.default), ", ".join(option.choices))
            for option in options_of(type(metric))
        ),
    )
    return [facts, outputs, options] if metric.options() else [facts, outputs]


def _written(value: object) -> str:
    """An option's value as the command line takes it."""
    return "+".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _install(extra: str | None) -> str:
    return "nothing more" if extra is None else f'pip install "vlmeval-cli[{extra}]"'


def _scale(output: Output) -> str:
    low, high = (("" if bound is None else f"{bound:g}") for bound in output.range)
    return f"{low} to {high}" if high else f"from {low}" if low else "any number"


def _better(output: Output) -> str:
    return "higher" if output.higher_is_better else "lower"


def _value(metric: Metric[Any]) -> dict[str, Any]:
    info = metric.info
    return {
        "name": info.name,
        "revision": info.revision,
        "title": info.title,
        "use": info.use,
        "tasks": info.tasks,
        "multi_reference": info.multi_reference,
        "source": info.source,
        "extra": info.extra,
        "options": metric.options(),
        "outputs": [
            {
                "name": output.name,
                "meaning": output.meaning,
                "higher_is_better": output.higher_is_better,
                "range": output.range,
                "unit": output.unit,
                "kind": output.kind,
                "item_scores": output.has_item_score,
            }
            for output in metric.outputs()
        ],
    }


def _write_json(found: list[dict[str, Any]], target: str) -> None:
    from pathlib import Path

    from vlmeval_cli.reports.atomic import check_writable, from_chunks, write_file
    from vlmeval_cli.reports.json_bytes import json_bytes
    from vlmeval_cli.reports.json_report import SCHEMA_VERSION

    content = json_bytes({"schema_version": SCHEMA_VERSION, "metrics": found}, indent=True) + b"\n"
    if target == "-":
        write_result(content.decode("utf-8"))
        return
    check_writable(Path(target))
    write_file(Path(target), from_chunks([content]))
