"""Where the parts of SPICE lie on this machine, and what to do where they do not."""

from __future__ import annotations

import os
import zlib
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from vlmeval_cli.core.errors import ModelError, quoted
from vlmeval_cli.models.cache_folder import cache_folder
from vlmeval_cli.scenes.official.recipe import Recipe, official_recipe

VARIABLE = "VLMEVAL_SPICE_HOME"
HOW_TO_GET = f"Run: vlmeval download spice; or name a folder that has them in {VARIABLE}."
LONG = 400  # characters of a URL or path that messages show
# What zipfile says of bytes that are no zip file, or a damaged one.
BROKEN = (BadZipFile, zlib.error, EOFError, NotImplementedError)
_NAMED = f"{VARIABLE} names the folder. Put them there, or unset it and run: vlmeval download spice"


class WrongPartsError(ModelError):
    """Parts that are there, and are others than those that SPICE was published with."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of Stanford CoreNLP that the SPICE program runs with.

    Attributes:
        jars: for the class path.
        digest: of everything in them that decides a score.
        source: who named the folder: the variable, or the cache of vlmeval.
    """

    jars: tuple[Path, ...]
    digest: str
    source: str


def find_parts(recipe: Recipe | None = None) -> Parts:
    """The parts in the folder named by ``VLMEVAL_SPICE_HOME``, or those that were downloaded.

    Raises:
        ModelError: they are not there, or are others than those of CoreNLP 3.6.0.
    """
    recipe = recipe or official_recipe()
    named = os.environ.get(VARIABLE)
    folder = Path(named).expanduser() if named else installed_folder(recipe)
    source = VARIABLE if named else "the cache of vlmeval"
    try:
        return Parts(parts_in(folder, recipe), recipe.digest, source)
    except ModelError as error:
        hint = _NAMED if named else HOW_TO_GET
        raise type(error)(error.message, hint=hint) from error


def is_named() -> bool:
    """Whether the user names the folder of the parts."""
    return bool(os.environ.get(VARIABLE))


def installed_folder(recipe: Recipe | None = None) -> Path:
    """Where ``vlmeval download spice`` puts the parts."""
    return cache_folder() / (recipe or official_recipe()).folder


def parts_in(folder: Path, recipe: Recipe) -> tuple[Path, ...]:
    """The jars in ``folder``: the code, and the models cut or whole.

    Raises:
        ModelError: one is missing, or is another than the recipe says.
    """
    code = folder / recipe.code
    models = [folder / name for name in (recipe.cut, recipe.models) if (folder / name).is_file()]
    if not code.is_file() or not models:
        wanted = f"{recipe.code} and {recipe.cut} (or {recipe.models})"
        raise ModelError(
            f"spice needs parts of Stanford CoreNLP 3.6.0: no {wanted} in {quoted(folder)}",
            hint=HOW_TO_GET,
        )
    try:
        check_code(code, recipe, str(code))
        _check_models(models[0], recipe)
    except BROKEN as error:
        raise WrongPartsError(
            f"spice: a jar in {quoted(folder)} is damaged: {error}", hint=HOW_TO_GET
        ) from error
    except OSError as error:
        raise ModelError(
            f"spice cannot read its parts in {quoted(folder)}: {error.strerror or error}",
            hint=HOW_TO_GET,
        ) from error
    return code, models[0]


def check_code(path: Path, recipe: Recipe, shown: str) -> None:
    """See that the jar at ``path``, for messages ``shown``, holds the program that is wanted.

    Raises:
        WrongPartsError: it holds another.
        OSError: it cannot be read.
    """
    with path.open("rb") as stream:
        whole = file_digest(stream, "sha256").hexdigest()
    if whole != recipe.code_sha256 and _packed(path) != recipe.contents_sha256:
        raise WrongPartsError(
            f"{quoted(shown, LONG)}: not the program of Stanford CoreNLP 3.6.0, got sha256 "
            f"{whole}, expected {recipe.code_sha256}",
            hint=HOW_TO_GET,
        )


def _packed(path: Path) -> str | None:
    """The sum of what is in a jar; None if it is none."""
    try:
        return contents_sha256(path)
    except BROKEN:
        return None


def contents_sha256(path: Path) -> str:
    """A hash of the files in a jar, whatever their order and packing; manifests left out."""
    whole = sha256()
    with ZipFile(path) as jar:
        names = [info.filename for info in jar.infolist() if not info.is_dir()]
        for name in sorted(name for name in names if not name.startswith("META-INF/")):
            whole.update(f"{sha256(jar.read(name)).hexdigest()} {name}\n".encode())
    return whole.hexdigest()


def _check_models(path: Path, recipe: Recipe) -> None:
    """See by its list of contents that a jar of models has what is needed."""
    with ZipFile(path) as jar:
        found = {info.filename: (info.file_size, info.CRC) for info in jar.infolist()}
    for entry in recipe.entries:
        if found.get(entry.name) != (entry.size, entry.crc):
            state = "is another" if entry.name in found else "is missing"
            raise WrongPartsError(
                f"{quoted(path)}: not the models of Stanford CoreNLP 3.6.0, {entry.name} {state}",
                hint=HOW_TO_GET,
            )
    lacking = [name for name in recipe.stand_ins if name not in found]
    if lacking:
        raise WrongPartsError(f"{quoted(path)}: {lacking[0]} is missing", hint=HOW_TO_GET)
