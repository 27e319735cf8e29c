"""What the PTB lexer sees in a character: one stand-in per class of characters.

The reference tokenizer was built when Unicode had about 6.0 and reads 16-bit units, so its idea of
a letter is older than Python's. Every class below was measured by feeding each character of the
Basic Multilingual Plane to the installed tokenizer (``benchmarks/ptb_agreement.py --characters``).
The lexer's rules then match the stand-ins, which keeps their character sets small.
"""

from __future__ import annotations

import re
from unicodedata import category

LETTER = "é"
MARK = "\u0301"
DIGIT = "٣"
SYMBOL = "§"
DELETED = "\ufffd"
WIDE_SPACE = "\u2003"
SOFT_HYPHEN = "\xad"

# Characters that rules name, with the stand-in that rules know them by.
_NAMED = {
    **dict.fromkeys("\xa0\xad…⁄、¢£„", None),
    **dict.fromkeys("‚‟", "„"),
    **dict.fromkeys("\x91‘‛", "‘"),
    **dict.fromkeys("\x92’", "’"),
    **dict.fromkeys("\x93“«", "“"),
    **dict.fromkeys("\x94”»", "”"),
    **dict.fromkeys("‹›", None),
    **dict.fromkeys("\x96\x97–—―", "–"),
    **dict.fromkeys("\x80¤€₠", "€"),
    **dict.fromkeys("\u058a‐‑", "‐"),
    **dict.fromkeys("¼½¾⅓⅔", "½"),
    **dict.fromkeys("²³¹⁰⁴⁵⁶⁷⁸⁹", "²"),
    **dict.fromkeys("₀₁₂₃₄₅₆₇₈₉", "₂"),
    **dict.fromkeys("⁺⁻₊₋", "⁺"),
    **dict.fromkeys("٫٬", "٫"),
    **dict.fromkeys(map(chr, [*range(0x2000, 0x200B), 0x3000]), WIDE_SPACE),
}

# Signs and punctuation that stand alone as tokens of their own.
_SYMBOLS = """
    a1 a5-a9 ac ae-b4 b6-b9 bf d7 f7 37e 387 589 5be 5c0 5c3 5c6 5f3-5f4 600-603 606-60c 614 61b
    61e-61f 66a 66d 6d4 700-70d 7f6-7f8 964-965 e3f e4f 1fbd 2016-2017 2020-2023 2030-2038 203b
    203e-2042 207c-207e 208c-208e 20a4 2100-2101 2103-2106 2108-2109 2114 2116-2118 211e-2123 2125
    2127 2129 212e 213a-213b 2140-2144 214a-214d 214f 2155-215e 2190-2bff 3001-3002 3012 30fb
    ff01-ff0f ff1a-ff20 ff3b-ff40 ff5b-ff65 ffe0-ffe1 ffe5-ffe6
"""

# Combining marks and modifiers: part of a word, but not of a hyphenated or numbered one.
_MARKS = """
    2c2-2c5 2d2-2df 2e5-2eb 2ed 2ef-36f 375 378-379 384-385 3f6 483-487 55a-55f 591-5bd 5bf 5c1-5c2
    5c4-5c5 5c7 615-61a 64b-65e 670 6d6-6e4 6e7-6ed 6fd-6fe 70f 711 730-74c 7a6-7b0 7eb-7f3 900-903
    93c 93e-94e 951-955 962-963 981-983 9bc 9be-9c4 9c7-9c8 9cb-9cd 9d7 9e2-9e3 a01-a03 a3c a3e-a4f
    a81-a83 abc abe-acf b82 bbe-bc2 bc6-bc8 bca-bcd c01-c03 c3e-c56 d3e-d44 d46-d48 e31 e34-e3a
    e47-e4e eb1 eb4-ebc ec8-ecd
"""

# Letters and digits of today's Unicode that the reference deletes.
_TOO_YOUNG = """
    37f 528-52f 560 588 5ef 860-88f 8a1 8ad-8c9 978 980 9fc af9 c34 c5a c5c-c5d c80 cdc-cdd d04
    d54-d56 d5f de6-def e86 e89 e8c e8e-e93 e98 ea0 ea8-ea9 eac 13f5 13f8-13fd 16f1-16f8 170d 171f
    1878 191d-191e 19b0-19c0 19c8-19c9 1b4c 1c80-1cbf 1cf2-1cf3 1cfa 2c2f 2c5f 312e-312f 31bb-31bf
    4db6-4dbf 9fcd-9fff a698-a69d a78f a794-a79f a7ab-a7f7 a8fd-a8fe a9e0-a9fe aa7e-aa7f ab30-abbf
"""


def _codes(ranges: str) -> set[int]:
    """The code points of ranges written as hexadecimal ``first-last``."""
    codes: set[int] = set()
    for part in ranges.split():
        first, _, last = part.partition("-")
        codes.update(range(int(first, 16), int(last or first, 16) + 1))
    return codes


class Shapes(dict[int, str]):
    """Code point → stand-in, made on first sight; a table for :meth:`str.translate`.

    >>> "Ünï 5٣ ½☕".translate(Shapes())
    'éné 5٣ ½§'
    """

    def __init__(self) -> None:
        super().__init__({code: chr(code) for code in range(0x7F)})
        self.update({ord(char): shape or char for char, shape in _NAMED.items()})
        self.update(dict.fromkeys([0x1885, 0x1886], LETTER))
        self._symbols = _codes(_SYMBOLS)
        self._marks = _codes(_MARKS)
        self._too_young = _codes(_TOO_YOUNG)

    def __missing__(self, code: int) -> str:
        """Classify ``code``."""
        shape = self[code] = self._classify(code)
        return shape

    def _classify(self, code: int) -> str:
        if code in self._marks:
            return MARK
        if code in self._symbols:
            return SYMBOL
        if code > 0xFFFF or code in self._too_young:
            return DELETED
        kind = category(chr(code))
        if kind[0] == "L":
            return LETTER
        return DIGIT if kind == "Nd" else DELETED


def utf16_units(text: str) -> str:
    """``text`` with every character beyond 16 bit as its two surrogates, as Java sees it."""
    return re.sub("[\U00010000-\U0010ffff]", lambda found: _surrogates(ord(found[0])), text)


def _surrogates(code: int) -> str:
    high, low = divmod(code - 0x10000, 0x400)
    return chr(0xD800 + high) + chr(0xDC00 + low)


def join_units(text: str) -> str:
    """The inverse of :func:`utf16_units`."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
