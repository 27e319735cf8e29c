"""What a run found: plain values that reports print and Python users read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isinf
from typing import Any, NamedTuple

from vlmeval_cli.core.batch import Array, Ints
from vlmeval_cli.core.metric import Chosen, MetricStatistics, Notice, Output, Table

OUTCOMES = (
    "missing", "empty", "refused", "truncated", "loop", "unparsed",
    "wrong", "partial", "right", "scored", "skipped",
)  # fmt: skip
NOT_FINITE = "the score is not a finite number"  # and JSON has no other numbers


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file that went into a run."""

    role: str
    path: str
    sha256: str
    rows: int


@dataclass(frozen=True, slots=True)
class Repair:
    """A change of ids that would match more rows, applied only with ``--fix-ids``."""

    description: str
    matched_more: int
    examples: Sequence[tuple[str, str]] = ()
    applied: bool = False


@dataclass(frozen=True, slots=True)
class JoinReport:
    """How predictions and references met.

    Attributes:
        matched: reference items that have a prediction.
        missing: reference items without one.
        extra: predictions without a reference item.
        duplicate: prediction rows that repeat an id and were not used.
        empty: matched predictions that are an empty string.
        no_reference: reference items without an accepted answer, left out.
        bad_rows: rows left out by ``--on-bad-row skip``.
        examples: first ids (or row descriptions) of each kind.
        repair: the best repair, if any helps.
        policy: what was decided about missing predictions and ids; part of the signature.
    """

    matched: int
    missing: int = 0
    extra: int = 0
    duplicate: int = 0
    empty: int = 0
    no_reference: int = 0
    bad_rows: int = 0
    examples: Mapping[str, Sequence[str]] = field(default_factory=dict)
    repair: Repair | None = None
    policy: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Signature:
    """What must be equal for two numbers to be comparable, and what is merely recorded."""

    comparable: Mapping[str, Any]
    recorded: Mapping[str, Any] = field(default_factory=dict)

    def short(self) -> str:
        """One line, in the style of sacrebleu: ``name:bleu|rev:1|tokenizer:ptb``."""
        return "|".join(f"{key}:{_flat(value)}" for key, value in self.comparable.items())


@dataclass(frozen=True, slots=True)
class Score:
    """One number with everything that makes it a result.

    Attributes:
        output: what it is: name, direction, range, unit.
        metric: family name.
        value: the score in its own scale, None when unknown.
        ci_low, ci_high: bounds of the bootstrap interval, None when not computed.
        n: items that were scored.
        skipped: reason → number of items without a score.
        reason: why ``value`` is None.
        signature: of the metric.
    """

    output: Output
    metric: str
    value: float | None
    n: int
    signature: Signature
    ci_low: float | None = None
    ci_high: float | None = None
    skipped: Mapping[str, int] = field(default_factory=dict)
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Scores of the items that share values of the ``--by`` fields."""

    by: Mapping[str, str]
    n: int
    scores: Mapping[str, Score]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A pattern in the scores, what it means and what to do."""

    pattern: str
    meaning: str
    advice: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One item as it was scored.

    Attributes:
        prediction: as parsed; None when missing.
        raw: the text before parsing where it differs, else None.
        outcome: one of :data:`OUTCOMES`.
        reason: why it has that outcome, if there is more to say.
        scores: output name → item score or None.
        score_reasons: output name → why its score is None.
        detail: more about how it was scored, such as a diff of fields.
    """

    id: str
    prediction: Any
    references: Sequence[Any]
    outcome: str
    scores: Mapping[str, float | None]
    score_reasons: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    raw: str | None = None
    reason: str | None = None
    detail: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class ItemScores:
    """Per-item columns behind the samples; samples are made on demand from these.

    Attributes:
        ids: item ids, length n.
        predictions: as parsed, None when missing.
        raw: raw text where it differs from the parsed value, else None.
        references: accepted answers.
        outcomes: outcome of each item.
        reasons: item → more about the outcome.
        scores: output name → float64 (n,), NaN where unknown.
        skips: output name → {item: reason}.
        groups: ``--by`` field → value of each item.
        slices: column that items can be sliced by → label of each item; only where it was asked
            for.
        helped: item → what it took to read its prediction, where it was not read as it stands; None
            where that is not known.
        detail: item → more about how it was scored (a diff of fields), made when asked for; None
            where the task has no more to say.
    """

    ids: Sequence[str]
    predictions: Sequence[Any]
    raw: Sequence[str | None]
    references: Sequence[Sequence[Any]]
    outcomes: Sequence[str]
    scores: Mapping[str, Array]
    reasons: Mapping[int, str] = field(default_factory=dict)
    skips: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    slices: Mapping[str, Sequence[str]] = field(default_factory=dict)
    helped: Mapping[int, str] | None = None
    detail: Callable[[int], Mapping[str, Any] | None] | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def why_unknown(self, output: str, i: int) -> str:
        """Why item ``i`` has no score, or none that a file can hold."""
        if isinf(self.scores[output][i]):
            return NOT_FINITE
        return self.skips.get(output, {}).get(i, "undefined for this item")

    def sample(self, i: int) -> Sample:
        """Item ``i`` as a value."""
        scores = {name: _known(column[i]) for name, column in self.scores.items()}
        missing = (name for name, value in scores.items() if value is None)
        return Sample(
            id=self.ids[i],
            prediction=self.predictions[i],
            references=self.references[i],
            outcome=self.outcomes[i],
            scores=scores,
            score_reasons={name: self.why_unknown(name, i) for name in missing},
            groups={name: column[i] for name, column in self.groups.items()},
            raw=self.raw[i],
            reason=self.reasons.get(i),
            detail=None if self.detail is None else self.detail(i),
        )


class Findings(NamedTuple):
    """What a look beside the scores found: tables by their names in reports, and notes on them."""

    tables: Mapping[str, Table]
    notes: tuple[str, ...] = ()


class MeasuredMetric(NamedTuple):
    """A metric of a run with its statistics, from which its scores can be computed again."""

    chosen: Chosen
    statistics: MetricStatistics


@dataclass(frozen=True, slots=True)
class RunResult:
    """Everything that ``vlmeval score`` found.

    Attributes:
        statistics: of each metric, under the first output name it has in this run.
        chosen: the metrics themselves, in the same order; none where only a report is known.
        clusters: which items are resampled together, a number for every item, shape (n,); None
            where each item is resampled alone.

    ``scores`` keeps the order of the metrics. ``result["cider"]`` is a shorthand for the value; it
    also finds ``bleu_4[variant=nltk]`` under ``bleu_4`` if there is no other of that name.
    """

    task: str
    task_reason: str
    inputs: Sequence[InputFile]
    fields: Mapping[str, str]
    join: JoinReport
    outcomes: Mapping[str, int]
    scores: Mapping[str, Score]
    primary: str | None
    items: ItemScores
    signature: Signature
    statistics: Mapping[str, MetricStatistics]
    statistics_options: Mapping[str, Any]
    chosen: Sequence[Chosen] = ()
    clusters: Ints | None = None
    groups: Sequence[Group] = ()
    tables: Mapping[str, Table] = field(default_factory=dict)
    diagnosis: Sequence[Diagnosis] = ()
    warnings: Sequence[Notice] = ()
    notes: Sequence[str] = ()

    @property
    def measured(self) -> list[MeasuredMetric]:
        """The metrics with their statistics."""
        return [*map(MeasuredMetric, self.chosen, self.statistics.values())]

    def __getitem__(self, output: str) -> float | None:
        if output in self.scores:
            return self.scores[output].value
        (variant,) = [name for name in self.scores if name.partition("[")[0] == output] or (output,)
        return self.scores[variant].value


def _known(value: float) -> float | None:
    """``None`` for NaN."""
    return None if value != value else float(value)


def _flat(value: object) -> str:
    if isinstance(value, Mapping):
        return ",".join(f"{key}={_flat(item)}" for key, item in value.items())
    return "+".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
