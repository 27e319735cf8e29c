"""Builds the columns that metrics name in ``needs``, each once per batch.

Names are those of the batch's own typed columns, and ``SIDE.text`` and ``SIDE.tokens:TOKENIZER``,
where SIDE is ``prediction`` or ``references``. Both sides of a tokeniser share one vocabulary.
Columns of vectors are those of :mod:`vlmeval_cli.engine.encode`, ratings of pairs those of
:mod:`vlmeval_cli.engine.pairs`, and compared scenes those of :mod:`vlmeval_cli.engine.scenes`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import chain
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from vlmeval_cli.core.batch import (
    Batch,
    Column,
    TextColumn,
    TokenColumn,
    Vocabulary,
    offsets_of,
    singles,
)
from vlmeval_cli.core.config import ModelPolicy
from vlmeval_cli.core.errors import PluginError, quoted
from vlmeval_cli.core.progress import NoProgress, Progress
from vlmeval_cli.engine.encode import Encoder, need_of
from vlmeval_cli.engine.pairs import Rater, is_of_pairs
from vlmeval_cli.engine.scenes import Scenes, is_of_scenes

if TYPE_CHECKING:
    from vlmeval_cli.text.tokenizers import Tokenizer


Made = dict[str, Column]
_TEXTS = {str, type(None)}
_NO_CHOICE = ModelPolicy()
_SILENT = NoProgress()


class Workshop:
    """What runs over the same references share: tokenisers, vocabularies, tokens of references."""

    def __init__(self) -> None:
        self.tokenizers: dict[str, tuple[Tokenizer, Vocabulary]] = {}
        self.encoder = Encoder()
        self.rater = Rater()
        self.scenes = Scenes()
        self._kept: dict[tuple[str, int], tuple[TextColumn, TokenColumn]] = {}

    def known(self, need: str, start: int, texts: TextColumn) -> TokenColumn | None:
        """The tokens of these very texts, if another run had them in the same place."""
        found = self._kept.get((need, start))
        if found is None or not _are_same(found[0], texts):
            return None
        return found[1]

    def keep(self, need: str, start: int, texts: TextColumn, tokens: TokenColumn) -> None:
        """Keep the tokens of ``texts`` for the next run."""
        self._kept[need, start] = texts, tokens


def _are_same(mine: TextColumn, theirs: TextColumn) -> bool:
    same_offsets = np.array_equal(mine.item_offsets, theirs.item_offsets)
    return same_offsets and list(mine.texts) == list(theirs.texts)


class Preparer:
    """Prepares the batches of one run.

    Args:
        needs: the columns that its metrics read; in a mapping, with the name of a metric that
            reads each, for messages.
        workshop: what it shares with other runs; None where there are none.
        policy: how networks run.
        progress: told how far the encoding is, of what lasts, and before anything is fetched.
    """

    def __init__(
        self,
        needs: Iterable[str],
        workshop: Workshop | None = None,
        policy: ModelPolicy = _NO_CHOICE,
        progress: Progress = _SILENT,
    ) -> None:
        self._needs = sorted(set(needs))
        self._users = needs if isinstance(needs, Mapping) else {}
        self._workshop = workshop
        self._policy, self._progress = policy, progress
        shared = workshop or Workshop()
        self._encoder, self._rater, self._scenes = shared.encoder, shared.rater, shared.scenes
        self._tokenizers = shared.tokenizers
        self._seconds: dict[str, float] = {}
        self._start = 0

    def encode(self, items: Batch) -> Batch:
        """All items of the run, with the vectors of their texts and images as columns."""
        made = _texts(items)
        for need in filter(None, map(need_of, self._needs)):
            if need.name in made:
                continue  # the items came with their vectors
            started = perf_counter()
            used = need._replace(user=self._users.get(need.name, need.user))
            made[need.name] = self._encoder.column(
                used, made.get(need.source), self._policy, self._progress
            )
            self._seconds[need.name] = perf_counter() - started
        for name in filter(_is_of_both_sides, self._needs):
            if name not in made:
                started = perf_counter()
                made[name] = self._of_both_sides(name, items, made)
                self._seconds[name] = perf_counter() - started
        vectors = {
            name: made[name] for name in self._needs if need_of(name) or _is_of_both_sides(name)
        }
        return replace(items, columns={**items.columns, **vectors}) if vectors else items

    def _of_both_sides(self, need: str, items: Batch, made: Made) -> Column:
        """What is made of predictions and references together."""
        if is_of_pairs(need):
            return self._rater.column(need, made, self._policy, self._progress)
        return self._scenes.column(need, items, made, self._policy, self._progress)

    def prepare(self, batch: Batch) -> Batch:
        """The batch with its prepared columns; batches come in order."""
        made = _texts(batch)
        prepared = {need: self._column(need, made) for need in self._needs}
        self._start += len(batch)
        return replace(batch, prepared=prepared)

    def seconds(self, need: str) -> float:
        """How long a column has taken so far, over all batches, with those it is made from."""
        side, _, name = need.partition(".tokens:")
        base = self._base_of(side, name)
        return self._seconds.get(need, 0.0) + (self.seconds(base) if base else 0.0)

    def _column(self, need: str, made: Made) -> Column:
        if need not in made:
            side, _, name = need.partition(".tokens:")
            texts = made.get(f"{side}.text")
            if not name or not isinstance(texts, TextColumn):
                raise PluginError(
                    f"a metric needs the column {quoted(need)}, which nothing prepares",
                    hint="Columns are prediction.text, references.tokens:ptb and the like.",
                )
            base = self._base_of(side, name)
            source = texts if base is None else self._column(base, made)
            assert isinstance(source, TextColumn | TokenColumn)
            started = perf_counter()
            made[need] = self._shared_tokens(need, name, texts, source)
            self._seconds[need] = self._seconds.get(need, 0.0) + perf_counter() - started
        return made[need]

    def _shared_tokens(
        self, need: str, name: str, texts: TextColumn, source: TextColumn | TokenColumn
    ) -> TokenColumn:
        """Tokens of ``source``; those of references are kept for other runs."""
        if self._workshop is None or not need.startswith("references."):
            return self._tokens(name, source)
        tokens = self._workshop.known(need, self._start, texts)
        if tokens is None:
            tokens = self._tokens(name, source)
            self._workshop.keep(need, self._start, texts, tokens)
        return tokens

    def _tokens(self, name: str, source: TextColumn | TokenColumn) -> TokenColumn:
        from vlmeval_cli.text.tokenizers import DERIVATIONS, Encoded, tokenizer

        if isinstance(source, TokenColumn):
            encoded = Encoded(source.tokens, source.offsets)
            tokens, offsets = DERIVATIONS[name].derive(encoded, source.vocabulary)
            return replace(source, tokens=tokens, offsets=offsets)
        if name not in self._tokenizers:
            self._tokenizers[name] = tokenizer(name), Vocabulary()
        encoder, vocabulary = self._tokenizers[name]
        encoded = encoder.encode(source.texts, vocabulary)
        return TokenColumn(encoded.tokens, encoded.offsets, source.item_offsets, vocabulary)

    def _base_of(self, side: str, name: str) -> str | None:
        """The token column that another one is made from, if it is."""
        if not name:
            return None
        from vlmeval_cli.text.tokenizers import DERIVATIONS  # many metrics need no tokens

        derivation = DERIVATIONS.get(name)
        return None if derivation is None else f"{side}.tokens:{derivation.base}"


def _texts(batch: Batch) -> Made:
    """The typed columns of the batch, and its texts as columns where they are none yet."""
    made = dict(batch.columns)
    if "prediction.text" not in made and set(map(type, batch.predictions)) <= _TEXTS:
        texts = ["" if text is None else text for text in batch.predictions]
        made["prediction.text"] = TextColumn(texts, singles(len(batch)))
    if "references.text" not in made:
        flat = list(chain.from_iterable(batch.references))
        if set(map(type, flat)) <= {str}:
            made["references.text"] = TextColumn(flat, offsets_of([*map(len, batch.references)]))
    return made


def _is_of_both_sides(need: str) -> bool:
    return is_of_pairs(need) or is_of_scenes(need)
