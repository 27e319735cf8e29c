"""Compares captions with the SPICE program: what is kept is not computed, what fails is told."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from vlmeval_cli.core.config import ModelPolicy
from vlmeval_cli.core.errors import ModelError
from vlmeval_cli.core.progress import Progress
from vlmeval_cli.models.cache_folder import cache_folder
from vlmeval_cli.models.columns import Provenance
from vlmeval_cli.scenes.official.captions import MOST_TOKENS, TOO_LONG, Captions, longest_of
from vlmeval_cli.scenes.official.java_home import Java, find_java
from vlmeval_cli.scenes.official.machine import heap_mib, memory_bytes, processors, threads_for
from vlmeval_cli.scenes.official.program import Program, find_program, has_lmdb
from vlmeval_cli.scenes.official.store import SceneStore, scenes_file
from vlmeval_cli.scenes.official.worker import Patience, StoppedError, Worker
from vlmeval_cli.scenes.tuples import Found

_FIRST = 20  # items that are given first, to see how fast they go
_CHUNK_S = 15.0  # what is computed between two signs of progress, and lost when it is stopped
_MOST = 2_000  # items at once
_USUAL = 60  # words of a sentence; items with longer ones need more memory for each thread
_MOST_RESTARTS = 40
_TELL_FROM_S = 60.0
_WARM = 3  # times; before, the start of Java and its warming up count for much
_TRIAL = Captions("a dog", ("a dog",))
_PATIENT = Patience()


class Compared(NamedTuple):
    """What was found of each item, or why nothing was; and what compared them."""

    found: list[Found | str]
    provenance: Provenance


def compare_captions(
    items: Sequence[Captions],
    policy: ModelPolicy,
    progress: Progress,
    patience: Patience = _PATIENT,
) -> Compared:
    """The scenes of items, by the program or as they were found before.

    Args:
        items: each different one once.
        policy: whether results are kept, and how many threads work.
        progress: told of the parsing.
        patience: how long the program may be silent.

    Raises:
        MissingExtraError: the program is not installed.
        ModelError: its parts or Java are missing, or it does not run at all.
    """
    program = find_program()
    space = f"{program.digest()}/{program.parts.digest}"
    store = SceneStore(scenes_file(), space, progress.tell) if policy.cache else None
    kept = {} if store is None else store.take(items)
    results: dict[Captions, Found | str] = {one: found for one, (found, _) in kept.items()}
    javas = {java for _, java in kept.values()}
    fresh = [one for one in items if one not in results]
    long = [one for one in fresh if longest_of(one) > MOST_TOKENS]
    results.update(dict.fromkeys(long, TOO_LONG))
    wanted = [one for one in fresh if one not in results]
    if wanted:
        java = find_java()
        javas.add(java.line)
        setting = _Setting(program, java, policy, patience, progress)
        for done in _Run(setting, store).results(wanted):
            results.update(done)
    provenance = Provenance(
        {"spice_jar": program.digest(), "corenlp": program.parts.digest},
        {"java": "; ".join(sorted(javas))} if javas else {},
    )
    return Compared([results[one] for one in items], provenance)


@dataclass(frozen=True, slots=True)
class _Setting:
    """What one run of the program is made of."""

    program: Program
    java: Java
    policy: ModelPolicy
    patience: Patience
    progress: Progress
    heap: int = field(default_factory=lambda: heap_mib(memory_bytes()))

    def worker(self, cache: Path | None) -> Worker:
        return Worker(self.program.command(self.java, self.heap), cache, self.patience)

    def threads(self, items: Sequence[Captions]) -> int:
        wanted = self.policy.workers or processors()
        return threads_for(max(map(longest_of, items)), wanted, self.heap)

    def parses_folder(self) -> Path | None:
        """Where the program keeps parsed captions; None where it cannot, or shall not."""
        if not self.policy.cache or not has_lmdb():
            return None
        name = f"spice-parses-{self.program.digest()}-{self.program.parts.digest}"
        folder = cache_folder() / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            self.progress.tell(f"{folder} cannot be used ({error}); parsed captions are not kept")
            return None
        return folder


class _Run:
    """The program over items: some at a time, halved where it fails, until one is to blame."""

    def __init__(self, setting: _Setting, store: SceneStore | None) -> None:
        self._setting, self._store = setting, store
        self._cache = setting.parses_folder()
        self._worker: Worker | None = None
        self._restarts = 0
        self._has_answered = self._is_rebuilt = False

    def results(self, items: Sequence[Captions]) -> Iterator[dict[Captions, Found | str]]:
        """Results as they come.

        Raises:
            ModelError: the program fails whatever it is given.
        """
        self._tell_unkept()
        pace = Pace(len(items), self._setting.progress)
        usual = [one for one in items if longest_of(one) <= _USUAL]
        long = [one for one in items if longest_of(one) > _USUAL]
        try:
            for part in (usual, long):
                start = 0
                while start < len(part):
                    some = part[start : start + pace.size]
                    started = perf_counter()
                    yield self._of(some)
                    pace.went(len(some), perf_counter() - started)
                    start += len(some)
        finally:
            self._stop()

    def _of(self, items: Sequence[Captions]) -> dict[Captions, Found | str]:
        """Results of some items; those that the program fails on have a reason."""
        left, results = [list(items)], dict[Captions, Found | str]()
        while left:
            some = left.pop()
            try:
                found = dict(zip(some, self._ask(some), strict=True))
            except StoppedError as stopped:
                self._stop()
                if stopped.is_of_cache:
                    self._mend_cache(stopped)
                    left.append(some)
                    continue
                self._blame(stopped)
                if len(some) == 1 or self._restarts >= _MOST_RESTARTS:
                    results.update(dict.fromkeys(some, stopped.reason))
                else:
                    half = len(some) // 2
                    left += [some[half:], some[:half]]
                continue
            results.update(found)
            if self._store is not None:
                self._store.put(found, self._setting.java.line)
        return results

    def _ask(self, items: Sequence[Captions]) -> list[Found]:
        if self._worker is None:
            worker = self._setting.worker(self._cache)
            self._worker = worker.__enter__()
        found = self._worker.score(items, self._setting.threads(items))
        self._has_answered = True
        return found

    def _stop(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.__exit__(None, None, None)

    def _blame(self, stopped: StoppedError) -> None:
        """See that it was a caption that the program failed on, and not the program itself."""
        self._restarts += 1
        if self._has_answered:
            return
        try:
            self._ask([_TRIAL])
        except StoppedError as again:
            self._stop()
            if again.is_of_cache:
                self._mend_cache(again)
                return
            raise ModelError(
                f"the SPICE program does not run with {self._setting.java.line}: {stopped.told}",
                hint="See: vlmeval doctor",
            ) from again

    def _mend_cache(self, stopped: StoppedError) -> None:
        """Make the cache of parses anew; where that was of no use, go on without."""
        folder, tell = self._cache, self._setting.progress.tell
        assert folder is not None
        if self._is_rebuilt or not _is_emptied(folder):
            self._cache = None
            tell(f"{folder} cannot be used ({stopped.told}); parsed captions are not kept")
            return
        self._is_rebuilt = True
        tell(f"{folder} was damaged; it is made anew")

    def _tell_unkept(self) -> None:
        if self._setting.policy.cache and not has_lmdb():
            self._setting.progress.tell(
                "SPICE: parsed captions cannot be kept on this machine (the program's library is "
                "for x86-64); the results of whole items are"
            )


def _is_emptied(folder: Path) -> bool:
    """Make the folder anew; processes that have its files open keep theirs and lose them later."""
    try:
        shutil.rmtree(folder)
        folder.mkdir(parents=True)
    except OSError:
        return False
    return True


class Pace:
    """How many items are given at a time, and what is told of the rest."""

    def __init__(self, total: int, progress: Progress) -> None:
        self.size = _FIRST
        self._left, self._progress = total, progress
        self._times = 0
        progress.start("parsing captions for SPICE", total)

    def went(self, n: int, seconds: float) -> None:
        """So many items took so many seconds."""
        self._left -= n
        self._progress.advance(n)
        self.size = max(_FIRST // 2, min(_MOST, round(n * _CHUNK_S / max(seconds, 1e-3))))
        self._times += 1
        remaining = self._left * seconds / n
        if self._times == _WARM and remaining > _TELL_FROM_S:
            self._progress.tell(
                f"SPICE: parsing {self._left:,} items more takes about {remaining / 60:.0f} min"
            )
            self._progress.start("parsing captions for SPICE", self._left)
