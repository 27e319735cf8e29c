"""How other evaluators read an option from an answer, for scores that can be laid beside theirs.

Each rule is the published one with a single change: where MMMU and lmms-eval draw an option at
random, nothing is read. VLMEvalKit never draws: it answers Z, which is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import Literal

from vlmeval_cli.parsing.choices.letters import Reading, read_choice
from vlmeval_cli.parsing.choices.options import LETTERS, Options

Rule = Literal["vlmeval", "mmmu", "vlmevalkit", "ms-vlmeval", "lmms"]

_STRIPPED = (",", ".", "!", "?", ";", ":", "'")  # one after the other, as MMMU does
_LONG = 5  # words; MMMU looks for option texts in longer answers
_NO_ANSWER = "Failed to obtain answer via API"
_REFUSALS = (
    "Sorry, I can't help with images of people yet.",
    "I can't process this file.",
    "I'm sorry, but without the image provided",
    "Cannot determine the answer",
)
_TO_SPACE = str.maketrans(dict.fromkeys(".()[],:;!*#{}", " "))
_ANSWER_IS = re.compile(r"(?:correct\s+)?answer\s+is\s+\**([A-D])\**", re.IGNORECASE)
_NEAR_END = 5  # VLMEvalKit takes a letter whose word is fewer than so many from the end
GUESSED = "the official rule finds no option here and draws one at random"
NOT_INFERRED = "the official rule finds no option here and answers Z, which is wrong"


def mmmu(text: str, options: Options) -> Reading:
    """MMMU's rule (metric-spec of ``mmmu/utils/eval_utils.py``).

    "(B)" anywhere, else " B " anywhere, else in more than five words the texts of options; of
    several the one that is last.
    """
    response = _mmmu_response(text)
    for form in ("({})", " {} "):
        found = [letter for letter in options.known if form.format(letter) in response]
        if found:
            return Reading(max(found, key=lambda letter: response.rfind(form.format(letter))))
    return _mmmu_by_text(response, options)


def lmms(text: str, options: Options) -> Reading:
    """The rule of lmms-eval's MMMU: its second form has no space before the letter.

    "A" is in "DNA is…", and of several letters without brackets it takes the last that stands
    alone, or else the first.
    """
    response = _mmmu_response(text)
    for form, last in (("({})", "({})"), ("{} ", " {} "), ("{}.", " {} ")):
        found = [letter for letter in options.known if form.format(letter) in response]
        if found:
            return Reading(max(found, key=lambda letter: response.rfind(last.format(letter))))
    return _mmmu_by_text(response, options)


def _mmmu_response(text: str) -> str:
    for character in _STRIPPED:
        text = text.strip(character)
    return f" {text} "


def _mmmu_by_text(response: str, options: Options) -> Reading:
    if len(response.split()) <= _LONG:
        return Reading(None, GUESSED)
    lower = response.lower()
    texts = _texts(options)
    found = [letter for letter, own in texts.items() if own.lower() in lower]
    if not found:
        return Reading(None, GUESSED)
    return Reading(max(found, key=lambda letter: lower.rfind(texts[letter].lower())))


def vlmevalkit(text: str, options: Options) -> Reading:
    """VLMEvalKit's ``can_infer``, with ``exact_matching`` and no judge.

    One letter as a word, among the last words; else "answer is X"; else the one option whose text
    is in an answer that is not too long. What is left goes to a judge; without one it is Z.
    """
    return _vlmevalkit(text, options, says_so=True)


def ms_vlmeval(text: str, options: Options) -> Reading:
    """The same without "answer is X", as in VLMEvalKit's packages on PyPI (ms-vlmeval 0.0.20)."""
    return _vlmevalkit(text, options, says_so=False)


def _vlmevalkit(text: str, options: Options, *, says_so: bool) -> Reading:
    if _NO_ANSWER in text:
        return Reading(None, "the API failed")
    if any(refusal in text for refusal in _REFUSALS):
        return Reading(None, "refused")
    words = text.translate(_TO_SPACE).split()
    letters = [letter for letter in options.known if letter in words]
    if len(letters) == 1 and words.index(letters[0]) > len(words) - _NEAR_END:
        return Reading(letters[0])
    if not letters and "Z" in words:
        return Reading(None, "says Z, which stands for no option")
    said = _ANSWER_IS.search(text) if says_so else None
    if said and said[1].upper() in options.known:
        return Reading(said[1].upper())
    return _vlmevalkit_by_text(text.lower(), options)


def _vlmevalkit_by_text(lower: str, options: Options) -> Reading:
    texts = _texts(options)
    if len(lower) > 2 * sum(map(len, texts.values())):
        return Reading(None, NOT_INFERRED)
    found = [letter for letter, own in texts.items() if own.lower() in lower]
    return Reading(found[0]) if len(found) == 1 else Reading(None, NOT_INFERRED)


def _texts(options: Options) -> dict[str, str]:
    pairs = zip(LETTERS, options.texts, strict=False)
    return {letter: text for letter, text in pairs if text is not None}


RULES: MappingProxyType[Rule, Callable[[str, Options], Reading]] = MappingProxyType(
    {
        "vlmeval": read_choice,
        "mmmu": mmmu,
        "vlmevalkit": vlmevalkit,
        "ms-vlmeval": ms_vlmeval,
        "lmms": lmms,
    }
)


def read_all(
    rule: Rule, texts: Sequence[str | None], options: Sequence[Options]
) -> list[Reading | None]:
    """What every text names by a rule, each different question read once; None where missing."""
    read = RULES[rule]
    known: dict[tuple[str, tuple[str | None, ...], str], Reading] = {}
    found: list[Reading | None] = []
    for text, own in zip(texts, options, strict=True):
        if text is None:
            found.append(None)
            continue
        asked = (text, own.texts, own.known)
        if asked not in known:
            known[asked] = read(text, own)
        found.append(known[asked])
    return found
