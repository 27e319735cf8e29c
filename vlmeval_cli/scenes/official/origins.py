"""Where the parts of SPICE come from: Stanford's archive, a repository, or a folder.

Of the 378 MB of models 9 are needed. They are fetched alone where a server gives parts of files;
elsewhere the whole file comes, and what is not needed is thrown away.
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import file_digest, sha256
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from vlmeval_cli.core.errors import ModelError, UsageError, quoted
from vlmeval_cli.core.progress import Progress
from vlmeval_cli.models.downloads import readable_size
from vlmeval_cli.scenes.official.home import WrongPartsError, check_code, parts_in
from vlmeval_cli.scenes.official.pieces import Pieces, n_bytes, spans_of, stored_at
from vlmeval_cli.scenes.official.recipe import Entry, Recipe
from vlmeval_cli.scenes.official.remote import (
    Fetcher,
    NoRangesError,
    Remote,
    without_password,
)
from vlmeval_cli.scenes.official.shipped import stand_in

_EARLIEST = (1980, 1, 1, 0, 0, 0)  # that a zip file can name
_BUFFER = 1 << 18
_UNPACKED = "models.jar"


@dataclass(frozen=True, slots=True)
class Job:
    """One installation.

    Attributes:
        recipe: what is wanted.
        fetcher: gets it.
        fetched: the folder where the fetcher puts what it gets.
        new: the folder to fill.
        progress: told how far it is.
    """

    recipe: Recipe
    fetcher: Fetcher
    fetched: Path
    new: Path
    progress: Progress


Gather = Callable[[Job], str]
_Use = Callable[[BinaryIO, Job], None]


def gathering(origin: str | None, recipe: Recipe) -> Gather:
    """What fills the new folder from ``origin``, and says where the parts are from.

    Raises:
        UsageError: the origin is neither a folder nor a URL.
    """
    if origin is None:
        return lambda job: _from_archive(recipe.archive, job)
    if is_folder(origin):
        return lambda job: _from_folder(Path(origin).expanduser(), job)
    if urlsplit(origin).scheme not in ("http", "https"):
        raise UsageError(
            f"--from {quoted(without_password(origin))}: no such folder, and no URL",
            hint="Name a folder with the two jars, or the URL (http or https) of a repository.",
        )
    if urlsplit(origin).path.endswith(".zip"):
        return lambda job: _from_archive(origin, job)
    return lambda job: _from_repository(origin.rstrip("/"), job)


def is_folder(origin: str | None) -> bool:
    """Whether an origin is a folder of this machine."""
    return origin is not None and Path(origin).expanduser().is_dir()


def _from_folder(folder: Path, job: Job) -> str:
    """Copy from a folder that has both jars, itself or in Maven layout below."""
    recipe = job.recipe
    places = [place for place in (folder, folder / recipe.maven) if (place / recipe.code).is_file()]
    if not places:
        raise ModelError(
            f"--from {quoted(folder)}: it has no {recipe.code}, nor has {recipe.maven} in it",
            hint=f"Expected beside it is {recipe.models} or {recipe.cut}.",
        )
    code, models = parts_in(places[0], recipe)
    shutil.copyfile(code, job.new / recipe.code)  # parts_in has checked it
    with models.open("rb") as stream:
        _cut(stream, job)
    return str(folder)


def _from_repository(base: str, job: Job) -> str:
    """Fetch from a repository in Maven layout."""
    recipe, fetcher = job.recipe, job.fetcher
    code = fetcher.look(f"{base}/{recipe.maven}/{recipe.code}")
    models = fetcher.look(f"{base}/{recipe.maven}/{recipe.models}")
    job.progress.tell(f"fetching {code.shown}: {_readable(code.size)}")
    path = fetcher.whole(code, f"Fetching {recipe.code}")
    check_code(path, recipe, code.shown)
    shutil.copyfile(path, job.new / recipe.code)
    _in_parts_or_whole(models, recipe.models, _cut, job)
    return without_password(base)


def _from_archive(address: str, job: Job) -> str:
    """Fetch from the archive that CoreNLP's own server gives."""
    archive = job.fetcher.look(address)
    _in_parts_or_whole(archive, "the archive", _unpack, job)
    return archive.shown


def _in_parts_or_whole(remote: Remote, name: str, use: _Use, job: Job) -> None:
    """Let ``use`` read a file where it lies, if the server gives parts of it; else fetch it."""
    if remote.has_ranges and remote.size:
        try:
            return use(_reader(Pieces(job.fetcher, remote, 0, remote.size)), job)
        except NoRangesError:
            pass
    job.progress.tell(
        f"fetching {remote.shown}: {_readable(remote.size)}, all of it: "
        "the server gives no parts of files"
    )
    path = job.fetcher.whole(replace(remote, has_ranges=False), f"Fetching {name}")
    if name == job.recipe.models:
        _check_sum(path, job.recipe.models_sha256)
    with path.open("rb") as stream:
        use(stream, job)
    return None


def _unpack(stream: BinaryIO, job: Job) -> None:
    """Take both jars out of an archive."""
    recipe = job.recipe
    with ZipFile(stream) as archive:
        code, models = (
            _info(archive, f"{recipe.archive_folder}/{name}")
            for name in (recipe.code, recipe.models)
        )
        _bring(stream, archive, [code.filename], job)
        with archive.open(code) as source, (job.new / recipe.code).open("wb") as target:
            shutil.copyfileobj(source, target)
        check_code(job.new / recipe.code, recipe, code.filename)
        start = stored_at(stream, models)
        if start is not None and isinstance(raw := getattr(stream, "raw", None), Pieces):
            return _cut(_reader(raw.inner(start, models.file_size)), job)
        _bring(stream, archive, [models.filename], job)
        unpacked = job.fetched / _UNPACKED
        with archive.open(models) as source, unpacked.open("wb") as target:
            shutil.copyfileobj(source, target)
    with unpacked.open("rb") as inner:
        return _cut(inner, job)


def _cut(stream: BinaryIO, job: Job) -> None:
    """Write the jar of the models that are needed, out of that of all models."""
    recipe = job.recipe
    with ZipFile(stream) as jar:
        _check_list(jar, recipe)
        _bring(stream, jar, [entry.name for entry in recipe.entries], job)
        with ZipFile(job.new / recipe.cut, "w") as cut:
            for entry in recipe.entries:
                _put(cut, entry.name, _checked(jar.read(entry.name), entry))
            for name in recipe.stand_ins:
                _put(cut, name, stand_in().read_bytes())


def _check_list(jar: ZipFile, recipe: Recipe) -> None:
    """See by the list of contents that what is needed is there, before it is fetched."""
    for entry in recipe.entries:
        info = _info(jar, entry.name)
        if (info.file_size, info.CRC) != (entry.size, entry.crc):
            raise WrongPartsError(
                f"spice: {entry.name} is another than that of Stanford CoreNLP 3.6.0: got "
                f"{info.file_size:,} bytes with CRC-32 {info.CRC:08x}, expected "
                f"{entry.size:,} with {entry.crc:08x}"
            )


def _info(jar: ZipFile, name: str) -> ZipInfo:
    info = jar.NameToInfo.get(name)
    if info is None:
        raise WrongPartsError(f"spice: {name} is missing in what is at the source")
    return info


def _checked(content: bytes, entry: Entry) -> bytes:
    found = sha256(content).hexdigest()
    if found != entry.sha256:
        raise WrongPartsError(
            f"spice: {entry.name} is another: got sha256 {found}, expected {entry.sha256}"
        )
    return content


def _check_sum(path: Path, expected: str) -> None:
    with path.open("rb") as stream:
        found = file_digest(stream, "sha256").hexdigest()
    if found != expected:
        raise WrongPartsError(
            f"spice: the models that came are others: got sha256 {found}, expected {expected}"
        )


def _put(jar: ZipFile, name: str, content: bytes) -> None:
    """Add an entry; the same content gives the same bytes."""
    packing = ZIP_STORED if name.endswith(".gz") else ZIP_DEFLATED
    jar.writestr(ZipInfo(name, _EARLIEST), content, packing)


def _bring(stream: BinaryIO, jar: ZipFile, names: list[str], job: Job) -> None:
    """Fetch the bytes of entries before they are read, if they are on a server."""
    raw = getattr(stream, "raw", None)
    if not isinstance(raw, Pieces):
        return
    spans = spans_of(jar, names)
    what = names[0].rpartition("/")[2] if len(names) == 1 else f"{len(names)} files"
    size = n_bytes(spans)
    job.progress.tell(
        f"fetching {what} out of the {len(jar.infolist())} in {raw.shown}: {readable_size(size)}"
    )
    job.progress.start(f"Fetching {what}", size)
    for span in spans:
        raw.fetch(*span)
    job.progress.done()


def _reader(pieces: Pieces) -> BinaryIO:
    return io.BufferedReader(pieces, _BUFFER)


def _readable(size: int | None) -> str:
    return "of unknown size" if size is None else readable_size(size)
