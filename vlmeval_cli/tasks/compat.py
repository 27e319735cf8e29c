"""Other evaluators' numbers: which metrics, with which options, give the number a tool would give.

``vlmeval score --compat TOOL`` scores what :func:`tools` says, and docs/compat.md is made from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from vlmeval_cli.core.config import RunConfig
from vlmeval_cli.core.errors import UsageError, did_you_mean, quoted
from vlmeval_cli.tasks.compat_tools import Coverage, Number, Tool

# Layout of a file → the benchmark whose layout it is.
_BENCHMARK_OF = {
    "vqav2_annotations": "vqav2",
    "textvqa": "textvqa",
    "vizwiz": "vizwiz",
    "gqa_questions": "gqa",
    "docvqa": "docvqa",
    "infographicvqa": "infovqa",
    "vlmevalkit_ocrbench": "ocrbench",
}


class Wanted(NamedTuple):
    """What a run reproduces.

    Attributes:
        tool: whose numbers.
        coverage: what of it there is for the task.
        benchmark: the data set it is narrowed to, None if to none.
        numbers: those that are scored.
    """

    tool: Tool
    coverage: Coverage
    benchmark: str | None
    numbers: tuple[Number, ...]


def tools() -> Mapping[str, Tool]:
    """Name → tool, in the order in which they are listed."""
    from vlmeval_cli.tasks.compat_harnesses import HARNESSES
    from vlmeval_cli.tasks.compat_packages import PACKAGES

    return {tool.name: tool for tool in (*PACKAGES, *HARNESSES)}


def names() -> list[str]:
    """What ``--compat`` takes: tools, and tools with a data set."""
    return [name for tool in tools().values() for name in _names_of(tool)]


def _names_of(tool: Tool) -> Iterator[str]:
    yield tool.name
    benchmarks = (name for coverage in tool.tasks.values() for name in coverage.benchmarks())
    yield from (f"{tool.name}:{name}" for name in dict.fromkeys(benchmarks))


def refuse_wrong(config: RunConfig) -> None:
    """Refuse a wrong ``compat`` before any file is read.

    Raises:
        UsageError: an unknown tool, one that does not do the task that is named, metrics beside
            it, or an explanation without it.
    """
    if config.compat is None:
        if config.explain_diff:
            raise UsageError(
                "--explain-diff without --compat: there is no tool whose numbers could differ",
                hint="Such as --compat lmms-eval --explain-diff.",
            )
        return
    if config.metrics:
        raise UsageError(
            "--compat and metrics: got both, expected one, since the tool decides what is scored",
            hint=f"vlmeval score … --compat {config.compat} names the metrics with their options; "
            "--metrics takes them one by one.",
        )
    tool = _tool(config.compat)
    if config.task is not None:
        _coverage(tool, config.task)


def refuse_any(config: RunConfig, command: str) -> None:
    """Refuse a tool where a command cannot take it.

    Raises:
        UsageError: the configuration names one.
    """
    if config.compat is not None or config.explain_diff:
        raise UsageError(
            f"compat: got {quoted(config.compat)}, and vlmeval {command} takes metrics by name",
            hint="vlmeval score … --compat names them with their options.",
        )


def wanted(text: str, task: str, layouts: frozenset[str]) -> Wanted:
    """What ``--compat`` asks for, given the task and the layouts of the files.

    A data set is named behind the tool (``lmms-eval:textvqa``), or known by the layout of its file;
    otherwise all usual numbers that the tool has for the task are wanted.

    Raises:
        UsageError: the tool does not do the task, or not the data set.
    """
    tool = _tool(text)
    coverage = _coverage(tool, task)
    _, colon, benchmark = text.partition(":")
    if colon:
        if benchmark not in coverage.benchmarks():
            known = ", ".join(coverage.benchmarks()) or "none by name"
            raise UsageError(
                f"compat {quoted(text)}: of the task {task}, {tool.name} is reproduced on {known}",
                hint=f"--compat {tool.name} alone scores all that there is.",
            )
        return Wanted(tool, coverage, benchmark, coverage.of(benchmark))
    for layout in sorted(layouts):
        own = _BENCHMARK_OF.get(layout, "")
        if coverage.of(own):
            return Wanted(tool, coverage, own, coverage.of(own))
    usual = tuple(one for one in coverage.numbers if one.is_default)
    return Wanted(tool, coverage, None, usual)


def _tool(text: str) -> Tool:
    name = text.partition(":")[0]
    known = tools()
    if name not in known:
        raise UsageError(f"unknown tool {quoted(name)} in compat. {did_you_mean(name, [*known])}")
    return known[name]


def _coverage(tool: Tool, task: str) -> Coverage:
    if task not in tool.tasks:
        others = [other.name for other in tools().values() if task in other.tasks]
        fitting = ", ".join(others) or "no tool"
        raise UsageError(
            f"compat {quoted(tool.name)}: the task is {task}, and {tool.name} is reproduced for "
            f"{', '.join(tool.tasks)}",
            hint=f"For {task}: {fitting}.",
        )
    return tool.tasks[task]
