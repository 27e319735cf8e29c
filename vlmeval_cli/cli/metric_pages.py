"""What ``vlmeval metrics`` prints: the tasks, all about one task, all about one metric."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from inspect import getdoc
from itertools import groupby
from textwrap import dedent
from typing import Any

from vlmeval_cli.core.config import MetricSpec
from vlmeval_cli.core.metric import Metric, MetricInfo, Output
from vlmeval_cli.core.optional import has_extra, install_line
from vlmeval_cli.registry import SETS, choose, metrics, options
from vlmeval_cli.reports.blocks import Block, Facts, Grid, Heading, Paragraph
from vlmeval_cli.runs.availability import lacking
from vlmeval_cli.tasks.guidance import (
    GUIDES,
    NO_THRESHOLD,
    TWO_METRICS,
    Band,
    bands_of,
    choices,
    others,
)

SIGHTS = {
    "partial": "partial answers",
    "spelling": "spelling",
    "endings": "endings",
    "synonyms": "synonyms",
    "order": "word order",
    "rarity": "rare words",
    "meaning": "meaning",
}
SEEING = (
    "What it notices moves the score: a letter off, another ending or a synonym is forgiven in "
    "part, another order costs. Speed: captions per second on one core, as the nearest power of "
    "ten."
)
# Where the text on another option, or on another value of one, begins.
_OPTION_OR_VALUE = re.compile(r"\n(?=\S| +``[\w-]+``: )")
_NAMES = frozenset({"task", "primary", "metric", "output", "option"})


def overview() -> list[Block]:
    """Every task with what is scored by default, and every metric with what it measures."""
    tasks = tuple(_task_row(name) for name in GUIDES)
    known = tuple((info.name, info.title) for info in map(_info, metrics().values()))
    return [
        Grid("Tasks", _headings("task", "primary", "question"), tasks),
        Grid("Metrics", _headings("metric", "measures"), known),
        Grid(
            "Named sets",
            _headings("set", "what it is"),
            tuple((name, f"{one.title}: {', '.join(one.outputs)}") for name, one in SETS.items()),
        ),
        *_unavailable(map(_info, metrics().values())),
        Paragraph(
            "",
            (
                "How to choose, read and mistrust: vlmeval metrics --task TASK",
                "All about one metric: vlmeval metrics NAME",
            ),
        ),
    ]


def set_page(name: str) -> list[Block]:
    """The outputs of a named set, and which of them this machine has."""
    rows = []
    for chosen in choose([MetricSpec(name)]):
        here = lacking(chosen.metric) or "yes"
        rows += [(output, chosen.metric.info.name, here) for output, _ in chosen.outputs()]
    return [
        Grid(f"{name}: {SETS[name].title}", _headings("output", "metric", "here"), tuple(rows)),
        Paragraph(
            "",
            (
                f"vlmeval score PREDICTIONS REFERENCES --metrics {name} scores what is here, "
                "notes what is not, and prints points (--no-percent: fractions)",
            ),
        ),
    ]


def _unavailable(infos: Iterable[MetricInfo]) -> Iterator[Block]:
    """The metrics whose extra is not installed, and what installs it."""
    by_extra: dict[str, list[str]] = {}
    for info in infos:
        if info.extra is not None and not has_extra(info.extra):
            by_extra.setdefault(info.extra, []).append(info.name)
    if by_extra:
        lines = (f"{', '.join(names)}: {install_line(one)}" for one, names in by_extra.items())
        yield Paragraph("Not available here", _listed(lines))


def _task_row(name: str) -> tuple[str, ...]:
    return (name, choices(name)[0].primary, GUIDES[name].question)


def task_page(name: str) -> list[Block]:
    """What is scored by default, what else there is, how to read it, and what misleads."""
    offered = offered_for(name)
    outputs = [output for metric in offered for output in metric.outputs()]
    used = ((metric.info.name, metric.info.use) for metric in offered)
    return [
        Paragraph(f"{name}: {GUIDES[name].question}", (TWO_METRICS,)),
        Grid(
            "Scored by default",
            _headings("data", "primary", "beside it"),
            tuple((c.when, c.primary, ", ".join(c.beside)) for c in choices(name)),
        ),
        Grid(
            "Outputs",
            _headings("output", "metric", "scale", "better", "meaning"),
            tuple(_output_rows(offered)),
        ),
        Grid("When to look at it", _headings("metric", "use"), tuple(used)),
        *_unavailable(metric.info for metric in offered),
        *_notices([metric.info for metric in offered]),
        *_bands(frozenset(output.name for output in outputs)),
        Paragraph("Traps", _listed(GUIDES[name].traps)),
    ]


def offered_for(task: str) -> list[Metric[Any]]:
    """Metrics of a task: those scored by default first, in their order."""
    scored = dict.fromkeys(name for choice in choices(task) for name in choice.families)
    return [metrics()[name]() for name in (*scored, *others(task))]


def _output_rows(offered: Sequence[Metric[Any]]) -> Iterator[tuple[str, ...]]:
    """A row for each output, with its metric where that has another name."""
    for metric in offered:
        for output in metric.outputs():
            family = "" if output.name == metric.info.name else metric.info.name
            meaning = output.meaning or metric.info.title
            yield (output.name, family, scale(output), better(output), meaning)


def _notices(infos: Sequence[MetricInfo]) -> Iterator[Block]:
    """What each metric of texts notices."""
    rows = tuple(
        (info.name, *noticed(info), f"{info.texts_per_second or 0:,}", info.extra or "core")
        for info in infos
        if info.sees is not None
    )
    if rows:
        columns = _headings("metric", "notices", "is blind to", "speed", "needs")
        yield Grid("In a text", columns, rows)
        yield Paragraph("", (SEEING,))


def noticed(info: MetricInfo) -> tuple[str, str]:
    """What a metric of texts notices, and what not, in words."""
    sees = info.sees or frozenset()
    seen = (word for sight, word in SIGHTS.items() if sight in sees)
    missed = (word for sight, word in SIGHTS.items() if sight not in sees)
    return ", ".join(seen), ", ".join(missed)


def _bands(outputs: frozenset[str]) -> Iterator[Block]:
    found = tuple(bands_of(outputs))
    if not found:
        return
    rows = tuple((band.output, span(band), band.reading) for band in found)
    yield Grid("Often read as", _headings("output", "value", "reading"), rows)
    sources = groupby(found, key=lambda band: band.source)
    told = (f"{next(bands).output}: {source}." for source, bands in sources)
    yield Paragraph("", _listed((NO_THRESHOLD, *told)))


def metric_page(metric: Metric[Any]) -> list[Block]:
    """Everything about one metric."""
    info = metric.info
    outputs = Grid(
        "Outputs",
        _headings("output", "scale", "unit", "better", "meaning"),
        tuple((o.name, scale(o), o.unit, better(o), o.meaning) for o in metric.outputs()),
    )
    declared = Grid(
        f"Options ({info.name}:option=value)",
        _headings("option", "default", "values"),
        tuple(
            (option.name, _written(option.default), ", ".join(option.choices))
            for option in options(type(metric))
        ),
    )
    bands = _bands(frozenset(output.name for output in metric.outputs()))
    told = Paragraph("", _option_texts(type(metric)))
    known = [declared] if metric.options() else []
    return [_facts(info), outputs, *known, *([told] if told.lines else []), *bands]


def _option_texts(family: type[Metric[Any]]) -> tuple[str, ...]:
    """What the documentation of a metric says of its options, and of their values."""
    section = (getdoc(family) or "").partition("\nOptions:\n")[2].partition("\n\n")[0]
    texts = _OPTION_OR_VALUE.split(dedent(section)) if section else []
    return tuple(
        f"{'  ' if text.startswith(' ') else ''}- {' '.join(text.split())}".replace("``", "")
        for text in texts
    )


def _facts(info: MetricInfo) -> Facts:
    seen, missed = noticed(info)
    pairs = (
        ("metric", info.name),
        ("measures", info.title),
        ("use", info.use),
        ("tasks", ", ".join(info.tasks)),
        ("notices", "" if info.sees is None else f"{seen}; not {missed}"),
        ("several references", info.multi_reference),
        ("source", info.source),
        ("revision", str(info.revision)),
        ("needs", _install(info.extra)),
    )
    return Facts(tuple((label, text) for label, text in pairs if text))


def _install(extra: str | None) -> str:
    if extra is None:
        return "nothing more"
    return f"{install_line(extra)} ({'installed' if has_extra(extra) else 'not installed here'})"


def _info(family: type[Metric[Any]]) -> MetricInfo:
    return family.info


def _headings(*names: str) -> tuple[Heading, ...]:
    return tuple(Heading(name, is_name=name in _NAMES) for name in names)


def _listed(lines: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"- {line}" for line in lines)


def _written(value: object) -> str:
    """An option's value as the command line takes it."""
    return "+".join(map(str, value)) if isinstance(value, tuple) else str(value)


def span(band: Band) -> str:
    """The values of a band in words."""
    if band.high is None:
        return f"{band.low:g} or more"
    return f"{band.high:g} or less" if band.low is None else f"{band.low:g} to {band.high:g}"


def scale(output: Output) -> str:
    """The range of an output in words."""
    low, high = (("" if bound is None else f"{bound:g}") for bound in output.range)
    return f"{low} to {high}" if high else f"from {low}" if low else "any"


def better(output: Output) -> str:
    """Which values are better."""
    return "higher" if output.higher_is_better else "lower"
