"""In how many documents each n-gram occurs: what CIDEr weights n-grams by.

A document is an image, all its references together. The file format is ours: JSON (gzipped if the
name ends in ``.gz``), safe to load from anywhere, with n-grams as tokens joined by one space::

    {"format": "vlmeval-document-frequencies", "version": 1, "tokenizer": "ptb",
     "documents": 40504, "frequencies": {"a": 40100, "a man": 9312, ...}}
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from vlmeval_cli.core.batch import Ints, Keys, Vocabulary
from vlmeval_cli.core.errors import DataError, UsageError, quoted
from vlmeval_cli.text.ngrams import mixed_keys, scrambled

FORMAT, VERSION = "vlmeval-document-frequencies", 1
_MAX_ORDER = 4


class Frequencies(NamedTuple):
    """N-gram keys and the number of documents of each, shape (m,) both; no key twice."""

    keys: Keys
    counts: Ints


class Fingerprint(NamedTuple):
    """Two sums over all (document, n-gram) pairs, modulo 2**64: equal whatever the order."""

    first: int
    second: int

    def __add__(self, other: object) -> Fingerprint:
        """Fingerprint of both collections together."""
        if not isinstance(other, Fingerprint):
            return NotImplemented
        return Fingerprint((self.first + other.first) % 2**64, (self.second + other.second) % 2**64)


def fingerprint(frequencies: Frequencies) -> Fingerprint:
    """Fingerprint of one table."""
    counts = frequencies.counts.astype(np.uint64)
    first = scrambled(frequencies.keys)
    second = scrambled(~first)
    return Fingerprint(int((first * counts).sum()), int((second * counts).sum()))


@dataclass(frozen=True)
class DocumentFrequencies:
    """Document frequencies of a collection, put together from the tables of its batches.

    Attributes:
        n_documents: documents of the collection.
        parts: one table per batch, in any order.
        content: fingerprint of all tables.
    """

    n_documents: int
    parts: tuple[Frequencies, ...]
    content: Fingerprint

    @classmethod
    def of(cls, n_documents: int, frequencies: Frequencies) -> DocumentFrequencies:
        """The frequencies of one batch."""
        return cls(n_documents, (frequencies,), fingerprint(frequencies))

    def __or__(self, other: DocumentFrequencies) -> DocumentFrequencies:
        """The frequencies of both collections, which share no document."""
        return DocumentFrequencies(
            self.n_documents + other.n_documents,
            self.parts + other.parts,
            self.content + other.content,
        )

    def digest(self) -> str:
        """A hash of the content that does not depend on how it was put together."""
        return f"{self.n_documents}-{self.content.first:016x}{self.content.second:016x}"

    def counts_of(self, keys: Keys) -> Ints:
        """Documents that hold each n-gram, shape (len(keys),); 0 for those never seen."""
        known, counts = self._table
        order = np.argsort(keys)  # neighbours in the query are neighbours in the table
        place = np.searchsorted(known, keys[order])
        found = np.zeros(len(keys), dtype=np.int64)
        hit = np.append(known, np.uint64(0))[place] == keys[order]
        hit &= place < len(known)
        found[order[hit]] = counts[place[hit]]
        return found

    @cached_property
    def _table(self) -> Frequencies:
        """All parts as one table, sorted by key."""
        keys = np.concatenate([part.keys for part in self.parts])
        counts = np.concatenate([part.counts for part in self.parts])
        order = np.argsort(keys)
        keys, counts = keys[order], counts[order]
        start = np.flatnonzero(np.concatenate([keys[:1] == keys[:1], keys[1:] != keys[:-1]]))
        return Frequencies(keys[start], np.add.reduceat(counts, start) if len(start) else counts)


@dataclass(frozen=True)
class SavedFrequencies:
    """Document frequencies of a file, read when they are first needed."""

    path: str

    def __or__(self, other: SavedFrequencies) -> SavedFrequencies:
        """The same file: batches add nothing to it."""
        return self

    def digest(self) -> str:
        """A hash of the file's content."""
        return self.loaded.digest()

    @cached_property
    def loaded(self) -> DocumentFrequencies:
        """The content of the file."""
        return load_document_frequencies(Path(self.path))


def load_document_frequencies(path: Path) -> DocumentFrequencies:
    """Read a file of document frequencies.

    Raises:
        UsageError: the file cannot be opened.
        DataError: it is not a file of document frequencies.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"cannot read the document frequencies {quoted(path)}: {error.strerror}",
            hint="Give cider:df=references, or the path of a saved file.",
        ) from error
    try:
        document = json.loads(gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content)
    except (OSError, EOFError, ValueError) as error:
        raise _not_ours(path, str(error)) from error
    n_documents, table = _checked(document, path)
    counts = np.array(list(table.values()), dtype=np.int64)
    return DocumentFrequencies.of(n_documents, Frequencies(_keys(list(table), path), counts))


def save_document_frequencies(
    path: Path, documents: Iterable[Sequence[Sequence[str]]], *, tokenizer: str = "ptb"
) -> None:
    """Count and write the document frequencies of a reference set.

    Args:
        path: file to write; gzipped if it ends in ``.gz``.
        documents: for each image, the tokens of each of its references.
        tokenizer: name of the tokeniser that made the tokens, for the record.
    """
    table: Counter[str] = Counter()
    n_documents = 0
    for references in documents:
        n_documents += 1
        table.update({ngram for tokens in references for ngram in _ngrams(tokens)})
    content = json.dumps(
        {
            "format": FORMAT,
            "version": VERSION,
            "tokenizer": tokenizer,
            "documents": n_documents,
            "frequencies": dict(sorted(table.items())),
        }
    ).encode("ascii")
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)


def _ngrams(tokens: Sequence[str]) -> Iterable[str]:
    for n in range(1, _MAX_ORDER + 1):
        for start in range(len(tokens) - n + 1):
            yield " ".join(tokens[start : start + n])


def _checked(document: Any, path: Path) -> tuple[int, Mapping[str, int]]:  # noqa: ANN401 (JSON)
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise _not_ours(path, f'"format" is not "{FORMAT}"')
    if document.get("version") != VERSION:
        raise _not_ours(path, f"version {quoted(document.get('version'))}, expected {VERSION}")
    n, table = document.get("documents"), document.get("frequencies")
    if type(n) is not int or n < 1:
        raise _not_ours(path, f'"documents" is {quoted(n)}, expected the number of images')
    if not isinstance(table, dict):
        raise _not_ours(path, '"frequencies" is not an object')
    for ngram, count in table.items():
        if type(count) is not int or not 1 <= count <= n:
            raise _not_ours(
                path, f"{quoted(ngram)} has frequency {quoted(count)}, expected 1 to {n}"
            )
    return n, table


def _keys(ngrams: Sequence[str], path: Path) -> Keys:
    """Key of each n-gram that is written as tokens with one space between."""
    vocabulary = Vocabulary()
    split = [[vocabulary[token] for token in ngram.split(" ")] for ngram in ngrams]
    if "" in vocabulary:
        raise _not_ours(path, "an n-gram is empty or has two spaces between tokens")
    token_keys = vocabulary.keys64
    keys = np.empty(len(split), dtype=np.uint64)
    lengths = np.array([len(tokens) for tokens in split], dtype=np.int64)
    for n in np.unique(lengths).tolist():
        own = np.flatnonzero(lengths == n)
        tokens = token_keys[np.array([split[i] for i in own.tolist()])]
        keys[own] = mixed_keys([tokens[:, i] for i in range(n)])
    return keys


def _not_ours(path: Path, what: str) -> DataError:
    return DataError(
        f"{path}: not a file of document frequencies: {what}",
        hint="Pickled frequencies of other tools are not read: loading a pickle runs its code.",
    )
