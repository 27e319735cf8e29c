"""Compares captions by their scenes: each different caption is parsed once, and once ever."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import NamedTuple

import numpy as np

from vlmeval_cli.core.config import ModelPolicy
from vlmeval_cli.core.optional import require_installed
from vlmeval_cli.core.progress import Progress
from vlmeval_cli.models.columns import Provenance
from vlmeval_cli.scenes.native.matching import Tuple, compared
from vlmeval_cli.scenes.native.merging import merged
from vlmeval_cli.scenes.native.parser import EXTRA, Parser, model_version
from vlmeval_cli.scenes.native.rules import tuples_of
from vlmeval_cli.scenes.official.captions import TOO_LONG, Captions
from vlmeval_cli.scenes.official.store import SceneStore, scenes_file
from vlmeval_cli.scenes.tuples import CATEGORIES, Found, Scene, SceneTuple

REVISION = 1  # raised when the rules make other tuples of a caption
MOST_CHARACTERS = 5_000  # of a caption; it takes a second
_NO_COUNTS = np.zeros((len(CATEGORIES), 3), dtype=np.int64)


class Compared(NamedTuple):
    """What was found of each item, or why nothing was; and what compared them."""

    found: list[Found | str]
    provenance: Provenance


def compare_captions(
    model: str, items: Sequence[Captions], policy: ModelPolicy, progress: Progress
) -> Compared:
    """The scenes of items.

    Args:
        model: name or folder of a model of spaCy.
        items: each different one once.
        policy: whether the tuples of captions are kept.
        progress: told of the parsing.

    Raises:
        MissingExtraError: spaCy is not installed.
        ModelError: the model is not installed, or cannot be loaded.
    """
    require_installed("spacy", extra=EXTRA, user="spice_native")
    provenance = Provenance(
        {"parser": f"{model} {model_version(model)}", "rules": REVISION},
        {"spacy": version("spacy")},
    )
    wanted = dict.fromkeys(text for one in items for text in _texts(one))
    tuples = _Tuples(model, policy, progress).of(
        [text for text in wanted if len(text) <= MOST_CHARACTERS]
    )
    return Compared([_found(one, tuples) for one in items], provenance)


def _found(item: Captions, tuples: Mapping[str, tuple[Tuple, ...]]) -> Found | str:
    """The counts and marked tuples of an item, or why there are none."""
    ours, *theirs = _texts(item)
    if any(text not in tuples for text in (ours, *theirs)):
        return TOO_LONG
    return compared(merged(tuples[ours]), merged(one for text in theirs for one in tuples[text]))


def _texts(item: Captions) -> Iterator[str]:
    """The captions of an item, the predicted one first; line breaks are spaces."""
    yield from (" ".join(text.split()) for text in (item.prediction, *item.references))


class _Tuples:
    """The tuples of captions, kept in the file of scenes: a caption is an item by itself."""

    def __init__(self, model: str, policy: ModelPolicy, progress: Progress) -> None:
        self._model, self._progress = model, progress
        space = f"native|{REVISION}|{model}|{model_version(model)}|{version('spacy')}"
        self._store = SceneStore(scenes_file(), space, progress.tell) if policy.cache else None

    def of(self, captions: Sequence[str]) -> dict[str, tuple[Tuple, ...]]:
        """Caption → its tuples, in the order of the rules."""
        own = {text: Captions(text, ()) for text in captions}
        kept = {} if self._store is None else self._store.take([*own.values()])
        found = {one.prediction: _words(old.found.scene) for one, old in kept.items()}
        fresh = [text for text in captions if text not in found]
        if fresh:
            made = self._made(fresh)
            found |= made
            if self._store is not None:
                self._store.put({own[text]: _alone(made[text]) for text in fresh}, "")
        return found

    def _made(self, captions: Sequence[str]) -> dict[str, tuple[Tuple, ...]]:
        self._progress.start("parsing captions", len(captions))
        sentences = Parser.called(self._model).parse(captions, self._progress.advance)
        return {text: tuples_of(one) for text, one in zip(captions, sentences, strict=True)}


def _alone(tuples: Sequence[Tuple]) -> Found:
    """A caption as an item without references."""
    return Found(_NO_COUNTS, Scene(tuple(SceneTuple(one, False) for one in tuples), ()))


def _words(scene: Scene | None) -> tuple[Tuple, ...]:
    return () if scene is None else tuple(one.words for one in scene.prediction)
