"""All forms of one result: what the commands print and write, whatever they found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from vlmeval_cli.core.comparison import Comparison
from vlmeval_cli.core.results import RunResult
from vlmeval_cli.reports.atomic import Write, from_chunks
from vlmeval_cli.reports.blocks import Block
from vlmeval_cli.reports.comparison_json import comparison_json
from vlmeval_cli.reports.comparison_summary import comparison_advice, summarise_comparison
from vlmeval_cli.reports.csv_report import csv_report, pairs_csv, run_scores_csv, tables_csv
from vlmeval_cli.reports.figures import View
from vlmeval_cli.reports.json_report import Provenance, json_report
from vlmeval_cli.reports.markdown import markdown_page, markdown_report
from vlmeval_cli.reports.samples import sample_lines
from vlmeval_cli.reports.statistics_file import write_statistics
from vlmeval_cli.reports.summary import summarise

_PLAIN = View()

Files = Mapping[str, tuple[str, Write]]


class Bundle(Protocol):
    """The forms of a result."""

    def content(self, kind: str) -> Iterable[bytes]:
        """The file of ``kind``: json, csv, markdown, and what else the result has."""
        ...

    def files(self) -> Files:
        """Files of a report folder beside ``report.json``: name → (file name, its writer)."""
        ...

    def report(self, files: Mapping[str, Mapping[str, str]]) -> bytes:
        """``report.json``, which names the other files."""
        ...

    def blocks(self, view: View) -> list[Block]:
        """What a terminal shows."""
        ...


@dataclass(frozen=True, slots=True)
class RunBundle:
    """A scored run."""

    result: RunResult
    provenance: Provenance
    view: View = _PLAIN

    def content(self, kind: str) -> Iterable[bytes]:
        """As :class:`Bundle` has it; kinds: json, csv, samples, markdown."""
        makers: Mapping[str, Callable[[], Iterable[bytes]]] = {
            "json": lambda: [json_report(self.result, self.provenance)],
            "csv": lambda: [csv_report(self.result)],
            "samples": lambda: sample_lines(self.result.items),
            "markdown": lambda: [markdown_report(self.result, self.view)],
        }
        return makers[kind]()

    def files(self) -> Files:
        """As :class:`Bundle` has it."""
        found: dict[str, tuple[str, Write]] = {
            "samples": ("samples.jsonl", from_chunks(self.content("samples"))),
            "statistics": ("statistics.npz", lambda file: write_statistics(file, self.result)),
            "scores": ("scores.csv", from_chunks(self.content("csv"))),
            "markdown": ("report.md", from_chunks(self.content("markdown"))),
        }
        if self.result.tables:
            found["tables"] = ("tables.csv", from_chunks([tables_csv(self.result.tables)]))
        return found

    def report(self, files: Mapping[str, Mapping[str, str]]) -> bytes:
        """As :class:`Bundle` has it."""
        return json_report(self.result, replace(self.provenance, files=files))

    def blocks(self, view: View) -> list[Block]:
        """As :class:`Bundle` has it."""
        return summarise(self.result, view)


@dataclass(frozen=True, slots=True)
class ComparisonBundle:
    """Several runs beside each other."""

    comparison: Comparison
    provenance: Provenance

    def content(self, kind: str) -> Iterable[bytes]:
        """As :class:`Bundle` has it; kinds: json, csv (of the differences), markdown."""
        makers: Mapping[str, Callable[[], bytes]] = {
            "json": lambda: comparison_json(self.comparison, self.provenance),
            "csv": lambda: pairs_csv(self.comparison),
            "markdown": self._markdown,
        }
        return [makers[kind]()]

    def files(self) -> Files:
        """As :class:`Bundle` has it."""
        return {
            "pairs": ("pairs.csv", from_chunks(self.content("csv"))),
            "scores": ("scores.csv", from_chunks([run_scores_csv(self.comparison)])),
            "markdown": ("report.md", from_chunks(self.content("markdown"))),
            "tables": ("tables.csv", from_chunks([tables_csv(self.comparison.tables)])),
        }

    def report(self, files: Mapping[str, Mapping[str, str]]) -> bytes:
        """As :class:`Bundle` has it."""
        return comparison_json(self.comparison, replace(self.provenance, files=files))

    def blocks(self, view: View) -> list[Block]:
        """As :class:`Bundle` has it."""
        return summarise_comparison(self.comparison, view)

    def _markdown(self) -> bytes:
        blocks = [*self.blocks(_PLAIN), *comparison_advice(self.comparison)]
        names = ", ".join(run.name for run in self.comparison.runs)
        return markdown_page(f"vlmeval compare: {names}", blocks)
