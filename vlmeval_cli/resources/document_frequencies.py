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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from vlmeval_cli.core.batch import Ints, Keys, TokenColumn, Vocabulary
from vlmeval_cli.core.errors import DataError, UsageError, quoted
from vlmeval_cli.text import tokenizers
from vlmeval_cli.text.ngrams import (
    counted,
    gram_keys,
    mixed_keys,
    references_alone,
    scrambled,
)

FORMAT, VERSION = "vlmeval-document-frequencies", 1
MAX_ORDER = 4


class Frequencies(NamedTuple):
    """N-gram keys and the number of documents of each, shape (m,) both; no key twice."""

    keys: Keys
    counts: npt.NDArray[np.signedinteger[Any]]


class CountedLater:
    """References of a batch whose n-grams are counted when a count is first asked for.

    A run of one batch never asks: ``measure`` meets every n-gram anyway. Pickling counts first, so
    that processes exchange tables, not texts.
    """

    def __init__(self, references: TokenColumn) -> None:
        self.references = references

    def __reduce__(self) -> tuple[type[Counted], tuple[Frequencies]]:
        return Counted, (self.frequencies(),)

    def frequencies(self) -> Frequencies:
        """N-grams of the references, and in how many items' references each occurs.

        Not kept: the collection asks once, and keeps the table of all parts.
        """
        texts = references_alone(self.references)
        orders = list(counted(texts, MAX_ORDER))
        keys = [gram_keys(texts, counts, self.references.vocabulary) for counts in orders]
        documents = [counts.items_with_reference() for counts in orders]
        return Frequencies(np.concatenate(keys), np.concatenate(documents).astype(np.int32))


@dataclass(frozen=True, slots=True)
class Counted:
    """A table of document frequencies."""

    table: Frequencies

    def frequencies(self) -> Frequencies:
        """The table."""
        return self.table


@dataclass(frozen=True)
class DocumentFrequencies:
    """Document frequencies of a collection, put together from those of its batches.

    Attributes:
        n_documents: documents of the collection.
        parts: one per batch, in any order.
        content: a sum of hashes of the documents, modulo 2**64.
    """

    n_documents: int
    parts: tuple[CountedLater | Counted, ...]
    content: int

    @classmethod
    def of_references(cls, references: TokenColumn) -> DocumentFrequencies:
        """The frequencies of one batch."""
        n_documents = len(references.item_offsets) - 1
        return cls(n_documents, (CountedLater(references),), documents_hash(references))

    def __or__(self, other: DocumentFrequencies) -> DocumentFrequencies:
        """The frequencies of both collections, which share no document."""
        return DocumentFrequencies(
            self.n_documents + other.n_documents,
            self.parts + other.parts,
            (self.content + other.content) % 2**64,
        )

    def digest(self) -> str:
        """A hash of the content that does not depend on the order of the documents."""
        return f"{self.n_documents}-{self.content:016x}"

    def is_of(self, references: TokenColumn) -> bool:
        """Whether the collection consists of this very column and nothing else."""
        part, *others = self.parts
        return not others and isinstance(part, CountedLater) and part.references is references

    def counts_of(self, keys: Keys) -> Ints:
        """Documents that hold each n-gram, shape (len(keys),); 0 for those never seen."""
        known, counts = self._table
        found = np.zeros(len(keys), dtype=np.int64)
        if len(known):
            order = np.argsort(keys)  # neighbours in the query are neighbours in the table
            wanted = keys[order]
            place = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
            found[order] = np.where(known[place] == wanted, counts[place], 0)
        return found

    @cached_property
    def _table(self) -> Frequencies:
        """All parts as one table, sorted by key."""
        tables = [part.frequencies() for part in self.parts]
        keys = np.concatenate([table.keys for table in tables])
        counts = np.concatenate([table.counts for table in tables])
        del tables  # as large as what was just made of them
        order = np.argsort(keys)
        keys, counts = keys[order], counts[order]
        start = np.flatnonzero(np.append(len(keys) > 0, keys[1:] != keys[:-1]))
        return Frequencies(keys[start], np.add.reduceat(counts, start) if len(start) else counts)


def documents_hash(references: TokenColumn) -> int:
    """A hash of the references of all items that does not depend on the order of the items."""
    texts = references_alone(references)
    place = np.arange(len(texts.tokens)) - texts.offsets[:-1][texts.text_of]
    tokens = references.vocabulary.keys64[texts.tokens]
    by_text = _sums(scrambled(tokens + scrambled(place.astype(np.uint64))), references.offsets)
    return int(scrambled(_sums(scrambled(by_text), references.item_offsets)).sum())


def _sums(values: Keys, offsets: Ints) -> Keys:
    """Sums of runs of values modulo 2**64, shape (len(offsets) - 1,)."""
    return np.diff(np.append(np.uint64(0), np.cumsum(values))[offsets])


@dataclass(frozen=True)
class SavedFrequencies:
    """Document frequencies of a file, read when they are first needed.

    Attributes:
        path: the file.
        tokenizer: whose tokens are to be looked up.
    """

    path: str
    tokenizer: str

    def __or__(self, other: SavedFrequencies) -> SavedFrequencies:
        """The same file: batches add nothing to it."""
        return self

    def digest(self) -> str:
        """A hash of the file's content."""
        return self.loaded.digest()

    @cached_property
    def loaded(self) -> DocumentFrequencies:
        """The content of the file."""
        return load_document_frequencies(Path(self.path), self.tokenizer)


def load_document_frequencies(path: Path, tokenizer: str) -> DocumentFrequencies:
    """Read a file of document frequencies.

    Args:
        path: the file.
        tokenizer: name of the tokeniser whose n-grams will be looked up.

    Raises:
        UsageError: the file cannot be opened, or counts the n-grams of another tokeniser.
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
    if document.get("tokenizer") != tokenizer:
        own = document.get("tokenizer")
        raise UsageError(
            f"{path}: the document frequencies are of the tokenizer {quoted(own)}, "
            f"cider uses {quoted(tokenizer)}",
            hint=f"Use cider:tokenizer={own}, or save the frequencies of {tokenizer}.",
        )
    counts = np.array(list(table.values()), dtype=np.int64)
    frequencies = Frequencies(_keys(list(table), path), counts)
    marks = scrambled(frequencies.keys) * counts.astype(np.uint64)
    return DocumentFrequencies(n_documents, (Counted(frequencies),), int(marks.sum()))


def save_document_frequencies(
    path: Path, documents: Iterable[Sequence[str]], *, tokenizer: str = "ptb"
) -> None:
    """Count and write the document frequencies of a reference set.

    Args:
        path: file to write; gzipped if it ends in ``.gz``.
        documents: for each image, its references.
        tokenizer: name of the tokeniser that CIDEr will use with the file.

    Raises:
        UsageError: there is no such tokeniser.
    """
    table: Counter[str] = Counter()
    n_documents = 0
    for token_lists in _tokenized(documents, tokenizer):
        n_documents += 1
        table.update({ngram for tokens in token_lists for ngram in _ngrams(tokens)})
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


def _tokenized(documents: Iterable[Sequence[str]], tokenizer: str) -> Iterator[list[list[str]]]:
    """The tokens of each text of each document."""
    references = list(documents)
    vocabulary = Vocabulary()
    encoder = tokenizers.tokenizer(tokenizer)
    codes, offsets = encoder.encode([*chain.from_iterable(references)], vocabulary)
    strings = vocabulary.strings
    tokens = [strings[code] for code in codes.tolist()]
    texts = (tokens[start:stop] for start, stop in pairwise(offsets.tolist()))
    for own in references:
        yield list(islice(texts, len(own)))


def _ngrams(tokens: Sequence[str]) -> Iterable[str]:
    for n in range(1, MAX_ORDER + 1):
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
