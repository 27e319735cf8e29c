"""YAML events put together to plain values: no recursion, no types but JSON's, no alias bombs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vlmeval_cli.parsing.documents.bounds import DEEPEST, NotADocument

if TYPE_CHECKING:
    from yaml.events import Event, ScalarEvent

_REPEATED = 10_000  # values that aliases may stand for, all together
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_LONGEST_NUMBER = 40  # digits; what is longer stays text
_WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}
_TAG = "tag:yaml.org,2002:"
_PLAIN_TAGS = {_TAG + name for name in ("null", "bool", "int", "float")}
_TEXT_TAGS = {_TAG + "str", _TAG + "timestamp", "!"}
_COLLECTION_TAGS = {None, "!", _TAG + "map", _TAG + "seq"}


@dataclass(slots=True)
class _Open:
    """A mapping or list that has not ended.

    Attributes:
        value: what it holds so far.
        anchor: the name it can be repeated by.
        size: values in it, those that aliases repeat included.
        key: of a mapping, the key that waits for its value.
    """

    value: dict[str, Any] | list[Any]
    anchor: str | None
    size: int = 1
    key: str | None = None


class Tree:
    """The value of one document, built from its events in their order.

    Attributes:
        root: the value, once all events were taken.
        has_repeats: a key stood twice in one mapping; the last value was kept.
    """

    def __init__(self) -> None:
        self.root: Any = None
        self.has_repeats = False
        self._open: list[_Open] = []
        self._named: dict[str, tuple[Any, int]] = {}
        self._room = _REPEATED
        self._documents = 0

    def take(self, event: Event) -> None:
        """Add the next event.

        Raises:
            NotADocument: a second document, a tag, a key that is no text, or too much of anything.
        """
        kind = type(event).__name__
        if kind == "ScalarEvent":
            self._take_scalar(event)  # type: ignore[arg-type]  # its kind
        elif kind == "AliasEvent":
            self._repeat(event.anchor)  # type: ignore[attr-defined]  # its kind
        elif kind in ("MappingStartEvent", "SequenceStartEvent"):
            self._begin(event, {} if kind == "MappingStartEvent" else [])
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            closed = self._open.pop()
            self._put(closed.value, closed.size, closed.anchor)
        elif kind == "DocumentStartEvent":
            self._documents += 1
            if self._documents > 1:
                raise NotADocument("it is several YAML documents")

    def _begin(self, event: Any, empty: dict[str, Any] | list[Any]) -> None:  # noqa: ANN401  (yaml)
        if event.tag not in _COLLECTION_TAGS:
            raise NotADocument(f"the YAML tag {event.tag[:40]} is not read")
        if self._is_key():
            raise NotADocument("a YAML key is no text")
        if len(self._open) >= DEEPEST:
            raise NotADocument(f"nested more than {DEEPEST} levels deep")
        self._open.append(_Open(empty, event.anchor))

    def _take_scalar(self, event: ScalarEvent) -> None:
        if self._is_key():
            if event.implicit[0] and ("{" in event.value or "[" in event.value):
                raise NotADocument("a YAML key holds a bracket, as prose around JSON does")
            self._open[-1].key = event.value
        else:
            self._put(_scalar(event), 1, event.anchor)

    def _is_key(self) -> bool:
        return bool(self._open) and isinstance(self._open[-1].value, dict) and not self._has_key()

    def _has_key(self) -> bool:
        return self._open[-1].key is not None

    def _repeat(self, name: str) -> None:
        if self._is_key() or name not in self._named:
            raise NotADocument(f"the YAML alias *{name[:40]} stands where it cannot be read")
        value, size = self._named[name]
        self._room -= size
        if self._room < 0:
            raise NotADocument(f"YAML aliases repeat more than {_REPEATED:,} values")
        self._put(value, size, None)

    def _put(self, value: Any, size: int, anchor: str | None) -> None:  # noqa: ANN401  (JSON)
        if anchor is not None:
            self._named[anchor] = value, size
        if not self._open:
            self.root = value
            return
        around = self._open[-1]
        around.size += size
        if isinstance(around.value, list):
            around.value.append(value)
            return
        assert around.key is not None
        self.has_repeats = self.has_repeats or around.key in around.value
        around.value[around.key] = value
        around.key = None


def _scalar(event: ScalarEvent) -> str | int | float | bool | None:
    """A scalar as JSON would have it; whatever is no JSON scalar is text."""
    is_plain = event.tag is None and event.implicit[0]
    if not is_plain and event.tag not in _PLAIN_TAGS:
        if event.tag is not None and event.tag not in _TEXT_TAGS:
            raise NotADocument(f"the YAML tag {event.tag[:40]} is not read")
        return event.value
    if event.value in _WORDS:
        return _WORDS[event.value]
    number = _NUMBER.fullmatch(event.value)
    if number is None or len(event.value) > _LONGEST_NUMBER:
        return event.value
    if number[1] is None and number[2] is None:
        return int(event.value)
    found = float(event.value)
    return found if found not in (float("inf"), float("-inf")) else event.value
