"""Builds the columns that metrics name in ``needs``, each once per batch.

Names are ``SIDE.text`` and ``SIDE.tokens:TOKENIZER``, where SIDE is ``prediction`` or
``references``. Both sides of a tokeniser share one vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
)
from vlmeval_cli.core.errors import PluginError, quoted

if TYPE_CHECKING:
    from vlmeval_cli.text.tokenizers import Tokenizer


class Preparer:
    """Prepares the batches of one run; keeps its tokenisers' caches and vocabularies.

    ``seconds`` says how long each column took, over all batches.
    """

    def __init__(self, needs: Iterable[str]) -> None:
        self._needs = sorted(set(needs))
        self._tokenizers: dict[str, tuple[Tokenizer, Vocabulary]] = {}
        self.seconds = dict.fromkeys(self._needs, 0.0)

    def prepare(self, batch: Batch) -> Batch:
        """The batch with its prepared columns."""
        texts = {
            "prediction": TextColumn(batch.predictions, np.arange(len(batch) + 1, dtype=np.int64)),
            "references": _flattened(batch.references),
        }
        columns = {}
        for need in self._needs:
            started = perf_counter()
            columns[need] = self._column(need, texts)
            self.seconds[need] += perf_counter() - started
        return replace(batch, prepared=columns)

    def _column(self, need: str, texts: dict[str, TextColumn]) -> Column:
        side, _, content = need.partition(".")
        kind, _, name = content.partition(":")
        if side not in texts or kind not in ("text", "tokens"):
            raise PluginError(
                f"a metric needs the column {quoted(need)}, which nothing prepares",
                hint="Columns are prediction.text, references.tokens:ptb and the like.",
            )
        return texts[side] if kind == "text" else self._tokens(name, texts[side])

    def _tokens(self, name: str, texts: TextColumn) -> TokenColumn:
        from vlmeval_cli.text.tokenizers import tokenizer  # many metrics need no tokens

        if name not in self._tokenizers:
            self._tokenizers[name] = tokenizer(name), Vocabulary()
        encoder, vocabulary = self._tokenizers[name]
        encoded = encoder.encode(texts.texts, vocabulary)
        return TokenColumn(encoded.tokens, encoded.offsets, texts.item_offsets, vocabulary)


def _flattened(references: Sequence[Sequence[str]]) -> TextColumn:
    return TextColumn(list(chain.from_iterable(references)), offsets_of([*map(len, references)]))
