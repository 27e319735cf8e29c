"""A document out of a model's text, and how much help it took to read it.

The stages are kept apart: an answer that another program could read as it stands is worth more
than one that has to be dug out or mended first.
"""

from __future__ import annotations

import ast
import json
import warnings
from collections.abc import Callable, Iterator
from enum import IntEnum
from typing import Any, NamedTuple

from vlmeval_cli.parsing.document_search import (
    begins_with_key,
    fence,
    lines_of_table,
    lines_of_yaml,
    pieces,
)
from vlmeval_cli.parsing.document_syntax import (
    LONGEST,
    READERS,
    NotADocument,
    Read,
    Syntax,
    plain,
    read_json,
    syntax_of,
)

_LONGEST_REPAIR = 200_000  # characters; repairing is slow
_LONGEST_LITERAL = 200_000


class Stage(IntEnum):
    """How much help reading an answer took; more is better."""

    UNREADABLE = 0
    REPAIRED = 1
    EXTRACTED = 2
    STRICT = 3


class Document(NamedTuple):
    """What was read.

    Attributes:
        value: an object or a list; None where nothing could be read.
        stage: how.
        reason: why it could not be read.
        has_repeats: a key was written twice in one object, and the last value counted.
    """

    value: Any
    stage: Stage
    reason: str = ""
    has_repeats: bool = False


def read_document(text: str, expected: Syntax | None) -> Document:
    """The document in ``text``.

    In this order: the whole text; what stands in a fence; the first balanced object or list in it
    (one that holds nothing but scalars, such as a footnote ``[1]``, only if there is no other); a
    Python literal; a list cut off behind its last whole object; what json_repair makes of it. The
    last three, and a document in another syntax than the expected one, are repairs.

    Args:
        text: an answer without its reasoning.
        expected: the syntax that was asked for; None goes by the form of the answer.
    """
    if len(text) > LONGEST:
        return Document(None, Stage.UNREADABLE, f"longer than {LONGEST:,} characters")
    syntax = expected or _own_syntax(text)
    try:
        value, has_repeats = READERS[syntax](text)
        return Document(value, Stage.STRICT, has_repeats=has_repeats)
    except NotADocument as error:
        reason = str(error)
    for search in (_extracted, _repaired):
        found = search(text, syntax)
        if found is not None:
            return found
    return Document(None, Stage.UNREADABLE, reason)


def _own_syntax(text: str) -> Syntax:
    fenced = fence(text)
    if fenced is not None and fenced.syntax is not None:
        return fenced.syntax
    if next(pieces(text), None) is not None:
        return "JSON"
    return syntax_of(fenced.text if fenced is not None else text) or "JSON"


def _extracted(text: str, syntax: Syntax) -> Document | None:
    """The document without what stands around it."""
    second: Read | None = None
    for part, own in _wrapped(text, syntax):
        found = _read(READERS[own], part)
        if found is None:
            continue
        stage = Stage.EXTRACTED if own == syntax else Stage.REPAIRED
        if own != "JSON" or _is_structured(found.value):
            return Document(found.value, stage, has_repeats=found.has_repeats)
        second = second or found
    if second is None:
        return None
    stage = Stage.EXTRACTED if syntax != "CSV" else Stage.REPAIRED
    return Document(second.value, stage, has_repeats=second.has_repeats)


def _wrapped(text: str, syntax: Syntax) -> Iterator[tuple[str, Syntax]]:
    """Texts that may be the document, with their syntax, the likeliest first."""
    in_brackets: Syntax = "JSON" if syntax == "CSV" else syntax  # JSON is YAML too
    fenced = fence(text)
    if fenced is not None:
        yield fenced.text.strip(), fenced.syntax or syntax
    for around in (fenced.text, text) if fenced is not None else (text,):
        for piece in pieces(around):
            if piece.is_closed:
                yield piece.text, in_brackets
    inner = _string(text)
    if inner:
        yield inner, syntax
    if syntax == "YAML":
        yield lines_of_yaml(text), syntax
    if syntax == "CSV":
        yield lines_of_table(text), syntax


def _is_structured(value: Any) -> bool:  # noqa: ANN401  (JSON)
    return isinstance(value, dict) or any(isinstance(part, dict | list) for part in value)


def _string(text: str) -> str:
    """The text that a JSON string holds: some programs write their JSON twice."""
    if text.lstrip()[:1] != '"':
        return ""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    return value if isinstance(value, str) else ""


def _repaired(text: str, syntax: Syntax) -> Document | None:
    """What can be made of a document that is broken."""
    fenced = fence(text)
    around = text if fenced is None else fenced.text
    candidates = list(pieces(around)) or list(pieces(text))
    parts = [piece.text for piece in candidates]
    if not parts and begins_with_key(around):
        parts = [around]
    for repair in (_literal, _cut_list, _mended):
        for part in parts:
            found = _read(repair, part)
            if found is not None and found.value:
                return Document(found.value, Stage.REPAIRED, has_repeats=found.has_repeats)
    return None


def _read(read: Callable[[str], Read], text: str) -> Read | None:
    try:
        return read(text)
    except NotADocument:
        return None


def _literal(text: str) -> Read:
    """An object or list as Python writes it. Nothing is run."""
    if len(text) > _LONGEST_LITERAL:
        raise NotADocument("too long")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Python, about backslashes in somebody else's text
            value = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise NotADocument("no Python literal") from error
    if not isinstance(value, dict | list | tuple):
        raise NotADocument("no object or list")
    return Read(plain(value))


def _cut_list(text: str) -> Read:
    """A list of objects that was cut off, up to its last whole object."""
    end = text.rfind("}") + 1
    if not text.startswith("[") or not end:
        raise NotADocument("no list of objects")
    return read_json(text[:end] + "]")


def _mended(text: str) -> Read:
    """What json_repair makes of it."""
    if len(text) > _LONGEST_REPAIR:
        raise NotADocument("too long")
    import json_repair  # few answers need it

    try:
        value = json_repair.loads(text, skip_json_loads=True)
    except (ValueError, RecursionError, IndexError, TypeError) as error:
        raise NotADocument("beyond repair") from error
    if not isinstance(value, dict | list):
        raise NotADocument("no object or list")
    return Read(plain(value))
