"""Takes the reasoning out of a model's text and keeps the answer."""

from __future__ import annotations

import re
from typing import NamedTuple

_TAG = re.compile(r"<(/?)(?:think|thinking|thought|reasoning)>", re.IGNORECASE)
_ANSWER = re.compile(r"\s*<answer>(.*?)</answer>\s*", re.DOTALL | re.IGNORECASE)

_LMMS_TAGS = (("<think>", "</think>"), ("<analysis>", "</analysis>"))


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
    rest = _without_reasoning(text)
    if rest is None:
        return Answer(text, is_unfinished=True)
    whole = _ANSWER.fullmatch(rest)
    rest = whole[1] if whole else rest
    return Answer(text) if rest == text else Answer(rest.strip(), is_stripped=True)


def lmms_answer(text: str) -> Answer:
    r"""What lmms-eval (0.7) scores of a text: without ``think`` and ``analysis``, ends stripped.

    Its tags are in small letters; one that is opened and not closed stays.

    >>> lmms_answer("<analysis>a dog?</analysis> a cat\n").text
    'a cat'
    >>> lmms_answer("<THINK>a dog?</THINK> a cat").text
    '<THINK>a dog?</THINK> a cat'
    """
    rest = text
    for opening, closing in _LMMS_TAGS:
        start = rest.find(opening)
        while start >= 0 and (end := rest.find(closing, start)) >= 0:
            rest = rest[:start] + rest[end + len(closing) :]
            start = rest.find(opening)
        if start < 0:
            rest = rest.rpartition(closing)[2]
    rest = rest.strip()
    return Answer(rest, is_stripped=rest != text.strip())


def _without_reasoning(text: str) -> str | None:
    """What stands outside of reasoning; None if reasoning began and never ended.

    One pass over the tags: a model that is caught in a loop may write thousands of them.
    """
    kept: list[str] = []
    start: int | None = 0  # of the text outside, None inside reasoning
    for tag in _TAG.finditer(text):
        if tag[1]:
            if start is not None:
                kept.clear()  # it closes what the prompt opened
            start = tag.end()
        elif start is not None:
            kept.append(text[start : tag.start()])
            start = None
    return None if start is None else "".join([*kept, text[start:]])
