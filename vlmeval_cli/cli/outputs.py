"""Where the result goes: checked before the work begins, written after it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING

from vlmeval_cli.core.errors import UsageError, quoted
from vlmeval_cli.reports.atomic import check_writable, from_chunks, is_stream, write_file
from vlmeval_cli.reports.figures import View

if TYPE_CHECKING:
    from vlmeval_cli.cli.score_options import FileOptions
    from vlmeval_cli.reports.bundle import Bundle

_STDOUT = "-"
_KINDS = ("json", "csv", "samples", "markdown", "junit")
_CELL_ON_TERMINAL = 400  # characters; --samples and pipes have everything


@dataclass(frozen=True, slots=True)
class Outputs:
    """Targets of a run.

    Attributes:
        files: kind (``json``, ``csv``, ``samples``, ``markdown``, ``junit``) → file; ``-`` is
            stdout.
        folder: the report folder, if any.
        percent: as :class:`View` has it.
        worst: as :class:`View` has it.
    """

    files: Mapping[str, str]
    folder: str | None
    percent: bool
    worst: int

    @classmethod
    def of(cls, options: FileOptions, configured: Mapping[str, object]) -> Outputs:
        """The command line's targets; those of the configuration file where it names none."""

        def chosen(name: str, stated: str | None) -> str | None:
            value = configured.get(name) if stated is None else stated
            return None if value is None else str(value)

        kinds = [kind for kind in _KINDS if hasattr(options, kind)]
        targets = {kind: chosen(kind, getattr(options, kind)) for kind in kinds}
        if options.json is None and targets["json"] == _STDOUT:  # errors would come as prose
            raise UsageError(
                'output.json: got "-", expected a file', hint="To print the report: --json -"
            )
        percent = configured.get("percent") if options.percent is None else options.percent
        stated_worst = getattr(options, "worst", None)
        worst = configured.get("worst") if stated_worst is None else stated_worst
        return cls(
            files={name: path for name, path in targets.items() if path is not None},
            folder=chosen("dir", options.output),
            percent=bool(percent),
            worst=int(str(worst or 0)),
        )

    @property
    def json_on_stdout(self) -> bool:
        """Whether stdout carries one JSON document and nothing else."""
        return self.files.get("json") == _STDOUT

    def check(self, inputs: Sequence[str | None]) -> None:
        """Refuse targets that cannot be written, or that would destroy something.

        Raises:
            UsageError: two targets are one, a target is an input, or a folder is not ours.
            OutputError: there is no permission.
        """
        taken = {Path(path).resolve(): "an input" for path in inputs if path not in (None, _STDOUT)}
        if self.folder is not None:
            _refuse_inputs_in(Path(self.folder), taken)
            from vlmeval_cli.reports.folder import check_folder

            check_folder(Path(self.folder))
        for kind, path in self._real_files():
            target = path.resolve()
            _refuse_taken(kind, path, taken.get(target))
            if not is_stream(path):  # which may be named twice
                taken[target] = f"the file of {kind}"
            if self.folder is not None and target.is_relative_to(Path(self.folder).resolve()):
                raise UsageError(
                    f"{kind} {quoted(str(path))} lies in the output folder",
                    hint="That folder holds all reports already; it is replaced as a whole.",
                )
            check_writable(path)

    def write_files(self, bundle: Bundle) -> None:
        """Write the files and the folder; stdout is left to the caller.

        Raises:
            OutputError: one cannot be written; it was not touched.
        """
        for kind, path in self._real_files():
            write_file(path, from_chunks(bundle.content(kind)))
        if self.folder is not None:
            from vlmeval_cli.reports.folder import write_folder

            write_folder(Path(self.folder), bundle)

    @property
    def view(self) -> View:
        """How stdout shows the result."""
        if not sys.stdout.isatty():
            return View(self.percent, self.worst)
        width = get_terminal_size().columns
        return View(self.percent, self.worst, _CELL_ON_TERMINAL, width)

    def _real_files(self) -> list[tuple[str, Path]]:
        for kind, path in self.files.items():
            if path == _STDOUT and kind != "json":
                raise UsageError(
                    f'{kind}: got "-", expected a file; stdout carries the table',
                    hint="Only --json - prints to stdout.",
                )
        return [(kind, Path(path)) for kind, path in self.files.items() if path != _STDOUT]


def _refuse_taken(kind: str, path: Path, owner: str | None) -> None:
    if owner is not None:
        raise UsageError(
            f"{kind} {quoted(str(path))} would overwrite {owner}", hint="Name another file."
        )


def _refuse_inputs_in(folder: Path, inputs: Iterable[Path]) -> None:
    inside = [path for path in inputs if path.is_relative_to(folder.resolve())]
    if inside:
        raise UsageError(
            f"output folder {quoted(str(folder))} holds an input: {quoted(inside[0].name)}",
            hint="The folder is replaced as a whole. Name another one.",
        )
