"""Snowball's English stemmer (Porter2) as it was when METEOR 1.5 took it in, in 2014.

Source: M. F. Porter, "The English (Porter2) stemming algorithm", snowballstem.org; R1 and R2 are
the regions of that page. Later versions of Snowball changed rules; they give other stems.
"""

from __future__ import annotations

import re

_VOWELS = "aeiouy"
_IRREGULAR = {
    "skis": "ski", "skies": "sky", "dying": "die", "lying": "lie", "tying": "tie", "idly": "idl",
    "gently": "gentl", "ugly": "ugli", "early": "earli", "only": "onli", "singly": "singl",
    "sky": "sky", "news": "news", "howe": "howe", "atlas": "atlas", "cosmos": "cosmos",
    "bias": "bias", "andes": "andes",
}  # fmt: skip
_DONE_AFTER_1A = frozenset(
    ("inning", "outing", "canning", "herring", "earring", "proceed", "exceed", "succeed")
)
_REGION = re.compile(f"[{_VOWELS}][^{_VOWELS}]")
_EARLY_REGION = re.compile("gener|commun|arsen")
_CONSONANT_Y = re.compile(f"(?:^|(?<=[{_VOWELS}]))y")
_SHORT_END = re.compile(f"(?:^|.*[^{_VOWELS}])[{_VOWELS}][^{_VOWELS}wxY]|[{_VOWELS}][^{_VOWELS}]")
_DOUBLES = ("bb", "dd", "ff", "gg", "mm", "nn", "pp", "rr", "tt")
# Suffix → replacement; the longest that fits decides, even when its condition then fails.
_STEP_2 = {
    "ization": "ize", "ational": "ate", "fulness": "ful", "ousness": "ous", "iveness": "ive",
    "tional": "tion", "biliti": "ble", "lessli": "less", "entli": "ent", "ation": "ate",
    "alism": "al", "aliti": "al", "ousli": "ous", "iviti": "ive", "fulli": "ful",
    "enci": "ence", "anci": "ance", "abli": "able", "izer": "ize", "ator": "ate", "alli": "al",
    "bli": "ble", "ogi": "og", "li": "",
}  # fmt: skip
_STEP_3 = {
    "ational": "ate", "tional": "tion", "alize": "al", "icate": "ic", "iciti": "ic",
    "ative": "", "ical": "ic", "ness": "", "ful": "",
}  # fmt: skip
_STEP_4 = (
    "ement", "ance", "ence", "able", "ible", "ment", "ant", "ent", "ism", "ate", "iti", "ous",
    "ive", "ize", "ion", "al", "er", "ic",
)  # fmt: skip


def porter2(word: str) -> str:
    """The stem of a word in lower case.

    >>> [porter2(word) for word in ("riding", "rides", "generously", "skis", "relational")]
    ['ride', 'ride', 'generous', 'ski', 'relat']
    """
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) <= 2:
        return word
    word = _CONSONANT_Y.sub("Y", word.removeprefix("'"))
    start = _EARLY_REGION.match(word)
    first = start.end() if start else _region(word, 0)
    second = _region(word, first)
    word = _step_1a(_step_0(word))
    if word in _DONE_AFTER_1A:
        return word
    word = _step_1c(_step_1b(word, first))
    word = _step_3(_step_2(word, first), first, second)
    return _step_5(_step_4(word, second), first, second).replace("Y", "y")


def _region(word: str, start: int) -> int:
    """Where the region begins: after the first consonant behind a vowel."""
    found = _REGION.search(word, start)
    return found.end() if found else len(word)


def _has_vowel(text: str) -> bool:
    return any(letter in _VOWELS for letter in text)


def _step_0(word: str) -> str:
    """Apostrophes."""
    for suffix in ("'s'", "'s", "'"):
        if word.endswith(suffix):
            return word.removesuffix(suffix)
    return word


def _step_1a(word: str) -> str:
    """Plurals."""
    if word.endswith("sses"):
        return word[:-2]
    if word.endswith(("ied", "ies")):
        return word[:-2] if len(word) > 4 else word[:-1]
    if word.endswith(("us", "ss")) or not word.endswith("s"):
        return word
    return word[:-1] if _has_vowel(word[:-2]) else word


def _step_1b(word: str, first: int) -> str:
    """Past tenses and gerunds."""
    for suffix in ("eedly", "ingly", "edly", "eed", "ing", "ed"):
        if word.endswith(suffix):
            stem = word.removesuffix(suffix)
            if suffix.startswith("ee"):
                return stem + "ee" if len(stem) >= first else word
            return _restored(stem, first) if _has_vowel(stem) else word
    return word


def _restored(stem: str, first: int) -> str:
    """What step 1b does after it has taken off a suffix."""
    if stem.endswith(("at", "bl", "iz")):
        return stem + "e"
    if stem.endswith(_DOUBLES):
        return stem[:-1]
    return stem + "e" if first >= len(stem) and _SHORT_END.fullmatch(stem) else stem


def _step_1c(word: str) -> str:
    """A final y after a consonant that is not the first letter."""
    if word[-1:] in ("y", "Y") and len(word) > 2 and word[-2] not in _VOWELS:
        return word[:-1] + "i"
    return word


def _step_2(word: str, first: int) -> str:
    """Double suffixes."""
    for suffix, other in _STEP_2.items():
        if word.endswith(suffix):
            stem = word.removesuffix(suffix)
            fits = len(stem) >= first
            if suffix == "ogi":
                fits = fits and stem.endswith("l")
            elif suffix == "li":
                fits = fits and stem.endswith(tuple("cdeghkmnrt"))
            return stem + other if fits else word
    return word


def _step_3(word: str, first: int, second: int) -> str:
    """-ic-, -full, -ness and the like."""
    for suffix, other in _STEP_3.items():
        if word.endswith(suffix):
            stem = word.removesuffix(suffix)
            return stem + other if len(stem) >= (second if suffix == "ative" else first) else word
    return word


def _step_4(word: str, second: int) -> str:
    """Single suffixes after a long stem."""
    for suffix in _STEP_4:
        if word.endswith(suffix):
            stem = word.removesuffix(suffix)
            fits = len(stem) >= second and (suffix != "ion" or stem.endswith(("s", "t")))
            return stem if fits else word
    return word


def _step_5(word: str, first: int, second: int) -> str:
    """A final e or l."""
    stem = word[:-1]
    if word.endswith("e"):
        drops = len(stem) >= second or (len(stem) >= first and not _SHORT_END.fullmatch(stem))
        return stem if drops else word
    return stem if word.endswith("ll") and len(stem) >= second else word
