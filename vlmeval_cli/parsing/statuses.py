"""Predictions that are no answers: empty, refused, cut off, or caught in a loop.

A status is told beside the score and never changes it: such a text is scored as it stands.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_REFUSAL = re.compile(
    r"\s*(?:"
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
_LOOP_SHARE = 120  # characters of the last 400 that repeat one phrase
_LOOP = re.compile(r"(.{1,60}?)\1{3,}", re.DOTALL)


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
    if _REFUSAL.match(text):
        return Status("refused", "begins like a refusal")
    if len(text) >= _LOOP_LENGTH and _is_loop(text[-2 * _LOOP_LENGTH :]):
        return Status("loop", "ends in the same words over and over")
    return None


def _is_loop(ending: str) -> bool:
    return any(len(repeated[0]) >= _LOOP_SHARE for repeated in _LOOP.finditer(ending))
