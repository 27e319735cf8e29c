"""The rules of the PTB lexer: metric-spec section 5.2, as patterns over character stand-ins.

A rule matches its token (group 1) and, after it, the text it must be followed by. At every place
the rule with the longest match wins, what follows counted in; among equals, the earlier rule.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property

from vlmeval_cli.text.ptb_words import (
    CAPITAL_ABBREVIATIONS,
    CLOSING_ABBREVIATIONS,
    CONTRACTIONS,
    FILE_EXTENSIONS,
    NUMBERED_ABBREVIATIONS,
    SENTENCE_STARTERS,
    TITLE_ABBREVIATIONS,
)

Writer = Callable[[str], str | None]

_BLANK = "[ \t\xa0\u2003]"
_GAP = "[ \t\xa0\u2003\n]"
_D = "[0-9٣]"
_ENTITY = "&[aeiouAEIOU](?i:acute|grave|uml);"
_L = f"(?:[A-Za-zé\xad\u0301]|{_ENTITY})"
_TAIL = f"(?:[A-Za-zé\xad\u03010-9٣]++|{_ENTITY})*+"
_WORD = f"{_L}{_TAIL}(?:[.!?]{_L}{_TAIL})*"
_NUMBER = f"(?:{_D}*(?:[.:,\xad٫]{_D}+)+|{_D}+)"

_QUOTE = "(?:['’]|&(?i:apos);)"
_ANY_QUOTE = "(?:['’`‘]|&(?i:apos);)"
_SUFFIX = f"{_QUOTE}(?:[msdMSD]|(?i:re|ve|ll))"
_NOT = f"[nN]{_ANY_QUOTE}[tT]"

_TAG_NAME = "[A-Za-z][A-Za-z0-9_:.-]*"
# Parts that could run on without matching are bounded, here and below: a long text would otherwise
# be scanned to its end from every one of its places.
_ATTRIBUTE = f"[ \t]+{_TAG_NAME}(?:[ \t]*=[ \t]*(?:\"[^\"]{{0,1024}}\"|'[^']{{0,1024}}'))?"
_MARKUP = "[!?][A-Za-z-][^>\n]{0,1024}"
_TAG = f"<(?:{_MARKUP}|/{_TAG_NAME}[ \t]*|{_TAG_NAME}(?:{_ATTRIBUTE}){{0,32}}[ \t]*/?)>"

_URL_REST = '[^ \t\n"<>|(){}]+'
_PATH_REST = '[^ \t\n"<>|()]+'
_URL_END = '[^ \t\n"<>|(){}.!?,-]'
_WEB_HOST = '[^ \t\n"<>|(){}.!?,]{1,256}'
_PLAIN_HOST = r"""[^ \t\n"<>|(){}.!?,$'/:;=@\[\\\]^`A-Z0-9_-]{1,256}"""
_MAIL_USER = '[^ \t\n\xa0"<>|(){}]{0,64}'
_MAIL_HOST = '[^ \t\n\xa0"<>|(){}.]+'

_ACRONYM = r"[A-Za-z](?:\.[A-Za-z])*"
_NON_US = r"(?:Canada|Sino|Korean|EU|Japan|non)-U\.S|U\.S\.-(?:U\.K|U\.S\.S\.R)"
_WORDLIKE = "[A-Za-zé0-9٣]"
_FILE_WORD = "[A-Za-zé\xad\u03010-9٣]{1,256}"
_HYPHEN = "[-_‐]"
_PART = f"(?:[dDoOlL]{_ANY_QUOTE}{_WORDLIKE})?{_WORDLIKE}+"
_JOINED = f"{_PART}(?:{_HYPHEN}{_PART})*"
_CAPITALS = "[A-Z]+(?:(?:&(?i:amp);|[&+])[A-Z]+)+"
_HYPHENATED = (
    r"[A-Za-z0-9][A-Za-z0-9.,\xad]{0,256}(?:-(?:[A-Za-z](?:\.[A-Za-z])+\.|[A-Za-z0-9\xad]+))+"
)
_SLASHED = "[A-Za-z0-9]+(?:-[A-Za-z]+){0,2}"
_SLASH = r"\\?/"


def _as_is(token: str) -> str:
    return token


def _always(token: str | None) -> Writer:
    return lambda _: token


def _without_soft_hyphens(token: str) -> str:
    return token.replace("\xad", "") or "-"


def _plain_apostrophe(token: str) -> str:
    return re.sub("['’\x92]|&apos;", "'", re.sub("[‘‛\x91]", "`", token))


def _suffix(token: str) -> str:
    return _without_soft_hyphens(_plain_apostrophe(token))


def _hard_spaces(token: str) -> str:
    return re.sub("[ \t\u2000-\u200a\u3000]", "\xa0", token)


def _bracketed(token: str) -> str:
    return token.replace("(", "-LRB-").replace(")", "-RRB-")


def _phone(token: str) -> str:
    return _hard_spaces(_bracketed(token))


def _acronym_at_end(token: str) -> str:
    # The full stop after a single letter is the sentence's, not the letter's.
    return token[:-1] if len(token) == 2 else token


def _ampersand(token: str) -> str:
    return re.sub("&amp;", "&", token, flags=re.IGNORECASE)


_FRACTIONS = {"¼": "1/4", "½": "1/2", "¾": "3/4", "⅓": "1/3", "⅔": "2/3"}
_BRACKETS = {
    "{": "-LCB-",
    "}": "-RCB-",
    "[": "-LSB-",
    "]": "-RSB-",
    "(": "-LRB-",
    ")": "-RRB-",
}
_CLOSED_QUOTES = str.maketrans(
    {
        **dict.fromkeys("\x91‘‛‹", "`"),
        **dict.fromkeys("\x92’›", "'"),
        **dict.fromkeys("\x93“«", "``"),
        **dict.fromkeys("\x94”»", "''"),
    }
)


def _quotes(token: str) -> str:
    return _plain_apostrophe(token).translate(_CLOSED_QUOTES)


def _double_quote(token: str) -> str:
    # Opening or closing is all one: both are dropped.
    return "''" if token in ('"', "&quot;") else token


def _dashes(token: str) -> str:
    return "--" if 3 <= len(token) <= 4 else token


class Rule:
    """One rule: the characters a token may start with, its pattern, and how it is written.

    A rule with ``needs`` can only match in a caption that holds that character; it is not tried in
    others, which keeps scans for it from growing with the square of a long text. The pattern is
    compiled on first use: most captions need few rules.
    """

    def __init__(
        self, starts: str, pattern: str, write: Writer = _as_is, *, needs: str = ""
    ) -> None:
        self.write = write
        self.needs = needs
        self._starts = starts
        self._pattern = pattern

    def may_start_with(self, char: str) -> bool:
        """Whether a token of this rule can start with the stand-in ``char``."""
        return re.match(f"[{self._starts}]", char) is not None

    @cached_property
    def match(self) -> Callable[[str, int], re.Match[str] | None]:
        """Match the rule against the stand-ins of a text at a place."""
        return re.compile(self._pattern, re.DOTALL).match


_LETTERS = "A-Za-z"
_WORD_STARTS = "A-Za-zé\xad\u0301&"
_ALNUM = "A-Za-zé0-9٣"
_DIGITS = "0-9٣"
_QUOTES = "'’&"


def _contraction(first: str, rest: str) -> Rule:
    return Rule(f"{first[0]}{first[0].upper()}", f"(?i)({first}){rest}")


def _word_rules() -> list[Rule]:
    """Contractions, tags, entities and words: rules 1 to 10."""
    return [
        Rule("Cc", r"([Cc]\+\+)"),
        Rule("CcFf", "([CcFf]#)"),
        *(_contraction(first, rest) for first, rest in CONTRACTIONS),
        Rule("<", f"({_TAG})", _hard_spaces, needs=">"),
        Rule("–&", "(–|&(?i:MD|mdash|ndash);)", _always("--")),
        Rule("&", "(&(?i:amp);)", _always("&")),
        Rule("&", "(&(?:(?i:HT|TL|UR|LR|QC|QL|QR|odq|cdq)|#[0-9]+);)"),
        Rule(_WORD_STARTS, f"({_WORD}){_SUFFIX}", _without_soft_hyphens),
        Rule(f"{_LETTERS}\xad", f"([A-Za-z\xad]*[A-MO-Za-mo-z]){_NOT}", _without_soft_hyphens),
        Rule(_WORD_STARTS, f"({_WORD})", _without_soft_hyphens),
    ]


def _apostrophe_rules() -> list[Rule]:
    """Words with an apostrophe of their own: rules 11 and 12."""
    return [
        Rule(_QUOTES, f"({_QUOTE}[nN]{_QUOTE}?)"),
        Rule("lLdDjJ", f"([lLdDjJ]{_QUOTE})"),
        Rule("dDsSoO", f"((?i:dunkin|somethin|ol){_QUOTE})"),
        Rule(_QUOTES, f"({_QUOTE}(?i:em))"),
        Rule("A-HJ-XZn", f"([A-HJ-XZn]{_ANY_QUOTE}[A-Za-zé]{{2,}})"),
        Rule(_QUOTES, f"({_QUOTE}[2-9]0[sS])"),
        Rule(_QUOTES, f"({_QUOTE}(?i:till?|cause))"),
        Rule("A-Za-zé", f"([A-Za-zé]+[aeiouyAEIOUY]{_ANY_QUOTE}[aeiouA-Z][A-Za-zé]*)"),
        Rule(
            "A-Za-z",
            r"((?i:cont'd\.?|nor'easter|c'mon|e'er|s'mores|ev'ry|li'l|nat'l"
            f"|o{_ANY_QUOTE}o))",
        ),
        Rule("yY", f"([yY]{_QUOTE})[A-Za-zé]"),
    ]


def _address_rules() -> list[Rule]:
    """Addresses and handles: rules 13 to 16, and suffixes that stand alone: 17 and 18."""
    path = f"(?:/{_PATH_REST}{_URL_END})?"
    plain_starts = r"""^ \t\n"<>|(){}.!?,$'/:;=@\[\\\]^`A-Z0-9_-"""
    return [
        Rule("hH", f"((?i:https?)://{_URL_REST}{_URL_END})"),
        Rule("wW", rf"((?i:www)\.(?:{_WEB_HOST}\.){{1,32}}[a-zA-Z]{{2,4}}{path})"),
        Rule(plain_starts, rf"((?:{_PLAIN_HOST}\.){{1,32}}(?i:com|net|org|edu){path})", needs="."),
        Rule(
            "<&A-Za-z0-9",
            rf"((?:<|&(?i:lt);)?[A-Za-z0-9]{_MAIL_USER}@(?:{_MAIL_HOST}\.)*{_MAIL_HOST}"
            "(?:>|&(?i:gt);)?)",
            needs="@",
        ),
        Rule("@", "(@[A-Za-z_][A-Za-z0-9_]*)"),
        Rule("#", f"(#{_L}+)"),
        Rule(_QUOTES, f"({_SUFFIX})[^A-Za-z]", _suffix),
        Rule("nN", f"({_NOT})[^A-Za-z]", _suffix),
    ]


def _number_rules() -> list[Rule]:
    """Dates, numbers, fractions, literals and money: rules 19 to 27."""
    return [
        Rule(_DIGITS, f"({_D}{{1,2}}[-/]{_D}{{1,2}}[-/]{_D}{{2,4}})"),
        Rule(f"{_DIGITS}.:,\xad٫+-", f"([+-]?{_NUMBER})", _without_soft_hyphens),
        Rule("⁺²₂", "(⁺?(?:²+|₂+))"),
        Rule(
            _DIGITS,
            rf"((?:{_D}{{1,4}}[- \xa0])?{_D}{{1,4}}(?:{_SLASH}|⁄){_D}{{1,4}})",
            _hard_spaces,
        ),
        Rule("½", "(½)", lambda token: _FRACTIONS[token]),
        Rule("-", "(-(?i:[LR][RCS]B)-)"),
        Rule("CcPpAaSs", r"((?i:C\.D\.s|pro-|anti-|S&(?:amp;)?P-500|S&(?:amp;)?Ls))", _ampersand),
        Rule("Cc", f"([Cc](?i:ap{_QUOTE}n|{_QUOTE}est))"),
        Rule("A-Za-z0-9", f"({_SLASHED}(?:{_SLASH}{_SLASHED}){{1,2}})"),
        Rule("A-Z$#", r"([A-Z]*\$|#)"),
        Rule("¢£€", "(¢)", _always("cents")),
        Rule("£", "(£)", _always("#")),
        Rule("€", "(€)", _always("$")),
    ]


def _abbreviation_rules() -> list[Rule]:
    """Acronyms, abbreviations, file names and phone numbers: rules 28 to 38."""
    starters = "|".join(
        f"{word[0]}(?i:{re.escape(word[1:])})" for word in SENTENCE_STARTERS.split("|")
    )
    acronym = f"(?:(?i:{_NON_US})|{_ACRONYM})"
    return [
        Rule(_LETTERS, rf"({acronym}\.){_GAP}+(?:{starters}|{_TAG}){_GAP}", _acronym_at_end),
        Rule("A-Za-z", rf"((?i:{NUMBERED_ABBREVIATIONS})\.)[ \t\xa0\u2003]?{_D}"),
        Rule(_LETTERS, rf"((?:(?i:{CLOSING_ABBREVIATIONS})|{CAPITAL_ABBREVIATIONS})\.).."),
        Rule(_LETTERS, rf"((?:{acronym}|(?i:{TITLE_ABBREVIATIONS}))\.)"),
        Rule(_LETTERS, f"({acronym}){_GAP}"),
        Rule(_QUOTES, f"({_QUOTE}[0-9][0-9]){_GAP}"),
        Rule(
            f"{_ALNUM}\xad\u0301",
            rf"({_FILE_WORD}(?:\.{_FILE_WORD}){{0,32}}\.(?i:{FILE_EXTENSIONS}))(?:{_GAP}|[.?!,])",
            needs=".",
        ),
        Rule(_WORD_STARTS, rf"({_WORD}\.)[,;:、]", _without_soft_hyphens),
        Rule(
            "(+0-9",
            r"((?:\([0-9]{2,3}\)[ \xa0]?|(?:\+\+?)?(?:[0-9]{2,4}[- \xa0])?[0-9]{2,4}[- \xa0])"
            r"[0-9]{3,4}[- \xa0]?[0-9]{3,5})",
            _phone,
        ),
    ]


def _sign_rules() -> list[Rule]:
    """Quotes, brackets, smileys, dashes and dots: rules 39 to 51."""
    return [
        Rule('"&', '("|&(?i:quot);)[A-Za-z0-9$]', _double_quote),
        Rule('"&', '("|&(?i:quot);)', _double_quote),
        Rule("<&", "(<|&(?i:lt);)", _always("<")),
        Rule(">&", "(>|&(?i:gt);)", _always(">")),
        Rule("<>:;=", r"([<>]?[:;=][-o*']?[()DPdpO\\{@|\[\]])[^A-Za-z0-9]", _bracketed),
        Rule("x=~<>'^-", "([-^x=~<>']_[-^x=~<>'])", _bracketed),
        Rule("(", r"(\([-^x=~<>'][_.]?[-^x=~<>']\))", _bracketed),
        Rule("(", r"(\([x=~<>'^]-[x=~<>'^`]\))", _bracketed),
        Rule(r"{}\[\]()", r"([{}\[\]()])", lambda token: _BRACKETS[token]),
        Rule("-", "(-+)", _dashes),
        Rule(".…", r"(\.{3,5}|\.(?:[ \xa0]\.){2,4}|…)", _always("...")),
        Rule(r"@#_*\\", r"(@+|#+|_+|(?:\\\*)+|\*+)"),
        Rule(",;:、", "([,;:、])"),
        Rule("?!", "([?!]+)"),
        Rule(".", r"(\.)"),
        Rule("=/", "([=/])"),
    ]


def _hyphen_rules() -> list[Rule]:
    """Hyphenated words, joined capitals, quotes and symbols: rules 52 to 62."""
    return [
        Rule("A-Za-z0-9", f"({_HYPHENATED})", _without_soft_hyphens, needs="-"),
        Rule(_ALNUM, f"({_JOINED})"),
        Rule("A-Z", f"({_CAPITALS})", _ampersand),
        Rule("A-Za-z0-9", rf"({_HYPHENATED}\.)[,;:、]", _without_soft_hyphens, needs="-"),
        Rule(_ALNUM, rf"({_JOINED}\.)[,;:、]"),
        Rule("A-Z", rf"({_CAPITALS}\.)[,;:、]", _ampersand),
        Rule("'", "(')[A-Za-z][^ \t\n\xa0]", _always("`")),
        Rule(_QUOTES, f"({_SUFFIX})", _suffix),
        Rule("nN", f"({_NOT})", _suffix),
        Rule("'’&`‘„“”‹›", f"('{{2}}|[`‘’„“”‹›]{{1,2}}|{_QUOTE})", _quotes),
        Rule("<>", "(<<|>>)"),
        Rule("§²₂⁺¡¿%&~^|\\\\+¢£¥⁄$", r"([§²₂⁺%&~^|\\+⁄])"),
        Rule(f"{_BLANK[1:-1]}&", f"({_BLANK}+|&(?i:nbsp);)", _always(None)),
    ]


def rules() -> list[Rule]:
    """All rules, in the order that settles ties."""
    return [
        *_word_rules(),
        *_apostrophe_rules(),
        *_address_rules(),
        *_number_rules(),
        *_abbreviation_rules(),
        *_sign_rules(),
        *_hyphen_rules(),
    ]
