"""All forms of a gate's result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from vlmeval_cli.core.gate import GateResult
from vlmeval_cli.reports.atomic import from_chunks
from vlmeval_cli.reports.blocks import Block
from vlmeval_cli.reports.bundle import Files, RunBundle
from vlmeval_cli.reports.figures import View
from vlmeval_cli.reports.gate_json import gate_json
from vlmeval_cli.reports.gate_markdown import gate_markdown
from vlmeval_cli.reports.gate_summary import gate_blocks
from vlmeval_cli.reports.json_report import Provenance
from vlmeval_cli.reports.junit import junit_xml

_PLAIN = View()


@dataclass(frozen=True, slots=True)
class GateBundle:
    """A gate, as :class:`~vlmeval_cli.reports.bundle.Bundle` has it.

    Its folder is that of the scored run, so that it can be the next baseline, with ``gate.md`` and
    ``junit.xml`` beside; its ``report.json`` holds the verdicts around the report of the run.
    """

    result: GateResult
    provenance: Provenance

    @property
    def run(self) -> RunBundle:
        """The forms of the scored run."""
        return RunBundle(self.result.run, self.provenance)

    def content(self, kind: str) -> Iterable[bytes]:
        """The file of ``kind``: json, csv, markdown, junit."""
        makers: Mapping[str, Callable[[], Iterable[bytes]]] = {
            "json": lambda: [gate_json(self.result, self.provenance)],
            "csv": lambda: self.run.content("csv"),
            "markdown": lambda: [gate_markdown(self.result, _PLAIN)],
            "junit": lambda: [junit_xml(self.result, self.provenance)],
        }
        return makers[kind]()

    def files(self) -> Files:
        """Files of a report folder beside ``report.json``."""
        return {
            **self.run.files(),
            "gate": ("gate.md", from_chunks(self.content("markdown"))),
            "junit": ("junit.xml", from_chunks(self.content("junit"))),
        }

    def report(self, files: Mapping[str, Mapping[str, str]]) -> bytes:
        """``report.json``, which names the other files."""
        return gate_json(self.result, replace(self.provenance, files=files))

    def blocks(self, view: View) -> list[Block]:
        """What a terminal shows."""
        return gate_blocks(self.result, view)
