"""Predictions that are no answers: empty, refused, cut off, or caught in a loop.

A status is told beside the score and never changes it: such a text is scored as it stands.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable
from typing import NamedTuple

_REFUSAL = re.compile(
    r"(?:"
    r"(?:i['’]?m|i am|we['’]?re|we are)\s+(?:very\s+)?(?:sorry|unable|not able)\b"
    r"|sorry,?\s+(?:but\s+)?(?:i|we)\b"
    r"|i apologi[sz]e\b"
    r"|(?:unfortunately,?\s+)?i\s+(?:can(?:['’]t|not)|won['’]t|do not have the ability to)"
    r"\s+(?:assist|help|provide|comply|answer|identify|describe|see|view|determine|process|fulfil)"
    r"|as an ai\b"
    r")",
    re.IGNORECASE,
)
_CUT_OFF = frozenset({"length", "max_tokens", "max_length", "model_length"})
_LOOP_LENGTH = 200  # shorter texts are not called loops
_LOOP_ENDING = 400  # characters at the end of a text that are looked at
_LOOP_SHARE = 120  # so many of them repeat one phrase
_LOOP_TIMES = 4
_PHRASE = 60  # its greatest length
# A probe is looked for again within the length of a phrase. In every loop it may stand in 70 places
# or more, so that one probe a stride is enough.
_PROBE = 20
_STRIDE = 64
_REFUSAL_START = 1_000  # a refusal begins at once
# First characters of texts that are neither empty nor begin like a refusal, whatever follows.
_HARMLESS = frozenset(string.digits + string.ascii_letters + string.punctuation) - set("aisuwAISUW")


BY_WORDS = frozenset({"refused", "loop"})  # outcomes that are guessed from the words of a text


class Status(NamedTuple):
    """A rung of the outcome ladder, and why."""

    outcome: str
    reason: str


def status(
    text: str, *, finish_reason: object = None, is_unfinished: bool = False
) -> Status | None:
    """What keeps ``text`` from being an answer; None when it is one.

    Args:
        text: the parsed prediction.
        finish_reason: as the inference server wrote it, if the row has it.
        is_unfinished: its reasoning never ended.
    """
    if not text or text.isspace():
        return Status("empty", "the prediction is empty")
    if is_unfinished:
        return Status("truncated", "reasoning began and never ended")
    if isinstance(finish_reason, str) and finish_reason.lower() in _CUT_OFF:
        return Status("truncated", f"finish_reason is {finish_reason}")
    if _REFUSAL.match(text.lstrip()[:_REFUSAL_START]):
        return Status("refused", "begins like a refusal")
    if len(text) >= _LOOP_LENGTH and _is_loop(text[-_LOOP_ENDING:]):
        return Status("loop", "ends in the same words over and over")
    return None


def statuses(texts: Iterable[str]) -> dict[str, Status]:
    """Those of the texts that are no answers, by :func:`status`."""
    suspects = [
        text for text in set(texts) if text[:1] not in _HARMLESS or len(text) >= _LOOP_LENGTH
    ]
    found = ((text, status(text)) for text in suspects)
    return {text: one for text, one in found if one is not None}


def _is_loop(ending: str) -> bool:
    """Whether one phrase comes four times or more on end and fills 120 characters."""
    for at in range(0, len(ending) - _PROBE, _STRIDE):
        probe, last = ending[at : at + _PROBE], at + _PHRASE + _PROBE
        again = ending.find(probe, at + 1, last)
        while again >= 0:
            if _repeats(ending, at, again - at) >= max(_LOOP_SHARE, _LOOP_TIMES * (again - at)):
                return True
            again = ending.find(probe, again + 1, last)
    return False


def _repeats(text: str, at: int, length: int) -> int:
    """Characters around ``at`` in which each is the one ``length`` before it."""
    start, end = at, at + length
    while start > 0 and text[start - 1] == text[start - 1 + length]:
        start -= 1
    while end < len(text) and text[end] == text[end - length]:
        end += 1
    return end - start
