"""A document out of a model's text, and how much help it took to read it.

The stages are kept apart: an answer that another program could read as it stands is worth more
than one that has to be dug out or mended first.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Callable, Iterator
from enum import IntEnum
from typing import Any, NamedTuple

from vlmeval_cli.parsing.documents.bounds import LONGEST, NotADocument
from vlmeval_cli.parsing.documents.search import (
    begins_with_key,
    fence,
    lines_of_table,
    lines_of_yaml,
    markdown_table,
    pieces,
)
from vlmeval_cli.parsing.documents.syntax import READERS, Read, Syntax, plain, read_json, syntax_of

_LONGEST_REPAIR = 200_000  # characters; repairing is slow
_LONGEST_LITERAL = 200_000
_BARE_START = re.compile(r"""\s*+(?:["'][^"']*+["']?\s*+:?\s*+)?+""")


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
    (a list of texts only if there is nothing else, and of numbers never: ``[1]`` is a footnote);
    the whole text in another syntax; a Python literal; a list cut off behind its last whole object;
    what json_repair makes of it. The last three, and any document in another syntax than the
    expected one, are repairs.

    Args:
        text: an answer without its reasoning.
        expected: the syntax that was asked for; None goes by the form of the answer.
    """
    if len(text) > LONGEST:
        return Document(None, Stage.UNREADABLE, f"longer than {LONGEST:,} characters")
    syntax = expected or own_syntax(text)
    try:
        value, has_repeats = READERS[syntax](text)
        return Document(value, Stage.STRICT, has_repeats=has_repeats)
    except NotADocument as error:
        reason = str(error)
    for search in (_extracted, _repaired):
        found = search(text, syntax)
        if found is not None:
            return found
    if syntax == "JSON" and next(pieces(text), None) is None and "neither" not in reason:
        reason = "it holds no object or list"
    return Document(None, Stage.UNREADABLE, reason)


def own_syntax(text: str) -> Syntax:
    """The syntax that an answer has the form of; JSON if it has none."""
    fenced = fence(text)
    if fenced is not None and fenced.syntax is not None:
        return fenced.syntax
    if next(pieces(text), None) is not None:
        return "JSON"
    own = fenced.text if fenced is not None else text
    return syntax_of(own) or ("CSV" if markdown_table(own) else "JSON")


class _Candidate(NamedTuple):
    """A text that may be the document, its syntax, and whether that is marked or just brackets."""

    text: str
    syntax: Syntax
    is_marked: bool = True


def _extracted(text: str, syntax: Syntax) -> Document | None:
    """The document without what stands around it."""
    words: Document | None = None
    for candidate in _wrapped(text, syntax):
        found = _read(READERS[candidate.syntax], candidate.text)
        if found is None:
            continue
        is_json_in_yaml = (candidate.syntax, syntax) == ("JSON", "YAML")  # JSON is YAML too
        is_expected = candidate.syntax == syntax or is_json_in_yaml
        stage = Stage.EXTRACTED if is_expected else Stage.REPAIRED
        document = Document(found.value, stage, has_repeats=found.has_repeats)
        if candidate.is_marked or _holds(found.value, dict | list):
            return document
        if words is None and syntax == "JSON" and _holds(found.value, str):
            words = document
    return _otherwise(text, syntax) or words


def _holds(value: Any, kinds: Any) -> bool:  # noqa: ANN401  (JSON, and types)
    """Whether it is an object, or a list that holds one of ``kinds``; ``[1]`` is a footnote."""
    return isinstance(value, dict) or any(isinstance(part, kinds) for part in value)


def _otherwise(text: str, syntax: Syntax) -> Document | None:
    """The whole answer, or what its fence holds, in another syntax than the expected one."""
    fenced = fence(text)
    whole = text if fenced is None else fenced.text
    own = None if syntax == "YAML" else syntax_of(whole)
    if own is None and syntax == "JSON":
        table = _read(READERS["CSV"], markdown_table(whole))
        return table and Document(table.value, Stage.REPAIRED, has_repeats=table.has_repeats)
    if own is None or own == syntax:
        return None
    value, has_repeats = READERS[own](whole)
    return Document(value, Stage.REPAIRED, has_repeats=has_repeats)


def _wrapped(text: str, syntax: Syntax) -> Iterator[_Candidate]:
    """Texts that may be the document, the likeliest first."""
    fenced = fence(text)
    if fenced is not None:
        yield _Candidate(fenced.text.strip(), fenced.syntax or syntax)
    if syntax == "YAML":
        yield _Candidate(lines_of_yaml(text), syntax)
    if syntax == "CSV":
        yield _Candidate(markdown_table(text), syntax)
        yield _Candidate(lines_of_table(text), syntax)
    in_brackets: Syntax = "JSON" if syntax == "CSV" else syntax  # JSON is YAML too
    for around in (fenced.text, text) if fenced is not None else (text,):
        for piece in pieces(around):
            if piece.is_closed:
                yield _Candidate(piece.text, in_brackets, is_marked=False)
    inner = _string(text)
    if inner:
        yield _Candidate(inner, syntax)


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
    """What can be made of JSON that is broken; what is amid YAML or a table is a part of these."""
    fenced = fence(text)
    around = text if fenced is None else fenced.text
    if syntax != "JSON" and around.lstrip()[:1] not in ("{", "["):
        return None
    candidates = list(pieces(around)) or list(pieces(text))
    parts = [piece.text for piece in candidates]
    if not parts and begins_with_key(around):
        parts = [around]
    for repair in (_literal, _cut_list, _mended):
        for part in parts:
            found = _read(repair, part)
            if found is not None and _holds(found.value, dict | list | str):
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
        value = json_repair.loads(_without_bare_start(text), skip_json_loads=True)
    except (ValueError, RecursionError, IndexError, TypeError) as error:
        raise NotADocument("beyond repair") from error
    if not isinstance(value, dict | list):
        raise NotADocument("no object or list")
    return Read(plain(value))


def _without_bare_start(text: str) -> str:
    """The text without an object at its end that was cut off before its first value.

    json_repair takes such a key for a value.
    """
    start = text.rfind("{")
    is_bare = start > 0 and _BARE_START.fullmatch(text, start + 1) is not None
    return text[:start].rstrip().removesuffix(",") if is_bare else text
