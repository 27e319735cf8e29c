"""The one door to scoring, for Python users and for the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from vlmeval_cli.core.config import (
    ComparePolicy,
    FieldChoice,
    JoinPolicy,
    MetricSpec,
    Missing,
    OnBadRow,
    PairPolicy,
    ParsePolicy,
    Reasoning,
    RunConfig,
    StatisticsPolicy,
)
from vlmeval_cli.core.errors import UsageError, VlmevalError, quoted
from vlmeval_cli.core.gate import GateConfig, GateResult
from vlmeval_cli.core.metric_spec import parse_metric_spec, split_metric_list
from vlmeval_cli.core.power import PowerPolicy, PowerResult
from vlmeval_cli.core.progress import NoProgress, Progress
from vlmeval_cli.core.results import RunResult
from vlmeval_cli.registry import choose
from vlmeval_cli.runs.answers import batch_of, take_answers
from vlmeval_cli.runs.compat import explained_in, reproduction, told
from vlmeval_cli.runs.converting import Converted
from vlmeval_cli.runs.converting import convert as convert_files
from vlmeval_cli.runs.gathering import Gathered, gather
from vlmeval_cli.runs.perturbing import PerturbConfig, Perturbed
from vlmeval_cli.runs.perturbing import perturb as perturb_file
from vlmeval_cli.runs.scoring import score_items
from vlmeval_cli.runs.values import as_values
from vlmeval_cli.tasks import NAMES
from vlmeval_cli.tasks import task as task_called
from vlmeval_cli.tasks.compat import refuse_any, refuse_wrong

if TYPE_CHECKING:
    from vlmeval_cli.comparing.compare import Request
    from vlmeval_cli.comparing.naming import NamedRun
    from vlmeval_cli.core.comparison import Comparison
    from vlmeval_cli.core.report_parts import ReportDiff

PathOrSeeds = str | Path | Sequence[str | Path]

SILENT = NoProgress()
COMPARED = ComparePolicy()
TESTED = PairPolicy()
SHOWN = PowerPolicy()
DEFAULTS = RunConfig()


def score(
    predictions: str | Path,
    references: str | Path | None = None,
    *,
    task: str | None = None,
    metrics: str | Sequence[str] = (),
    by: str | Sequence[str] = (),
    where: Mapping[str, str] | None = None,
    limit: int | None = None,
    id_field: str | None = None,
    prediction_field: str | None = None,
    reference_field: str | None = None,
    missing: Missing = "error",
    fix_ids: bool = False,
    on_bad_row: OnBadRow = "error",
    reasoning: Reasoning = "strip",
    box_format: str | None = None,
    schema: str | None = None,
    run_tests: bool = False,
    resamples: int = 1000,
    confidence: float = 0.95,
    seed: int = 12345,
    cluster_by: str = "auto",
    reference: bool = False,
    compat: str | None = None,
    explain_diff: bool = False,
) -> RunResult:
    """Score a file of predictions, as ``vlmeval score`` does with options of the same names.

    Args:
        predictions: file with the predictions, or with predictions and references.
        references: file with the references; None if the first file holds them.
        task: such as "captioning" or "vqa"; None recognises it.
        metrics: such as ``"cider,bleu:variant=nltk"`` or a list; empty takes the task's defaults.
        by: fields that group the scores.
        where: field → value that reference items must have.
        limit: only the first so many reference items.
        id_field: field to join by, instead of the recognised one.
        prediction_field: field that holds the predictions.
        reference_field: field that holds the references; ``"."`` is the whole row less its id.
        missing: "error", or count missing predictions as the "worst", or "skip" them.
        fix_ids: apply the repair of ids that matches more rows.
        on_bad_row: "error", or "skip" malformed rows and count them.
        reasoning: "strip" takes ``<think>`` blocks out of predictions, "keep" scores them, and
            "lmms-eval" does what that tool does. With ``compat`` the tool decides.
        box_format: syntax and coordinate frame of predicted boxes; None recognises them.
        schema: path of the JSON Schema that documents must follow; None infers one.
        run_tests: run the unit tests of predicted code, in a sandbox.
        resamples: bootstrap resamples; 0 turns intervals off.
        confidence: coverage of the intervals.
        seed: of the resampling.
        cluster_by: field resampled together, "auto" or "none".
        reference: also run the original packages, and compare (extra ``reference``).
        compat: tool whose numbers to give, such as "lmms-eval", in place of metrics.
        explain_diff: also say which items and rules part them from our defaults.

    Returns:
        Scores by output name with intervals, counts, signatures and item scores.

    Raises:
        VlmevalError: what the command line would tell; see ``vlmeval_cli.core.errors``.
    """
    config = run_config(
        task=task,
        metrics=metrics,
        by=by,
        where=where,
        limit=limit,
        id_field=id_field,
        prediction_field=prediction_field,
        reference_field=reference_field,
        missing=missing,
        fix_ids=fix_ids,
        on_bad_row=on_bad_row,
        reasoning=reasoning,
        box_format=box_format,
        schema=schema,
        run_tests=run_tests,
        resamples=resamples,
        confidence=confidence,
        seed=seed,
        cluster_by=cluster_by,
    )
    config = replace(
        config, compare_with_reference=reference, compat=compat, explain_diff=explain_diff
    )
    return run_score(predictions, references, config)


class RunKeywords(TypedDict, total=False):
    """The keywords of :func:`score` that say what is scored and how, of every scoring function."""

    task: str | None
    metrics: str | Sequence[str]
    by: str | Sequence[str]
    where: Mapping[str, str] | None
    limit: int | None
    id_field: str | None
    prediction_field: str | None
    reference_field: str | None
    missing: Missing
    fix_ids: bool
    on_bad_row: OnBadRow
    reasoning: Reasoning
    box_format: str | None
    schema: str | None
    run_tests: bool
    resamples: int
    confidence: float
    seed: int
    cluster_by: str


def run_config(**given: Unpack[RunKeywords]) -> RunConfig:
    """The choices of a run from the keywords of :func:`score`."""
    by = given.get("by", ())
    fields = FieldChoice(
        given.get("id_field"), given.get("prediction_field"), given.get("reference_field")
    )
    return RunConfig(
        task=given.get("task"),
        metrics=_specs(given.get("metrics", ())),
        fields=fields,
        join=JoinPolicy(**_among(given, "missing", "fix_ids", "on_bad_row")),
        parse=ParsePolicy(**_among(given, "reasoning", "box_format", "schema", "run_tests")),
        statistics=StatisticsPolicy(
            **_among(given, "resamples", "confidence", "seed", "cluster_by")
        ),
        by=(by,) if isinstance(by, str) else tuple(by),
        where=given.get("where") or {},
        limit=given.get("limit"),
    )


def _among(given: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: given[name] for name in names if name in given}


def run_score(
    predictions: str | Path,
    references: str | Path | None = None,
    config: RunConfig = DEFAULTS,
    progress: Progress = SILENT,
) -> RunResult:
    """Score with choices already put together; see :func:`score`."""
    choose(config.metrics)  # a wrong name is told before large files are read
    refuse_wrong(config)
    gathered = gather(str(predictions), _path(references), config, progress)
    task = task_called(gathered.task)
    layouts = frozenset(side.layout.name for side in (gathered.predictions, gathered.references))
    compat = reproduction(config, task, layouts)
    config = config if compat is None else compat.config
    progress.start("reading answers", None)
    read = as_values(gathered, task, config)
    gathered, answers = take_answers(read, task, config, progress)
    result = score_items(gathered, task, answers, config, progress)
    if compat is None:
        return result
    items = batch_of(gathered.dataset, answers)
    result = told(result, compat, items)
    return explained_in(result, compat, read, items, progress) if config.explain_diff else result


def compare(
    runs: Mapping[str, PathOrSeeds] | Sequence[str],
    references: str | Path | None = None,
    *,
    policy: ComparePolicy = COMPARED,
    pairs: PairPolicy = TESTED,
    **options: Unpack[RunKeywords],
) -> Comparison:
    """Compare runs over the same items, as ``vlmeval compare`` does.

    Args:
        runs: name → file of predictions or saved report folder (a list of them: seeds), or what
            the command line takes, ``["base=base.jsonl", "lora=lora.jsonl"]``.
        references: file of the references; None if each run holds them.
        policy: what is compared with what.
        pairs: tests, correction, margin of equivalence.
        options: as of :func:`score`.

    Returns:
        Scores of every run, differences to the baseline with tests and verdicts, and tables.

    Raises:
        VlmevalError: what the command line would tell; runs over other items, with other
            references or other signatures are refused.
    """
    from vlmeval_cli.comparing.compare import Request
    from vlmeval_cli.comparing.naming import named_runs

    named = named_runs(runs) if not isinstance(runs, Mapping) else _named(runs)
    request = Request(named, _path(references), run_config(**options), policy, pairs)
    return run_comparison(request)


def _named(runs: Mapping[str, PathOrSeeds]) -> tuple[NamedRun, ...]:
    from vlmeval_cli.comparing.naming import NamedRun

    return tuple(
        NamedRun(name, (str(paths),) if isinstance(paths, str | Path) else tuple(map(str, paths)))
        for name, paths in runs.items()
    )


def run_comparison(request: Request, progress: Progress = SILENT) -> Comparison:
    """Compare with choices already put together; see :func:`compare`."""
    from vlmeval_cli.comparing.compare import compare_runs

    choose(request.config.metrics)  # a wrong name is told before large files are read
    refuse_any(request.config, "compare")
    return compare_runs(request, progress)


def power(
    predictions: str | Path,
    references: str | Path | None = None,
    *,
    against: str | Path | None = None,
    policy: PowerPolicy = SHOWN,
    **options: Unpack[RunKeywords],
) -> PowerResult:
    """What the items of a data set can show, as ``vlmeval power`` does.

    Args:
        predictions: file with the predictions of a run, or a saved report.
        references: file with the references; None if the runs hold them.
        against: another run on the same items; None assumes one.
        policy: power, level, difference to find, assumed correlation.
        options: as of :func:`score`.

    Returns:
        For each output the smallest difference that is shown, and the items needed.

    Raises:
        VlmevalError: what the command line would tell; see ``vlmeval_cli.core.errors``.
    """
    paths = tuple(str(path) for path in (predictions, against) if path is not None)
    return run_power(paths, _path(references), run_config(**options), policy)


def run_power(
    paths: Sequence[str],
    references: str | None,
    config: RunConfig = DEFAULTS,
    policy: PowerPolicy = SHOWN,
    progress: Progress = SILENT,
) -> PowerResult:
    """The same with choices already put together; see :func:`power`.

    Args:
        paths: the run, and the other one if there is one.
        references: file of the references.
        config: how they are scored.
        policy: what is to be shown.
        progress: told of every phase.
    """
    from vlmeval_cli.comparing.power import power_of

    choose(config.metrics)  # a wrong name is told before large files are read
    refuse_any(config, "power")
    found = power_of(paths, references, config, policy, progress)
    progress.done()
    return found


def gate(
    predictions: str | Path,
    references: str | Path | None = None,
    *,
    config: str | Path,
    baseline: str | Path | None = None,
    force: bool = False,
) -> GateResult:
    """Score a run and judge it by rules, as ``vlmeval gate`` does.

    Args:
        predictions: file with the predictions, or with predictions and references.
        references: file with the references; None if the first file holds them.
        config: YAML file with ``rules``, beside the choices of the run.
        baseline: report folder or report to hold the run against, instead of the file's.
        force: hold it against a baseline that is not comparable.

    Returns:
        A verdict on every rule and on the whole, with the scored run.

    Raises:
        VlmevalError: nothing can be said; never a verdict.
    """
    from vlmeval_cli.readers.config import load_config

    loaded = load_config(str(config))
    own = loaded.gate if baseline is None else replace(loaded.gate, baseline=str(baseline))
    return run_gate(predictions, references, loaded.run, own, force=force)


def run_gate(
    predictions: str | Path,
    references: str | Path | None,
    config: RunConfig,
    gate: GateConfig,
    progress: Progress = SILENT,
    *,
    force: bool = False,
    is_first: bool = False,
) -> GateResult:
    """Judge with choices already put together; see :func:`gate`.

    ``is_first``: there is no baseline yet, and rules that need one stay undecided.
    """
    from vlmeval_cli.gating.gate import run_gate as judge  # scoring alone needs none of it

    def scored(chosen: RunConfig) -> RunResult:
        return run_score(predictions, references, chosen, progress)

    return judge(scored, config, gate, force=force, is_first=is_first)


def verify(
    report: str | Path, *, inputs: str | Path | None = None, progress: Progress = SILENT
) -> ReportDiff:
    """Score a saved run again from what its report records, as ``vlmeval verify`` does.

    Args:
        report: a report.json, or the folder that holds it.
        inputs: folder of the input files; None: where the report says.
        progress: told of every phase.

    Returns:
        The recorded run beside the one scored now, part by part.

    Raises:
        VlmevalError: what the command line would tell.
    """
    from vlmeval_cli.core.report_parts import ReportDiff
    from vlmeval_cli.runs.report_diff import parts_of
    from vlmeval_cli.runs.saved import load_saved
    from vlmeval_cli.runs.verifying import recorded_choices, recorded_inputs

    saved = load_saved(report)
    choices = recorded_choices(saved)
    paths = recorded_inputs(saved, _path(inputs))
    fresh = run_score(*paths, choices, progress)
    return ReportDiff(saved.path, "scored now", parts_of(saved.result, fresh))


def diff(first: str | Path, second: str | Path) -> ReportDiff:
    """Two saved reports part by part, as ``vlmeval diff`` shows them."""
    from vlmeval_cli.core.report_parts import ReportDiff
    from vlmeval_cli.runs.report_diff import parts_of
    from vlmeval_cli.runs.saved import load_saved

    mine, theirs = load_saved(first), load_saved(second)
    return ReportDiff(mine.path, theirs.path, parts_of(mine.result, theirs.result))


def inspect(
    predictions: str | Path,
    references: str | Path | None = None,
    config: RunConfig = DEFAULTS,
    progress: Progress = SILENT,
) -> Gathered:
    """What the files hold and how they join, without scoring; missing predictions are counted."""
    config = replace(config, join=replace(config.join, missing="skip"))
    return gather(str(predictions), _path(references), config, progress, must_be_scorable=False)


def convert(
    predictions: str | Path,
    references: str | Path | None = None,
    config: RunConfig = DEFAULTS,
    progress: Progress = SILENT,
) -> Converted:
    """Files of any layout as rows of one form: id, prediction, references, question, options, …."""
    return convert_files(str(predictions), _path(references), config, progress)


def perturb(
    path: str | Path,
    *,
    kinds: str | Sequence[str] | None = None,
    severities: int | Sequence[int] | None = None,
    field: str | None = None,
    id_field: str | None = None,
    synonyms: str | Path | None = None,
    seed: int = 12345,
) -> Perturbed:
    """Noisy copies of what a model is asked, as ``vlmeval perturb`` makes them.

    Args:
        path: questions, or references with questions, of any layout.
        kinds: such as "typos" or a list; None makes all of them.
        severities: from 1 to 5; None makes all of them.
        field: field of the text, instead of the recognised one.
        id_field: field that identifies items, instead of the recognised one.
        synonyms: a table of synonyms: lines ``couch, sofa, settee``, or JSON.
        seed: of the noise.

    Returns:
        The copies; ``rows`` gives for each row of the file a list of them.

    Raises:
        VlmevalError: what the command line would tell.
    """
    config = PerturbConfig(field=field, id_field=id_field, synonyms=_path(synonyms), seed=seed)
    if kinds is not None:
        config = replace(config, kinds=(kinds,) if isinstance(kinds, str) else tuple(kinds))
    if severities is not None:
        numbers = (severities,) if isinstance(severities, int) else tuple(severities)
        config = replace(config, severities=numbers)
    return perturb_with(path, config)


def perturb_with(path: str | Path, config: PerturbConfig) -> Perturbed:
    """Noisy copies with choices already put together; see :func:`perturb`."""
    return perturb_file(str(path), config)


def how_read(found: Gathered, config: RunConfig = DEFAULTS) -> tuple[str, ...]:
    """How the task reads the predictions that were found, such as the format of boxes, in words.

    Of a task that cannot be scored yet nothing is told.
    """
    if found.task not in NAMES:
        return ()
    task = task_called(found.task)
    config = replace(config, join=replace(config.join, missing="skip", on_bad_row="skip"))
    try:
        _, answers = take_answers(as_values(found, task, config), task, config, SILENT)
    except VlmevalError as error:
        return (f"the predictions cannot be read as they are: {error.message}. {error.hint}",)
    return (*answers.notes, *(warning.message for warning in answers.parsed.warnings))


def _path(path: str | Path | None) -> str | None:
    return None if path is None else str(path)


def _specs(metrics: str | Sequence[str]) -> tuple[MetricSpec, ...]:
    texts = [metrics] if isinstance(metrics, str) else metrics
    if not isinstance(texts, Sequence) or not all(isinstance(text, str) for text in texts):
        raise UsageError(
            f"metrics: got {quoted(metrics)}, expected a text or a list of texts",
            hint='Such as "cider,bleu:variant=nltk".',
        )
    return tuple(
        parse_metric_spec(part) for text in texts if text for part in split_metric_list(text)
    )
