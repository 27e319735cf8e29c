"""Captions whose verb the parser took for a noun: "a brown dog splashes" is no kind of splash.

Such a caption is written anew with "is splashing", which no parser takes for a noun, and parsed
again.
"""

from __future__ import annotations

from vlmeval_cli.scenes.native.lemmas import base_form, is_verb
from vlmeval_cli.scenes.native.sentence import Sentence, Word
from vlmeval_cli.scenes.native.words import word_set

_NOUNS = {"NN", "NNS", "NNP", "NNPS"}
# What follows a verb of motion or posture; after a noun that heads its phrase it may stand as well.
_FOLLOWING = {"IN", "TO", "RB", "RP", "DT", "PRP$", "PRP", "CD", ".", ",", "CC", "EX", ""}
# Verbs of captions; some are nouns as well, but rarely after another noun or a colour.
_USUAL = word_set(
    "attempt balance chase climb dance dive drink fight float hike hug jog jump kick kiss lean "
    "leap look play pose rest romp run scamper sit skate smile splash stand surf swim swing tackle "
    "talk toss trot wait walk watch wrestle"
)
_SHARED = {"and", "group", "couple", "crowd", "pair", "team"}
# Plurals that are rarely verbs in captions.
_PLURALS = word_set(
    "bars bikes clothes dogs instruments masks motorcycles nails pants shorts skies skis tops "
    "tracks tricks uniforms vests waves costumes chairs"
)
_VOWELS = "aeiou"


def mended(sentence: Sentence, place: int) -> str:
    """The words of a caption with the verb in that place in the progressive."""
    texts = [word.text for word in sentence.words]
    verb = sentence.words[place]
    auxiliary = "is" if verb.text.endswith("s") else "are"
    texts[place] = f"{auxiliary} {progressive(_lemma(verb))}"
    return " ".join(texts)


def is_mended(sentence: Sentence, place: int) -> bool:
    """Whether the caption as written anew has its verb at its root, one place after the old."""
    return place + 1 < len(sentence.words) and sentence.words[place + 1].role == "ROOT"


def progressive(lemma: str) -> str:
    """A verb's form in -ing.

    >>> [progressive(verb) for verb in ("ride", "run", "play", "see", "splash")]
    ['riding', 'running', 'playing', 'seeing', 'splashing']
    """
    if lemma.endswith("ie"):
        return f"{lemma[:-2]}ying"
    if lemma.endswith("e") and not lemma.endswith(("ee", "oe", "ye")):
        return f"{lemma[:-1]}ing"
    vowels = [letter in _VOWELS for letter in lemma]
    if vowels[-3:] == [False, True, False] and sum(vowels) == 1 and lemma[-1] not in "wxy":
        return f"{lemma}{lemma[-1]}ing"
    return f"{lemma}ing"


def hidden_verb(sentence: Sentence) -> int | None:
    """The place of the noun that may be the caption's verb."""
    for before, word, after in zip(
        sentence.words, sentence.words[1:], [*sentence.words[2:], None], strict=False
    ):
        follows = "" if after is None else after.tag
        if word.role == "ROOT" and word.tag[:2] in {"VB", "MD"}:
            return None
        may_be = _is_third_person(word, before) or _is_plural_verb(sentence, word)
        if may_be and before.tag in {*_NOUNS, "JJ"} and follows in _FOLLOWING:
            return word.place
    return None


def _lemma(word: Word) -> str:
    return base_form(word.text, word.lemma, "VBZ")


def _is_third_person(word: Word, before: Word) -> bool:
    """Whether it may be a verb in -s; after an adjective only one of the usual verbs."""
    if word.tag not in {"NNS", "NNPS"} or not word.text.endswith("s") or word.text in _PLURALS:
        return False
    lemma = _lemma(word)
    return lemma in _USUAL or (before.tag in _NOUNS and is_verb(lemma))


def _is_plural_verb(sentence: Sentence, word: Word) -> bool:
    """Whether it may be a verb whose subject is in the plural, or of several words."""
    before = sentence.words[: word.place]
    is_plural = any(one.tag == "NNS" or one.text in _SHARED for one in before)
    return word.text in _USUAL and word.tag in {"NN", "JJ"} and is_plural
