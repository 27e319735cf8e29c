"""The parts of SPICE put into their folder, all of them or none.

What is fetched lies in a folder that stays when a download is cut, and goes when it is done; the
parts are written into another, which takes its name at the end.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vlmeval_cli.core.errors import ModelError, OutputError, quoted
from vlmeval_cli.core.progress import Progress
from vlmeval_cli.models.downloads import readable_size
from vlmeval_cli.scenes.official.home import (
    BROKEN,
    WrongPartsError,
    find_parts,
    installed_folder,
    is_named,
    parts_in,
)
from vlmeval_cli.scenes.official.origins import Gather, Job, gathering, is_folder
from vlmeval_cli.scenes.official.recipe import Recipe, official_recipe
from vlmeval_cli.scenes.official.remote import ELSEWHERE, Fetcher, Patience

_ABOUT = "ORIGIN.txt"


def obtain(
    origin: str | None,
    progress: Progress,
    *,
    offline: bool = False,
    recipe: Recipe | None = None,
    patience: Patience | None = None,
) -> Path:
    """The folder of the parts, which are put there unless they are there already.

    Args:
        origin: a folder, the URL of a repository in Maven layout, or that of an archive (".zip");
            None for Stanford's own.
        progress: told how far it is.
        offline: fetch nothing; copying from a folder is no fetching.
        recipe: what is wanted; None for what SPICE was published with.
        patience: how much is put up with from the network.

    Raises:
        ModelError: a part cannot be had, or is another than it should be.
        OutputError: the folder cannot be written.
        UsageError: the origin is neither a folder nor a URL.
    """
    recipe = recipe or official_recipe()
    gather = gathering(origin, recipe)
    try:
        found = find_parts(recipe)
    except ModelError as error:
        if is_named():
            raise
        if offline and not is_folder(origin):
            raise ModelError(error.message, hint="--offline forbids fetching them.") from error
        return _install(gather, progress, recipe, patience or Patience())
    progress.tell(f"the parts of spice are on disk already ({found.source})")
    return found.jars[0].parent


def _install(gather: Gather, progress: Progress, recipe: Recipe, patience: Patience) -> Path:
    """Fill the folder in the cache, unless another process does."""
    final = installed_folder(recipe)
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        with _alone(final.with_name(f"{final.name}.lock"), progress):
            if not _is_installed(final, recipe):
                _fill(final, gather, progress, recipe, patience)
    except OSError as error:
        raise OutputError(
            f"{quoted(final)}: the parts of SPICE cannot be written: {error.strerror or error}",
            hint="Make room, or name another folder in VLMEVAL_CACHE; what came is kept.",
        ) from error
    return final


def _is_installed(folder: Path, recipe: Recipe) -> bool:
    """Whether the parts are in ``folder`` and are the right ones."""
    try:
        parts_in(folder, recipe)
    except ModelError:
        return False
    return True


def _fill(
    final: Path, gather: Gather, progress: Progress, recipe: Recipe, patience: Patience
) -> None:
    """Fill a new folder and give it its name."""
    fetched = final.with_name(f"{final.name}.fetching")
    new = final.with_name(f"{final.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    fetched.mkdir(exist_ok=True)
    job = Job(recipe, Fetcher(fetched, progress, patience), fetched, new, progress)
    try:
        progress.tell(recipe.license)
        source = _gathered(gather, job)
        (new / _ABOUT).write_text(f"from {source}\n{recipe.license}\n", encoding="utf-8")
        shutil.rmtree(final, ignore_errors=True)
        new.rename(final)
        shutil.rmtree(fetched, ignore_errors=True)
        progress.tell(f"fetched {readable_size(job.fetcher.fetched)}; the parts are in {final}")
    finally:
        progress.done()
        shutil.rmtree(new, ignore_errors=True)
        if fetched.is_dir() and not any(fetched.iterdir()):
            fetched.rmdir()


def _gathered(gather: Gather, job: Job) -> str:
    """Gather the parts and see that they are the right ones; wrong bytes are not kept."""
    try:
        source = gather(job)
        parts_in(job.new, job.recipe)
    except (WrongPartsError, *BROKEN) as error:
        shutil.rmtree(job.fetched, ignore_errors=True)
        message = error.message if isinstance(error, WrongPartsError) else _damaged(error)
        raise ModelError(
            message, hint=f"Nothing was installed; the same command starts anew. {ELSEWHERE}"
        ) from error
    return source


def _damaged(error: Exception) -> str:
    return f"spice: what came is no jar, or a damaged one: {error}"


@contextmanager
def _alone(path: Path, progress: Progress) -> Iterator[None]:
    """Wait until no other process installs; where files cannot be locked, go on beside them."""
    try:
        import fcntl
    except ImportError:  # pragma: no cover  (Windows)
        yield
        return
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.tell("waiting for another process that fetches the parts of spice")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
