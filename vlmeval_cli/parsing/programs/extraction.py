"""Code from a model's answer, and the program that it makes with its prompt.

Answers come as a bare continuation of the prompt (HumanEval), as a whole function, in a Markdown
fence, or with prose around them. Nothing here looks at tests or reference solutions.
"""

from __future__ import annotations

import re
import warnings
from typing import NamedTuple

_FENCE = re.compile(
    r"^[ \t]*(?:```|~~~)[ \t]*[\w+#.-]*[ \t]*\n(.*?)(?:^[ \t]*(?:```|~~~)|\Z)", re.S | re.M
)
# Marks of prompts: MBPP's [BEGIN] … [DONE], of which answers may have the last alone; Llama's.
_MARKED = re.compile(
    r"^[ \t]*\[(?:BEGIN|PYTHON)\][ \t]*\n?(.*?)(?:\[DONE\]|\[/PYTHON\]|\Z)", re.S | re.M
)
_DONE = re.compile(r"^[ \t]*\[(?:DONE|/PYTHON)\]", re.M)
# A line of the first column with which code begins, and one with which it may go on.
_BEGINS = re.compile(r"(?:async def|def|class|import|from|@)\b|@\w")
_GOES_ON = re.compile(
    r"[ \t]|[)\]}#@\"']|(?:async|def|class|import|from|if|elif|else|for|while|with|try|except|"
    r"finally|return|assert|global|pass|raise|del)\b|[A-Za-z_][\w.]*(?:\[[^\]]*\])?\s*(?:[-+*/|&]?=|\()"
)
_LONGEST_PARSED = 200_000  # characters


class Extracted(NamedTuple):
    """Code, and whether something around it was left out."""

    code: str
    is_cut: bool


def fenced_code(answer: str, entry_point: str | None = None) -> Extracted:
    r"""The code of an answer in Markdown, or between marks; else an answer is code as it stands.

    Of several fenced blocks it is the first that defines the entry point, else the first. A fence
    that is never closed ends with the answer.

    >>> fenced_code("Sure:\n```python\nreturn 1\n```\nDone.")
    Extracted(code='return 1\n', is_cut=True)
    """
    blocks: list[str] = _FENCE.findall(answer) or _MARKED.findall(answer)
    if not blocks:
        done = _DONE.search(answer)
        return Extracted(answer[: done.start()] if done else answer, is_cut=done is not None)
    fitting = (block for block in blocks if entry_point and defines(block, entry_point))
    return Extracted(next(fitting, blocks[0]), is_cut=True)


def without_prose(text: str) -> str | None:
    r"""The lines from the first definition or import to the next line of prose; None without any.

    >>> without_prose("Here you are:\ndef f():\n    return 1\n\nThis returns one.\n")
    'def f():\n    return 1\n'
    """
    lines = text.splitlines()
    start = next((i for i, line in enumerate(lines) if _BEGINS.match(line)), None)
    if start is None:
        return None
    rest = lines[start:]
    is_prose = (i for i, line in enumerate(rest) if line.strip() and not _GOES_ON.match(line))
    return "\n".join(rest[: next(is_prose, len(rest))]).rstrip() + "\n"


def whole_program(code: str, prompt: str | None, entry_point: str | None) -> Extracted:
    """The program that the code of an answer makes with its prompt.

    A prompt that is code comes before a continuation. A whole function stands by itself, after the
    imports and helpers of the prompt. As the official scripts do, text that is Python is taken as
    it stands; of text that is none, the code is looked for between lines of prose.

    Args:
        code: from :func:`fenced_code`.
        prompt: what the model was to continue, or a task in words.
        entry_point: the function that is tested.

    Returns:
        Source that may still be no Python; then running it tells so.
    """
    first = _joined(code, prompt, entry_point)
    if is_python(first):
        return Extracted(first, is_cut=False)
    bare = without_prose(code)
    if bare is not None and bare.strip() != code.strip():
        second = _joined(bare, prompt, entry_point)
        if is_python(second):
            return Extracted(second, is_cut=True)
    indented = "".join(f"    {line}" for line in code.splitlines(keepends=True))
    third = _joined(indented, prompt, entry_point)
    if _continues(code, prompt, entry_point) and is_python(third):
        return Extracted(third, is_cut=False)  # a body whose indentation was stripped
    if entry_point and defines(code, entry_point) and is_python(code):
        return Extracted(code, is_cut=False)  # it begins with what nothing may stand before
    return Extracted(first, is_cut=False)


def compared_text(code: str, prompt: str | None) -> str:
    """The code without the prompt that it repeats, as solutions are written."""
    start = (prompt or "").strip()
    own = code.strip()
    return own[len(start) :] if start and own.startswith(start) else code


def is_python(source: str) -> bool:
    """Whether the text is valid Python."""
    if len(source) > _LONGEST_PARSED:
        return True  # running it will tell
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(source, "program.py", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def defines(code: str, name: str) -> bool:
    """Whether a line of the first column defines ``name``."""
    pattern = rf"^(?:(?:async[ ]+)?def|class)[ ]+{re.escape(name)}\b|^{re.escape(name)}[ ]*="
    return re.search(pattern, code, re.M) is not None


def _continues(code: str, prompt: str | None, entry_point: str | None) -> bool:
    """Whether the code goes on where the prompt ends."""
    if prompt is None or not _is_code(prompt, entry_point):
        return False
    return not (defines(code, entry_point) if entry_point else _BEGINS.match(code.lstrip()))


def _is_code(prompt: str, entry_point: str | None) -> bool:
    if entry_point is not None:
        return defines(prompt, entry_point)
    return any(map(_BEGINS.match, prompt.splitlines()[-30:])) and "def " in prompt


def _joined(code: str, prompt: str | None, entry_point: str | None) -> str:
    if prompt is None or not _is_code(prompt, entry_point):
        return code
    if _continues(code, prompt, entry_point):
        return prompt + code
    return _preamble(prompt, entry_point) + code


def _preamble(prompt: str, entry_point: str | None) -> str:
    """Imports and helpers of the prompt, which stand before the function that it asks for."""
    name = re.escape(entry_point) if entry_point else r"\w+"
    found = [*re.finditer(rf"^(?:async[ ]+)?def[ ]+{name}\b", prompt, re.M)]
    return prompt[: found[-1].start()] if found else ""
