"""Documents as their syntaxes define them: JSON, YAML and CSV, read strictly and without surprises.

Nothing is repaired here, and nothing that is read can do harm: nesting, size and the references
inside YAML are bounded, and no value becomes anything but plain JSON.
"""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Callable, Mapping
from io import StringIO
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

import orjson

from vlmeval_cli.parsing.documents.bounds import DEEPEST, LONGEST, NotADocument
from vlmeval_cli.parsing.documents.yaml_trees import Tree
from vlmeval_cli.readers.json_values import described

Syntax = Literal["JSON", "YAML", "CSV"]

DELIMITERS = (",", "\t", ";")
# What a model says before a table, on the line of its header: "Sure! item;qty".
OPENER = re.compile(
    r"\A\s*(?:sure|certainly|of course|okay|ok|yes|here)\b,?[^\n;,\t]*[!:.]\s+(?=\S)", re.IGNORECASE
)
_LONG_NUMBER = re.compile(r"[0-9]{18}")  # orjson turns integers past 64 bits into decimals
_YAML_LINE = re.compile(r"\s*(?:- )?[\w .'\"-]+:(?:\s.*)?")


class Read(NamedTuple):
    """A document, an object or a list, and whether a key was written twice in one object."""

    value: Any
    has_repeats: bool = False


def read_json(text: str) -> Read:
    """The object or list that ``text`` is, in JSON as RFC 8259 has it.

    NaN, Infinity and numbers past the range of a double are refused. Of keys that are repeated in
    one object the last counts.

    Raises:
        NotADocument: it is no JSON, a scalar, or past the bounds.
    """
    _refuse_long(text)
    fast = None if "\\" in text or _LONG_NUMBER.search(text) else _fast_json(text)
    value, has_repeats = _careful_json(text) if fast is None else fast
    return Read(_document(value), has_repeats)


def _fast_json(text: str) -> Read | None:
    """What orjson reads; None where it refuses.

    Without escapes a text has two quotation marks for each of its strings, and so has the value,
    written again, unless a repeated key was dropped.
    """
    try:
        value = orjson.loads(text)
        return Read(value, orjson.dumps(value).count(b'"') != text.count('"'))
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None


def _careful_json(text: str) -> Read:
    has_repeats = False

    def as_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal has_repeats
        found = dict(pairs)
        has_repeats = has_repeats or len(found) < len(pairs)
        return found

    decoder = json.JSONDecoder(
        object_pairs_hook=as_object, parse_constant=_refuse_constant, parse_float=_finite
    )
    try:
        return Read(decoder.decode(text), has_repeats)
    except NotADocument:
        raise
    except RecursionError:
        raise NotADocument(_TOO_DEEP) from None
    except json.JSONDecodeError as error:
        raise NotADocument(f"not JSON: {error.msg} at character {error.pos + 1:,}") from error
    except ValueError as error:  # an integer of more than 4,300 digits
        raise NotADocument(f"not JSON: {error}") from error


def _refuse_constant(name: str) -> None:
    raise NotADocument(f"not JSON: {name} is no JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise NotADocument(f"the number {text[:20]} is out of range")
    return number


def read_csv(text: str) -> Read:
    """The rows of a table as objects; every cell stays text.

    The first line names the columns. Cells are parted by commas, tabs or semicolons: the first of
    these by which all lines have the same number of cells, two or more.

    Raises:
        NotADocument: it is no table of two columns and one row or more, or past the bounds.
    """
    _refuse_long(text)
    if OPENER.match(text):
        raise NotADocument("not CSV: words stand before its header")
    for delimiter in DELIMITERS:
        rows = _cells(text, delimiter)
        if len(rows) >= 2 and len(rows[0]) >= 2 and len({*map(len, rows)}) == 1:
            header = [name.strip() for name in rows[0]]
            if not all(header):
                raise NotADocument("not CSV: a column has no name")
            value = [dict(zip(header, row, strict=True)) for row in rows[1:]]
            return Read(value, len({*header}) < len(header))
    raise NotADocument("not CSV: expected a header and rows of as many cells, two or more")


def _cells(text: str, delimiter: str) -> list[list[str]]:
    lines = StringIO(text, newline="")
    try:
        rows = csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=True)
        return [row for row in rows if row]
    except csv.Error:
        return []


def read_yaml(text: str) -> Read:
    """The mapping or list that ``text`` is, in YAML with the scalars of JSON.

    Only ``null``, ``~``, ``true``, ``false`` and JSON numbers are no text: dates, ``no``, ``007``
    and ``0x1F`` stay as they are written. Tags that make objects are refused.

    Raises:
        NotADocument: it is no YAML, several documents, a scalar, or past the bounds.
    """
    import yaml  # JSON is far more common

    _refuse_long(text)
    tree = Tree()
    try:
        for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            tree.take(event)
    except NotADocument:
        raise
    except yaml.MarkedYAMLError as error:
        line = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise NotADocument(f"not YAML: {error.problem}{line}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise NotADocument("not YAML: it holds characters that YAML forbids") from error
    return Read(_document(tree.root), tree.has_repeats)


READERS: Mapping[Syntax, Callable[[str], Read]] = MappingProxyType(
    {"JSON": read_json, "YAML": read_yaml, "CSV": read_csv}
)


def syntax_of(text: str) -> Syntax | None:
    """The syntax of a text that is a document on its own; None of one that is none.

    A single line such as ``Note: cash only`` is prose and no YAML.
    """
    if text.lstrip()[:1] in ("{", "["):
        return "JSON" if _reads(read_json, text) else None
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        return None
    if _YAML_LINE.fullmatch(lines[0]) and _reads(read_yaml, text):
        return "YAML"
    return "CSV" if _reads(read_csv, text) else None


def _reads(read: Callable[[str], Read], text: str) -> bool:
    try:
        read(text)
    except NotADocument:
        return False
    return True


def is_too_deep(value: object) -> bool:
    """Whether objects and lists lie in each other more than :data:`DEEPEST` levels deep."""
    level = [value]
    for _ in range(DEEPEST):
        level = [
            part
            for whole in level
            if isinstance(whole, dict | list)
            for part in (whole.values() if isinstance(whole, dict) else whole)
        ]
        level = [part for part in level if isinstance(part, dict | list)]
        if not level:
            return False
    return True


_TOO_DEEP = f"nested more than {DEEPEST} levels deep"


def plain(value: Any, depth: int = 0) -> Any:  # noqa: ANN401  (JSON)
    """What a lenient parser made, as plain JSON values.

    Raises:
        NotADocument: it holds something that JSON cannot, or is nested too deeply.
    """
    if depth >= DEEPEST and isinstance(value, dict | list | tuple):
        raise NotADocument(_TOO_DEEP)
    if isinstance(value, dict):
        return {_key(key): plain(part, depth + 1) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part, depth + 1) for part in value]
    is_finite = not isinstance(value, float) or math.isfinite(value)
    if value is None or (isinstance(value, str | int | float) and is_finite):
        return value
    raise NotADocument(f"it holds {type(value).__name__} {str(value)[:20]}, which JSON has not")


def _key(key: object) -> str:
    return key if isinstance(key, str) else json.dumps(plain(key))


def _refuse_long(text: str) -> None:
    if len(text) > LONGEST:
        raise NotADocument(f"longer than {LONGEST:,} characters")


def _document(value: Any) -> Any:  # noqa: ANN401  (JSON)
    """``value``, if it is an object or a list that is not too deep."""
    if not isinstance(value, dict | list):
        raise NotADocument(f"it is {described(value, 40)}, neither an object nor a list")
    if is_too_deep(value):
        raise NotADocument(_TOO_DEEP)
    return value
