"""``vlmeval metrics``: what can be scored, what each score means, and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vlmeval_cli.cli.completion import metric_names
from vlmeval_cli.cli.console import show, write_result
from vlmeval_cli.core.errors import UsageError, quoted

if TYPE_CHECKING:
    from vlmeval_cli.core.metric import Metric, Output
    from vlmeval_cli.reports.blocks import Block


@dataclass(frozen=True, slots=True)
class MetricsOptions:
    """List tasks and metrics, or tell all about one of them."""

    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME",
            help="A metric, with options or without, or one of its outputs.",
            autocompletion=metric_names,
        ),
    ] = None
    task: Annotated[
        str | None, typer.Option(help="How to choose and read the metrics of this task.")
    ] = None
    json: Annotated[
        str | None, typer.Option(metavar="FILE|-", help="As JSON; - prints it alone.")
    ] = None
    no_color: Annotated[bool, typer.Option("--no-color", help="No colour.")] = False
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False


def metrics(options: MetricsOptions) -> None:
    """Print what the registry and the tasks know.

    Raises:
        UsageError: a metric and a task were named; or one that there is not.
    """
    if options.name is not None and options.task is not None:
        raise UsageError(
            f"got the metric {quoted(options.name)} and --task, expected one of them",
            hint=f"Such as: vlmeval metrics {options.name}",
        )
    if options.task is not None:
        from vlmeval_cli.tasks import task

        task(options.task)  # says which tasks there are
    if options.json is None:
        show(_blocks(options), no_color=options.no_color)
    else:
        _write_json(_document(options), options.json)


def _blocks(options: MetricsOptions) -> list[Block]:
    from vlmeval_cli.cli.metric_pages import metric_page, overview, set_page, task_page
    from vlmeval_cli.registry import SETS

    if options.name is not None and options.name in SETS:
        return set_page(options.name)
    if options.name is not None:
        return metric_page(_named(options.name))
    return overview() if options.task is None else task_page(options.task)


def _named(text: str) -> Metric[Any]:
    """A metric by its name, by that of one of its outputs, or with options."""
    from vlmeval_cli import registry
    from vlmeval_cli.core.metric_spec import parse_metric_spec

    return registry.build(parse_metric_spec(text))


def _document(options: MetricsOptions) -> dict[str, Any]:
    """The same as JSON, with every fact."""
    from vlmeval_cli import registry
    from vlmeval_cli.cli.metric_pages import offered_for

    if options.name is not None and options.name in registry.SETS:
        own = registry.SETS[options.name].metrics
        return {"set": _set(options.name), "metrics": [_value(_named(name)) for name in own]}
    if options.name is not None:
        return {"metrics": [_value(_named(options.name))]}
    if options.task is not None:
        found = offered_for(options.task)
        return {"task": _task(options.task), "metrics": [*map(_value, found)]}
    known = (metric() for metric in registry.metrics().values())
    return {"metrics": [*map(_value, known)]}


def _set(name: str) -> dict[str, Any]:
    from vlmeval_cli.registry import SETS

    return {"name": name, **SETS[name]._asdict()}


def _task(name: str) -> dict[str, Any]:
    from vlmeval_cli.tasks.guidance import GUIDES, NO_THRESHOLD, choices

    return {
        "name": name,
        "question": GUIDES[name].question,
        "defaults": [
            {"when": c.when, "primary": c.primary, "metrics": c.families} for c in choices(name)
        ],
        "traps": GUIDES[name].traps,
        "bands": NO_THRESHOLD,
    }


def _value(metric: Metric[Any]) -> dict[str, Any]:
    from vlmeval_cli.core.optional import has_extra

    info = metric.info
    return {
        "name": info.name,
        "revision": info.revision,
        "title": info.title,
        "use": info.use,
        "tasks": info.tasks,
        "notices": None if info.sees is None else sorted(info.sees),
        "texts_per_second": info.texts_per_second,
        "multi_reference": info.multi_reference,
        "source": info.source,
        "extra": info.extra,
        "available": has_extra(info.extra),
        "options": metric.options(),
        "outputs": [*map(_output, metric.outputs())],
    }


def _output(output: Output) -> dict[str, Any]:
    from vlmeval_cli.tasks.guidance import bands_of

    return {
        "name": output.name,
        "meaning": output.meaning,
        "higher_is_better": output.higher_is_better,
        "range": output.range,
        "unit": output.unit,
        "kind": output.kind,
        "item_scores": output.has_item_score,
        "bands": [
            {"low": band.low, "high": band.high, "reading": band.reading, "source": band.source}
            for band in bands_of(frozenset({output.name}))
        ],
    }


def _write_json(document: dict[str, Any], target: str) -> None:
    from pathlib import Path

    from vlmeval_cli.reports.atomic import check_writable, from_chunks, write_file
    from vlmeval_cli.reports.json_bytes import json_bytes
    from vlmeval_cli.reports.json_report import SCHEMA_VERSION

    content = json_bytes({"schema_version": SCHEMA_VERSION, **document}, indent=True) + b"\n"
    if target == "-":
        write_result(content.decode("utf-8"))
        return
    check_writable(Path(target))
    write_file(Path(target), from_chunks([content]))
