"""Which words SPICE takes for the same: those that share a synset, themselves or by base forms.

SPICE asks METEOR 1.5's dictionary of synonyms, which is WordNet with a stemmer of its own. A word
stands for itself and for its irregular base forms; where it has none, for the first base form that
WordNet's endings give, those of all parts of speech pooled: a biker is a bike.
"""

from __future__ import annotations

from functools import cache

from vlmeval_cli.resources.wordnet import PARTS_OF_SPEECH, load_verb_phrases, load_wordnet

# Endings of nouns, verbs and adjectives, and what base forms have in their place, in order.
_ENDINGS = tuple(
    rule for part in PARTS_OF_SPEECH for rule in part.rules if rule != ("ves", "f")
)  # METEOR lacks "ves"
_SHORTEST = 3  # letters of a word that has endings
_PARTS = range(len(PARTS_OF_SPEECH))


@cache
def is_similar(left: str, right: str) -> bool:
    """Whether two slots of tuples mean the same; of merged words ("small/little") one is enough.

    >>> is_similar("biker", "bike"), is_similar("shake off", "shake"), is_similar("rider", "ride")
    (True, True, False)
    """
    return any(_are_synonyms(a, b) for a in left.split("/") for b in right.split("/"))


@cache
def _are_synonyms(left: str, right: str) -> bool:
    if left == right:
        return True
    ours, theirs = _forms(left.replace(" ", "_")), _forms(right.replace(" ", "_"))
    return any(_share_synset(a, b) for a in ours for b in theirs)


def _share_synset(left: str, right: str) -> bool:
    if left == right:
        return _is_known(left)
    phrases = load_verb_phrases()
    both_phrases = phrases.get(left, frozenset()) & phrases.get(right, frozenset())
    return bool(both_phrases) or right in _names(left)


@cache
def _forms(word: str) -> frozenset[str]:
    """A word and the base forms by which it is looked up."""
    irregular = [
        form
        for forms in load_wordnet().exceptions
        if word in forms
        for form in forms[word].split(" ")
    ]
    return frozenset((word, *(irregular or _regular(word))))


def _regular(word: str) -> list[str]:
    """The first base form that is in the dictionary; "-ful" is put back behind it."""
    stem, rest = (word[:-3], "ful") if word.endswith("ful") else (word, "")
    if stem.endswith("ss") or len(stem) < _SHORTEST:
        return []
    made = (stem.removesuffix(old) + new + rest for old, new in _ENDINGS if stem.endswith(old))
    return [form for form in made if _is_known(form)][:1]


@cache
def _names(word: str) -> frozenset[str]:
    """The single words that share a synset with ``word``."""
    return frozenset(name for part in _PARTS for name in load_wordnet().names_as(word, part))


def _is_known(word: str) -> bool:
    return bool(_names(word)) or word in load_verb_phrases()
