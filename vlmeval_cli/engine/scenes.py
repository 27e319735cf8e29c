"""Columns ``pair.spice`` and ``pair.spice_native:MODEL``: the scenes of items, compared.

``pair.spice:ptb`` are those of their PTB tokens, which coco-caption gives to SPICE.

Parsing captions is what takes time, so that each different item is compared once over all runs of a
comparison, and by :mod:`vlmeval_cli.scenes.official` once ever.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from vlmeval_cli.core.batch import Batch, Column, TextColumn, TokenColumn, Vocabulary
from vlmeval_cli.core.config import ModelPolicy
from vlmeval_cli.core.errors import PluginError, quoted
from vlmeval_cli.core.progress import Progress

if TYPE_CHECKING:
    from vlmeval_cli.models.columns import Provenance
    from vlmeval_cli.scenes.official.captions import Captions
    from vlmeval_cli.scenes.tuples import Found, SceneColumn

SOURCES = ("prediction.text", "references.text")
SPICE = "pair.spice"
NATIVE = "pair.spice_native"
NO_REFERENCE = "no_reference"


class _Compared(NamedTuple):
    """What was found of each different item, or why nothing was; and what compared them."""

    found: Sequence[Found | str]
    provenance: Provenance


Comparer = Callable[[str, Sequence["Captions"], ModelPolicy, Progress], _Compared]


def is_of_scenes(need: str) -> bool:
    """Whether ``need`` is a column of compared scenes."""
    return _kind(need) in COMPARERS


def is_of_spice(need: str) -> bool:
    """Whether ``need`` is a column of scenes that SPICE's own program compares."""
    return _kind(need) == SPICE


def _kind(need: str) -> str:
    return need.partition(":")[0]


class Scenes:
    """Makes columns of scenes, and keeps what was compared for runs that have the same items."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, ModelPolicy], dict[Captions, Found | str]] = {}
        self._provenance: dict[tuple[str, ModelPolicy], Provenance] = {}

    def column(
        self,
        need: str,
        items: Batch,
        made: Mapping[str, Column],
        policy: ModelPolicy,
        progress: Progress,
    ) -> SceneColumn:
        """The scenes that ``need`` asks for.

        Args:
            need: the column's name.
            items: all items of the run.
            made: their texts as columns.
            policy: how programs run, what is kept, and recorded results.
            progress: told of the parsing.

        Raises:
            PluginError: the items have no texts.
            DataError: the file of recorded results is wrong.
            ModelError: what compares scenes cannot be had or run.
        """
        if _kind(need) == SPICE and policy.spice_json is not None:
            from vlmeval_cli.scenes.official.recorded import recorded_column

            return recorded_column(policy.spice_json, items.ids)
        from vlmeval_cli.scenes.tuples import scene_column

        captions = _captions(need, made)
        key = need, policy
        known = self._known.setdefault(key, {})
        known.update((one, NO_REFERENCE) for one in captions if not one.references)
        fresh = [one for one in dict.fromkeys(captions) if one not in known]
        if fresh or key not in self._provenance:
            compared = COMPARERS[_kind(need)](need, fresh, policy, progress)
            known.update(zip(fresh, compared.found, strict=True))
            self._provenance.setdefault(key, compared.provenance)
        return scene_column([known[one] for one in captions], self._provenance[key])


def _captions(need: str, made: Mapping[str, Column]) -> list[Captions]:
    """The captions of each item; halves of characters are replaced."""
    from vlmeval_cli.scenes.official.captions import Captions, as_text

    predictions, references = (made.get(source) for source in SOURCES)
    if not (isinstance(predictions, TextColumn) and isinstance(references, TextColumn)):
        raise PluginError(
            f"a metric needs the column {quoted(need)}, and the items are no texts",
            hint=f"It is made of {' and '.join(SOURCES)}.",
        )
    ends = pairwise(references.item_offsets.tolist())
    mine, theirs = (_as_given(need, column.texts) for column in (predictions, references))
    return [
        Captions(as_text(text), tuple(map(as_text, theirs[start:stop])))
        for text, (start, stop) in zip(mine, ends, strict=True)
    ]


def _as_given(need: str, texts: Sequence[str]) -> Sequence[str]:
    """Captions as they are, or their tokens with a space between."""
    kind, _, name = need.partition(":")
    if kind != SPICE or not name:
        return texts
    from vlmeval_cli.text.tokenizers import tokenizer

    vocabulary = Vocabulary()
    found = tokenizer(name).encode(texts, vocabulary)
    return TokenColumn(found.tokens, found.offsets, found.offsets, vocabulary).spaced()


def _official(
    need: str, items: Sequence[Captions], policy: ModelPolicy, progress: Progress
) -> _Compared:
    from vlmeval_cli.scenes.official.scoring import compare_captions

    return _Compared(*compare_captions(items, policy, progress))


def _native(
    need: str, items: Sequence[Captions], policy: ModelPolicy, progress: Progress
) -> _Compared:
    from vlmeval_cli.scenes.native.comparing import compare_captions

    model = need.partition(":")[2]
    return _Compared(*compare_captions(model, items, policy, progress))


# Kind of column → what compares different items for it.
COMPARERS: Mapping[str, Comparer] = MappingProxyType({SPICE: _official, NATIVE: _native})
