"""Networks fetched from the Hugging Face hub: only the files that are needed, said beforehand."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from vlmeval_cli.core.errors import ModelError, quoted
from vlmeval_cli.core.optional import require
from vlmeval_cli.models.loading import EXTRA

# The first of these that a repository has are its weights: safetensors before pickles.
_WEIGHTS = (
    re.compile(r"model\.safetensors"),
    re.compile(r"model\.safetensors\.index\.json|model-\d+-of-\d+\.safetensors"),
    re.compile(r"pytorch_model\.bin"),
    re.compile(r"pytorch_model\.bin\.index\.json|pytorch_model-\d+-of-\d+\.bin"),
)
_BESIDE = re.compile(
    r"config\.json|tokenizer\.json|tokenizer_config\.json|special_tokens_map\.json"
    r"|added_tokens\.json|vocab\.(txt|json)|merges\.txt|bpe\.codes|[\w.-]+\.model"
    r"|preprocessor_config\.json|processor_config\.json"
    r"|modules\.json|sentence_bert_config\.json|1_Pooling/config\.json"
)
_UNITS = ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))


class Unreachable(ModelError):
    """The hub cannot be reached, or what it gives cannot be kept; told with what to do instead."""


class Wanted(NamedTuple):
    """What is to be fetched.

    Attributes:
        name: of the model.
        revision: the commit.
        files: their names.
        size: bytes of all files together.
    """

    name: str
    revision: str
    files: tuple[str, ...]
    size: int

    def line(self) -> str:
        """One line that says what is fetched, and how large it is."""
        return (
            f"fetching {self.name} from {_endpoint()}: {len(self.files)} files, "
            f"{readable_size(self.size)}"
        )


def ask_hub(name: str, user: str) -> Wanted:
    """What the hub has of ``name``.

    Raises:
        MissingExtraError: the package huggingface_hub is not installed.
        Unreachable: the hub cannot be reached.
        ModelError: it has no such model, or none with known weights.
    """
    info = _called(lambda hub: hub.HfApi().model_info(name, files_metadata=True), name, user)
    sizes = {one.rfilename: int(one.size or 0) for one in info.siblings or ()}
    files = needed_files(sizes)
    if not files:
        raise ModelError(
            f"{user}: {quoted(name)} on {_endpoint()} has no weights that can be read",
            hint="Expected are config.json and model.safetensors or pytorch_model.bin.",
        )
    return Wanted(name, info.sha or "main", files, sum(sizes[file] for file in files))


def fetch(wanted: Wanted, user: str, *, with_bars: bool = False) -> Path:
    """The folder of the hub's cache that holds ``wanted``, fetched.

    Raises:
        Unreachable: the hub cannot be reached, or the disk is full.
    """

    def load(hub: Any) -> str:  # noqa: ANN401  (the module)
        if not with_bars:
            import_module("huggingface_hub.utils").disable_progress_bars()
        return str(hub.snapshot_download(wanted.name, allow_patterns=[*wanted.files]))

    return Path(_called(load, wanted.name, user))


def needed_files(sizes: Mapping[str, int]) -> tuple[str, ...]:
    """The files of a repository that are needed; none where there are no weights.

    >>> needed_files({"config.json": 1, "model.safetensors": 9, "pytorch_model.bin": 9})
    ('config.json', 'model.safetensors')
    """
    if "config.json" not in sizes:
        return ()
    for pattern in _WEIGHTS:
        weights = [name for name in sizes if pattern.fullmatch(name)]
        if any(not name.endswith(".json") for name in weights):
            beside = [name for name in sizes if _BESIDE.fullmatch(name)]
            return tuple(sorted({*weights, *beside}))
    return ()


def readable_size(size: int) -> str:
    """Bytes as people read them.

    >>> readable_size(1_430_000_000), readable_size(12)
    ('1.3 GiB', '12 bytes')
    """
    for unit, name in _UNITS:
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{size} bytes"


def _called(action: Callable[[Any], Any], name: str, user: str) -> Any:  # noqa: ANN401  (any answer)
    """What the hub answers, without telemetry."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    hub = require("huggingface_hub", extra=EXTRA, user=user)
    errors = import_module("huggingface_hub.errors")
    try:
        return action(hub)
    except errors.GatedRepoError as error:
        raise ModelError(
            f"{user}: {quoted(name)} is given only to those who accepted its terms",
            hint="Accept them on its page, then run: hf auth login",
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise ModelError(
            f"{user}: {_endpoint()} has no model {quoted(name)}",
            hint="Is it spelled as on its page (owner/name)? A local folder can be named too.",
        ) from error
    except Exception as error:  # network, disk, a broken answer: the library has many
        first = (str(error).strip() or type(error).__name__).partition("\n")[0]
        raise Unreachable(f"it cannot be fetched from {_endpoint()}: {first}") from error


def _endpoint() -> str:
    return os.environ.get("HF_ENDPOINT") or "https://huggingface.co"
