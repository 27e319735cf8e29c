"""Which picture belongs to which item: by a path in the files, or by id in a folder.

Pictures are only named here; :mod:`vlmeval_cli.models.images` looks at them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from vlmeval_cli.core.batch import Batch, ValueColumn, singles
from vlmeval_cli.core.config import RunConfig
from vlmeval_cli.core.errors import DataError, UsageError, quoted
from vlmeval_cli.core.metric import Notice
from vlmeval_cli.core.wording import number_of
from vlmeval_cli.engine.serial import Measured
from vlmeval_cli.joining.repairs import Fix, best_fix
from vlmeval_cli.models.image_files import is_address
from vlmeval_cli.registry import choose
from vlmeval_cli.runs.gathering import Gathered

COLUMN = "image.path"
_SUFFIXES = frozenset(
    [
        ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".gif", ".webp", ".bmp", ".dib", ".tif",
        ".tiff", ".ppm", ".pgm", ".pbm", ".pnm", ".avif", ".jp2", ".heic", ".heif", ".ico", ".tga",
    ]
)  # fmt: skip
_SHOWN = 3
_PATHS_IN = ("path", "filename", "file_name", "url")


class FoundImages(NamedTuple):
    """Items with a column of their images, the notes on how they met, and what is to be warned."""

    items: Batch
    gathered: Gathered
    warnings: tuple[Notice, ...] = ()


def with_images(items: Batch, gathered: Gathered, config: RunConfig) -> FoundImages:
    """The items with the column ``image.path``, where images are to be looked at.

    That is where a metric that was asked for reads them. Captions whose images are there get them
    too, for the metrics that are scored by default.

    Raises:
        UsageError: the folder is not there, or nothing says where images are.
        DataError: no item has one.
    """
    if not reads_images(config) and not _are_offered(items, gathered, config):
        return FoundImages(items, gathered)
    met = find_images(items, gathered, config)
    column = ValueColumn(met.sources, singles(len(items)))
    found = replace(items, columns={**items.columns, COLUMN: column})
    noted = replace(gathered, notes=(*gathered.notes, *met.notes()))
    return FoundImages(found, noted, met.warnings())


def unreadable(found: Iterable[Measured]) -> tuple[Notice, ...]:
    """A warning that names images which cannot be read."""
    reasons = [*dict.fromkeys(chain.from_iterable(part.unreadable for part in found))]
    if not reasons:
        return ()
    more = f"; and {len(reasons) - _SHOWN:,} more" if len(reasons) > _SHOWN else ""
    told = f"{number_of(len(reasons), 'image')} cannot be read: {'; '.join(reasons[:_SHOWN])}"
    return (Notice("unreadable_images", f"{told}{more}"),)


def reads_images(config: RunConfig) -> bool:
    """Whether a metric that was asked for looks at images."""
    needs = chain.from_iterable(one.metric.needs() for one in choose(config.metrics))
    return any(need.startswith("image.") for need in needs)


def _are_offered(items: Batch, gathered: Gathered, config: RunConfig) -> bool:
    """Whether captions whose metrics nobody named come with images: a folder, or real paths."""
    if config.metrics or gathered.task != "captioning":
        return False
    if config.models.images is not None:
        return True
    column = items.fields.get(gathered.roles.image or "", ())
    first = next((name for value in column if (name := _name(value))), None)
    return first is not None and not is_address(first) and _beside(first, gathered) is not None


def find_images(items: Batch, gathered: Gathered, config: RunConfig) -> Met:
    """How items and images meet; by the field that names most images.

    Raises:
        UsageError: the folder is not there, or nothing says where images are.
        DataError: no item has one.
    """
    named = _named(items, gathered, config)
    folder = None if config.models.images is None else _Folder.of(config.models.images)
    met = [_meet(name, values, folder, gathered, config) for name, values in named.items()]
    best = max(met, key=Met.number)  # the first of equals
    if not best.number():
        _refuse_none(best)
    return best


def _named(items: Batch, gathered: Gathered, config: RunConfig) -> dict[str, Sequence[object]]:
    """Field → what it says of the pictures; ids name them where there is a folder."""
    name = gathered.roles.image
    column = None if name is None else items.fields.get(name)
    named: dict[str, Sequence[object]] = {}
    if name is not None and column is not None and any(value is not None for value in column):
        named[name] = column
    if config.models.images is not None:
        named.setdefault("id", items.ids)
    if not named:
        raise UsageError(
            "a metric looks at images, and neither a field of the items nor --images says where "
            "they are",
            hint="Name the folder with --images DIR; the id of an item is its file's name.",
        )
    return named


def _meet(
    field: str,
    values: Sequence[object],
    folder: _Folder | None,
    gathered: Gathered,
    config: RunConfig,
) -> Met:
    """The pictures that the values of ``field`` name."""
    names = [_name(value) for value in values]
    places = {name: _place(name, folder, gathered) for name in dict.fromkeys(names) if name}
    fix = _repair(folder, places)
    is_repaired = fix is not None and config.join.fix_ids
    if is_repaired and fix is not None and folder is not None:
        fixed = folder.fixed(fix)
        places = {name: place or fixed.get(fix(name)) for name, place in places.items()}
    sources = [None if name is None else places[name] for name in names]
    return Met(field, folder, names, sources, fix, is_repaired=is_repaired)


def _name(value: object) -> str | None:
    """The path or name that a recorded value means; of several the first."""
    if isinstance(value, list):
        return _name(value[0]) if value else None
    if isinstance(value, Mapping):
        return next((_name(value[key]) for key in _PATHS_IN if value.get(key)), None)
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else None
    return str(value) or None


@dataclass(frozen=True, slots=True)
class _Folder:
    """The pictures under a folder.

    Attributes:
        path: the folder.
        files: every picture in it.
        by_name: file name, with and without its extension → the file; None where several have it.
    """

    path: Path
    files: Sequence[Path]
    by_name: Mapping[str, Path | None]

    @classmethod
    def of(cls, path: str) -> _Folder:
        """Look through the folder and those in it."""
        if not Path(path).is_dir():
            raise UsageError(
                f"{path}: there is no such folder", hint="--images takes a folder of images."
            )
        files = [
            Path(place, name)
            for place, _, names in sorted(os.walk(path))
            for name in sorted(names)
            if Path(name).suffix.lower() in _SUFFIXES
        ]
        return cls(Path(path), files, _unlike(_both_names(files)))

    def fixed(self, fix: Fix) -> Mapping[str, str]:
        """Repaired file name → the file."""
        return {fix(file.name): str(file) for file in self.files}


def _both_names(files: Iterable[Path]) -> Iterable[tuple[str, Path]]:
    for file in files:
        yield file.name, file
        yield file.stem, file


def _unlike(pairs: Iterable[tuple[str, Path]]) -> dict[str, Path | None]:
    """Name → the one file of that name; None where there are several."""
    found: dict[str, Path | None] = {}
    for name, file in pairs:
        found[name] = file if found.get(name, file) == file else None
    return found


def _place(name: str, folder: _Folder | None, gathered: Gathered) -> str | None:
    """Where the picture called ``name`` lies; None where it is not found."""
    if is_address(name):
        return name
    if folder is not None:
        named = folder.path / name
        if _is_file(named):
            return str(named)
        known = folder.by_name.get(name)
        return None if known is None else str(known)
    return _beside(name, gathered)


def _beside(name: str, gathered: Gathered) -> str | None:
    """The file of that path, seen from where the files of the run lie."""
    sides = (gathered.predictions, gathered.references)
    places = dict.fromkeys(Path(side.path).parent / name for side in sides)
    return next((str(place) for place in places if _is_file(place)), None)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a text that can be no path
        return False


def _repair(folder: _Folder | None, places: Mapping[str, str | None]) -> Fix | None:
    """What would let more names meet the files of the folder."""
    if folder is None or None not in places.values():
        return None
    taken = {Path(place).name for place in places.values() if place is not None}
    free = [file.name for file in folder.files if file.name not in taken]
    lost = [name for name, place in places.items() if place is None]
    return best_fix(free, lost)


@dataclass(frozen=True, slots=True)
class Met:
    """How the names in one field and the pictures met.

    Attributes:
        field: where the names stand.
        folder: the folder of pictures, if one was named.
        names: of each item.
        sources: the file (or address) of each item's picture.
        fix: the repair that would match more.
        is_repaired: it was done.
    """

    field: str
    folder: _Folder | None
    names: Sequence[str | None]
    sources: Sequence[str | None]
    fix: Fix | None
    is_repaired: bool

    def number(self) -> int:
        """Items that have a picture."""
        return sum(source is not None for source in self.sources)

    def lost(self) -> list[str]:
        """Different names without a picture."""
        pairs = zip(self.names, self.sources, strict=True)
        return [*dict.fromkeys(str(name) for name, source in pairs if source is None)]

    def extra(self) -> list[str]:
        """Pictures of the folder that no item names."""
        if self.folder is None:
            return []
        taken = {*self.sources}
        return [file.name for file in self.folder.files if str(file) not in taken]

    def hint(self) -> str:
        """The repair that would match more, in words."""
        if self.fix is None or self.is_repaired:
            return ""
        repair = self.fix.repair
        theirs, mine = repair.examples[0]
        done = repair.description
        return (
            f"{done[0].upper()}{done[1:]}: {number_of(repair.matched_more, 'more image')} "
            f"({quoted(mine)} is {quoted(theirs)}); --fix-ids does it"
        )

    def notes(self) -> tuple[str, ...]:
        """How many met, and which pictures are left over."""
        where = "beside the files" if self.folder is None else f"in {self.folder.path}"
        met = f"{self.number():,} of {number_of(len(self.sources), 'item')}"
        notes = [f'{met} found their image ("{self.field}") {where}']
        extra = self.extra()
        if extra:
            shown = _listed(extra)
            notes.append(f"{number_of(len(extra), 'image')} of the folder no item names: {shown}")
        if self.fix is not None and self.is_repaired:
            notes.append(f"names of images repaired: {self.fix.repair.description}")
        return tuple(notes)

    def warnings(self) -> tuple[Notice, ...]:
        """Items whose picture is not there."""
        n_missing = len(self.sources) - self.number()
        if not n_missing:
            return ()
        parts = [
            f"{number_of(n_missing, 'item has', 'items have')} no image: {_listed(self.lost())}",
            self.hint(),
        ]
        return (Notice("missing_images", ". ".join(filter(None, parts))),)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return ", ".join(map(quoted, names[:_SHOWN])) + more


def _refuse_none(found: Met) -> None:
    where = "beside the files" if found.folder is None else f"in {found.folder.path}"
    holds = "" if found.folder is None else f"; it holds {_held(found.folder)}"
    hint = found.hint() or "Name the folder with --images DIR; names or ids must be those of files."
    raise DataError(
        f"no item has its image {where}: items name {_listed(found.lost())} "
        f'("{found.field}"){holds}',
        hint=hint,
    )


def _held(folder: _Folder) -> str:
    names = [file.name for file in folder.files]
    return f"{number_of(len(names), 'image')} ({_listed(names)})" if names else "no image"
