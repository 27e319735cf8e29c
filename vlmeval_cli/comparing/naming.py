"""Names of runs: from ``NAME=FILE``, file names, patterns and folders."""

from __future__ import annotations

import glob
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from vlmeval_cli.core.errors import UsageError, quoted
from vlmeval_cli.runs.saved import REPORT, is_saved

_MAGIC = re.compile(r"[*?\[]")
_DIGITS = re.compile(r"(\d+)")
_DATA = frozenset(
    {".jsonl", ".json", ".csv", ".tsv", ".xlsx", ".parquet", ".arrow", ".txt", ".yaml", ".yml"}
)
_PACKED = frozenset({".gz", ".bz2", ".xz", ".zst"})
_WRITTEN_BY_US = frozenset({"samples.jsonl", "scores.csv", "tables.csv", "pairs.csv"})


@dataclass(frozen=True, slots=True)
class NamedRun:
    """A run and where it is.

    Attributes:
        name: in every report.
        paths: files of predictions, or saved reports; several are training runs with other seeds.
    """

    name: str
    paths: tuple[str, ...]

    def __post_init__(self) -> None:
        for path, number in Counter(self.paths).items():
            if number > 1:
                raise UsageError(
                    f"run {quoted(self.name)} has {quoted(path)} twice",
                    hint="Each seed is a training run of its own.",
                )


def named_runs(arguments: Sequence[str], references: str | None = None) -> tuple[NamedRun, ...]:
    """The runs that the command line names.

    ``NAME=FILE`` is a run, ``NAME=FILE,FILE`` one of several seeds, and so is ``NAME=PATTERN``. A
    file alone is named after itself; a pattern, or a folder that is no saved report, holds a run in
    each file or saved report, in natural order (2 before 10), but for the ``references``.

    Raises:
        UsageError: two runs have one name, or a pattern or folder holds nothing.
    """
    found: list[NamedRun] = []
    for argument in arguments:
        name, path = _split(argument)
        paths = [one for part in _parts(path) for one in _expanded(part, references)]
        if name is not None:
            if any(run.name == name for run in found):
                raise _called_twice(name)
            found.append(NamedRun(name, tuple(paths)))
        else:
            names = _names_under(path, paths)
            found += [NamedRun(one, (own,)) for one, own in zip(names, paths, strict=True)]
    return _with_own_names(found)


def _split(argument: str) -> tuple[str | None, str]:
    """The name before ``=``, if there is one; a file whose own name has the sign has none."""
    name, sign, path = argument.partition("=")
    if not sign or Path(argument).exists():
        return None, argument
    if "/" in name and not all(Path(part).exists() for part in path.split(",")):
        return None, argument  # a pattern or a file that is not there, with the sign in its path
    if not name.strip() or not path:
        raise UsageError(
            f"run {quoted(argument)}: expected NAME=FILE",
            hint="Such as lora=lora.jsonl, or lora=seed1.jsonl,seed2.jsonl for two seeds.",
        )
    return name.strip(), path


def _parts(path: str) -> list[str]:
    """Paths between commas; a file whose own name has a comma is one path."""
    if Path(path).exists():
        return [path]
    return [part for part in path.split(",") if part]


def _called_twice(name: str) -> UsageError:
    return UsageError(f"two runs are called {quoted(name)}", hint="Name them: NAME=FILE.")


def _expanded(path: str, references: str | None) -> list[str]:
    """The files of a pattern, the runs of a folder, or the path itself."""
    if Path(path).is_dir() and is_saved(path):
        return [path]
    if Path(path).is_dir():
        found = _runs_in(Path(path))
    elif not _MAGIC.search(path) or Path(path).exists():
        return [path]
    else:
        found = sorted(glob.glob(path, recursive=True), key=natural)  # noqa: PTH207  (patterns may be absolute)
        if not found:
            raise UsageError(
                f"run {quoted(path)}: no file fits the pattern",
                hint=f"It is looked for from {Path.cwd()}.",
            )
    own = None if references is None else Path(references).resolve()
    return [one for one in found if Path(one).resolve() != own] or found


def _runs_in(folder: Path) -> list[str]:
    """Saved reports and files of data under ``folder``."""
    saved = sorted((one.parent for one in folder.rglob(REPORT) if is_saved(one)), key=_key)
    files = [
        path
        for path in folder.rglob("*")
        if path.is_file()
        and _suffix(path) in _DATA
        and not any(path.is_relative_to(own) for own in saved)
        and path.name not in _WRITTEN_BY_US
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    found = sorted([*saved, *files], key=_key)
    if not found:
        raise UsageError(
            f"folder {quoted(str(folder))} holds no run",
            hint="Expected files of predictions, or folders written by score --output.",
        )
    return [*map(str, found)]


def natural(text: str) -> list[tuple[int, str]]:
    """A key that sorts numbers in names by their size.

    >>> sorted(["step-1000", "step-200"], key=natural)
    ['step-200', 'step-1000']
    """
    return [(int(part), "") if part.isdigit() else (-1, part) for part in _DIGITS.split(text)]


def _key(path: Path) -> list[tuple[int, str]]:
    return natural(str(path))


def _suffix(path: PurePath) -> str:
    inner = path.with_suffix("") if path.suffix.lower() in _PACKED else path
    return inner.suffix.lower()


def _names_under(given: str, paths: Sequence[str]) -> list[str]:
    """Names of files: their path under the folder that was given, or their own."""
    folder = Path(given)
    inside = folder.is_dir() and [*paths] != [given]
    tails = [PurePath(path).relative_to(folder) if inside else PurePath(path) for path in paths]
    bare = [_without_suffix(tail) for tail in tails]
    if not inside:
        return _shortest(bare)
    if (
        len(bare) > 1
        and len({one.name for one in bare}) == 1
        and all(one.parts[1:] for one in bare)
    ):
        bare = [one.parent for one in bare]  # checkpoint-1/preds.jsonl, checkpoint-2/preds.jsonl
    return [one.as_posix() for one in bare]


def _without_suffix(path: PurePath) -> PurePath:
    name = path
    while name.suffix.lower() in _DATA | _PACKED:
        name = name.with_suffix("")
    return name.parent if name.name == "report" and path.suffix == ".json" else name


def _shortest(paths: Sequence[PurePath]) -> list[str]:
    """The last parts of paths, as many as tell them apart."""
    for depth in range(1, max((len(path.parts) for path in paths), default=1) + 1):
        names = ["/".join(path.parts[-depth:]) for path in paths]
        if len(set(names)) == len(names):
            return names
    return [path.as_posix() for path in paths]


def _with_own_names(found: Iterable[NamedRun]) -> tuple[NamedRun, ...]:
    """The runs, those named after files by as much of their paths as tells them apart."""
    runs = [*found]
    counts = Counter(run.name for run in runs)
    twice = [name for name, number in counts.items() if number > 1]
    if twice:
        same = [run for run in runs if run.name in twice]
        longer = _shortest([_without_suffix(PurePath(run.paths[0])) for run in same])
        if len(set(longer)) < len(same) or set(longer) & (set(counts) - set(twice)):
            raise _called_twice(twice[0])
        names = iter(longer)
        runs = [NamedRun(next(names), run.paths) if run.name in twice else run for run in runs]
    return tuple(runs)
