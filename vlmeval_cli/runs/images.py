"""Which picture belongs to which item: by a path in the files, or by id in a folder.

Pictures are only named here; :mod:`vlmeval_cli.models.images` looks at them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from vlmeval_cli.core.batch import Batch, ValueColumn, singles
from vlmeval_cli.core.config import RunConfig
from vlmeval_cli.core.errors import DataError, UsageError, quoted
from vlmeval_cli.core.metric import Notice, Table
from vlmeval_cli.core.wording import number_of
from vlmeval_cli.joining.repairs import Fix, best_fix
from vlmeval_cli.models.image_files import MISSING, is_address, is_inline
from vlmeval_cli.registry import choose
from vlmeval_cli.runs.gathering import Gathered
from vlmeval_cli.runs.image_folder import ImageFolder, is_file

COLUMN = "image.path"
FILE_NAME = "file_name"  # of COCO's images, beside the id that the annotations name
_SHOWN = 3
_ALL = "samples.jsonl of --output, and the JSON report, have the reason of each"
_INLINE = 'a picture written into the row ("data:") is not read; save it as a file'
_PATHS_IN = ("path", "filename", "file_name", "url")


class FoundImages(NamedTuple):
    """Items with a column of their images, and how they met.

    Attributes:
        items: with the column.
        gathered: with the notes on how they met.
        warnings: what is to be warned.
        reasons: item → why it has no image.
    """

    items: Batch
    gathered: Gathered
    warnings: tuple[Notice, ...] = ()
    reasons: Mapping[int, str] = MappingProxyType({})


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
    return FoundImages(found, noted, met.warnings(), met.reasons())


def unreadable(lost: Mapping[int, str]) -> tuple[Notice, ...]:
    """A warning that names images which cannot be read, the first of them.

    Args:
        lost: item → why its image cannot be read.
    """
    reasons = [*dict.fromkeys(lost.values())]
    if not reasons:
        return ()
    more = f"; and {len(reasons) - _SHOWN:,} more: {_ALL}" if len(reasons) > _SHOWN else ""
    told = f"{number_of(len(reasons), 'image')} cannot be read: {'; '.join(reasons[:_SHOWN])}"
    return (Notice("unreadable_images", f"{told}{more}"),)


def unscored_images(ids: Sequence[str], why: Mapping[int, str]) -> dict[str, Table]:
    """Every item whose image was not looked at, with its own reason."""
    if not why:
        return {}
    rows = [(ids[i], why[i]) for i in sorted(why)]
    title = "Items whose image was not looked at"
    return {"images": Table(title, ("id", "reason"), rows, shown=_SHOWN)}


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
    folder = None if config.models.images is None else ImageFolder.of(config.models.images)
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
    files = items.fields.get(FILE_NAME, ())
    if any(value is not None for value in files):
        named.setdefault(FILE_NAME, files)
    if config.models.images is not None:
        named.setdefault("id", items.ids)
    if not named:
        raise UsageError(
            "a metric looks at images, and neither a field of the items nor --images says where "
            "they are",
            hint="Name the folder with --images DIR; the id of an item is the name of its file. "
            'Pictures written into the rows (bytes, "data:") are not read: save them as files.',
        )
    return named


def _meet(
    field: str,
    values: Sequence[object],
    folder: ImageFolder | None,
    gathered: Gathered,
    config: RunConfig,
) -> Met:
    """The pictures that the values of ``field`` name."""
    names = [_name(value) for value in values]
    meant = {name: _meant(name, folder, gathered) for name in dict.fromkeys(names) if name}
    places = {name: found[0] if len(found) == 1 else None for name, found in meant.items()}
    unclear = {name: found for name, found in meant.items() if len(found) > 1}
    fix = _repair(folder, places)
    is_repaired = fix is not None and config.join.fix_ids
    if is_repaired and fix is not None and folder is not None:
        fixed = folder.fixed(fix)
        places = {name: place or fixed.get(fix(name)) for name, place in places.items()}
    sources = [None if name is None else places[name] for name in names]
    may_fetch = config.models.fetch_images and not config.models.offline
    return Met(field, folder, names, sources, fix, is_repaired, unclear, may_fetch)


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


def _meant(name: str, folder: ImageFolder | None, gathered: Gathered) -> Sequence[str]:
    """Where the picture called ``name`` lies: one place, none, or several that it may mean."""
    if is_address(name):
        return (name,)
    if is_inline(name):
        return ()
    if folder is not None:
        return [*map(str, folder.called(name))]
    place = _beside(name, gathered)
    return () if place is None else (place,)


def _beside(name: str, gathered: Gathered) -> str | None:
    """The file of that path, seen from where the files of the run lie."""
    sides = (gathered.predictions, gathered.references)
    places = dict.fromkeys(Path(side.path).parent / name for side in sides)
    return next((str(place) for place in places if is_file(place)), None)


def _repair(folder: ImageFolder | None, places: Mapping[str, str | None]) -> Fix | None:
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
        unclear: name → the pictures that it may mean, where they are several.
        may_fetch: what lies at addresses on the web may be had.
    """

    field: str
    folder: ImageFolder | None
    names: Sequence[str | None]
    sources: Sequence[str | None]
    fix: Fix | None
    is_repaired: bool
    unclear: Mapping[str, Sequence[str]]
    may_fetch: bool

    def number(self) -> int:
        """Items that have a picture."""
        return sum(source is not None for source in self.sources)

    def n_left(self) -> int:
        """Items whose picture lies on the web and is not fetched."""
        if self.may_fetch:
            return 0
        return sum(source is not None and is_address(source) for source in self.sources)

    def lost(self) -> list[str]:
        """Different names of which there is no picture."""
        pairs = zip(self.names, self.sources, strict=True)
        names = dict.fromkeys(name for name, source in pairs if name and source is None)
        return [name for name in names if name not in self.unclear]

    def reasons(self) -> dict[int, str]:
        """Item → why it has no picture."""
        return {
            i: self._reason(name)
            for i, (name, source) in enumerate(zip(self.names, self.sources, strict=True))
            if source is None
        }

    def _reason(self, name: str | None) -> str:
        if name is None:
            return f'{MISSING}: "{self.field}" names none'
        if name in self.unclear:
            return f"{MISSING}: {self._unclear(name)}"
        return f"{MISSING}: {_INLINE if is_inline(name) else quoted(name)}"

    def _unclear(self, name: str) -> str:
        """A name with what it may mean."""
        folder, files = self.folder, self.unclear[name]
        inner = [file if folder is None else folder.within(Path(file)) for file in files]
        return f"{quoted(name)} may be {_listed(inner, ' or ')}"

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
        left = self.n_left()
        met = f"{self.number() - left:,} of {number_of(len(self.sources), 'item')}"
        notes = [f'{met} found their image ("{self.field}") {where}']
        if left:
            have = number_of(left, "item names an address", "items name addresses")
            notes.append(f"{have} on the web; only --fetch-images (not --offline) fetches them")
        extra = self.extra()
        if extra:
            shown = _listed(extra)
            notes.append(f"{number_of(len(extra), 'image')} of the folder no item names: {shown}")
        if self.fix is not None and self.is_repaired:
            notes.append(f"names of images repaired: {self.fix.repair.description}")
        return tuple(notes)

    def warnings(self) -> tuple[Notice, ...]:
        """Items whose picture is not there, or of whose picture there are several."""
        pairs = [*zip(self.names, self.sources, strict=True)]
        nameless = sum(name is None for name, _ in pairs)
        n_unclear = sum(name in self.unclear for name, source in pairs if source is None)
        missing = len(pairs) - self.number() - n_unclear
        told = []
        if n_unclear:
            names = [*self.unclear]
            shown = "; ".join(map(self._unclear, names[:_SHOWN]))
            more = f"; and {len(names) - _SHOWN:,} more names" if len(names) > _SHOWN else ""
            have = number_of(n_unclear, "item has", "items have")
            message = f"{have} an ambiguous image: {shown}{more}. Write the path of each"
            told.append(Notice("ambiguous_images", message))
        if missing:
            have = number_of(missing, "item has", "items have")
            lost = [*([_listed(self.lost())] if self.lost() else [])]
            lost += [f'{nameless:,} where "{self.field}" names none'] if nameless else []
            inline = _INLINE if any(map(is_inline, self.lost())) else ""
            parts = [f"{have} no image: {', and '.join(lost)}", inline, self.hint()]
            told.append(Notice("missing_images", ". ".join(filter(None, parts))))
        return tuple(told)


def _listed(names: Sequence[str], between: str = ", ") -> str:
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return between.join(map(quoted, names[:_SHOWN])) + more


def _refuse_none(found: Met) -> None:
    where = "beside the files" if found.folder is None else f"in {found.folder.path}"
    holds = "" if found.folder is None else f"; it holds {_held(found.folder)}"
    hint = found.hint() or "Name the folder with --images DIR; names or ids must be those of files."
    told = [one.message for one in found.warnings() if one.code == "ambiguous_images"]
    told += [f"items name {_listed(found.lost())}"] if found.lost() else []
    told = told or ["items name none"]
    raise DataError(
        f'no item has its image {where}: {"; ".join(told)} ("{found.field}"){holds}',
        hint=hint,
    )


def _held(folder: ImageFolder) -> str:
    names = [file.name for file in folder.files]
    return f"{number_of(len(names), 'image')} ({_listed(names)})" if names else "no image"
