"""The pictures under a folder, found by what items call them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.joining.repairs import Fix

_SUFFIXES = frozenset(
    [
        ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".gif", ".webp", ".bmp", ".dib", ".tif",
        ".tiff", ".ppm", ".pgm", ".pbm", ".pnm", ".avif", ".jp2", ".heic", ".heif", ".ico", ".tga",
    ]
)  # fmt: skip

Names = Mapping[str, Sequence[Path]]


@dataclass(frozen=True, slots=True)
class ImageFolder:
    """The pictures under a folder.

    Attributes:
        path: the folder.
        files: every picture in it.
        by_name: what files are called → those so called. Exact names come first, then those without
            their extension, then both without regard to case.
    """

    path: Path
    files: Sequence[Path]
    by_name: Sequence[Names]

    @classmethod
    def of(cls, path: str) -> ImageFolder:
        """Look through the folder and those in it.

        Raises:
            UsageError: it is not there.
        """
        if not Path(path).is_dir():
            raise UsageError(
                f"{path}: there is no such folder", hint="--images takes a folder of images."
            )
        root = Path(path)
        files = [
            Path(place, name)
            for place, _, names in sorted(os.walk(path))
            for name in sorted(names)
            if Path(name).suffix.lower() in _SUFFIXES
        ]
        whole, bare = _called(files, root, str), _called(files, root, _without_extension)
        return cls(root, files, (whole, bare, _without_case(whole), _without_case(bare)))

    def called(self, name: str) -> Sequence[Path]:
        """The files that ``name`` may mean: one where it is found, several where it is unclear."""
        named = self.path / name
        if is_file(named):
            return (named,)
        whole, bare, *without_case = self.by_name
        plain = name.removeprefix("./")
        asked = [(whole, plain), (bare, plain), *((one, plain.casefold()) for one in without_case)]
        return next((found for names, key in asked if (found := names.get(key))), ())

    def within(self, file: Path) -> str:
        """The path of a file as seen from the folder."""
        return file.relative_to(self.path).as_posix()

    def fixed(self, fix: Fix) -> Mapping[str, str]:
        """Repaired file name → the file."""
        return {fix(file.name): str(file) for file in self.files}


def is_file(path: Path) -> bool:
    """Whether it is a file; a text that can be no path is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _called(
    files: Iterable[Path], root: Path, change: Callable[[Path], str]
) -> dict[str, list[Path]]:
    """What a file is called, alone and with the folders that lead to it → the files."""
    found: dict[str, list[Path]] = {}
    for file in files:
        inner = change(file.relative_to(root)).replace(os.sep, "/")
        for name in dict.fromkeys((inner.rpartition("/")[2], inner)):
            found.setdefault(name, []).append(file)
    return found


def _without_extension(file: Path) -> str:
    return str(file.with_suffix(""))


def _without_case(names: Names) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for name, files in names.items():
        found.setdefault(name.casefold(), []).extend(files)
    return {name: [*dict.fromkeys(files)] for name, files in found.items()}
