"""What a metric is: options in, statistics per item, scores from summed statistics."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from types import MappingProxyType
from typing import (
    Any,
    ClassVar,
    Generic,
    Literal,
    NamedTuple,
    Protocol,
    Self,
    TypeVar,
    get_args,
    get_origin,
    get_type_hints,
)

import numpy as np

from vlmeval_cli.core.batch import Array, Batch, Ints
from vlmeval_cli.core.errors import UsageError, quoted

Kind = Literal["binary", "mean", "ratio", "pooled"]
# What can move the score of a text: "partial" an answer that is right in part, "spelling" a word
# that is a letter off, "endings" another form of a word, "synonyms" another word for the same,
# "order" the same words in another order, "rarity" how telling a word is, "meaning" the same said
# in other words.
Sight = Literal["partial", "spelling", "endings", "synonyms", "order", "rarity", "meaning"]


@dataclass(frozen=True, slots=True)
class Output:
    """One number that a metric gives.

    Attributes:
        name: its key in every report; two formulas never share one.
        higher_is_better: direction.
        range: lowest and highest value; None where there is no bound.
        unit: "fraction", "CIDEr points", …
        worst: the value of a useless prediction, or None where there is none.
        kind: binary (0/1 per item), mean of items, ratio of sums, or pooled.
        has_item_score: whether one item has a value of its own.
        has_interval: whether the bootstrap is right for it; where it is not, no interval is given.
        meaning: one sentence for ``vlmeval metrics``.
    """

    name: str
    higher_is_better: bool = True
    range: tuple[float | None, float | None] = (0.0, 1.0)
    unit: str = "fraction"
    worst: float | None = 0.0
    kind: Kind = "mean"
    has_item_score: bool = True
    has_interval: bool = True
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class MetricInfo:
    """Facts of a metric family, from which lists, docs and checks are generated.

    Attributes:
        name: family name, used by ``--metrics``.
        revision: raised whenever a number changes.
        title: one sentence, what it measures.
        use: one sentence, when to look at it and when not.
        tasks: tasks it is offered for.
        needs: prepared columns it reads unless its options change that (:meth:`Metric.needs`).
        multi_reference: what several references mean: best, mean, pooled or all.
        source: paper or official code.
        extra: extra of the package that it needs, or None.
        deterministic: same input, same bits.
        sees: what it notices in a text; None: it compares no texts.
        texts_per_second: how many captions it compares on one core, as the nearest power of ten
            (``benchmarks/text_metrics.py``).
    """

    name: str
    revision: int
    title: str
    use: str
    tasks: tuple[str, ...]
    needs: tuple[str, ...]
    multi_reference: Literal["best", "mean", "pooled", "all"]
    source: str
    extra: str | None = None
    deterministic: bool = True
    sees: frozenset[Sight] | None = None
    texts_per_second: int | None = None


@dataclass(frozen=True, slots=True)
class Statistics:
    """What ``measure`` found in one batch.

    Attributes:
        values: statistics, float64, shape (m, k); additive unless the metric is a
            :class:`PooledMetric`.
        item: which item of the batch each row belongs to, shape (m,); None: row i is item i. Only
            pooled metrics have more or fewer rows than items.
        skips: item of the batch → why it has no statistics. Its row, if any, is all zeros.
        facts: counts of things worth a warning, summed over batches and given to ``advise``.
    """

    values: Array
    item: Ints | None = None
    skips: Mapping[int, str] = field(default_factory=dict)
    facts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MetricStatistics:
    """Statistics of one metric over all items, from which every score can be computed again.

    Attributes:
        values: statistics, shape (m, k).
        item: which item each row belongs to, shape (m,); None: row i is item i.
        skips: item → why it has no statistics.
        facts: what the metric counted for its warnings.
        context_digest: hash of what was learned from the references, None if nothing was.
    """

    values: Array
    item: Ints | None
    skips: Mapping[int, str]
    facts: Mapping[str, int] = field(default_factory=dict)
    context_digest: str | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the user should know about a score."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table beside the scores, such as a confusion matrix or reference timings.

    Attributes:
        title: what it shows.
        columns: headings.
        rows: cells; None is unknown.
        shown: rows that a terminal shows, all others stand in the files; None shows all.
        shown_columns: columns that a terminal shows; None shows all.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str | float | int | None]]
    shown: int | None = None
    shown_columns: Sequence[str] | None = None


class Rows(NamedTuple):
    """Statistics of a pooled metric: ``values`` of shape (m, k), and whose they are, (m,)."""

    values: Array
    item: Ints


class Context(Protocol):
    """What ``fit`` learned from the references: merges with ``|`` and has a digest."""

    def __or__(self, other: Self, /) -> Self:
        """Both batches' knowledge; order of merging must not matter."""
        ...

    def digest(self) -> str:
        """A hash of the content, part of the signature."""
        ...


SELECTS: Mapping[str, bool] = MappingProxyType({"unnamed": True})
SETTING: Mapping[str, bool] = MappingProxyType({"unnamed": True})

ContextT = TypeVar("ContextT")
Scalar = str | int | float | bool | None | tuple[int, ...] | tuple[str, ...]


class Metric(ABC, Generic[ContextT]):
    """A metric with its options.

    Subclasses are frozen dataclasses: every field is an option, has a default and stands in the
    signature. An option declared as a ``Literal`` takes its values alone; what else must hold of
    the options is said in :meth:`check`.
    """

    info: ClassVar[MetricInfo]

    def __post_init__(self) -> None:
        for name, choices in option_choices(type(self)).items():
            value = getattr(self, name)
            if value not in choices:
                expected = ", ".join(map(str, choices))
                raise UsageError(
                    f"option {self.info.name}:{name}: got {quoted(value)}, "
                    f"expected one of {expected}",
                    hint=f"See: vlmeval metrics {self.info.name}",
                )
        self.check()

    def check(self) -> None:
        """Refuse options that make no sense.

        Raises:
            UsageError: with what was expected.
        """

    def needs(self) -> tuple[str, ...]:
        """Prepared columns that ``fit`` and ``measure`` read."""
        return self.info.needs

    @classmethod
    def options_for(cls, output: str) -> Mapping[str, Scalar] | None:
        """Options that give ``output``, where the default options do not; None if none do."""
        return None

    @abstractmethod
    def outputs(self) -> tuple[Output, ...]:
        """The numbers it gives with these options."""

    def fit(self, batch: Batch) -> ContextT | None:
        """First pass over the references; None when nothing is to be learned."""
        return None

    @abstractmethod
    def measure(self, batch: Batch, context: ContextT) -> Statistics:
        """Statistics of each item of the batch."""

    @abstractmethod
    def finalize(self, totals: Array) -> dict[str, Array]:
        """Scores from summed statistics.

        Args:
            totals: shape (..., k).

        Returns:
            Output name → scores of shape (...); NaN where nothing was summed.
        """

    def worst_row(self) -> Array | None:
        """Statistics of a missing prediction under ``--missing worst``, shape (k,).

        None: the statistics of an empty prediction are the worst there are.
        """
        return None

    def supposed(self, values: Array, *, right: bool) -> Array | None:
        """Statistics of the same items, had their answers been wholly right, or worth nothing.

        None: they do not tell. Metrics whose scores are means of item scores need none.

        Args:
            values: statistics of scored items, shape (m, k).
            right: whether the answers are supposed to be right.
        """
        return None

    def tables(self, found: MetricStatistics, context: ContextT) -> Mapping[str, Table]:
        """Tables beside the scores, by the name they have in reports."""
        return {}

    def advise(self, facts: Mapping[str, int], n: int) -> tuple[Notice, ...]:
        """Warnings that teach, from the counted facts and the number of scored items."""
        return ()

    def unknown(self, output: str, facts: Mapping[str, int]) -> str | None:
        """Why ``output`` has no value, where the counted facts say it."""
        return None

    def recorded(self) -> Mapping[str, Any]:
        """What the signature says beside what must be equal, such as another tool's name for it."""
        return {}

    def options(self) -> dict[str, Scalar]:
        """All options with their values."""
        return {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[arg-type]  # subclasses are dataclasses

    def changed_options(self) -> dict[str, Scalar]:
        """Options that differ from their defaults and name a variant.

        An option declared with ``metadata=SELECTS`` only chooses among the outputs, and one with
        ``metadata=SETTING`` comes with the data (a schema, rules of fields): neither is a variant.
        """
        return {
            f.name: getattr(self, f.name)
            for f in fields(self)  # type: ignore[arg-type]  # subclasses are dataclasses
            if getattr(self, f.name) != f.default and not f.metadata.get("unnamed")
        }


@dataclass(frozen=True, slots=True)
class Chosen:
    """A metric with its options, and which of its outputs were asked for under which names.

    Attributes:
        metric: ready to measure.
        names: output name of the metric → the name it has in this run.
    """

    metric: Metric[Any]
    names: Mapping[str, str]

    def outputs(self) -> tuple[tuple[str, Output], ...]:
        """(name in this run, output) of every output that was asked for."""
        return tuple(
            (self.names[output.name], output)
            for output in self.metric.outputs()
            if output.name in self.names
        )


@cache
def option_choices(family: type[Metric[Any]]) -> Mapping[str, tuple[Any, ...]]:
    """Option → its values, for the options that list them."""
    hints = get_type_hints(family)
    return {
        f.name: get_args(hints[f.name])
        for f in fields(family)  # type: ignore[arg-type]  # metrics are dataclasses
        if get_origin(hints[f.name]) is Literal
    }


class MeanMetric(Metric[ContextT]):
    """A metric whose scores are means of item scores.

    Its statistics are one column per output, in the order of :meth:`outputs`, and a last column
    that is 1 for a scored item.
    """

    def finalize(self, totals: Array) -> dict[str, Array]:
        """Sums divided by the number of scored items."""
        with np.errstate(invalid="ignore"):
            means = totals[..., :-1] / totals[..., -1:]
        return {output.name: means[..., i] for i, output in enumerate(self.outputs())}

    def worst_row(self) -> Array | None:
        """The worst value of every output, counted once."""
        worst = [output.worst for output in self.outputs()]
        return None if None in worst else np.array([*worst, 1.0], dtype=np.float64)


class PooledMetric(Metric[ContextT]):
    """A metric that ranks or pools items: average precision, macro F1, kappa.

    Its scores are no function of summed rows. An item has any number of rows, and
    :meth:`combine` takes the place of :meth:`finalize`.
    """

    @abstractmethod
    def combine(self, rows: Rows, weights: Array) -> dict[str, Array]:
        """Scores where each item counts as often as its weight says.

        Args:
            rows: statistics of ``n`` items; skipped items have none.
            weights: whole numbers ≥ 0, shape (B, n).

        Returns:
            Output name → scores of shape (B,); NaN where undefined.
        """

    def item_scores(self, rows: Rows, n: int) -> dict[str, Array]:
        """Scores of each of ``n`` items, shape (n,), for the outputs that have them."""
        return {}

    def finalize(self, totals: Array) -> dict[str, Array]:
        """Not for pooled metrics.

        Raises:
            TypeError: always.
        """
        raise TypeError(f"{self.info.name} is pooled: its scores come from combine")


def mean_statistics(
    *scores: Array,
    skips: Mapping[int, str] | None = None,
    facts: Mapping[str, int] | None = None,
) -> Statistics:
    """Statistics of a :class:`MeanMetric` from item scores, each of shape (n,).

    Args:
        scores: one array per output, in order; entries of skipped items are ignored.
        skips: item → why it has no score.
        facts: counts for ``advise``.
    """
    values = np.column_stack([*scores, np.ones(len(scores[0]))])
    values[list(skips or ())] = 0.0
    return Statistics(values, skips=skips or {}, facts=facts or {})
