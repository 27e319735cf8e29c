"""Bradley–Terry strengths: one scale for models that were compared in pairs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import ClassVar

import numpy as np

from vlmeval_cli.core.batch import Array, Batch, Ints
from vlmeval_cli.core.metric import (
    MetricInfo,
    MetricStatistics,
    Notice,
    Output,
    PooledMetric,
    Rows,
    Statistics,
    Table,
)
from vlmeval_cli.metrics.win_rate import NO_VERDICT
from vlmeval_cli.parsing.judgments.columns import (
    JUDGMENTS,
    JudgmentColumn,
    Names,
    mean_by,
    sign,
)
from vlmeval_cli.stats.bradley_terry import (
    Comparisons,
    chances,
    reachable,
    standard_errors,
    strengths,
    wins,
)
from vlmeval_cli.stats.sign_test import sign_test

_BEAT = "beat\t"  # of the facts: who beat whom
_Z = 1.959963984540054  # 97.5 % of a normal distribution lie below
_ELO_PER_NAT = 400.0 / log(10.0)
_ELO_MEAN = 1000.0
_SHOWN = 20
_DIGITS = 12  # so that equal models are 0 apart, and not a rounding error


@dataclass(frozen=True, slots=True)
class BradleyTerry(PooledMetric[Names]):
    """Strengths of all models on one scale, from whatever pairs were judged.

    Input: verdicts on pairs of two models or more. Verdicts on one pair and one item are averaged
    first; a tie is half a win of each.

    Output: of the model that ``--model`` names, ``bradley_terry_strength``, how far its log-odds
    strength lies above the mean of the others (0 is equal, 1.1 wins three of four), and
    ``bradley_terry_win_rate``, its expected win rate where it meets each other model equally often,
    a fraction. Higher is better. The table ranks all models: strength (they sum to 0) with a 95 %
    interval (sandwich standard errors, an item is a cluster), and the same on the Elo scale (400
    points are odds of 10 to 1, mean 1000). A second table holds every pair with its sign test.

    Edge cases: with two models the win rate is that of the verdicts. None where the verdicts do not
    connect the models: strengths are finite only if, however one splits the models into two sets,
    some model of each set has won, or tied, against one of the other (Ford 1957). Resamples that do
    not connect them are left out of the interval.

    Differs from: online Elo depends on the order of the games; this does not.

    Source: Bradley and Terry 1952; Ford 1957; Chiang et al. 2024 (arXiv:2403.04132) for its use.

    Example:
        >>> from vlmeval_cli.parsing.judgments.columns import Verdict, column_of
        >>> games = [("x", "y", 1), ("x", "y", 1), ("y", "x", 1), ("y", "z", 1), ("z", "x", 1)]
        >>> verdicts = column_of([[Verdict(a, b, share)] for a, b, share in games])
        >>> batch = Batch(list("12345"), [], [], prepared={"prediction.judgments": verdicts})
        >>> metric = BradleyTerry()
        >>> found = metric.measure(batch, metric.fit(batch))
        >>> scores = metric.combine(Rows(found.values, found.item), np.ones((1, 5)))
        >>> round(float(scores["bradley_terry_win_rate"][0]), 3)
        0.5
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        name="bradley_terry",
        revision=1,
        title="strengths of several models on one scale, from verdicts on pairs",
        use="three models or more, above all where not every pair was judged equally often",
        tasks=("preference",),
        needs=(JUDGMENTS,),
        multi_reference="all",
        source="Bradley and Terry 1952; Ford 1957",
    )

    def outputs(self) -> tuple[Output, ...]:
        """Strength, and the win rate that it means."""
        return (
            Output(
                "bradley_terry_strength",
                range=(None, None),
                unit="log-odds",
                worst=None,
                kind="pooled",
                has_item_score=False,
                meaning="log-odds strength above the mean of the other models",
            ),
            Output(
                "bradley_terry_win_rate",
                worst=None,
                kind="pooled",
                has_item_score=False,
                meaning="expected win rate where the model meets each other one equally often",
            ),
        )

    def fit(self, batch: Batch) -> Names:
        """The models, which all must be the same for strengths to be comparable."""
        models = tuple(batch.column(JUDGMENTS, JudgmentColumn).models)
        return Names(models, compared=models)

    def measure(self, batch: Batch, context: Names) -> Statistics:
        """Rows ``(model, model, how far the first won)``, one for each pair of an item."""
        column = batch.column(JUDGMENTS, JudgmentColumn)
        pairs = column.pairs
        share, row = mean_by([column.item, pairs.first, pairs.second], pairs.share)
        first, second = pairs.first[row], pairs.second[row]
        unjudged = np.flatnonzero(np.diff(column.item_offsets) == 0).tolist()
        return Statistics(
            np.column_stack([first, second, share]).astype(np.float64),
            item=column.item[row],
            skips=dict.fromkeys(unjudged, NO_VERDICT),
            facts=Counter(_who_beat_whom(first.tolist(), second.tolist(), share.tolist(), context)),
        )

    def combine(self, rows: Rows, weights: Array) -> dict[str, Array]:
        """Strength and expected win rate of the first model, for each weighting."""
        found, present = _comparisons(rows)
        if not len(present) or present[0] != 0:
            nothing = np.full(len(weights), np.nan)
            return {output.name: nothing for output in self.outputs()}
        fitted = strengths(wins(found, weights[:, rows.item]))
        above = fitted[:, 0] - fitted[:, 1:].mean(axis=1)
        return {
            "bradley_terry_strength": above.round(_DIGITS) + 0.0,
            "bradley_terry_win_rate": chances(fitted)[:, 0, 1:].mean(axis=1),
        }

    def unknown(self, output: str, facts: Mapping[str, int]) -> str | None:
        """Which models are not connected with the others."""
        beaten = [fact.split("\t")[1:] for fact in facts if fact.startswith(_BEAT)]
        names = sorted({name for pair in beaten for name in pair})
        won = np.zeros((1, len(names), len(names)))
        for one, other in beaten:
            won[0, names.index(one), names.index(other)] = 1.0
        return _why_apart(names, won) if names else None

    def advise(self, facts: Mapping[str, int], n: int) -> tuple[Notice, ...]:
        """That there are no strengths."""
        why = self.unknown("", facts)
        return (Notice("not_connected", f"no Bradley–Terry strengths: {why}"),) if why else ()

    def tables(self, found: MetricStatistics, context: Names) -> Mapping[str, Table]:
        """All models, and all pairs."""
        if found.item is None or not len(found.item):
            return {}
        rows = Rows(found.values, found.item)
        tables = {"head_to_head": _head_to_head(rows, context.names)}
        ranking = _ranking(rows, context.names)
        return tables if ranking is None else {"bradley_terry": ranking, **tables}


def _who_beat_whom(
    first: Sequence[int], second: Sequence[int], share: Sequence[float], context: Names
) -> Iterator[str]:
    """Facts of who won, or tied, against whom."""
    for i, j, won in zip(first, second, share, strict=True):
        one, other = context.names[i], context.names[j]
        if won > 0.0:
            yield f"{_BEAT}{one}\t{other}"
        if won < 1.0:
            yield f"{_BEAT}{other}\t{one}"


def _comparisons(rows: Rows) -> tuple[Comparisons, Ints]:
    """The comparisons of the models that have some, and which these are."""
    codes = rows.values[:, :2].astype(np.int64)
    present, place = np.unique(codes, return_inverse=True)
    first, second = place.reshape(-1, 2).T
    return Comparisons(first, second, rows.values[:, 2], len(present)), present


def _why_apart(names: Sequence[str], won: Array) -> str | None:
    """Why strengths have no finite values, if so; ``won`` as in :mod:`.bradley_terry`."""
    met = reachable(won + won.swapaxes(1, 2))[0]
    if not met.all():
        mine = [name for name, is_met in zip(names, met[0], strict=True) if is_met]
        theirs = [name for name, is_met in zip(names, met[0], strict=True) if not is_met]
        return f"no verdict connects {_listed(mine)} with {_listed(theirs)}"
    reached = reachable(won)[0]
    if reached.all():
        return None
    # Who reaches the most was beaten by none but those it reaches in turn.
    top = int(reached.sum(axis=1).argmax())
    best = [name for i, name in enumerate(names) if reached[i, top]]
    verb = "has" if len(best) == 1 else "have"
    return f"{_listed(best)} {verb} won every comparison with the others: strengths are not finite"


def _listed(names: Sequence[str], most: int = 5) -> str:
    shown = ", ".join(f'"{name}"' for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def _ranking(rows: Rows, names: Sequence[str]) -> Table | None:
    """The models by strength."""
    found, present = _comparisons(rows)
    won = wins(found, np.ones((1, len(rows.item))))
    fitted = strengths(won)[0].round(_DIGITS) + 0.0
    if np.isnan(fitted).any():
        return None
    error = _Z * standard_errors(found, rows.item, fitted)
    met = (won + won.swapaxes(1, 2))[0].sum(axis=1)
    columns = ("model", "strength", "95% low", "95% high", "Elo", "win rate", "comparisons")
    cells = [
        (
            names[int(present[i])],
            float(fitted[i]),
            float(fitted[i] - error[i]),
            float(fitted[i] + error[i]),
            float(_ELO_MEAN + _ELO_PER_NAT * fitted[i]),
            float(won[0, i].sum() / met[i]),
            round(met[i]),
        )
        for i in np.argsort(-fitted, kind="stable").tolist()
    ]
    return Table("Bradley–Terry strengths (log-odds)", columns, cells, shown=_SHOWN)


def _head_to_head(rows: Rows, names: Sequence[str]) -> Table:
    """Wins, ties and losses of every pair that was compared."""
    by_pair: dict[tuple[int, int], list[float]] = {}
    for first, second, share in rows.values.tolist():
        by_pair.setdefault((int(first), int(second)), []).append(share)
    cells = []
    for (first, second), shares in sorted(by_pair.items()):
        side = sign(np.array(shares))
        won, tied, lost = (int(np.count_nonzero(side == way)) for way in (1, 0, -1))
        rate = float(np.mean(shares))
        p_value = sign_test(won, lost)
        cells.append((names[first], names[second], rate, won, tied, lost, p_value))
    columns = ("model", "against", "win rate", "items won", "tied", "lost", "p-value")
    return Table("Every pair of models", columns, cells, shown=_SHOWN)


METRICS = (BradleyTerry,)
