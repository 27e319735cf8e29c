"""Normalisations of answers by name: what two texts must share to count as the same answer."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Sequence
from itertools import compress
from types import MappingProxyType

from vlmeval_cli.text.vqa_normalize import vqa_normalized

Normalizer = Callable[[str], str]

_PUNCTUATION = string.punctuation.encode()
_ARTICLES = frozenset({"a", "an", "the"})
_NO_PUNCTUATION = str.maketrans(dict.fromkeys(string.punctuation, ""))
# The full-width forms stand in ASCII's order; the ideographic space is apart from them.
_HALF_WIDTH = {0x3000: " ", **{0xFEE0 + code: chr(code) for code in range(0x21, 0x7F)}}
_ARTICLE = re.compile(r"\b(?:a|an|the)\b")
_ARTICLE_OR_SPACE = re.compile(r" (?:an?|the)?(?= )")  # where a space stands around every word


def as_it_is(text: str) -> str:
    """No normalisation: letter case and spaces count (GQA's official rule)."""
    return text


def stripped_lowercase(text: str) -> str:
    """Ends stripped, lowercase (VLMEvalKit's GQA)."""
    return text.strip().lower()


def single_spaced_lowercase(text: str) -> str:
    """Lowercase, runs of white space as one space, ends stripped (ANLS of the RRC script)."""
    return " ".join(text.lower().split())


def contained_spelling(text: str) -> str:
    """Lowercase, ends stripped, newlines as spaces (OCRBench)."""
    return text.lower().strip().replace("\n", " ")


def half_width_spelling(text: str) -> str:
    """The same, full-width letters, digits and marks as ASCII (OCRBench of lmms-eval).

    >>> half_width_spelling("ＡＢ１２")
    'ab12'
    """
    return contained_spelling(text.translate(_HALF_WIDTH))


def formula_spelling(text: str) -> str:
    """Case kept, no spaces or newlines (OCRBench's handwritten mathematics).

    >>> formula_spelling(" x ^ { 2 } ")
    'x^{2}'
    """
    return text.strip().replace("\n", " ").replace(" ", "")


def without_punctuation(text: str) -> str:
    """Lowercase, ASCII punctuation deleted (GQA of lmms-eval).

    >>> without_punctuation("T-shirt.")
    'tshirt'
    """
    return text.lower().translate(_NO_PUNCTUATION)


def squad_normalized(text: str) -> str:
    """SQuAD's rule: lowercase, no ASCII punctuation, no articles, single spaces.

    Punctuation is deleted before articles are, and leaves no space. Curly quotes stay.
    Source: Rajpurkar et al. 2016, evaluation scripts v1.1 and v2.0.

    >>> squad_normalized("The cat!"), squad_normalized("the-cat"), squad_normalized("$5.00")
    ('cat', 'thecat', '500')
    """
    return " ".join(_ARTICLE.sub(" ", without_punctuation(text)).split())


def squad_normalized_all(texts: Sequence[str]) -> list[str]:
    r"""Each text by :func:`squad_normalized`, many times faster.

    The texts are joined by newlines, which the rule turns into spaces anyway, so that most of the
    work is done in one go. A word of a printable ASCII text without punctuation is letters and
    digits alone, so that only whole words can be articles there.

    >>> squad_normalized_all(["The cat!", "an\nice-cream"])
    ['cat', 'icecream']
    """
    if not texts:
        return []
    joined = "\n".join(texts)
    if joined.count("\n") != len(texts) - 1:
        joined = "\n".join([text.replace("\n", " ") for text in texts])
    encoded = joined.lower().encode("utf-8", "surrogatepass").translate(None, _PUNCTUATION)
    lines = encoded.decode("utf-8", "surrogatepass").split("\n")
    are_plain = [line.isascii() and line.isprintable() for line in lines]
    plain = iter(_without_articles([*compress(lines, are_plain)]))
    return [
        next(plain) if is_plain else " ".join(_ARTICLE.sub(" ", line).split())
        for line, is_plain in zip(lines, are_plain, strict=True)
    ]


def _without_articles(lines: Sequence[str]) -> list[str]:
    """Lines without articles and with single spaces, all at once; no white space but spaces."""
    text = " " + " \n ".join(lines) + " "
    return [*map(str.strip, _ARTICLE_OR_SPACE.sub("", text).split("\n"))] if lines else []


def single_spaced_lowercase_all(texts: Sequence[str]) -> list[str]:
    """Each text by :func:`single_spaced_lowercase`; the only printable white space is a space."""
    return [
        text if "  " not in text and text.isprintable() else " ".join(text.split())
        for text in map(str.strip, map(str.lower, texts))
    ]


def each(normalizer: Normalizer, texts: Sequence[str]) -> list[str]:
    """Every text normalised, all in one go where that is faster."""
    if normalizer is squad_normalized:
        return squad_normalized_all(texts)
    if normalizer is single_spaced_lowercase:
        return single_spaced_lowercase_all(texts)
    return [*map(normalizer, texts)]


NORMALIZERS = MappingProxyType[str, Normalizer](
    {
        "none": as_it_is,
        "case": str.lower,
        "lower": stripped_lowercase,
        "gqa-lmms": without_punctuation,
        "squad": squad_normalized,
        "vqa": vqa_normalized,
    }
)
