"""How much of this machine the SPICE program may take."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_MIB = 2**20
_LEAST_HEAP, _MOST_HEAP = 2_048, 8_192  # MiB
_SHARE_OF_MEMORY = 4  # a quarter
_CROWDED = 0.75  # of the memory, where a quarter is less than the program needs
_MODELS = 600  # MiB that the program takes before it reads a caption
_PER_SQUARE = 24_000  # bytes of a parser's tables for each pair of words of a sentence
_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


def memory_bytes(limits: tuple[Path, ...] = _LIMITS) -> int | None:
    """The memory of the machine, or what a container may take of it; None where that is unknown.

    Args:
        limits: files that hold the limit of a container, where it has one.
    """
    found = [limit for path in limits if (limit := _limit_in(path)) is not None]
    with suppress(AttributeError, OSError, ValueError):  # not on every platform
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    return min(found, default=None)


def _limit_in(path: Path) -> int | None:
    try:
        return int(path.read_text("ascii"))
    except (OSError, ValueError):  # no such limit, or "max"
        return None


def heap_mib(memory: int | None) -> int:
    """The memory for the program: a quarter of the machine's, from 2 to 8 GiB.

    >>> [heap_mib(gib * 2**30) for gib in (2, 4, 16, 64)]
    [1536, 2048, 4096, 8192]
    """
    if memory is None:
        return _LEAST_HEAP
    wanted = min(max(memory // _SHARE_OF_MEMORY // _MIB, _LEAST_HEAP), _MOST_HEAP)
    return int(min(wanted, memory * _CROWDED / _MIB))


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def threads_for(longest: int, wanted: int, heap: int) -> int:
    """How many sentences of ``longest`` words can be parsed at once.

    >>> [threads_for(length, 16, 2048) for length in (20, 60, 150)]
    [16, 16, 2]

    Args:
        longest: words of the longest sentence.
        wanted: threads that the user, or the machine, allows.
        heap: memory of the program, in MiB.
    """
    each = max(longest**2 * _PER_SQUARE / _MIB, 1.0)
    return max(1, min(wanted, int((heap - _MODELS) / each)))
