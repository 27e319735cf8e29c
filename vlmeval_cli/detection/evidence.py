"""What the first rows say about the task."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from vlmeval_cli.detection import rules
from vlmeval_cli.detection.fields import are_options
from vlmeval_cli.detection.sides import Side
from vlmeval_cli.joining.paths import as_text
from vlmeval_cli.joining.references import as_written, is_box
from vlmeval_cli.parsing.boxes.syntaxes import clean, read_marked
from vlmeval_cli.parsing.reasoning import answer
from vlmeval_cli.parsing.texts import answers_in

_NUMBER = r"\s*-?\d+(?:\.\d+)?\s*"
_BOX_TEXT = re.compile(rf"\s*[\[(<]{{1,2}}{_NUMBER}(?:,{_NUMBER}){{3}}[\])>]{{1,2}}\s*")
_BOX_KEYS = ("bbox", "bbox_2d", "box", "box_2d", "bboxes", "boxes")
_CORNERS = ({"x1", "y1", "x2", "y2"}, {"xmin", "ymin", "xmax", "ymax"})
# A small letter is one only in brackets: "a" is a word.
_LETTER = re.compile(rf"\s*(?:[(\[]?[{rules.OPTION_COLUMNS}][)\].:]{{0,2}}|\([a-j]\)\.?)\s*")
_YAML_LINE = re.compile(r"\s*(?:- )?[\w .'\"-]+:(?:\s.*)?")


@dataclass(frozen=True)
class Evidence:
    """Facts about two sides and the fields chosen in them, each found when asked for.

    Attributes:
        predictions, references: the sides; the same one where one file holds both.
        prediction, reference: their fields.
        question: field of the question in the references, else in the predictions.
        options: field of the options, or "A" for columns A B C D….
        id_name: the likely id of the references.
    """

    predictions: Side
    references: Side
    prediction: str | None
    reference: str | None
    question: str | None
    options: str | None
    id_name: str | None

    @cached_property
    def items(self) -> list[list[Any]]:
        """References of each item; rows that repeat id and question are one item."""
        if self.reference is None:
            return []
        merged: dict[object, list[Any]] = {}
        for number, row in enumerate(self.references.head):
            own = row.get(self.id_name) if self.id_name else None
            asked = row.get(self.question) if self.question else None
            key = number if own is None else (as_text(own), as_text(asked))
            value = self._values[number]
            merged.setdefault(key, []).extend(answers_in(value))
        return [answers for answers in merged.values() if answers]

    @cached_property
    def _values(self) -> list[Any]:
        if self.reference is None:
            return []
        return as_written(self.references.layout, self.references.values(self.reference))

    @cached_property
    def answers(self) -> list[Any]:
        """All references."""
        return [answer for answers in self.items for answer in answers]

    @cached_property
    def texts(self) -> list[str]:
        """References that are text or numbers, as text."""
        kinds = (str, int, float)
        return [as_text(answer) for answer in self.answers if type(answer) in kinds]

    @cached_property
    def median_words(self) -> float:
        """Words of the middle reference."""
        return float(np.median([len(text.split()) for text in self.texts])) if self.texts else 0.0

    @cached_property
    def singles(self) -> list[str]:
        """The references of items that have one."""
        return [as_text(answers[0]) for answers in self.items if len(answers) == 1]

    @property
    def has_one_each(self) -> bool:
        """Whether every item has one reference, a text."""
        return bool(self.texts) and len(self.singles) == len(self.items) == len(self.texts)

    @cached_property
    def references_each(self) -> float:
        """References of the middle item."""
        return float(np.median([*map(len, self.items)])) if self.items else 0.0

    @cached_property
    def is_instruction(self) -> bool:
        """Whether all items have the same question: it tells the model what to do."""
        if self.question is None or self.question not in self.references.filled:
            return False
        asked = {as_text(value) for value in self.references.values(self.question)}
        return len(self.references.head) >= 5 and len(asked) == 1

    @cached_property
    def n_choices(self) -> int:
        """Rows of the side with options that have some."""
        if self.options is None:
            return 0
        side = self.references if self.options in self.references.filled else self.predictions
        if self.options == "A":
            return side.filled["B"]
        return sum(map(are_options, side.values(self.options)))

    def have(self, *names: str) -> str | None:
        """The first of the fields that either side has."""
        found = [*self.references.present(names), *self.predictions.present(names)]
        return next(iter(found), None)


def is_box_like(value: Any) -> bool:  # noqa: ANN401  (JSON)
    """Whether a reference is a box, several, an object that has some, or text that writes boxes."""
    if isinstance(value, str):
        return _is_box_text(answer(value).text)
    if isinstance(value, dict):
        held = [value[name] for name in _BOX_KEYS if name in value]
        return any(box == [] or is_box_like(box) for box in held if isinstance(box, list)) or any(
            corners <= value.keys() for corners in _CORNERS
        )
    return is_box(value) or (
        isinstance(value, list) and bool(value) and all(map(is_box_like, value))
    )


def _is_box_text(text: str) -> bool:
    """Whether a text is a list of four numbers, JSON with boxes, or has a model's box tokens."""
    if _BOX_TEXT.fullmatch(text) is not None:
        return True
    body = clean(text)
    if body[:1] in ("[", "{"):
        try:
            value = json.loads(body)
        except (ValueError, RecursionError):
            return False
        return not isinstance(value, str) and is_box_like(value)
    marked = read_marked(body)
    return marked is not None and bool(marked.boxes)


def is_document(value: Any) -> bool:  # noqa: ANN401  (JSON)
    """Whether a reference is an object, or text that holds JSON, YAML or a CSV table."""
    if isinstance(value, dict):
        return True
    if isinstance(value, list):
        return bool(value) and all(isinstance(part, dict) for part in value)
    if not isinstance(value, str):
        return False
    return _is_json(value) or _is_yaml(value) or _is_table(value)


def _is_json(text: str) -> bool:
    if text.lstrip()[:1] not in ("{", "["):
        return False
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) or (
        isinstance(value, list) and bool(value) and all(isinstance(v, dict) for v in value)
    )


def _is_yaml(text: str) -> bool:
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2 or _YAML_LINE.fullmatch(lines[0]) is None:
        return False
    import yaml

    try:
        value = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return False
    return isinstance(value, dict)


def _is_table(text: str) -> bool:
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2 or "," not in lines[0]:
        return False
    try:
        widths = {len(cells) for cells in csv.reader(lines, strict=True)}
    except csv.Error:
        return False
    return len(widths) == 1 and min(widths) >= 2


def share(part: int, whole: Sequence[object]) -> float:
    """``part`` of ``len(whole)``; 0 of nothing."""
    return part / len(whole) if whole else 0.0


def are_letters(texts: Sequence[str]) -> bool:
    """Whether most texts are a letter of an option, bare or as "(A)", "(a)", "A.", "[A]"."""
    letters = sum(_LETTER.fullmatch(text) is not None for text in texts)
    return bool(texts) and share(letters, texts) >= rules.LETTER_SHARE
