"""``--compat``: a run that gives the numbers of another tool, and says what was reproduced."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from vlmeval_cli.core.batch import Batch, TextColumn
from vlmeval_cli.core.config import ModelPolicy, RunConfig
from vlmeval_cli.core.config_record import recorded
from vlmeval_cli.core.metric import Chosen, Notice, Table
from vlmeval_cli.core.progress import Progress
from vlmeval_cli.core.results import RunResult
from vlmeval_cli.core.wording import number_of
from vlmeval_cli.registry import build, choose
from vlmeval_cli.runs.answers import batch_of, take_answers
from vlmeval_cli.runs.availability import is_recorded, lacking
from vlmeval_cli.runs.gathering import Gathered
from vlmeval_cli.runs.planning import plan
from vlmeval_cli.tasks.base import Task
from vlmeval_cli.tasks.compat import Wanted, wanted
from vlmeval_cli.tasks.compat_packages import CAPTION_BREAKS
from vlmeval_cli.tasks.compat_tools import Missing

# What coco-caption's Java program takes for the end of a caption, beside the line feed.
_BREAK = re.compile("[\r\v\f\x85\u2028\u2029]")
_LETTER_AND_STOP = re.compile(r"(?:^|\s)[A-Za-z]\.\s*$")
_UNREAD = ("missing", "empty", "refused", "truncated", "loop", "unparsed")


class Reproduction(NamedTuple):
    """What is reproduced.

    Attributes:
        wanted: tool, data set and numbers.
        config: the choices of the run that give them.
        plain: the same with our defaults.
        asked: the choices of the user, which the report records.
    """

    wanted: Wanted
    config: RunConfig
    plain: RunConfig
    asked: RunConfig

    @property
    def chosen(self) -> tuple[Chosen, ...]:
        """The metrics, one for each number of ``wanted``."""
        return choose(self.config.metrics)


def reproduction(config: RunConfig, task: Task, layouts: frozenset[str]) -> Reproduction | None:
    """The choices of a run with those of the tool that ``config.compat`` names; None without one.

    Raises:
        UsageError: the tool does not do the task, or not the data set.
    """
    if config.compat is None:
        return None
    found = _scorable(wanted(config.compat, task.name, layouts), config.models)
    metrics = tuple(number.spec for number in found.numbers)
    parse = replace(config.parse, reasoning=found.tool.reasoning)
    plain = replace(config, compat=None, explain_diff=False)
    return Reproduction(found, replace(config, metrics=metrics, parse=parse), plain, config)


def _scorable(found: Wanted, models: ModelPolicy) -> Wanted:
    """The numbers whose metrics this machine has; the others are told as missing."""
    reasons = [
        None if is_recorded(number.spec.name, models) else lacking(build(number.spec))
        for number in found.numbers
    ]
    if all(reasons):  # then the metric itself says it, as an error
        return found
    left, missing = [], []
    for number, reason in zip(found.numbers, reasons, strict=True):
        if reason is None:
            left.append(number)
        else:
            missing.append(Missing(number.called, reason))
    coverage = replace(found.coverage, missing=(*found.coverage.missing, *missing))
    return found._replace(numbers=tuple(left), coverage=coverage)


def told(result: RunResult, found: Reproduction, items: Batch) -> RunResult:
    """The result with what was reproduced, what was not, and where it may still differ."""
    tool, coverage, benchmark, _ = found.wanted
    record = {"tool": tool.name, "version": tool.version, "data_set": benchmark}
    own = {"compat": record, "choices": recorded(found.asked)}
    signature = replace(result.signature, recorded={**result.signature.recorded, **own})
    note = f"these are the numbers of {tool.name} ({tool.version}){_on(found.wanted)}"
    if coverage.differs:
        note += f"; its own may be others with: {'; '.join(coverage.differs)}"
    return replace(
        result,
        signature=signature,
        notes=(*result.notes, note),
        warnings=(
            *(one for one in result.warnings if one.code != "one_metric"),  # the tool's choice
            *_warnings(result, found, items),
        ),
        tables={"compat": _table(result, found), **result.tables},
    )


def _on(found: Wanted) -> str:
    if found.benchmark is not None:
        return f" on {found.benchmark}"
    several = [*dict.fromkeys(name for one in found.numbers for name in one.benchmarks)]
    if len(found.numbers) < 2 or not several:
        return ""
    return f"; name a data set for its own alone (--compat {found.tool.name}:{several[0]})"


def _table(result: RunResult, found: Reproduction) -> Table:
    """What each output is in the tool, its value in the tool's scale, and what is not to be had."""
    rows: list[Sequence[str | float | int | None]] = []
    for number, chosen in zip(found.wanted.numbers, found.chosen, strict=True):
        for name, output in chosen.outputs():
            if number.outputs and output.name not in number.outputs:
                continue
            value = result.scores[name].value
            there = None if value is None else value * number.times
            rows.append((name, number.called, ", ".join(number.benchmarks), there, number.rule))
    rows += [
        ("not available", missing.called, "", None, missing.reason)
        for missing in found.wanted.coverage.missing
    ]
    tool = found.wanted.tool
    title = f"Numbers of {tool.name} ({tool.version})"
    return Table(title, ("output", "there", "data sets", "value there", "rule"), rows)


def _warnings(result: RunResult, found: Reproduction, items: Batch) -> Iterator[Notice]:
    """What in these very items keeps a number from being the tool's."""
    tool = found.wanted.tool.name
    lost = result.join.no_reference
    if lost:
        what = number_of(lost, "item")
        yield Notice(
            "compat_differs",
            f"{what} without an accepted answer left out here, which {tool} would count",
        )
    if CAPTION_BREAKS in found.wanted.coverage.differs:
        texts = [*_texts(items, "prediction.text"), *_texts(items, "references.text")]
        shifted = sum(_BREAK.search(text) is not None for text in texts)
        neighbours = sum(_LETTER_AND_STOP.search(text) is not None for text in texts)
        if shifted:
            what = f"{number_of(shifted, 'caption')} with a line break that shifts all later ones"
            yield Notice("compat_differs", f"{tool} gives another number: it has {what}")
        if neighbours:
            what = number_of(neighbours, "caption")
            yield Notice(
                "compat_differs",
                f"{tool} may give another number in the last digits: {what} ending in a single "
                "letter and a full stop, whose tokens depend on the next caption there",
            )
    unread = sum(result.outcomes.get(outcome, 0) for outcome in _UNREAD)
    if result.task == "classification" and unread:
        what = number_of(unread, "prediction")
        yield Notice(
            "compat_differs",
            f"{what} without a class cannot be given to {tool}; here they count as wrong",
        )


def _texts(items: Batch, name: str) -> Sequence[str]:
    column = items.columns.get(name)
    return column.texts if isinstance(column, TextColumn) else ()


def explained_in(
    result: RunResult,
    found: Reproduction,
    gathered: Gathered,
    items: Batch,
    progress: Progress,
) -> RunResult:
    """The result with the items and rules that part the tool's numbers from our defaults."""
    from vlmeval_cli.runs.explaining import explained  # rarely asked for
    from vlmeval_cli.tasks import task as task_called

    progress.start("explaining differences", None)
    task = task_called(result.task)
    gathered, answers = take_answers(gathered, task, found.plain, progress)
    ours = batch_of(gathered.dataset, answers)
    layouts = frozenset(side.layout.name for side in (gathered.predictions, gathered.references))
    defaults = plan(task, ours, layouts, found.plain).chosen
    tables = explained(found.chosen, defaults, items, ours)
    progress.done()
    return replace(result, tables={**result.tables, **tables})
