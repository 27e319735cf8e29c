"""Scores a data set: chooses metrics, measures, estimates, and puts the result together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from vlmeval_cli.core.batch import Array, Batch, TextColumn
from vlmeval_cli.core.config import RunConfig
from vlmeval_cli.core.metric import Metric, MetricStatistics, Notice, Output, Table
from vlmeval_cli.core.progress import Progress
from vlmeval_cli.core.results import Group, ItemScores, JoinReport, RunResult, Score, Signature
from vlmeval_cli.core.signature import of_metric
from vlmeval_cli.engine.prepare import Workshop
from vlmeval_cli.engine.serial import Measured, measure
from vlmeval_cli.models.image_files import MISSING, UNREADABLE
from vlmeval_cli.parsing.items import Parsed
from vlmeval_cli.runs.answers import Answers, batch_of
from vlmeval_cli.runs.diagnosis import diagnosis
from vlmeval_cli.runs.format_cost import cost_tables
from vlmeval_cli.runs.gathering import Gathered
from vlmeval_cli.runs.grouping import Grouping, grouping
from vlmeval_cli.runs.images import unreadable, unscored_images, with_images
from vlmeval_cli.runs.planning import Plan, plan
from vlmeval_cli.runs.provenance import run_signature
from vlmeval_cli.runs.readings import rejected_readings
from vlmeval_cli.runs.scenes import refuse_unread, with_scenes
from vlmeval_cli.runs.slice_columns import slice_columns
from vlmeval_cli.runs.studies import with_studies
from vlmeval_cli.runs.warning import lost_intervals, warnings_of
from vlmeval_cli.runs.worst_rows import refuse_without_worst, with_worst_rows
from vlmeval_cli.stats.bootstrap import method
from vlmeval_cli.stats.outcomes import counted, outcomes
from vlmeval_cli.stats.summary import Estimate, Subset, estimates, item_scores
from vlmeval_cli.tasks.base import Task


def score_items(
    gathered: Gathered,
    task: Task,
    answers: Answers,
    config: RunConfig,
    progress: Progress,
    workshop: Workshop | None = None,
    *,
    look_beside: bool = False,
) -> RunResult:
    """The result of a run whose items are gathered and whose answers are taken.

    Args:
        gathered: the items.
        task: what is scored.
        answers: the parsed predictions.
        config: the choices of the user.
        progress: told of every phase.
        workshop: what runs over the same references share.
        look_beside: also compare the groups asked for, and look for slices where they are wanted.
    """
    seen = with_images(batch_of(gathered.dataset, answers), gathered, config)
    items, gathered = seen.items, seen.gathered
    layouts = frozenset(side.layout.name for side in (gathered.predictions, gathered.references))
    planned = plan(task, items, layouts, config)
    if config.join.missing == "worst" and answers.missing:
        refuse_without_worst(planned.chosen)
    groups = grouping(gathered, task, config)
    metrics = [chosen.metric for chosen in planned.chosen]
    refuse_unread(config, gathered.dataset.ids, metrics)
    _compile_tables(metrics, progress)
    found = measure(metrics, items, progress, workshop=workshop, policy=config.models)
    statistics = [
        with_worst_rows(chosen, part.statistics, answers.missing)
        for chosen, part in zip(planned.chosen, found, strict=True)
    ]
    subsets = [Subset(), *(Subset(own) for _, own in groups.subsets)]
    progress.start("resampling", None)
    every, *by_group = estimates(
        metrics, statistics, subsets, groups.clusters, config.statistics, len(items)
    )
    scored = _Scored(planned, statistics, found, every, gathered.report, len(items), seen.reasons)
    result = _result(gathered, task, answers, config, scored, groups)
    lost = (*seen.warnings, *unreadable(scored.unread()))
    warnings = (*result.warnings, *lost, *lost_intervals(planned, [every, *by_group]))
    tables = {**result.tables, **cost_tables(result)}
    own, said = _groups(scored, groups, by_group), diagnosis(task, result)
    result = replace(result, groups=own, diagnosis=said, tables=tables, warnings=warnings)
    if look_beside:
        result = with_studies(result, groups, config, progress)
    if answers.parsed.alternatives:
        rejected = rejected_readings(result, planned.primary, planned.chosen, items, answers.parsed)
        result = replace(result, warnings=(*result.warnings, *rejected))
    result = with_scenes(result, found, config.explain)
    if config.compare_with_reference:
        progress.start("running the original packages", None)
        result = _compared(result, scored, found, items)
    progress.done()
    return result


@dataclass(frozen=True, slots=True)
class _Scored:
    """The metrics of a run with their statistics and their estimates over all items.

    ``without_image`` says of items that have no image why.
    """

    plan: Plan
    statistics: Sequence[MetricStatistics]
    found: Sequence[Measured]
    estimates: Sequence[Mapping[str, Estimate]]
    join: JoinReport
    n: int
    without_image: Mapping[int, str]

    def all_scores(self) -> dict[str, Score]:
        """Named scores of all items; those without a reference are told as skipped."""
        scores = self.scores(self.estimates)
        lost = self.join.no_reference
        if not lost:
            return scores
        return {
            name: replace(score, skipped={**score.skipped, "no_reference": lost})
            for name, score in scores.items()
        }

    def scores(self, found: Sequence[Mapping[str, Estimate]]) -> dict[str, Score]:
        """Named scores of the items that ``found`` was estimated from."""
        return {
            name: self._score(i, name, output, own[output.name])
            for i, own in enumerate(found)
            for name, output in self.plan.chosen[i].outputs()
        }

    def _score(self, i: int, name: str, output: Output, estimate: Estimate) -> Score:
        metric = self.plan.chosen[i].metric
        return Score(
            output=replace(output, name=name),
            metric=metric.info.name,
            value=estimate.value,
            n=estimate.n,
            signature=of_metric(
                metric,
                self.statistics[i].context_digest,
                self.join.policy,
                self.found[i].provenance,
            ),
            ci_low=estimate.low,
            ci_high=estimate.high,
            skipped=estimate.skipped,
            reason=_reason(estimate, metric.unknown(output.name, self.statistics[i].facts)),
        )

    def item_columns(self) -> dict[str, Array]:
        """Item scores by the names of this run."""
        columns: dict[str, Array] = {}
        for chosen, own in zip(self.plan.chosen, self.statistics, strict=True):
            found = item_scores(chosen.metric, own, self.n)
            columns |= {
                name: found[output.name]
                for name, output in chosen.outputs()
                if output.name in found
            }
        return columns

    def tables(self) -> dict[str, Table]:
        """Tables of the metrics; those of several variants have the variant in the title."""
        found: dict[str, dict[str, Table]] = {}
        for chosen, own, part in zip(self.plan.chosen, self.statistics, self.found, strict=True):
            for name, table in chosen.metric.tables(own, part.context).items():
                known = found.setdefault(name, {})
                if table not in known.values():
                    known[chosen.outputs()[0][0]] = table
        return {key: table for name, own in found.items() for key, table in _told_apart(name, own)}

    def skips(self) -> dict[str, Mapping[int, str]]:
        """Output → item → why it has no score; of images the reason of each."""
        reasons = self.lost_images()
        return {
            name: _told(own.skips, reasons)
            for chosen, own in zip(self.plan.chosen, self.statistics, strict=True)
            for name, _ in chosen.outputs()
        }

    def unread(self) -> dict[int, str]:
        """Item → why its image cannot be read."""
        return {i: why for part in self.found for i, why in part.unreadable.items()}

    def lost_images(self) -> dict[int, str]:
        """Item → why its image was not looked at."""
        return {**self.unread(), **self.without_image}


def _told(skips: Mapping[int, str], images: Mapping[int, str]) -> Mapping[int, str]:
    """Why items were skipped, where it is for their image with the image's own reason."""
    if not images:
        return skips
    general = (MISSING, UNREADABLE)
    return {i: images.get(i, why) if why in general else why for i, why in skips.items()}


def _compile_tables(metrics: Sequence[Metric[Any]], progress: Progress) -> None:
    """Compile METEOR's tables before they are asked for, so that the progress is told."""
    if any(metric.info.name == "meteor_1_5" for metric in metrics):
        from vlmeval_cli.resources.meteor_index import load_meteor_index

        load_meteor_index(progress)


def _told_apart(name: str, by_variant: Mapping[str, Table]) -> Iterator[tuple[str, Table]]:
    """The tables of one name; of several, each with its variant in the title."""
    several = len(by_variant) > 1
    for i, (variant, table) in enumerate(by_variant.items()):
        title = f"{table.title} ({variant})" if several else table.title
        yield f"{name} {variant}" if i else name, replace(table, title=title)


def _reason(estimate: Estimate, unknown: str | None) -> str | None:
    if estimate.value is not None:
        return None
    if estimate.n:
        return unknown or "undefined for these items"
    if estimate.skipped:
        return "every item was skipped: " + "; ".join(estimate.skipped)
    return "no items"


def _result(
    gathered: Gathered,
    task: Task,
    answers: Answers,
    config: RunConfig,
    scored: _Scored,
    groups: Grouping,
) -> RunResult:
    scores = scored.all_scores()
    columns = scored.item_columns()
    name, output = scored.plan.primary
    has_right = task.has_right_answers and name in columns
    ladder = outcomes(
        answers.outcomes,
        columns[name] if has_right else None,
        output if has_right else None,
        frozenset.intersection(*(frozenset(own.skips) for own in scored.statistics)),
    )
    signatures = {name: one.signature for name, one in scores.items()}
    return RunResult(
        task=task.name,
        task_reason=gathered.task_reason,
        inputs=gathered.inputs,
        fields=gathered.fields,
        join=gathered.report,
        outcomes=counted(ladder),
        scores=scores,
        primary=name,
        items=_items(gathered, task, answers, config, ladder, scored, groups),
        signature=_signature(gathered, task, config, signatures, answers.parsed),
        statistics=_named_statistics(scored),
        chosen=scored.plan.chosen,
        clusters=groups.clusters,
        statistics_options=_statistics_options(config, groups, scored),
        tables={
            **scored.tables(),
            **unscored_images(gathered.dataset.ids, scored.lost_images()),
        },
        warnings=(
            *(Notice("extra_predictions", text) for text in gathered.warnings),
            *answers.parsed.warnings,
            *warnings_of(scored.plan, scored.statistics, scored.estimates, config),
        ),
        notes=(*gathered.notes, *scored.plan.notes, *answers.notes, *groups.notes),
    )


def _items(
    gathered: Gathered,
    task: Task,
    answers: Answers,
    config: RunConfig,
    ladder: Sequence[str],
    scored: _Scored,
    groups: Grouping,
) -> ItemScores:
    return ItemScores(
        ids=gathered.dataset.ids,
        predictions=answers.parsed.values,
        raw=answers.raw,
        references=gathered.dataset.references,
        outcomes=ladder,
        reasons=answers.reasons,
        scores=scored.item_columns(),
        skips=scored.skips(),
        groups=groups.labels,
        slices=slice_columns(gathered, answers) if config.slices else {},
        helped=answers.helped,
        detail=_detail(gathered, task, answers, config),
    )


def _detail(
    gathered: Gathered, task: Task, answers: Answers, config: RunConfig
) -> Callable[[int], Mapping[str, Any] | None] | None:
    if task.detail is None:
        return None
    tell, values, references = (
        task.detail(config),
        answers.parsed.values,
        gathered.dataset.references,
    )
    return lambda i: tell(values[i], references[i])


def _signature(
    gathered: Gathered,
    task: Task,
    config: RunConfig,
    metrics: Mapping[str, Signature],
    parsed: Parsed,
) -> Signature:
    comparable: dict[str, Any] = {
        "task": task.name,
        "metrics": {name: dict(one.comparable) for name, one in metrics.items()},
        "reasoning": config.parse.reasoning,
        **parsed.decided,
    }
    return run_signature(comparable, gathered, config, parsed.inferred)


def _named_statistics(scored: _Scored) -> dict[str, MetricStatistics]:
    """Statistics by metric, under the first output name it has in this run."""
    return {
        chosen.outputs()[0][0]: own
        for chosen, own in zip(scored.plan.chosen, scored.statistics, strict=True)
    }


def _statistics_options(config: RunConfig, groups: Grouping, scored: _Scored) -> dict[str, Any]:
    policy = config.statistics
    n_units = scored.n if groups.clusters is None else int(groups.clusters.max(initial=-1)) + 1
    outputs = [output for one in scored.plan.chosen for _, output in one.outputs()]
    shares = "; Wilson for shares" if any(one.kind == "binary" for one in outputs) else ""
    return {
        "resamples": policy.resamples,
        "confidence": policy.confidence,
        "seed": policy.seed,
        "method": f"percentile bootstrap, {method(n_units)} weights{shares}",
        "cluster_by": groups.cluster_field,
        "units": n_units,
    }


def _groups(
    scored: _Scored, groups: Grouping, found: Sequence[Sequence[Mapping[str, Estimate]]]
) -> tuple[Group, ...]:
    return tuple(
        Group(by=dict(by), n=len(own), scores=scored.scores(estimate))
        for (by, own), estimate in zip(groups.subsets, found, strict=True)
    )


def _compared(
    result: RunResult, scored: _Scored, found: Sequence[Measured], items: Batch
) -> RunResult:
    """The result with a table of ours beside the original packages."""
    from vlmeval_cli.oracles import comparison  # rarely asked for
    from vlmeval_cli.oracles.base import Texts

    ours = [
        comparison.Ours(
            metric=chosen.metric,
            names=chosen.names,
            corpus={out.name: result.scores[name].value for name, out in chosen.outputs()},
            items=item_scores(chosen.metric, own, len(items)),
            seconds=part.seconds,
        )
        for chosen, own, part in zip(scored.plan.chosen, scored.statistics, found, strict=True)
    ]
    table = comparison.table(ours, Texts(*_texts(items)))
    return replace(
        result,
        tables={**result.tables, "reference": table},
        notes=(*result.notes, *comparison.note(table)),
    )


def _texts(items: Batch) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    """Texts of predictions and references; none where no metric of texts can read the items."""
    mine, theirs = (items.columns.get(name) for name in ("prediction.text", "references.text"))
    if not isinstance(mine, TextColumn) or not isinstance(theirs, TextColumn):
        return [], []
    ends = pairwise(theirs.item_offsets.tolist())
    return mine.texts, [theirs.texts[start:stop] for start, stop in ends]
