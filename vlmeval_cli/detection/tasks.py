"""The task that fits what was found: a table of rules, of which the first that fits counts."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.detection import rules
from vlmeval_cli.detection.evidence import (
    Evidence,
    are_letters,
    is_box_like,
    is_document,
)
from vlmeval_cli.joining.paths import as_text

Test = Callable[[Evidence], str | None]


class TaskFound(NamedTuple):
    """A task and the evidence for it, in words."""

    name: str
    reason: str


def _boxes(seen: Evidence) -> str | None:
    if seen.have(*rules.HEAT_MAPS):
        return None
    are_boxes = bool(seen.answers) and all(map(is_box_like, seen.answers))
    return f'the references "{seen.reference}" are boxes' if are_boxes else None


def _documents(seen: Evidence) -> str | None:
    answers = seen.answers[: rules.PARSED_ROWS]
    are_documents = bool(answers) and all(map(is_document, answers))
    return f"{_references(seen)} are documents (JSON, YAML or tables)" if are_documents else None


def _choices(seen: Evidence) -> str | None:
    if seen.n_choices:
        name = "columns A, B, …" if seen.options == "A" else f'"{seen.options}"'
        return f"the rows have options ({name})"
    kinds = seen.references.values("question_type") if seen.have("question_type") else []
    if any(as_text(kind).replace("_", "-") == "multiple-choice" for kind in kinds):
        return 'question_type says "multiple-choice"'
    mostly_single = 2 * len(seen.singles) >= len(seen.items)
    if mostly_single and are_letters(seen.singles):
        return f"{_references(seen)} are single letters"
    return None


def _code(seen: Evidence) -> str | None:
    if seen.have(*rules.CODE_NAMES):
        return 'the rows have an "entry_point"'
    test = seen.have(*rules.TEST_NAMES)
    if test and seen.have("completion"):
        return f'the rows have "{test}" and "completion"'
    if test and any("assert " in as_text(tests) for tests in seen.references.values(test)):
        return f'the rows have "{test}" with assert statements'
    if seen.have("passed") and not seen.texts:
        return 'the rows have "passed" and no text reference'
    return None


def _log_probabilities(seen: Evidence) -> str | None:
    name = seen.have(*rules.LOG_PROBABILITIES)
    if name and not seen.texts:
        return f'the rows have "{name}" and no text reference'
    own = next(iter(seen.predictions.present(rules.LOG_PROBABILITIES)), None)
    return f'the predictions have "{own}" and no text' if own and not seen.prediction else None


def _heat_maps(seen: Evidence) -> str | None:
    name, mask = seen.have(*rules.HEAT_MAPS), seen.have(*rules.MASKS)
    if name and mask:
        return f'the rows have "{name}" and "{mask}"'
    side = seen.predictions if seen.predictions.has(*rules.RATIONALES) else seen.references
    if not side.has(*rules.RATIONALES):
        return None
    recorded = side.present(rules.RATIONALES)[0]
    are_marks = all(_is_share(value) for value in side.values(recorded))
    return f'the rows have "{recorded}", from 0 to 1' if are_marks else None


def _is_share(value: object) -> bool:
    return value is None or (isinstance(value, bool | int | float) and 0 <= value <= 1)


def _verdicts(seen: Evidence) -> str | None:
    name = seen.have(*rules.VERDICTS)
    return f'the rows have a verdict, "{name}"' if name else None


def _captions(seen: Evidence) -> str | None:
    if seen.reference in rules.CAPTION_NAMES:
        return f'the references are called "{seen.reference}"'
    has_question = seen.question in seen.references.filled and not seen.is_instruction
    if has_question or seen.references.has(*rules.SOURCE_NAMES):
        return None
    if seen.references_each >= 2 and seen.median_words >= rules.CAPTION_WORDS:
        return (
            f"{seen.references_each:g} references an item, {seen.median_words:g} words in the "
            "median, and no question"
        )
    return None


def _classes(seen: Evidence) -> str | None:
    if seen.reference in rules.CLASS_NAMES:
        return f'the references are called "{seen.reference}"'
    if not seen.has_one_each:
        return None
    distinct = len(set(seen.singles))
    if 2 <= distinct <= rules.MOST_CLASSES and distinct <= rules.CLASS_SHARE * len(seen.items):
        return f"{_references(seen)} have {distinct} different values in {len(seen.items):,} rows"
    return None


def _document_questions(seen: Evidence) -> str | None:
    if seen.references.layout.task == "docqa" and seen.texts:
        return seen.references.layout.reason
    name = seen.have(*rules.DOCUMENT_IDS)
    if seen.have(*rules.GQA_FIELDS) and is_perhaps_about_photos(seen):
        return None
    return f'the rows have "{name}" and {_references(seen)}' if name and seen.texts else None


def is_perhaps_about_photos(seen: Evidence) -> bool:
    """Whether "questionId" is all that speaks of documents; GQA writes it too."""
    is_layout = seen.references.layout.task == "docqa"
    is_document = is_layout or seen.have(*rules.DOCUMENT_FIELDS) is not None
    return not is_document and seen.has_one_each and seen.have("questionId") is not None


def _summaries(seen: Evidence) -> str | None:
    source = next(iter(seen.references.present(rules.SUMMARISED)), None)
    fits = seen.reference in rules.SUMMARY_NAMES and source is not None
    return f'the rows have a "{source}" and {_references(seen)}' if fits else None


def _long_texts(seen: Evidence) -> str | None:
    if seen.has_one_each and seen.median_words > rules.LONG_TEXT_WORDS:
        return f"one reference an item, {seen.median_words:g} words in the median"
    return None


def _translations(seen: Evidence) -> str | None:
    """A text to translate differs from row to row, unlike the name of a data set."""
    name = next(iter(seen.references.present(rules.SOURCE_NAMES)), None)
    if name is None or not seen.texts or seen.question is not None:
        return None
    rows = len(seen.references.head)
    sources = [text for text in seen.references.values(name) if isinstance(text, str)]
    differ = 2 * len(set(sources)) > rows
    have_words = 2 * sum(" " in text or not text.isascii() for text in sources) > rows
    fits = differ and have_words
    return f'the rows have a text "{name}" and {_references(seen)}' if fits else None


def _questions(seen: Evidence) -> str | None:
    name = seen.question or seen.have(*rules.QUESTION_IDS)
    if name is None or not seen.texts or seen.references.has(*rules.SOURCE_NAMES):
        return None
    return f'the rows have "{name}" and {_references(seen)}'


def _references(seen: Evidence) -> str:
    return f'the references "{seen.reference}"'


# In the order of the specification; a layout that fixes the task comes before all of them.
TASK_RULES: tuple[tuple[str, Test], ...] = (
    ("grounding", _boxes),
    ("freeform", _documents),
    ("choice", _choices),
    ("code", _code),
    ("language_modeling", _log_probabilities),
    ("rationality", _heat_maps),
    ("preference", _verdicts),
    ("captioning", _captions),
    ("classification", _classes),
    ("docqa", _document_questions),
    ("text", _summaries),
    ("text", _long_texts),
    ("text", _translations),
    ("vqa", _questions),
)


def task_of(seen: Evidence) -> TaskFound | None:
    """The task that the evidence speaks for, or None where none fits.

    A layout that only references have fixes it. Results files share their field names with other
    tasks, so that their layout counts only when nothing else decides.
    """
    layout = seen.references.layout
    if layout.task is not None and layout.side == "references":
        return TaskFound(layout.task, layout.reason)
    for name, test in TASK_RULES:
        reason = test(seen)
        if reason is not None:
            return TaskFound(name, reason)
    for layout in (seen.references.layout, seen.predictions.layout):
        if layout.task is not None:
            return TaskFound(layout.task, layout.reason)
    return None


def refuse_unknown(seen: Evidence) -> None:
    """Say what is known, and which tasks it could be.

    Raises:
        UsageError: always.
    """
    each = f"{seen.references_each:g} an item, {seen.median_words:g} words in the median"
    asked = "no question field" if seen.question is None else f'a question "{seen.question}"'
    source = seen.references.present(rules.SOURCE_NAMES)
    source_words = f', a source "{source[0]}"' if source else ""
    raise UsageError(
        f"cannot tell the task of {seen.references.path}: {_references(seen)} ({each}), "
        f"{asked}{source_words}",
        hint=f"Name it with --task: {', '.join(_candidates(seen))}.",
    )


def _candidates(seen: Evidence) -> tuple[str, ...]:
    if seen.references.has(*rules.SOURCE_NAMES):
        return ("text", "captioning")
    if seen.median_words >= rules.CAPTION_WORDS:
        return ("captioning", "text", "vqa")
    return ("vqa", "captioning", "classification", "text")
