"""The baseline that ``vlmeval gate --update-baseline`` replaces."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.reports.atomic import check_writable, from_chunks, write_file
from vlmeval_cli.reports.folder import check_folder, write_folder
from vlmeval_cli.reports.gate_bundle import GateBundle
from vlmeval_cli.reports.gate_summary import changed_scores


@dataclass(frozen=True, slots=True)
class BaselineFile:
    """Where the baseline is kept.

    Attributes:
        path: a folder; or a report alone, named ``….json``, which allows fewer rules.
        exists: whether there is one.
    """

    path: Path
    exists: bool

    @classmethod
    def of(cls, path: str | None, *, wanted: bool) -> BaselineFile | None:
        """The baseline that is to be replaced, checked before the work; None if none is.

        Raises:
            UsageError: none is named, or something else is there.
            OutputError: there is no permission.
        """
        if not wanted:
            return None
        if path is None:
            raise UsageError(
                "--update-baseline: no baseline is named",
                hint="Name it with --baseline, or as baseline: in the configuration.",
            )
        place = Path(path)
        if _is_report(place):
            check_writable(place)
            return cls(place, place.exists())
        check_folder(place)
        return cls(place, place.is_dir() and any(place.iterdir()))

    def update(self, bundle: GateBundle, *, force: bool) -> str:
        """Save the run as the baseline, unless the gate failed; what was done, in words.

        Raises:
            OutputError: it cannot be written; the older one is still there.
        """
        if bundle.result.verdict == "failed" and not force:
            return f"baseline {self.path} was not updated: the gate failed (--force saves it)"
        if _is_report(self.path):
            write_file(self.path, from_chunks(bundle.run.content("json")))
        else:
            write_folder(self.path, bundle.run)
        what = changed_scores(bundle.result) if self.exists else "the first one"
        return f"baseline {self.path} was updated: {what}"


def _is_report(path: Path) -> bool:
    return path.suffix == ".json" and not path.is_dir()
