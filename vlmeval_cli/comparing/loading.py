"""Runs as results: saved ones are loaded, fresh ones scored, references read once for all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from vlmeval_cli.comparing.alignment import at_items
from vlmeval_cli.comparing.naming import NamedRun
from vlmeval_cli.comparing.saved_choices import check_choices
from vlmeval_cli.core.config import RunConfig
from vlmeval_cli.core.errors import DataError, UsageError, quoted
from vlmeval_cli.core.progress import Progress
from vlmeval_cli.core.results import RunResult
from vlmeval_cli.core.wording import number_of
from vlmeval_cli.engine.prepare import Workshop
from vlmeval_cli.runs.answers import Answers, take_answers
from vlmeval_cli.runs.gathering import FINISH_REASON, Gathered, gather
from vlmeval_cli.runs.opening import Shelf
from vlmeval_cli.runs.saved import is_saved, load_saved
from vlmeval_cli.runs.scoring import score_items
from vlmeval_cli.runs.values import as_values
from vlmeval_cli.tasks import task as task_called

_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class LoadedRuns:
    """Runs over the same items in the same order.

    Attributes:
        results: of each named run, one for each of its paths.
        left_out: items that not all runs have; 0 unless they were to be left out.
        items: of the first run that was scored here, None where all are saved.
        without_finish: paths of fresh runs that do not tell why an answer ended.
        workshop: what those that were scored here shared.
    """

    results: Sequence[Sequence[RunResult]]
    left_out: int
    items: Gathered | None
    without_finish: frozenset[str] = frozenset()
    workshop: Workshop = field(default_factory=Workshop)


@dataclass(frozen=True, slots=True)
class _Fresh:
    """A run that is to be scored: as it was gathered, and with its answers."""

    path: str
    whole: Gathered
    gathered: Gathered
    answers: Answers

    @property
    def ids(self) -> Sequence[str]:
        return self.gathered.dataset.ids


@dataclass(frozen=True, slots=True)
class _Saved:
    path: str
    result: RunResult

    @property
    def ids(self) -> Sequence[str]:
        return self.result.items.ids


_Source = _Fresh | _Saved


def load_runs(
    runs: Sequence[NamedRun],
    references: str | None,
    config: RunConfig,
    progress: Progress,
    *,
    intersect: bool,
) -> LoadedRuns:
    """The results of ``runs`` over the items that all of them have.

    Args:
        runs: names and paths.
        references: file of the references of fresh runs; None where each run's file holds them.
        config: the choices of the user.
        progress: told of every phase.
        intersect: leave out items that not all runs have, rather than refuse.

    Raises:
        UsageError: a path is not there, or what it holds cannot be decided.
        DataError: runs cannot be read, or are over different items.
    """
    own = config if not intersect else replace(config, join=replace(config.join, missing="skip"))
    shelf = Shelf()
    sources = [
        [_source(path, references, own, progress, shelf) for path in run.paths] for run in runs
    ]
    flat = [*chain.from_iterable(sources)]
    saved = [(one.path, one.result) for one in flat if isinstance(one, _Saved)]
    check_choices(saved, config, all_saved=len(saved) == len(flat))
    common = _common(flat)
    everything = {id_ for source in flat for id_ in source.ids}
    left_out = len(everything) - len(common)
    if left_out and not intersect:
        _refuse_other_items(flat, common)
    if not common:
        raise DataError(
            "the runs share no item", hint="Their ids are compared as text: name --id-field."
        )
    workshop = Workshop()
    aligned = [
        [_aligned(source, common, own, progress) for source in several] for several in sources
    ]
    results = [
        [_result(source, own, progress, workshop) for source in several] for several in aligned
    ]
    fresh = [one for one in chain.from_iterable(aligned) if isinstance(one, _Fresh)]
    return LoadedRuns(
        results,
        left_out,
        fresh[0].gathered if fresh else None,
        frozenset(one.path for one in fresh if FINISH_REASON not in one.gathered.dataset.fields),
        workshop,
    )


def _source(
    path: str, references: str | None, config: RunConfig, progress: Progress, shelf: Shelf
) -> _Source:
    if is_saved(path):
        saved = load_saved(path)
        if saved.bare is not None:
            raise UsageError(
                f"{path}: {saved.bare}, so this run cannot be compared item by item",
                hint="Name the folder that vlmeval score --output wrote, as it was written.",
            )
        return _Saved(path, saved.result)
    try:
        gathered = gather(path, references, config, progress, shelf=shelf)
    except DataError as error:
        if "have no prediction" not in error.message:
            raise
        hint = "Add them, or pass --intersect to compare the items that all runs have."
        raise DataError(error.message, hint=hint) from error
    except UsageError as error:
        if references is not None or "looks like references" not in error.message:
            raise
        hint = "Pass the file of the references, --refs REFS, or name the field: --reference-field."
        raise UsageError(error.message, hint=hint) from error
    return _answered(path, gathered, gathered, config, progress)


def _answered(
    path: str, whole: Gathered, items: Gathered, config: RunConfig, progress: Progress
) -> _Fresh:
    task = task_called(items.task)
    progress.start("reading answers", None)
    return _Fresh(
        path, whole, *take_answers(as_values(items, task, config), task, config, progress)
    )


def _common(sources: Sequence[_Source]) -> list[str]:
    """Ids that all runs have, in the order of the first."""
    first, *others = sources
    if all(source.ids == first.ids for source in others):
        return [*first.ids]
    known = [set(source.ids) for source in others]
    return [id_ for id_ in first.ids if all(id_ in ids for ids in known)]


def _refuse_other_items(sources: Sequence[_Source], common: Sequence[str]) -> None:
    shared = set(common)
    parts = []
    for source in sources:
        more = [id_ for id_ in source.ids if id_ not in shared]
        if more:
            shown = ", ".join(map(quoted, more[:_EXAMPLES]))
            parts.append(f"{source.path} has {number_of(len(more), 'item')} more ({shown})")
    raise DataError(
        f"the runs are over different items: all share {len(common):,}; {'; '.join(parts)}",
        hint="Pass --intersect to compare them on the items that all have.",
    )


def _aligned(
    source: _Source, common: Sequence[str], config: RunConfig, progress: Progress
) -> _Source:
    """The run over the items ``common`` alone, in their order."""
    order = _places(source.ids, common)
    if order is None:
        return source
    if isinstance(source, _Saved):
        return replace(source, result=at_items(source.result, order))
    places = {id_: place for place, id_ in enumerate(source.whole.dataset.ids)}
    kept = source.whole.dataset.at([places[id_] for id_ in common])
    items = replace(source.whole, dataset=kept)
    return _answered(source.path, source.whole, items, config, progress)


def _result(
    source: _Source, config: RunConfig, progress: Progress, workshop: Workshop
) -> RunResult:
    if isinstance(source, _Saved):
        return source.result
    task = task_called(source.gathered.task)
    return score_items(source.gathered, task, source.answers, config, progress, workshop)


def _places(ids: Sequence[str], wanted: Sequence[str]) -> list[int] | None:
    """Where ``wanted`` stand in ``ids``; None where they are the same."""
    if [*ids] == [*wanted]:
        return None
    places = {id_: place for place, id_ in enumerate(ids)}
    return [places[id_] for id_ in wanted]
