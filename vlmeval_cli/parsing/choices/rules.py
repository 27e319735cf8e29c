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

Rule = Literal["vlmeval", "mmmu", "vlmevalkit", "ms-vlmeval", "lmms", "lmms-mcq"]

_STRIPPED = (",", ".", "!", "?", ";", ":", "'")  # one after the other, as MMMU does
_STRIPPED_MCQ = (*_STRIPPED, '"')
_FOUR = "ABCD"
_OPENS, _ENDS, _SAID = 10, 9, 7  # how telling a form is
_FORMS = (("({})", 6), ("{}.", 5), ("{}:", 4), ("{})", 3), ("{} ", 2))
_ANNOUNCED = (
    *(
        f"{before}{kind} {noun} is"
        for noun in ("answer", "option", "choice")
        for kind in ("correct", "best")
        for before in ("", "the ")
        if (kind, noun) != ("best", "choice")
    ),
    "answer is", "the answer is", "my answer is", "choice is", "the choice is", "my choice is",
    "i choose", "i select", "i pick", "옵션", "정답은", "답은", "답:", "答案是", "答案为", "选",
    "答えは",
)  # fmt: skip
_Place = tuple[int, int, str]  # how telling, where, which letter
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


def lmms_mcq(text: str, options: Options) -> Reading:
    """The extractor that most multiple-choice tasks of lmms-eval share (0.7), over A to D.

    Of all places that hold a letter the most telling form wins, and among equals the last place:
    the letter opens the answer, ends it, follows "answer is" and the like anywhere, stands in
    brackets, before a full stop, a colon, a bracket or a space; failing all, any letter of a word.
    """
    answer = text.strip()
    for character in _STRIPPED_MCQ:
        answer = answer.strip(character)
    padded = f" {answer} "
    found = [*_formed(padded), *_announced(padded), *_at_ends(padded.strip(), len(padded))]
    found = found or [(0, padded.rfind(letter), letter) for letter in _FOUR if letter in padded]
    if not found:
        return Reading(None, "the rule of lmms-eval finds no letter")
    return Reading(max(found, key=lambda place: place[:2])[2])


def _formed(padded: str) -> list[_Place]:
    """Letters in one of the forms that count, each where it stands last."""
    return [
        (rank, padded.rfind(form.format(letter)), letter)
        for form, rank in _FORMS
        for letter in _FOUR
        if form.format(letter) in padded
    ]


def _announced(padded: str) -> list[_Place]:
    """The first of each letter behind the first of each announcement, however far behind."""
    lower = padded.lower()
    starts = [lower.find(words) + len(words) for words in _ANNOUNCED if words in lower]
    places = [(padded.find(letter, start), letter) for start in starts for letter in _FOUR]
    return [(_SAID, place, letter) for place, letter in places if place >= 0]


def _at_ends(answer: str, end: int) -> list[_Place]:
    """Letters that open or end the answer and are no part of a word."""
    found: list[_Place] = []
    for letter in _FOUR:
        if answer.startswith(letter) and not answer[1:2].isalpha():
            found.append((_OPENS, 0, letter))
        if answer.endswith(letter) and not answer[-2:-1].isalpha():
            found.append((_ENDS, end, letter))
    return found


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
        "lmms-mcq": lmms_mcq,
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
