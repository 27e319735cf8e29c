"""Answer normalisation of the official VQA evaluation, quirks included, and of its relatives.

The official rule has two steps: punctuation, then numbers, articles and contractions. Each function
takes one text and gives one text; callers normalise every distinct text once.

Source: Antol et al. 2015, "VQA: Visual Question Answering", and the evaluation server's rules as
released with it (state of March 2021).
"""

from __future__ import annotations

import re
from types import MappingProxyType

_MARKS = ';/[]"{}()=+\\_-><@`,?!'
_DELETED = str.maketrans(dict.fromkeys(_MARKS, ""))
_SPACED = str.maketrans(dict.fromkeys(_MARKS, " "))
_ANY_MARK = re.compile(f"[{re.escape(_MARKS)}.]")
_DIGIT_COMMA_DIGIT = re.compile(r"\d,\d")
# The official pattern also tries to spare periods after a digit, but is malformed: "3." → "3".
PERIOD = re.compile(r"\.(?!\d)")
PERIOD_AWAY_FROM_DIGITS = re.compile(r"(?<!\d)\.(?!\d)")
# A flag was passed in the place of the count, so that only so many periods are deleted.
_PERIOD_LIMIT = 32

_NUMBER_WORDS = (
    "none=0 zero=0 one=1 two=2 three=3 four=4 five=5 six=6 seven=7 eight=8 nine=9 ten=10"
)
NUMBER_WORDS = MappingProxyType(dict(pair.split("=") for pair in _NUMBER_WORDS.split()))
ARTICLES = ("a", "an", "the")
# Contractions that are looked up without their apostrophe. "I'm" and its kind are in the official
# table too, but words are lowercased first, so that keys with a capital are never found.
_CONTRACTIONS = """
    ain't aren't can't could've couldn't didn't doesn't don't hadn't hasn't haven't he'd he's how'd
    how'll how's I'm I've isn't it'd it'll ma'am mightn't might've mustn't must've needn't not've
    o'clock oughtn't shan't should've shouldn't somebody'll somebody's someone'd someone'll
    someone's something'd something'll that's there'd there're there's they'd they'll they're
    they've 'twas wasn't we've weren't what'll what're what's what've when's where'd where's
    where've who'd who'll who's who've why'll why're why's won't would've wouldn't y'all you'd
    you'll you're you've
"""
_WOULD_HAVE = "he I it she somebody someone something there they we who you"
_NOT_HAVE = "could had might should would"
# The first two keep their apostrophe; the third loses it, against the sense of the table.
_ODD_CONTRACTIONS = {
    "let's": "let's",
    "she's": "she's",
    "somebody'd": "somebodyd",
    "ow's'at": "'ow's'at",
    "'ows'at": "'ow's'at",
    "'ow'sat": "'ow's'at",
    "yall'll": "y'all'll",
    "y'allll": "y'all'll",
    "yall'd've": "y'all'd've",
    "y'alld've": "y'all'd've",
    "y'all'dve": "y'all'd've",
}


def _contractions() -> dict[str, str]:
    """The official table: 120 entries."""
    table = {full.replace("'", ""): full for full in _CONTRACTIONS.split()}
    for stem in _WOULD_HAVE.split():
        table |= dict.fromkeys((f"{stem}d've", f"{stem}'dve"), f"{stem}'d've")
    for stem in _NOT_HAVE.split():
        table |= dict.fromkeys((f"{stem}nt've", f"{stem}n'tve"), f"{stem}n't've")
    return table | _ODD_CONTRACTIONS


CONTRACTIONS = MappingProxyType(_contractions())
# One table does for all three, because no number or article is the key of a contraction.
_WORDS = MappingProxyType(dict.fromkeys(ARTICLES, "") | dict(NUMBER_WORDS) | dict(CONTRACTIONS))


def vqa_whitespace(text: str) -> str:
    r"""Line feeds and tabs as spaces, ends stripped: done to every answer before all else.

    >>> vqa_whitespace(" black\tcat\n")
    'black cat'
    """
    return text.replace("\n", " ").replace("\t", " ").strip()


def vqa_punctuation(text: str, period: re.Pattern[str] = PERIOD) -> str:
    """Punctuation step: each of 21 marks is deleted everywhere or made a space everywhere.

    A mark is deleted if it stands beside a space somewhere in the text, or if a comma stands
    between digits anywhere (then all marks are). After that up to 32 periods that no digit follows
    are deleted.

    >>> vqa_punctuation("hello,world"), vqa_punctuation("1,000 - 2"), vqa_punctuation("U.S.A.")
    ('hello world', '1000  2', 'USA')
    """
    if not _ANY_MARK.search(text):
        return text
    if _DIGIT_COMMA_DIGIT.search(text):
        result = text.translate(_DELETED)
    elif " " in text:
        result = text.translate({ord(mark): _fate(mark, text) for mark in _MARKS if mark in text})
    else:
        result = text.translate(_SPACED)
    return period.sub("", result, count=_PERIOD_LIMIT) if "." in result else result


def _fate(mark: str, text: str) -> str:
    return "" if f"{mark} " in text or f" {mark}" in text else " "


def vqa_words(text: str) -> str:
    """Word step: lowercase, numbers to ten as digits, no articles, apostrophes of contractions.

    >>> vqa_words("The  None"), vqa_words("a"), vqa_words("dont")
    ('0', '', "don't")
    """
    words = text.lower().split()
    if _WORDS.keys().isdisjoint(words):
        return " ".join(words)
    return " ".join(filter(None, (_WORDS.get(word, word) for word in words)))


def vqa_normalized(text: str) -> str:
    """The whole official rule: whitespace, punctuation, words.

    >>> vqa_normalized("Two dogs."), vqa_normalized("well - lit"), vqa_normalized("10:30")
    ('2 dogs', 'well lit', '10:30')
    """
    if text.isalpha():  # most answers are one plain word, where only the table matters
        word = text.lower()
        return _WORDS.get(word, word)
    return vqa_words(vqa_punctuation(vqa_whitespace(text)))


def m4c_normalized(text: str) -> str:
    """As TextVQA's own evaluator (M4C): commas, question marks and "'s" are treated first.

    >>> m4c_normalized("Macy's"), m4c_normalized("1,000?")
    ("macy 's", '1000')
    """
    opened = text.lower().replace(",", "").replace("?", "").replace("'s", " 's").strip()
    return vqa_normalized(opened)


def vlmevalkit_normalized(text: str) -> str:
    """As VLMEvalKit: a period that touches a digit on either side stays.

    >>> vlmevalkit_normalized("No. 3."), vqa_normalized("No. 3.")
    ('no 3.', 'no 3')
    """
    return vqa_words(vqa_punctuation(vqa_whitespace(text), PERIOD_AWAY_FROM_DIGITS))
