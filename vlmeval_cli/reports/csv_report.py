"""``scores.csv``, ``tables.csv`` and ``pairs.csv``: scores, cells of tables, differences."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from io import StringIO

from vlmeval_cli.core.comparison import Comparison, Pair
from vlmeval_cli.core.metric import Table
from vlmeval_cli.core.results import RunResult, Score
from vlmeval_cli.reports.json_bytes import known

COLUMNS = (
    "output", "metric", "primary", "group", "value", "ci_low", "ci_high", "n", "skipped",
    "higher_is_better", "unit", "reason",
)  # fmt: skip
TABLE_COLUMNS = ("table", "row", "column", "value")
PAIR_COLUMNS = (
    "run", "against", "metric", "value", "against_value", "difference", "ci_low", "ci_high",
    "relative", "p_value", "p_adjusted", "test", "effect", "effect_name", "n", "dropped", "wins",
    "losses", "ties", "verdict", "smallest_difference", "items_needed", "reason",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_report(result: RunResult) -> bytes:
    """Scores in their own scale and full precision, UTF-8, Unix line ends.

    ``group`` is empty for all items and ``field=value; …`` for a group; an unknown score is an
    empty cell. Values are numbers and names are ours; only groups hold text of the user, and one
    that a spreadsheet would run as a formula starts with an apostrophe.
    """
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for name, score in result.scores.items():
        writer.writerow(_line(name, score, result.primary, ""))
    for group in result.groups:
        for name, score in group.scores.items():
            writer.writerow(_line(name, score, result.primary, _group_name(group.by)))
    return text.getvalue().encode("utf-8", "backslashreplace")


def run_scores_csv(comparison: Comparison) -> bytes:
    """Scores of every run, as :func:`csv_report` has them, under a first column ``run``."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("run", *COLUMNS))
    for run in comparison.runs:
        for name, score in run.scores.items():
            writer.writerow([_harmless(run.name), *_line(name, score, comparison.primary, "")])
    return text.getvalue().encode("utf-8", "backslashreplace")


def pairs_csv(comparison: Comparison) -> bytes:
    """The differences of a comparison, one a line, in the metrics' own scale."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(PAIR_COLUMNS)
    writer.writerows(map(_pair_line, comparison.pairs))
    return text.getvalue().encode("utf-8", "backslashreplace")


def _pair_line(pair: Pair) -> list[object]:
    found = pair.found
    return [
        _harmless(pair.run),
        _harmless(pair.against),
        pair.output.name,
        *map(known, (found.value, found.against, found.difference, found.low, found.high)),
        *map(known, (pair.relative, found.p_value, pair.p_adjusted)),
        found.test,
        known(found.effect),
        found.effect_name,
        found.n,
        found.dropped,
        found.wins,
        found.losses,
        found.ties,
        pair.verdict,
        known(pair.smallest),
        pair.items_needed,
        found.reason,
    ]


def tables_csv(tables: Mapping[str, Table]) -> bytes:
    """The cells of all tables, one a line: table, number of the row from 1, column, value.

    One form for tables of any shape: ``pivot(index="row", columns="column", values="value")`` of
    the lines of one table gives it back. Text that a spreadsheet would run as a formula starts with
    an apostrophe; unknown is an empty cell.
    """
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(TABLE_COLUMNS)
    for name, table in tables.items():
        for number, row in enumerate(table.rows, 1):
            for column, value in zip(table.columns, row, strict=True):
                writer.writerow([_cell(name), number, _cell(column), _cell(value)])
    return text.getvalue().encode("utf-8", "backslashreplace")


def _cell(value: object) -> object:
    if isinstance(value, float):
        return known(value)
    return _harmless(value) if isinstance(value, str) else value


def _line(name: str, score: Score, primary: str | None, group: str) -> list[object]:
    return [
        name,
        score.metric,
        _flag(name == primary),
        group,
        known(score.value),
        known(score.ci_low),
        known(score.ci_high),
        score.n,
        sum(score.skipped.values()),
        _flag(score.output.higher_is_better),
        score.output.unit,
        score.reason,
    ]


def _group_name(by: Mapping[str, str]) -> str:
    return _harmless("; ".join(f"{field}={value}" for field, value in by.items()))


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _flag(value: bool) -> str:
    return "true" if value else "false"
