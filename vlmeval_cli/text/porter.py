"""Porter's suffix stripping, with the departures of NLTK's default stemmer.

Source: M. F. Porter, "An algorithm for suffix stripping", Program 14(3), 1980, pp. 130–137; the
letters *m*, *v*, *d* and *o* below are the paper's. NLTK (``PorterStemmer()``, mode
``NLTK_EXTENSIONS``, checked with 3.10.4) departs from the paper in these places, and so do we:

* a pool of irregular forms comes first, and words of one or two letters are left alone;
* step 1a: four-letter words in "ies" keep the "ie" ("dies" → "die");
* step 1b: "ied" becomes "ie" in four-letter words and "i" in longer ones, unconditionally;
* step 1c: "y" becomes "i" after a consonant that is not the first letter, vowel or not ("fly");
* step 2: "alli" → "al" comes first, and the other rules see its result ("rationalli" → "rational"
  → "ration"); "bli" → "ble" replaces "abli"; "fulli" → "ful" and "logi" → "log" are added, the "l"
  of "logi" counting for *m*;
* condition *o* also holds for a stem of two letters, a vowel and a consonant ("us").
"""

from __future__ import annotations

from collections.abc import Callable

_VOWELS = frozenset("aeiou")

_IRREGULAR = {
    "sky": "sky", "skies": "sky", "dying": "die", "lying": "lie", "tying": "tie",
    "news": "news", "innings": "inning", "inning": "inning", "outings": "outing",
    "outing": "outing", "cannings": "canning", "canning": "canning", "howe": "howe",
    "proceed": "proceed", "exceed": "exceed", "succeed": "succeed",
}  # fmt: skip

# Suffix → replacement. Where one suffix ends another, the longer stands first: the first that fits
# decides, even when its condition then fails.
_STEP_2 = {
    "ational": "ate", "tional": "tion", "enci": "ence", "anci": "ance", "izer": "ize",
    "bli": "ble", "alli": "al", "entli": "ent", "eli": "e", "ousli": "ous", "ization": "ize",
    "ation": "ate", "ator": "ate", "alism": "al", "iveness": "ive", "fulness": "ful",
    "ousness": "ous", "aliti": "al", "iviti": "ive", "biliti": "ble", "fulli": "ful",
}  # fmt: skip
_STEP_3 = {
    "icate": "ic", "ative": "", "alize": "al", "iciti": "ic", "ical": "ic", "ful": "", "ness": "",
}  # fmt: skip
_STEP_4 = (
    "al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion",
    "ou", "ism", "ate", "iti", "ous", "ive", "ize",
)  # fmt: skip

# One C call tells that no rule of a step fits, which is what happens to most words.
_ENDS_2 = (*_STEP_2, "logi")
_ENDS_3 = tuple(_STEP_3)


class PorterStemmer:
    """Stems as ``nltk.stem.PorterStemmer()`` does, and remembers every word it has seen.

    >>> stem = PorterStemmer().stem
    >>> [stem(word) for word in ["Flies", "dies", "enjoyment", "relational", "sky"]]
    ['fli', 'die', 'enjoy', 'relat', 'sky']
    """

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def stem(self, word: str) -> str:
        """The stem of ``word`` after lowercasing; any string will do, also an empty one."""
        stem = self._known.get(word)
        if stem is None:
            stem = self._known[word] = _stem(word)
        return stem


def _stem(word: str) -> str:
    lowered = word.lower()
    if lowered in _IRREGULAR:
        return _IRREGULAR[lowered]
    # NLTK counts the letters before lowercasing, which may add some ("İ" becomes two).
    if len(word) <= 2:
        return lowered
    for step in _STEPS:
        lowered = step(lowered)
    return lowered


def _shape(word: str) -> str:
    """One letter per letter of ``word``: c for a consonant, v for a vowel.

    A "y" is a vowel after a consonant and a consonant elsewhere.
    """
    shape = []
    is_vowel = True
    for letter in word:
        is_vowel = letter in _VOWELS or (letter == "y" and not is_vowel)
        shape.append("v" if is_vowel else "c")
    return "".join(shape)


def _measure(stem: str) -> int:
    """Porter's *m*: how many times a vowel is followed by a consonant."""
    return _shape(stem).count("vc")


def _ends_double_consonant(word: str) -> bool:
    """Condition *d*."""
    return len(word) >= 2 and word[-1] == word[-2] and _shape(word)[-1] == "c"


def _ends_short(word: str) -> bool:
    """Condition *o*: the end is consonant, vowel, consonant other than w, x, y; or all is "vc"."""
    shape = _shape(word)
    return shape == "vc" or (shape.endswith("cvc") and word[-1] not in "wxy")


def _step_1a(word: str) -> str:
    """Plurals."""
    if not word.endswith("s"):
        return word
    if word.endswith("ies"):
        return word[:-1] if len(word) == 4 else word[:-2]
    if word.endswith("sses"):
        return word[:-2]
    return word if word.endswith("ss") else word[:-1]


def _step_1b(word: str) -> str:
    """Past tenses and gerunds."""
    if word.endswith("ied"):
        return word[:-1] if len(word) == 4 else word[:-2]
    if word.endswith("eed"):
        return word[:-1] if _measure(word[:-3]) > 0 else word
    for suffix in ("ed", "ing"):
        if word.endswith(suffix):
            stem = word.removesuffix(suffix)
            return _restore_ending(stem) if "v" in _shape(stem) else word
    return word


def _restore_ending(stem: str) -> str:
    """What step 1b does after it has taken off "ed" or "ing"."""
    if stem.endswith(("at", "bl", "iz")):
        return stem + "e"
    if _ends_double_consonant(stem):
        return stem if stem[-1] in "lsz" else stem[:-1]
    # NLTK's table marks the double-consonant rule with the text "*d", and also takes it literally.
    if stem.endswith("*d"):
        return stem[:-2] + "d"
    return stem + "e" if _measure(stem) == 1 and _ends_short(stem) else stem


def _step_1c(word: str) -> str:
    """A final y after a consonant."""
    if word.endswith("y") and len(word) > 2 and _shape(word)[-2] == "c":
        return word[:-1] + "i"
    return word


def _step_2(word: str) -> str:
    """Double suffixes."""
    if word.endswith("alli") and _measure(word[:-4]) > 0:
        word = word[:-2]
    if not word.endswith(_ENDS_2):
        return word
    if word.endswith("logi"):
        return word[:-1] if _measure(word[:-3]) > 0 else word
    return _replace_first(word, _STEP_2)


def _step_3(word: str) -> str:
    """-ic-, -full, -ness and the like."""
    return _replace_first(word, _STEP_3) if word.endswith(_ENDS_3) else word


def _replace_first(word: str, rules: dict[str, str]) -> str:
    """Apply the first rule whose suffix fits, if *m* > 0 before the suffix."""
    suffix = next(suffix for suffix in rules if word.endswith(suffix))
    stem = word[: -len(suffix)]
    return stem + rules[suffix] if _measure(stem) > 0 else word


def _step_4(word: str) -> str:
    """Single suffixes after a long stem."""
    if not word.endswith(_STEP_4):
        return word
    suffix = next(suffix for suffix in _STEP_4 if word.endswith(suffix))
    stem = word[: -len(suffix)]
    if _measure(stem) <= 1 or (suffix == "ion" and stem[-1] not in "st"):
        return word
    return stem


def _step_5a(word: str) -> str:
    """A final e."""
    if not word.endswith("e"):
        return word
    stem = word[:-1]
    measure = _measure(stem)
    return stem if measure > 1 or (measure == 1 and not _ends_short(stem)) else word


def _step_5b(word: str) -> str:
    """A final double l."""
    return word[:-1] if word.endswith("ll") and _measure(word[:-1]) > 1 else word


_STEPS: tuple[Callable[[str], str], ...] = (
    _step_1a, _step_1b, _step_1c, _step_2, _step_3, _step_4, _step_5a, _step_5b,
)  # fmt: skip
