"""Builds the columns that metrics name in ``needs``, each once per batch.

Names are those of the batch's own typed columns, and ``SIDE.text`` and ``SIDE.tokens:TOKENIZER``,
where SIDE is ``prediction`` or ``references``. Both sides of a tokeniser share one vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import chain
from time import perf_counter
from typing import TYPE_CHECKING

from vlmeval_cli.core.batch import (
    Batch,
    Column,
    TextColumn,
    TokenColumn,
    Vocabulary,
    offsets_of,
    singles,
)
from vlmeval_cli.core.errors import PluginError, quoted

if TYPE_CHECKING:
    from vlmeval_cli.text.tokenizers import Tokenizer


Made = dict[str, Column]
_TEXTS = {str, type(None)}


class Preparer:
    """Prepares the batches of one run; keeps its tokenisers' caches and vocabularies."""

    def __init__(self, needs: Iterable[str]) -> None:
        self._needs = sorted(set(needs))
        self._tokenizers: dict[str, tuple[Tokenizer, Vocabulary]] = {}
        self._seconds: dict[str, float] = {}

    def prepare(self, batch: Batch) -> Batch:
        """The batch with its prepared columns."""
        made = _texts(batch)
        return replace(batch, prepared={need: self._column(need, made) for need in self._needs})

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
            made[need] = self._tokens(name, source)
            self._seconds[need] = self._seconds.get(need, 0.0) + perf_counter() - started
        return made[need]

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
