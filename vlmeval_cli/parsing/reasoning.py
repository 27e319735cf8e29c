"""Takes the reasoning out of a model's text and keeps the answer."""

from __future__ import annotations

import re
from typing import NamedTuple

_TAGS = "think|thinking|thought|reasoning"
_BLOCK = re.compile(rf"<({_TAGS})>.*?</\1>", re.DOTALL | re.IGNORECASE)
_OPENING = re.compile(rf"<({_TAGS})>", re.IGNORECASE)
_CLOSING = re.compile(rf"</({_TAGS})>", re.IGNORECASE)
_ANSWER = re.compile(r"\s*<answer>(.*?)</answer>\s*", re.DOTALL | re.IGNORECASE)


class Answer(NamedTuple):
    """What is left of a text without its reasoning.

    Attributes:
        text: the answer; the whole text when there was no reasoning.
        is_stripped: something was taken away.
        is_unfinished: reasoning began and never ended, so there is no answer.
    """

    text: str
    is_stripped: bool = False
    is_unfinished: bool = False


def answer(text: str) -> Answer:
    r"""The text without ``<think>…</think>`` blocks and without ``<answer>`` tags around it.

    A closing tag without its opening one ends the reasoning too: chat templates often put the
    opening tag into the prompt. An opening tag without an end leaves the text as it is, and is
    told apart as unfinished.

    >>> answer("<think>a dog?</think>\n\na cat").text
    'a cat'
    >>> answer("it barks, so </think> a dog").text
    'a dog'
    """
    if "<" not in text:
        return Answer(text)
    rest = _BLOCK.sub("", text)
    *_, start = 0, *(tag.end() for tag in _CLOSING.finditer(rest))
    rest = rest[start:]
    if _OPENING.search(rest):
        return Answer(text, is_unfinished=True)
    whole = _ANSWER.fullmatch(rest)
    rest = whole[1] if whole else rest
    return Answer(text) if rest == text else Answer(rest.strip(), is_stripped=True)
