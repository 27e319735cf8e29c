"""Agreement between judges of the same pairs of answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import ClassVar, Literal, NamedTuple

import numpy as np

from vlmeval_cli.core.batch import Array, Batch, Ints
from vlmeval_cli.core.metric import (
    MetricInfo,
    MetricStatistics,
    Output,
    PooledMetric,
    Rows,
    Statistics,
    Table,
)
from vlmeval_cli.parsing.judgments.columns import (
    JUDGES,
    JUDGMENTS,
    Flags,
    JudgmentColumn,
    Names,
    mean_by,
    sign,
)
from vlmeval_cli.stats.agreement import alpha_of_counts, coincidences, kappa_of_counts

_WAYS = 3  # lost, tied, won
_ONE_JUDGE = "judged by one"
_MOST_JUDGES = 12  # of whose pairs there is a table
_SHOWN = 15
_UNKNOWN = {
    "judge_agreement": "no pair of answers was judged by two",
    "judge_alpha": "all verdicts are the same, so that chance agrees wholly",
    "judge_kappa": "it is of two judges with more than one kind of verdict",
}


@dataclass(frozen=True, slots=True)
class JudgeAgreement(PooledMetric[Names]):
    """How far judges agree on who won, with and without what chance explains.

    Input: verdicts of two judges or more (``judge``, ``annotator``) on the same two answers. A
    verdict is won, tied or lost; several of one judge on the same answers (both orders) are
    averaged first, so that a judge who always prefers the first place says tie.

    Output: ``judge_agreement``, the share of pairs of verdicts that are the same, a fraction;
    ``judge_alpha``, Krippendorff's alpha of all judges, each of whom may have left some out; and
    ``judge_kappa``, Cohen's kappa, where there are exactly two judges. Both are 1 for full
    agreement and 0 at chance. The table holds agreement and kappa of every two judges.

    Edge cases: answers that one judge alone saw are skipped. Alpha and kappa are None where all
    verdicts are the same.

    Options:
        level: "nominal", or "ordinal", for which (in alpha) a win and a tie differ less than a win
            and a loss.

    Source: Krippendorff 2004, "Content Analysis", chapter 11; Cohen 1960.
    """

    level: Literal["nominal", "ordinal"] = "nominal"

    info: ClassVar[MetricInfo] = MetricInfo(
        name="judge_agreement",
        revision=1,
        title="agreement of judges on who won: share, Krippendorff's alpha and Cohen's kappa",
        use="two judges or more, such as a model and people: an automatic judge is worth as much "
        "as it agrees with people, and people agree with each other",
        tasks=("preference",),
        needs=(JUDGMENTS, JUDGES),
        multi_reference="all",
        source="Krippendorff 2004; Cohen 1960",
    )

    def outputs(self) -> tuple[Output, ...]:
        """Share, alpha, kappa."""
        share = "share of pairs of verdicts on the same answers that are the same"
        return (
            Output(
                "judge_agreement", worst=None, kind="pooled", has_item_score=False, meaning=share
            ),
            _beyond_chance("judge_alpha", "Krippendorff's alpha of all judges"),
            _beyond_chance("judge_kappa", "Cohen's kappa of two judges"),
        )

    def fit(self, batch: Batch) -> Names:
        """The judges."""
        judges = tuple(batch.column(JUDGMENTS, JudgmentColumn).judges)
        return Names(judges, compared=judges)

    def measure(self, batch: Batch, context: Names) -> Statistics:
        """Rows ``(pair of answers, judge, verdict)`` of answers that several judges saw."""
        column = batch.column(JUDGMENTS, JudgmentColumn)
        pairs = column.pairs
        answers = (column.task, pairs.first, pairs.second)
        share, row = mean_by([column.item, *answers, column.judge], pairs.share)
        item = column.item[row]
        unit = _within(item, [key[row] for key in answers])
        rows = np.column_stack([unit, column.judge[row], sign(share) + 1]).astype(np.float64)
        several = _are_shared(item, unit)
        alone = np.flatnonzero(np.bincount(item[several], minlength=len(batch)) == 0).tolist()
        skips = dict.fromkeys(alone, _ONE_JUDGE)
        return Statistics(rows[several], item=item[several], skips=skips)

    def combine(self, rows: Rows, weights: Array) -> dict[str, Array]:
        """Share, alpha and kappa for each weighting."""
        together = _together(rows).weighted(weights)
        judges = np.unique(rows.values[:, 1]).tolist()
        kappa = np.full(len(weights), np.nan)
        if len(judges) == 2:
            kappa = kappa_of_counts(_confusions(rows, judges).weighted(weights))
        agreement = np.einsum("bii->b", together) / together.sum(axis=(1, 2))
        alpha = alpha_of_counts(together, self.level)
        return {"judge_agreement": agreement, "judge_alpha": alpha, "judge_kappa": kappa}

    def unknown(self, output: str, facts: Mapping[str, int]) -> str | None:
        """Why agreement beyond chance has no value."""
        return _UNKNOWN[output]

    def tables(self, found: MetricStatistics, context: Names) -> Mapping[str, Table]:
        """Agreement of every two judges."""
        judges = np.unique(found.values[:, 1]).tolist()
        if found.item is None or not 2 <= len(judges) <= _MOST_JUDGES:
            return {}
        cells = []
        for one, other in combinations(judges, 2):
            counts = _confusions(Rows(found.values, found.item), (one, other)).counts.sum(axis=0)
            n = int(counts.sum())
            if n:
                kappa = float(kappa_of_counts(counts[None])[0])
                names = (context.names[int(one)], context.names[int(other)])
                known = None if np.isnan(kappa) else kappa
                cells.append((*names, n, float(np.trace(counts) / n), known))
        columns = ("judge", "judge", "judged by both", "agreement", "kappa")
        return {"judges": Table("Agreement of judges", columns, cells, shown=_SHOWN)}


def _beyond_chance(name: str, meaning: str) -> Output:
    return Output(
        name, range=(-1.0, 1.0), worst=None, kind="pooled", has_item_score=False,
        meaning=f"{meaning}: 1 is full agreement, 0 chance",
    )  # fmt: skip


def _within(item: Ints, keys: Sequence[Ints]) -> Ints:
    """Numbers that are the same for rows that agree in all ``keys``, from 0 in every item."""
    if not len(item):
        return item
    number = np.unique(np.stack([item, *keys]), axis=1, return_inverse=True)[1].ravel()
    lowest = np.full(int(item.max()) + 1, len(item))
    np.minimum.at(lowest, item, number)
    return np.asarray(number - lowest[item])


def _are_shared(item: Ints, unit: Ints) -> Flags:
    """Which rows are on answers that another row is on too."""
    if not len(item):
        return np.zeros(0, dtype=np.bool_)
    _, place, count = np.unique(
        np.stack([item, unit]), axis=1, return_inverse=True, return_counts=True
    )
    return np.asarray(count[place.ravel()] > 1)


class _Units(NamedTuple):
    """Counts of verdicts, 3 × 3, on answers that several judges saw.

    Attributes:
        item: of each, shape (u,).
        counts: shape (u, 3, 3).
    """

    item: Ints
    counts: Array

    def weighted(self, weights: Array) -> Array:
        """Their sum for each weighting of the items, shape (B, 3, 3)."""
        flat = self.counts.reshape(-1, _WAYS * _WAYS)
        return (weights[:, self.item] @ flat).reshape(-1, _WAYS, _WAYS)


def _by_answers(rows: Rows) -> tuple[Ints, Ints]:
    """The answers that each row is on, as numbers from 0, and the first row of each number."""
    keys = np.stack([rows.item, rows.values[:, 0].astype(np.int64)])
    _, first, unit = np.unique(keys, axis=1, return_index=True, return_inverse=True)
    return unit.ravel(), first


def _together(rows: Rows) -> _Units:
    """Krippendorff's coincidences: pairs of verdicts on the same answers, by what they say."""
    unit, first = _by_answers(rows)
    said = np.zeros((len(first), _WAYS))
    np.add.at(said, (unit, rows.values[:, 2].astype(np.int64)), 1.0)
    return _Units(rows.item[first], coincidences(said))


def _confusions(rows: Rows, judges: Sequence[float]) -> _Units:
    """What two judges said of the answers that both saw."""
    unit, first = _by_answers(rows)
    said = np.full((len(first), 2), -1, dtype=np.int64)
    for place, judge in enumerate(judges):
        own = rows.values[:, 1] == judge
        said[unit[own], place] = rows.values[own, 2]
    both = np.flatnonzero((said >= 0).all(axis=1))
    counts = np.zeros((len(both), _WAYS, _WAYS))
    counts[range(len(both)), said[both, 0], said[both, 1]] = 1.0
    return _Units(rows.item[first][both], counts)


METRICS = (JudgeAgreement,)
