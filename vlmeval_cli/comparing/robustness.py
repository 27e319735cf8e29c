"""What noise costs: the study of a clean run beside runs under kinds and severities of noise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from vlmeval_cli.comparing.conditions import CLEAN, Condition, condition_of
from vlmeval_cli.comparing.corruption import corruption_table
from vlmeval_cli.comparing.pairs import same_metric
from vlmeval_cli.comparing.seeds import over_all_seeds
from vlmeval_cli.core.batch import Array
from vlmeval_cli.core.comparison import Comparison
from vlmeval_cli.core.config import StatisticsPolicy
from vlmeval_cli.core.metric import Notice, Output, Table
from vlmeval_cli.stats.retention import Bounded, Sides, change, kept_share, sides

ALL_KINDS = "all"
_TOLERANCE = 1e-12
_SHOWN = 3

Cell = str | float | int | None


@dataclass(frozen=True, slots=True)
class Noisy:
    """A run under noise beside its clean run.

    Attributes:
        run, clean: names of the runs.
        condition: the noise.
        scores: name of the output → both scores, with their resamples.
    """

    run: str
    clean: str
    condition: Condition
    scores: Mapping[str, Sides]


@dataclass(frozen=True, slots=True)
class Study:
    """Everything that the tables are made of.

    Attributes:
        noisy: the runs under noise, by model, kind and severity.
        outputs: the outputs, the primary first.
        confidence: of the intervals.
        brittle_below: share of the clean score below which a run is brittle.
        base_model: the model of the baseline.
    """

    noisy: Sequence[Noisy]
    outputs: Sequence[Output]
    confidence: float
    brittle_below: float
    base_model: str


def robustness_tables(
    comparison: Comparison, statistics: StatisticsPolicy, brittle_below: float = 0.9
) -> dict[str, Table]:
    """What noise costs: by run, by kind of noise, by output, and as corruption errors.

    The name of a run tells its noise (:func:`~vlmeval_cli.comparing.conditions.condition_of`). Each
    is compared with the clean run of its model; without one, with the baseline.

    Args:
        comparison: the runs, with the differences against the baseline.
        statistics: resamples, confidence and seed.
        brittle_below: share of the clean score below which a run is called brittle.
    """
    study = studied_noise(comparison, statistics, brittle_below)
    if not study.noisy or not study.outputs:
        return {}
    return {
        "robustness": _by_run(study, comparison),
        **_by_kind(study),
        **_by_output(study),
        **corruption_table(
            [(one.condition, one.scores[study.outputs[0].name]) for one in study.noisy],
            study.outputs[0],
            study.base_model,
            study.confidence,
        ),
    }


def studied_noise(
    comparison: Comparison, statistics: StatisticsPolicy, brittle_below: float
) -> Study:
    """The runs under noise, each with its clean run, and their scores."""
    names = [run.name for run in comparison.runs]
    conditions = _conditions(names, comparison.baseline)
    pairs = noisy_and_clean(names, comparison.baseline)
    outputs, found = _scores(comparison, pairs, statistics)
    noisy = [
        Noisy(names[run], names[clean], conditions[names[run]], scores)
        for (run, clean), scores in zip(pairs, found, strict=True)
    ]
    order = list(dict.fromkeys((one.condition.model, one.condition.corruption) for one in noisy))
    noisy.sort(
        key=lambda one: (
            order.index((one.condition.model, one.condition.corruption)),
            one.condition.severity or 0,
        )
    )
    base = conditions[comparison.baseline].model
    return Study(noisy, outputs, statistics.confidence, brittle_below, base)


def brittle_notice(tables: Mapping[str, Table], brittle_below: float) -> Notice | None:
    """One line that names the runs that are brittle, the worst first; None if none is."""
    table = tables.get("robustness")
    if table is None:
        return None
    name, share, reading = (table.columns.index(one) for one in ("run", "kept", "reading"))
    brittle = [row for row in table.rows if str(row[reading]).startswith("brittle")]
    brittle.sort(key=lambda row: float(row[share] or 0.0))
    if not brittle:
        return None
    shown = ", ".join(f"{row[name]} ({float(row[share] or 0.0):.0%})" for row in brittle[:_SHOWN])
    more = f" and {len(brittle) - _SHOWN} more" if len(brittle) > _SHOWN else ""
    return Notice(
        "brittle",
        f"less than {brittle_below:.0%} of the clean score is kept under {shown}{more}",
    )


def noisy_and_clean(names: Sequence[str], baseline: str) -> list[tuple[int, int]]:
    """Each run under noise, by its place in ``names``, with that of the clean run of its model."""
    conditions = _conditions(names, baseline)
    return [
        (i, names.index(_clean_of(own, conditions, baseline)))
        for i, own in enumerate(conditions.values())
        if not own.is_clean
    ]


def _conditions(names: Sequence[str], baseline: str) -> dict[str, Condition]:
    """The noise of each run; where no name says clean, the baseline is."""
    found = {name: condition_of(name) for name in names}
    if not any(one.is_clean for one in found.values()):
        found[baseline] = Condition(found[baseline].model, CLEAN, None)
    return found


def _clean_of(own: Condition, conditions: Mapping[str, Condition], baseline: str) -> str:
    """The clean run of the same model; without one the baseline, or any that is clean."""
    clean = [name for name, other in conditions.items() if other.is_clean]
    same = [name for name in clean if conditions[name].model == own.model]
    return next(iter((*same, *(name for name in clean if name == baseline), *clean)))


def _scores(
    comparison: Comparison, pairs: Sequence[tuple[int, int]], statistics: StatisticsPolicy
) -> tuple[list[Output], list[dict[str, Sides]]]:
    """The outputs that all runs have, the primary first; and of each pair the scores by output."""
    base = comparison.runs[0]
    if not pairs:
        return [], []
    measured = [
        one
        for one in base.result.measured
        if any(name in base.scores for name, _ in one.chosen.outputs())
    ]
    tables = [
        [over_all_seeds(same_metric(run, one)) for one in measured] for run in comparison.runs
    ]
    metrics = [one.chosen.metric for one in measured]
    n, clusters = len(base.result.items), base.result.clusters
    named = [
        (i, name, output)
        for i, one in enumerate(measured)
        for name, output in one.chosen.outputs()
        if name in base.scores
    ]
    found = [
        {name: by_metric[i][output.name] for i, name, output in named}
        for by_metric in sides(metrics, tables, pairs, clusters, statistics, n)
    ]
    outputs = [replace(output, name=name) for _, name, output in named]
    return sorted(outputs, key=lambda one: one.name != comparison.primary), found


def _by_run(study: Study, comparison: Comparison) -> Table:
    """Every run under noise by the primary output."""
    output = study.outputs[0]
    rows = [[one.run, *_noise(one), *_cost(one, output, study, comparison)] for one in study.noisy]
    columns = (
        "run", "noise", "severity", "score", "clean", "change", "low", "high", "p (corrected)",
        "kept", "kept low", "kept high", "reading", "items",
    )  # fmt: skip
    return Table(
        f"What noise costs by {output.name} ({_sense(output)}; brittle: less than "
        f"{study.brittle_below:.0%} of the clean score is kept)",
        columns,
        rows,
    )


def _noise(one: Noisy) -> tuple[Cell, Cell]:
    return one.condition.corruption, one.condition.severity


def _cost(one: Noisy, output: Output, study: Study, comparison: Comparison) -> Iterator[Cell]:
    own = one.scores[output.name]
    pair = comparison.pair(one.run, one.clean, output.name)
    kept = kept_share([own], output, study.confidence)
    moved = change([own], study.confidence)
    if pair is not None:  # the same resamples; what other tables say is said here too
        moved = Bounded(pair.found.difference, pair.found.low, pair.found.high)
    yield from (_number(own.noisy), _number(own.clean), *moved)
    yield pair.p_adjusted if pair is not None else None
    yield from (*kept, reading(kept, study.brittle_below), own.n)


def reading(kept: Bounded, brittle_below: float) -> str:
    """What a kept share means; uncertain where its interval holds the limit.

    >>> reading(Bounded(0.85, 0.81, 0.89), 0.9), reading(Bounded(0.92, 0.88, 0.96), 0.9)
    ('brittle', 'kept, uncertain')
    """
    if kept.value is None:
        return "unknown: no clean score above 0 to compare with"
    is_brittle = kept.value < brittle_below - _TOLERANCE
    low, high = kept.low, kept.high
    if low is None or high is None:
        return "brittle" if is_brittle else "kept"
    if is_brittle:
        return "brittle" if high < brittle_below else "brittle, uncertain"
    return "kept" if low >= brittle_below - _TOLERANCE else "kept, uncertain"


def _by_kind(study: Study) -> dict[str, Table]:
    """Kinds of noise over their severities, and all of them together; of several runs at least."""
    output = study.outputs[0]
    rows: list[list[Cell]] = []
    for model, kinds in _grouped(study).items():
        for kind, own in kinds.items():
            rows.append([model or None, kind, _levels(own), *_together(own, output, study)])
        if len(kinds) > 1:
            every = [one for own in kinds.values() for one in own]
            rows.append([model or None, ALL_KINDS, None, *_together(every, output, study)])
    columns: tuple[str, ...] = (
        "model", "noise", "severities", "runs", "mean score", "clean", "mean change", "low", "high",
        "kept", "kept low", "kept high", "reading", "worst run", "worst kept",
    )  # fmt: skip
    title = f"What kinds of noise cost by {output.name}, on average over their severities"
    if len(rows) < 2:
        return {}
    if all(row[0] is None for row in rows):
        columns, rows = columns[1:], [row[1:] for row in rows]
    return {"robustness_kinds": Table(title, columns, rows)}


def _grouped(study: Study) -> dict[str, dict[str, list[Noisy]]]:
    """Model → kind of noise → its runs."""
    found: dict[str, dict[str, list[Noisy]]] = {}
    for one in study.noisy:
        kinds = found.setdefault(one.condition.model, {})
        kinds.setdefault(one.condition.corruption, []).append(one)
    return found


def _levels(own: Sequence[Noisy]) -> str | None:
    levels = [str(one.condition.severity) for one in own if one.condition.severity is not None]
    return ", ".join(levels) or None


def _together(own: Sequence[Noisy], output: Output, study: Study) -> Iterator[Cell]:
    found = [one.scores[output.name] for one in own]
    kept = kept_share(found, output, study.confidence)
    single = [(kept_share([side], output, study.confidence).value, one.run)
              for side, one in zip(found, own, strict=True)]  # fmt: skip
    known = [(value, run) for value, run in single if value is not None]
    worst = min(known, default=(None, None))
    yield len(own)
    yield _mean([_number(one.noisy) for one in found])
    yield _mean([_number(one.clean) for one in found])
    yield from change(found, study.confidence)
    yield from (*kept, reading(kept, study.brittle_below), worst[1], worst[0])


def _by_output(study: Study) -> dict[str, Table]:
    """The kept share of every output, where there are several."""
    if len(study.outputs) < 2:
        return {}
    rows = [
        [
            one.run,
            *(kept_share([one.scores[own.name]], own, study.confidence).value
              for own in study.outputs),
        ]
        for one in study.noisy
    ]  # fmt: skip
    columns = ("run", *(output.name for output in study.outputs))
    title = "Share of the clean score that is kept, by output (of lower-is-better: clean / noisy)"
    return {"robustness_outputs": Table(title, columns, rows)}


def _sense(output: Output) -> str:
    return "higher is better" if output.higher_is_better else "lower is better"


def _number(column: Array) -> float | None:
    value = float(column[0])
    return value if value == value else None


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if len(known) == len(values) else None
