"""Base forms of English words as the official scenes have them.

spaCy's small model takes "rides" for a form of "rid" and "jeans" for several "jean". Verbs are
looked up in WordNet instead, and some plurals stay as they are.
"""

from __future__ import annotations

from functools import cache

from vlmeval_cli.resources.wordnet import PARTS_OF_SPEECH, load_wordnet
from vlmeval_cli.scenes.native.words import word_set

# Clothes, tools and places that Stanford's lemmatiser leaves in the plural.
_KEPT = word_set(
    "binoculars clothes fives goods handlebars indoors jeans outdoors outskirts overalls pants "
    "remains shorts slacks surroundings suspenders thanks tights"
)
# Of two verbs that a form may come from, the one of captions.
_CHOSEN = {
    "swinging": "swing",
    "singing": "sing",
    "lay": "lay",
    "saw": "see",
    "felt": "feel",
    "found": "find",
}
_VERB = 1  # its place among the parts of speech
_ENDINGS = ("ing", "ed", "es", "s")


def base_form(text: str, lemma: str, tag: str) -> str:
    """The base form of a word in lower case.

    Args:
        text: the word.
        lemma: what the parser takes for its base form.
        tag: its part of speech.
    """
    if tag.startswith("VB"):
        return _verb(text, lemma)
    if tag in {"NNS", "NNPS"}:
        return text if text in _KEPT else lemma
    return lemma


@cache
def _verb(text: str, lemma: str) -> str:
    if text in _CHOSEN:
        return _CHOSEN[text]
    irregular = load_wordnet().exceptions[_VERB].get(text)
    if irregular is not None:
        return lemma if lemma in irregular.split(" ") else irregular.partition(" ")[0]
    for old, new in PARTS_OF_SPEECH[_VERB].rules:
        form = text.removesuffix(old) + new
        if text.endswith(old) and is_verb(form):
            return form
    if is_verb(text) or lemma == "be":
        return lemma
    ending = next(filter(text.endswith, _ENDINGS), "")
    return text.removesuffix(ending) or text


def is_verb(form: str) -> bool:
    """Whether WordNet has a base form as a verb.

    >>> is_verb("splash"), is_verb("dog"), is_verb("grass")
    (True, True, True)
    """
    return load_wordnet().names_as(form, _VERB) != []
