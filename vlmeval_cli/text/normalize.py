"""Normalisations of answers by name: what two texts must share to count as the same answer."""

from __future__ import annotations

import re
import string
from collections.abc import Callable
from types import MappingProxyType

from vlmeval_cli.text.vqa_normalize import vqa_normalized

Normalizer = Callable[[str], str]

_NO_PUNCTUATION = str.maketrans(dict.fromkeys(string.punctuation, ""))
# The full-width forms stand in ASCII's order; the ideographic space is apart from them.
_HALF_WIDTH = {0x3000: " ", **{0xFEE0 + code: chr(code) for code in range(0x21, 0x7F)}}
_ARTICLE = re.compile(r"\b(?:a|an|the)\b")


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
