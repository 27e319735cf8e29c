"""Documents of the freeform task: what is recorded, what is read from it, what it is compared with.

Predictions become ``prediction.documents`` (a plain JSON value per item, None where there is none),
``prediction.format`` (the :class:`~vlmeval_cli.parsing.documents.stages.Stage` of each) and
``prediction.text``; accepted answers become ``references.documents`` and ``references.text``.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np

from vlmeval_cli.core.batch import (
    Column,
    NumberColumn,
    TextColumn,
    ValueColumn,
    offsets_of,
    singles,
)
from vlmeval_cli.core.config import OnBadRow
from vlmeval_cli.core.metric import Notice
from vlmeval_cli.joining.references import accepted
from vlmeval_cli.parsing.documents.bounds import NotADocument
from vlmeval_cli.parsing.documents.stages import Document, Stage, own_syntax, read_document
from vlmeval_cli.parsing.documents.syntax import READERS, Syntax, is_too_deep, read_json, syntax_of
from vlmeval_cli.parsing.items import Items, Parsed, Place, ReferenceValues, Values
from vlmeval_cli.parsing.texts import refused
from vlmeval_cli.readers.json_values import described, literal

_DONUT = "gt_parse"  # Donut and CORD keep the document under it, or several under gt_parses
_LOOKED_AT = 1_000  # references whose syntax is looked at
_EXAMPLES = 3
_HELP = {Stage.EXTRACTED: "taken out of a fence or prose", Stage.REPAIRED: "repaired"}
# Fields whose lists hold several accepted documents; lists in other fields are one document.
_SEVERAL = frozenset({"references", "refs", "golds", "ground_truths"})
_EXPECTED = (
    "an object, a list of objects, or text that holds JSON, a YAML mapping of two lines or more, "
    "or a CSV table"
)


def prediction_values(
    values: Sequence[Any],
    field: str,
    place: Place,
    on_bad_row: OnBadRow = "error",
    /,
) -> Values:
    """Recorded answers: texts, objects and lists stay, numbers and booleans become their text."""
    kept = (str, dict, list, type(None))
    return Values([v if isinstance(v, kept) else json.dumps(v) for v in values], {})


def reference_values(
    values: Sequence[Any],
    field: str,
    place: Place,
    on_bad_row: OnBadRow = "error",
    /,
    *,
    empty_is_answer: bool = False,
) -> ReferenceValues:
    """Accepted documents of each row: objects and lists, or the texts that spell them.

    Raises:
        DataError: a reference is no document.
    """
    bad: dict[int, str] = {}
    found: list[list[Any]] = []
    for row, answers in enumerate(_answers(values, field)):
        documents = [_without_donut(answer) for answer in answers if answer not in ("", None)]
        wrong = [one for one in documents if document_of(one) is None]
        if wrong:
            bad[row] = refused(place(row), field, wrong[0], _EXPECTED, on_bad_row)
            documents = []
        found.append([part for one in documents for part in _parses(one)])
    return ReferenceValues(found, bad)


def _answers(values: Sequence[Any], field: str) -> Iterator[list[Any]]:
    """The accepted documents of each row.

    A list of objects comes as one document. In every row of ``references`` with a single object in
    it, as many programs write them, it is that object.
    """
    answers = [value if isinstance(value, list) else accepted(value) for value in values]
    if field in _SEVERAL:
        filled = [own for own in answers if own]
        are_lone = bool(filled) and all(_is_lone_object(one) for own in filled for one in own)
        return (list(chain.from_iterable(own)) if are_lone else own for own in answers)
    return ([own] if _is_table(own) else own for own in answers)


def _is_lone_object(answer: Any) -> bool:  # noqa: ANN401  (JSON)
    return isinstance(answer, list) and len(answer) == 1 and isinstance(answer[0], dict)


def _is_table(answers: Sequence[Any]) -> bool:
    """Whether what looks like several documents is the rows of one, each a list of cells."""
    return len(answers) > 1 and all(
        isinstance(row, list) and not any(isinstance(cell, dict) for cell in row) for row in answers
    )


def _without_donut(answer: Any) -> Any:  # noqa: ANN401  (JSON)
    """The document of Donut's and CORD's ``ground_truth``; anything else stays."""
    if isinstance(answer, str) and f'"{_DONUT}' not in answer:
        return answer
    found = literal(answer) if isinstance(answer, str) else answer
    if isinstance(found, dict) and isinstance(found.get(_DONUT), dict | list):
        return found[_DONUT]
    return found if isinstance(found, dict) and _DONUT + "s" in found else answer


def _parses(document: Any) -> list[Any]:  # noqa: ANN401  (JSON)
    several = document.get(_DONUT + "s") if isinstance(document, dict) else None
    return several if isinstance(several, list) and several else [document]


def document_of(reference: Any) -> Any:  # noqa: ANN401  (JSON)
    r"""The document that a reference is or spells; None of what is none.

    >>> document_of("total: 5\ncompany: ACME")
    {'total': 5, 'company': 'ACME'}
    """
    if isinstance(reference, dict | list):
        return None if is_too_deep(reference) else reference
    if not isinstance(reference, str):
        return None
    if reference.lstrip()[:1] not in ("{", "["):
        syntax = syntax_of(reference)
        return None if syntax is None else READERS[syntax](reference).value
    try:
        return read_json(reference).value
    except NotADocument:
        return _spelled(reference)


def _spelled(text: str) -> Any:  # noqa: ANN401  (JSON)
    """The object or list that Python wrote; None if it is none, or holds what JSON cannot."""
    value = literal(text)
    is_document = isinstance(value, dict | list) and not is_too_deep(value)
    return value if is_document and _written(value) is not None else None


def _written(value: Any) -> str | None:  # noqa: ANN401  (JSON)
    """A document in one line of JSON; None if it holds what JSON cannot."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (ValueError, TypeError, RecursionError):
        return None


def _as_text(value: Any) -> str:  # noqa: ANN401  (JSON)
    """A recorded text as it stands, an object as a line of JSON, nothing as no text."""
    if isinstance(value, str):
        return value
    return "" if value is None else _written(value) or ""


def with_references(references: Sequence[Sequence[Any]], parsed: Parsed) -> Parsed:
    """What was parsed, with the accepted documents and their texts.

    The texts are as they were written, or one line of JSON.
    """
    flat = list(chain.from_iterable(references))
    offsets = offsets_of([*map(len, references)])
    columns: dict[str, Column] = {
        "references.documents": ValueColumn([*map(document_of, flat)], offsets),
        "references.text": TextColumn([*map(_as_text, flat)], offsets),
    }
    warnings = (*parsed.warnings, *_lists_beside_objects(references, parsed.values))
    return replace(parsed, columns={**parsed.columns, **columns}, warnings=warnings)


def _lists_beside_objects(
    references: Sequence[Sequence[Any]], documents: Sequence[Any]
) -> tuple[Notice, ...]:
    """A warning where most answers are objects and their only reference is a list of objects."""
    n = sum(
        isinstance(own, dict) and len(theirs) == 1 and isinstance(theirs[0], list)
        for own, theirs in zip(documents, references, strict=True)
    )
    if 2 * n <= len(documents):
        return ()
    return (
        Notice(
            "lists_beside_objects",
            f"{n:,} of {len(documents):,} answers are objects and their references are lists, so "
            "that no field agrees; if such a list holds several accepted documents, write each of "
            'them as a text: ["{…}", "{…}"]',
        ),
    )


def expected_syntax(references: Sequence[str], answers: Sequence[str]) -> tuple[Syntax | None, str]:
    """The syntax that answers should have, and why.

    It is that of the references. Where these are objects it is YAML or CSV if more than half of the
    answers have that form, else JSON.

    Args:
        references: texts of all references; none where they are objects.
        answers: texts of the answers.

    Returns:
        None, where references are of several syntaxes: each answer is read by its own form.
    """
    if references:
        found = sorted({syntax_of(text) or "JSON" for text in _some_of(references)})
        if len(found) == 1:
            return found[0], f"answers are read as {found[0]}, which the references are"
        return None, f"references are {', '.join(found)}: each answer is read by its own form"
    forms = Counter(map(own_syntax, _some_of(answers)))
    syntax, n = forms.most_common(1)[0] if forms else ("JSON", 0)
    if syntax == "JSON" or 2 * n <= forms.total():
        return "JSON", "answers are read as JSON: the references are objects"
    return syntax, f"answers are read as {syntax}: most have that form, and references are objects"


def _some_of(texts: Sequence[str]) -> Sequence[str]:
    """Enough texts to tell, from all over the file."""
    return texts[:: max(1, len(texts) // _LOOKED_AT)]


def parse_documents(items: Items) -> Parsed:
    """Documents of the predictions, how each was read, and why some could not be."""
    syntax, why = expected_syntax(
        items.labels(), [text for text in items.predictions if isinstance(text, str)]
    )
    read = [None if raw is None else _document(raw, syntax) for raw in items.predictions]
    values = [None if one is None else one.value for one in read]
    stages = [Stage.UNREADABLE if one is None else one.stage for one in read]
    is_whole = [one is not None and one.stage >= Stage.EXTRACTED for one in read]
    each = singles(len(read))
    return Parsed(
        values=values,
        unparsed={i: one.reason for i, one in enumerate(read) if one is not None and one.reason},
        answered={i for i, value in enumerate(values) if value and is_whole[i]},
        helped={i: _HELP[stage] for i, stage in enumerate(stages) if stage in _HELP},
        columns={
            "prediction.documents": ValueColumn(values, each),
            "prediction.format": NumberColumn(np.array(stages, dtype=np.float64), each),
            "prediction.text": TextColumn([*map(_as_text, items.predictions)], each),
        },
        notes=(why, *_notes(items.ids, read)),
        inferred={"syntax": syntax or "by answer"},
    )


def _document(raw: Any, syntax: Syntax | None) -> Document:  # noqa: ANN401  (JSON)
    """The document of one recorded answer; one that is recorded as an object is as it should be."""
    if isinstance(raw, str):
        return read_document(raw, syntax)
    if is_too_deep(raw) or _written(raw) is None:
        return Document(None, Stage.UNREADABLE, f"{described(raw)} is too deep, or holds NaN")
    return Document(raw, Stage.STRICT)


def _notes(ids: Sequence[str], read: Sequence[Document | None]) -> list[str]:
    """How many answers were read with help, with examples."""
    told = []
    for stage, what in (
        (Stage.EXTRACTED, "had prose or a fence around them"),
        (Stage.REPAIRED, "were repaired"),
        (Stage.UNREADABLE, "could not be read"),
    ):
        own = [i for i, one in enumerate(read) if one is not None and one.stage == stage]
        if own:
            told.append(f"{len(own):,} of {len(read):,} answers {what}: {_some(ids, own)}")
    own = [i for i, one in enumerate(read) if one is not None and one.has_repeats]
    if own:
        told.append(
            f"{len(own):,} answers repeat a key, whose last value counts: {_some(ids, own)}"
        )
    return told


def _some(ids: Sequence[str], own: Sequence[int]) -> str:
    shown = ", ".join(ids[i] for i in own[:_EXAMPLES])
    return f"{shown}, …" if len(own) > _EXAMPLES else shown
