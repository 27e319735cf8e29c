"""Compiles METEOR's tables into arrays: what :mod:`vlmeval_cli.resources.meteor_index` keeps.

The tables are those that pycocoevalcap installs: function words, synonyms, irregular forms and
nonbreaking prefixes inside its program file, and 5.27 million paraphrases beside it.
"""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from vlmeval_cli.core.batch import Ints, Keys, offsets_of
from vlmeval_cli.core.progress import Progress
from vlmeval_cli.text.phrase_keys import phrase_keys, span_keys

_CHUNK = 1 << 22
_NEWLINE = 10
_NUMERIC_ONLY = "#NUMERIC_ONLY#"

Arrays = dict[str, npt.NDArray[np.generic]]


class Sources(NamedTuple):
    """The two files that carry the tables."""

    program: Path
    paraphrases: Path


class Compiled(NamedTuple):
    """Arrays by name, and the small lists of words."""

    arrays: Arrays
    words: dict[str, list[str]]


def compile_tables(sources: Sources, progress: Progress) -> Compiled:
    """Read the tables; takes some fifteen seconds, nearly all of it for the paraphrases."""
    with zipfile.ZipFile(sources.program) as program:

        def lines(name: str) -> list[str]:
            return program.read(name).decode("utf-8").splitlines()

        arrays = _synonyms(lines("synonym/english.synsets"))
        arrays |= _exceptions(lines("synonym/english.exceptions"))
        prefixes = [line.strip() for line in lines("nonbreaking/english.prefixes")]
        function = [line.strip() for line in lines("function/english.words")]
    arrays |= _paraphrases(sources.paraphrases, progress)
    listed = [line for line in prefixes if line and not line.startswith("#")]
    words = {
        "function": [word for word in function if word],
        "prefixes": [line for line in listed if _NUMERIC_ONLY not in line],
        "numeric_prefixes": [line.split()[0] for line in listed if _NUMERIC_ONLY in line],
    }
    return Compiled(arrays, words)


def _synonyms(lines: list[str]) -> Arrays:
    """Sorted keys of words, and the numbers of the synsets of each."""
    keys = phrase_keys(lines[0::2])
    order = np.argsort(keys)
    synsets = [np.array(line.split(), dtype=np.uint32) for line in lines[1::2]]
    ordered = [synsets[place] for place in order.tolist()]
    offsets = offsets_of([*map(len, ordered)]).astype(np.uint32)
    return {
        "synonym_keys": keys[order],
        "synonym_offsets": offsets,
        "synonym_sets": np.concatenate(ordered),
    }


def _exceptions(lines: list[str]) -> Arrays:
    """Sorted keys of irregular forms, and the keys of the bases of each."""
    bases_of: dict[str, list[str]] = {}
    for base, forms in zip(lines[0::2], lines[1::2], strict=True):
        for irregular in forms.split():
            bases_of.setdefault(irregular, []).append(base)
    keys = phrase_keys([*bases_of])
    order = np.argsort(keys)
    listed = [*bases_of]
    ordered = [bases_of[listed[place]] for place in order.tolist()]
    return {
        "exception_keys": keys[order],
        "exception_offsets": offsets_of([*map(len, ordered)]).astype(np.uint32),
        "exception_bases": phrase_keys([base for bases in ordered for base in bases]),
    }


def _paraphrases(path: Path, progress: Progress) -> Arrays:
    """Sorted keys of phrases; for each, which phrases are listed as its paraphrases."""
    progress.start("compiling METEOR's paraphrases", path.stat().st_size)
    parts = [*_pairs(path, progress)]
    progress.done()
    phrases = np.concatenate([part[0] for part in parts])
    others = np.concatenate([part[1] for part in parts])
    parts.clear()
    keys = np.unique(np.concatenate([np.unique(phrases), np.unique(others)]))
    source = np.searchsorted(keys, phrases).astype(np.uint32)
    target = np.searchsorted(keys, others).astype(np.uint32)
    counts = np.bincount(source, minlength=len(keys))
    return {
        "phrase_keys": keys,
        "phrase_offsets": offsets_of(counts).astype(np.uint32),
        "phrase_targets": target[np.argsort(source, kind="stable")],
    }


def _pairs(path: Path, progress: Progress) -> Iterator[tuple[Keys, Keys]]:
    """Keys of phrases and of their paraphrases, from triples of lines, chunk by chunk."""
    with path.open("rb") as packed, gzip.open(packed) as stream:
        rest, told = b"", 0
        while chunk := stream.read(_CHUNK):
            text = np.frombuffer(rest + chunk, dtype=np.uint8)
            ends = np.flatnonzero(text == _NEWLINE)
            ends = ends[: len(ends) // 3 * 3]
            used = int(ends[-1]) + 1 if len(ends) else 0
            rest = text[used:].tobytes()
            yield _keys_of_triples(text[:used], ends)
            progress.advance(packed.tell() - told)
            told = packed.tell()
        if rest.strip():
            yield _pairs_of_last(rest)


def _pairs_of_last(rest: bytes) -> tuple[Keys, Keys]:
    """The last triple, where no line break ends it."""
    text = np.frombuffer(rest.rstrip(b"\n") + b"\n", dtype=np.uint8)
    return _keys_of_triples(text, np.flatnonzero(text == _NEWLINE))


def _keys_of_triples(text: npt.NDArray[np.uint8], ends: Ints) -> tuple[Keys, Keys]:
    """Keys of the second and the third line of every three."""
    starts = ends + 1
    keys = (
        span_keys(text, starts[line::3][: len(ends) // 3], ends[line + 1 :: 3]) for line in (0, 1)
    )
    first, second = keys
    return first, second
