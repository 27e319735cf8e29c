"""What a run is asked to do: command line, configuration file and defaults, merged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from vlmeval_cli.core.errors import UsageError, quoted
from vlmeval_cli.core.metric import Scalar

Missing = Literal["error", "worst", "skip"]
OnBadRow = Literal["error", "skip"]
Reasoning = Literal["strip", "keep", "lmms-eval"]
Labels = Literal["find", "exact"]
By = str | tuple[str, ...]
Test = Literal[
    "auto", "bootstrap", "randomization", "mcnemar", "sacrebleu_bs", "sacrebleu_ar", "comet"
]
Correction = Literal["holm", "bh", "none"]
DeviceName = Literal["auto", "cpu", "cuda", "mps"]
Dtype = Literal["float32", "bf16", "fp16"]

MOST_RESAMPLES = 1_000_000
MOST_SECONDS = 3_600


def _check_one_of(name: str, value: object, allowed: tuple[object, ...]) -> None:
    if value not in allowed:
        expected = ", ".join(map(str, allowed))
        raise UsageError(f"{name}: got {quoted(value)}, expected one of {expected}")


def _check_whole(name: str, value: object, least: int, most: int | None) -> None:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if not is_whole or value < least or (most is not None and value > most):  # type: ignore[operator]  # is_whole
        bounds = f"of at least {least}" if most is None else f"from {least} to {most:,}"
        raise UsageError(f"{name}: got {quoted(value)}, expected a whole number {bounds}")


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """A metric asked for: ``bleu:variant=nltk`` or one output of it, ``bleu_4``.

    Attributes:
        name: metric family, output, or named set.
        options: option → value, as written (text from the command line, typed from YAML).
        label: the ``as=NAME`` that names its outputs when they appear twice.
    """

    name: str
    options: Mapping[str, Scalar] = field(default_factory=dict)
    label: str | None = None


@dataclass(frozen=True, slots=True)
class FieldChoice:
    """Fields named by the user; None lets detection choose."""

    id: str | None = None
    prediction: str | None = None
    references: str | None = None


@dataclass(frozen=True, slots=True)
class JoinPolicy:
    """What happens to rows that do not meet.

    Attributes:
        missing: reference items without a prediction: an error, the worst score, or left out.
        fix_ids: apply the repair of ids that matches more rows.
        on_bad_row: malformed rows: an error, or left out, counted and listed.
    """

    missing: Missing = "error"
    fix_ids: bool = False
    on_bad_row: OnBadRow = "error"

    def __post_init__(self) -> None:
        _check_one_of("missing", self.missing, get_args(Missing))
        _check_one_of("on_bad_row", self.on_bad_row, get_args(OnBadRow))
        _check_one_of("fix_ids", self.fix_ids, (True, False))


@dataclass(frozen=True, slots=True)
class ParsePolicy:
    """How raw model text becomes a value.

    Attributes:
        reasoning: ``<think>`` blocks are stripped or kept, or what lmms-eval does is done.
        box_format: syntax and coordinate frame of predicted boxes; None recognises them.
        schema: path of the JSON Schema that documents must follow; None infers one.
        field_rules: field of a document → how it is compared: ``compare``, ``tolerance``,
            ``weight``.
        labels: classes are "find"-ed in the text of an answer, or must be the "exact" text.
        run_tests: run the unit tests of generated code; what is recorded is believed otherwise.
        test_timeout: seconds that the tests of one program may take.
        test_memory: MiB of memory that they may take.
        model: the model whose win rate is asked for, among those that judges compared; None takes
            the one that the file puts forward.
    """

    reasoning: Reasoning = "strip"
    box_format: str | None = None
    schema: str | None = None
    field_rules: Mapping[str, Mapping[str, Scalar]] = field(default_factory=dict)
    labels: Labels = "find"
    run_tests: bool = False
    test_timeout: float = 10.0
    test_memory: int = 1024
    model: str | None = None

    def __post_init__(self) -> None:
        _check_one_of("reasoning", self.reasoning, get_args(Reasoning))
        _check_one_of("labels", self.labels, get_args(Labels))
        _check_one_of("run_tests", self.run_tests, (True, False))
        _check_whole("test_memory", self.test_memory, 64, None)
        if not 0.0 < self.test_timeout <= MOST_SECONDS:
            raise UsageError(
                f"test_timeout: got {quoted(self.test_timeout)}, expected seconds above 0 and up "
                f"to {MOST_SECONDS}"
            )


@dataclass(frozen=True, slots=True)
class StatisticsPolicy:
    """How intervals are made.

    Attributes:
        resamples: bootstrap resamples; 0 turns intervals off.
        confidence: coverage of the intervals, between 0 and 1.
        seed: of the resampling.
        cluster_by: field whose values are resampled together; "auto" takes a repeated image field,
            "none" resamples items.
    """

    resamples: int = 1000
    confidence: float = 0.95
    seed: int = 12345
    cluster_by: str = "auto"

    def __post_init__(self) -> None:
        _check_whole("resamples", self.resamples, 0, MOST_RESAMPLES)
        _check_whole("seed", self.seed, 0, None)
        if not isinstance(self.confidence, float) or not 0.0 < self.confidence < 1.0:
            raise UsageError(
                f"confidence: got {quoted(self.confidence)}, expected a number between 0 and 1",
                hint="95 % is 0.95.",
            )


@dataclass(frozen=True, slots=True)
class PairPolicy:
    """How the difference of two runs is tested.

    Attributes:
        test: "auto" takes exact McNemar for right-or-wrong answers, approximate randomisation for
            other sums over items, and the paired bootstrap for scores that rank or pool items.
            "sacrebleu_bs", "sacrebleu_ar" and "comet" are the procedures of those tools. A test
            that does not fit an output is replaced by that of "auto", and the report says so.
        trials: of the randomisation tests; 0 turns them off.
        correction: for the number of comparisons: Holm, Benjamini–Hochberg, or none.
        margin: differences within it count as equivalent, in the scale of the metric; None gives
            no verdict of equivalence.
    """

    test: Test = "auto"
    trials: int = 10_000
    correction: Correction = "holm"
    margin: float | None = None

    def __post_init__(self) -> None:
        _check_one_of("test", self.test, get_args(Test))
        _check_whole("trials", self.trials, 0, MOST_RESAMPLES)
        _check_one_of("correction", self.correction, get_args(Correction))
        is_number = isinstance(self.margin, int | float) and not isinstance(self.margin, bool)
        if self.margin is not None and not (is_number and 0.0 < self.margin < float("inf")):
            raise UsageError(
                f"margin: got {quoted(self.margin)}, expected a number above 0",
                hint="It is in the scale of the metric: one point of a fraction is 0.01.",
            )


@dataclass(frozen=True, slots=True)
class ModelPolicy:
    """How the networks and programs behind metrics run, and what they may fetch.

    Attributes:
        device: where they run; "auto" takes CUDA, then MPS, then the CPU.
        dtype: numbers they compute with.
        batch_size: texts or images at a time; None fills batches to a number of tokens.
        cache: keep what was computed on disk for the next run.
        offline: never fetch anything.
        images: folder of the images, by id; None reads paths from the files.
        fetch_images: also fetch images that are recorded as URLs.
        workers: threads of the program that parses captions; None takes every processor.
        spice_json: recorded results of SPICE, joined by id; None runs the program.
    """

    device: DeviceName = "auto"
    dtype: Dtype = "float32"
    batch_size: int | None = None
    cache: bool = True
    offline: bool = False
    images: str | None = None
    fetch_images: bool = False
    workers: int | None = None
    spice_json: str | None = None

    def __post_init__(self) -> None:
        _check_one_of("device", self.device, get_args(DeviceName))
        _check_one_of("dtype", self.dtype, get_args(Dtype))
        for name in ("cache", "offline", "fetch_images"):
            _check_one_of(name, getattr(self, name), (True, False))
        for name in ("batch_size", "workers"):
            if getattr(self, name) is not None:
                _check_whole(name, getattr(self, name), 1, None)


@dataclass(frozen=True, slots=True)
class RunConfig:
    """Everything that decides the numbers of a run.

    Attributes:
        task: task name, or None to recognise it.
        metrics: metrics asked for; empty means the task's defaults.
        by: fields that group the scores, each on its own; one text may name several that are
            crossed, ``gender,age``, unless a field is called just so, and a tuple names them apart.
        slices: look for slices of the items that score lower or higher than the rest.
        where: field → value that reference items must have (compared as text).
        limit: only the first so many reference items.
        compare_with_reference: also run the original packages, and compare.
        compat: tool whose numbers are reproduced, such as "lmms-eval" or "lmms-eval:textvqa".
        explain_diff: also say which items and rules part them from our defaults.
        models: how the networks of embedding metrics run.
        explain: ids of items whose compared scenes are shown.
    """

    task: str | None = None
    metrics: tuple[MetricSpec, ...] = ()
    fields: FieldChoice = FieldChoice()
    join: JoinPolicy = JoinPolicy()
    parse: ParsePolicy = ParsePolicy()
    statistics: StatisticsPolicy = StatisticsPolicy()
    by: tuple[By, ...] = ()
    slices: bool = False
    where: Mapping[str, str] = field(default_factory=dict)
    limit: int | None = None
    compare_with_reference: bool = False
    compat: str | None = None
    explain_diff: bool = False
    models: ModelPolicy = ModelPolicy()
    explain: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_one_of("slices", self.slices, (True, False))
        if self.limit is not None:
            _check_whole("limit", self.limit, 1, None)

    def grouping_fields(self) -> tuple[str, ...]:
        """Every field that ``by`` may mean; a text with commas means itself or its parts."""
        named = [part for by in self.by for part in (by, *crossed(by)) if isinstance(part, str)]
        return tuple(dict.fromkeys(named))


def crossed(by: By) -> tuple[str, ...]:
    """The fields that a grouping crosses, each once.

    Raises:
        UsageError: a name between the commas is missing.

    >>> crossed("gender, age"), crossed(("gender", "age"))
    (('gender', 'age'), ('gender', 'age'))
    """
    names = tuple(name.strip() for name in by.split(",")) if isinstance(by, str) else by
    if not names or not all(names):
        raise UsageError(
            f"by: got {quoted(by)}, expected a field, or fields that are crossed",
            hint="Such as --by gender, or --by gender,age.",
        )
    return tuple(dict.fromkeys(names))


Study = Literal["auto", "tuning", "robustness"]


@dataclass(frozen=True, slots=True)
class ComparePolicy:
    """What is compared with what, and what is told beside the differences.

    Attributes:
        baseline: name of the run that the others are compared with; None takes the first.
        full: name of the full fine-tuning; None takes a run called "full", if there is one.
        intersect: compare the items that all runs have, rather than refuse other items.
        force: compare runs whose signatures differ, and say so.
        study: "tuning" tells what a tuned run gained and forgot, "robustness" what noise costs;
            "auto" is "tuning".
        brittle_below: share of the clean score below which a run under noise is called brittle.
        moves: how many of the largest changes of single items are listed, each way.
        floors: also score people, chance and the most frequent answer where that can be done.
    """

    baseline: str | None = None
    full: str | None = None
    intersect: bool = False
    force: bool = False
    study: Study = "auto"
    brittle_below: float = 0.9
    moves: int = 5
    floors: bool = True

    def __post_init__(self) -> None:
        _check_one_of("study", self.study, get_args(Study))
        _check_whole("moves", self.moves, 0, None)
        if not 0.0 < self.brittle_below <= 1.0:
            raise UsageError(
                f"brittle_below: got {quoted(self.brittle_below)}, expected a share up to 1",
                hint="90 % is 0.9.",
            )
