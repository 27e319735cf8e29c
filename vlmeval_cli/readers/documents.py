"""JSON documents that are read whole: an array, or an object by id."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from vlmeval_cli.core.errors import DataError
from vlmeval_cli.readers.base import Row
from vlmeval_cli.readers.content import Content
from vlmeval_cli.readers.generations import unnested
from vlmeval_cli.readers.json_values import MalformedJson, described, exact_loads, object_pairs
from vlmeval_cli.readers.jsonl import EXPECTED
from vlmeval_cli.readers.rejects import Rejects

# An object with a value under one of these keys is a row; an object by id has ids as keys.
ROW_KEYS = frozenset(
    {
        "id", "question_id", "questionId", "sample_id", "uid", "qid", "doc_id", "task_id",
        "image_id", "custom_id", "prediction", "response", "model_output", "references",
        "reference", "answer", "answers", "caption", "captions", "question",
        "generated_text",
    }
)  # fmt: skip
# An object with nothing but one list under such a key is the wrapping of that list.
_WRAPPER_KEYS = frozenset(
    {
        "data", "rows", "items", "samples", "examples", "predictions", "results", "outputs",
        "annotations", "questions", "answers",
    }
)  # fmt: skip

Elements = Callable[[Any], Iterator[object]]


class General(NamedTuple):
    """A document of no special layout.

    Attributes:
        name: of the layout.
        reason: what was seen.
        elements: document → its rows.
    """

    name: str
    reason: str
    elements: Elements


class Document:
    """The value of a file, held until it was read to its end once.

    So a file is parsed once for recognising and reading it, and does not stay in memory when the
    columns are made.
    """

    def __init__(self, load: Callable[[], Any], value: object = None) -> None:
        """A document that ``load`` reads, and its value if that is known already."""
        self._load = load
        self._value = value

    def rows(self, elements: Elements, rejects: Rejects) -> Iterator[Row]:
        """Its rows, of which those that are no objects are rejected."""
        if self._value is None:
            self._value = self._load()
        for number, fields in enumerate(elements(self._value), 1):
            if type(fields) is dict:
                yield Row(number, fields)
            else:
                rejects.add(number, f"got {described(fields)}, {EXPECTED}")
        self._value = None


def load_document(content: Content) -> Any:  # noqa: ANN401  (JSON)
    """The one JSON value of a file.

    Raises:
        DataError: the file is not one JSON value.
    """
    try:
        return exact_loads(content.read_all())
    except MalformedJson as error:
        raise DataError(f"{content.path}:{error.line}: {error}", hint=error.hint) from error


def load_pairs(content: Content) -> list[tuple[str, Any]]:
    """Ids and values of an object by id; an id that is there twice gives two pairs.

    A plain reader keeps the last of a pair of equal keys, and a prediction would vanish.
    """
    return object_pairs(content.read_all())


def general_layout(document: Any) -> General:  # noqa: ANN401  (JSON)
    """How a document of no special layout is read."""
    if isinstance(document, list):
        return General("json_array", "a JSON array of rows", unnested)
    if is_row(document):
        return General("json_array", "one JSON object with the fields of a row", _itself)
    wrapped = _wrapped_list(document)
    if wrapped is not None:
        return General("json_array", f'a JSON object with its rows in "{wrapped}"', _under(wrapped))
    return General("json_by_id", "a JSON object with an id per row", _by_id)


def is_row(document: object) -> bool:
    """Whether a JSON value is a single row, not a document."""
    return isinstance(document, dict) and any(
        key in ROW_KEYS and not isinstance(value, dict) and not _is_list_of_objects(value)
        for key, value in document.items()
    )


def is_empty(document: Any) -> bool:  # noqa: ANN401  (JSON)
    """Whether an object holds nothing, or its list of rows does.

    >>> is_empty({"images": [], "annotations": []}), is_empty({"img1": []})
    (True, False)
    """
    return not document or any(document.get(key) == [] for key in _WRAPPER_KEYS)


def _row_of(key: str, value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        return {"id": key, "value": value}
    if "id" not in value:
        return {"id": key, **value}
    # The row's own id is its id; the key stays at hand where it says something else.
    return value if str(value["id"]) == key else {"key": key, **value}


def _by_id(pairs: list[tuple[str, Any]]) -> Iterator[object]:
    return (_row_of(key, value) for key, value in pairs)


def _itself(document: dict[str, Any]) -> Iterator[object]:
    yield document


def _under(key: str) -> Elements:
    return lambda document: iter(document[key])


def _wrapped_list(document: dict[str, Any]) -> str | None:
    """The key of the only list of objects, if the other values are no rows."""
    keys = [key for key, value in document.items() if _is_list_of_objects(value)]
    others = [value for key, value in document.items() if key not in keys]
    if len(keys) != 1 or any(isinstance(value, list) for value in others):
        return None
    return keys[0] if others or keys[0] in _WRAPPER_KEYS else None


def _is_list_of_objects(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(v, dict) for v in value)
