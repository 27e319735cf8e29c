"""A run from its files to its result."""

from __future__ import annotations

from pathlib import Path

from vlmeval_cli.core.config import RunConfig
from vlmeval_cli.core.progress import NoProgress, Progress
from vlmeval_cli.core.results import RunResult
from vlmeval_cli.registry import choose
from vlmeval_cli.runs.answers import batch_of, take_answers
from vlmeval_cli.runs.compat import explained_in, reproduction, told
from vlmeval_cli.runs.gathering import gather
from vlmeval_cli.runs.scoring import score_items
from vlmeval_cli.runs.values import as_values
from vlmeval_cli.tasks import task as task_called
from vlmeval_cli.tasks.compat import refuse_wrong

_SILENT = NoProgress()
_DEFAULTS = RunConfig()


def run_score(
    predictions: str | Path,
    references: str | Path | None = None,
    config: RunConfig = _DEFAULTS,
    progress: Progress = _SILENT,
) -> RunResult:
    """Score with choices already put together; see :func:`vlmeval_cli.api.score`."""
    choose(config.metrics)  # a wrong name is told before large files are read
    refuse_wrong(config)
    reference_path = None if references is None else str(references)
    gathered = gather(str(predictions), reference_path, config, progress)
    task = task_called(gathered.task)
    layouts = frozenset(side.layout.name for side in (gathered.predictions, gathered.references))
    compat = reproduction(config, task, layouts)
    config = config if compat is None else compat.config
    progress.start("reading answers", None)
    read = as_values(gathered, task, config)
    gathered, answers = take_answers(read, task, config, progress)
    result = score_items(gathered, task, answers, config, progress, look_beside=True)
    if compat is None:
        return result
    items = batch_of(gathered.dataset, answers)
    result = told(result, compat, items)
    return explained_in(result, compat, read, items, progress) if config.explain_diff else result
