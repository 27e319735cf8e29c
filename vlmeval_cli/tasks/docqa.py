"""Document question answering: a short answer that stands in a scanned page, chart or sign."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain

from vlmeval_cli.core.batch import Column, ValueColumn, offsets_of, singles
from vlmeval_cli.parsing.items import Items
from vlmeval_cli.tasks.base import Defaults, Facts, Task, adding
from vlmeval_cli.tasks.patterns.docqa import PATTERNS

# OCRBench mixes thirty sets: its own file names them one way, its copy on the Hub another.
_OCRBENCH = (frozenset({"dataset_name", "type"}), frozenset({"dataset", "question_type"}))


def _defaults(facts: Facts) -> Defaults:
    answers = ("anls", "exact_match", "token_f1")
    if any(fields <= facts.fields for fields in _OCRBENCH):
        note = "the items name their data set and type as OCRBench does: its rule is primary"
        return Defaults(("ocrbench", *answers), primary="ocrbench", note=note)
    return Defaults(answers, primary="anls")


def _documents(references: Sequence[Sequence[str]], items: Items) -> Mapping[str, Column]:
    """Answers as documents of a single text, so that metrics of documents can be asked for."""
    offsets = offsets_of([*map(len, references)])
    return {
        "prediction.documents": ValueColumn(items.predictions, singles(len(items))),
        "references.documents": ValueColumn([*chain.from_iterable(references)], offsets),
    }


TASK = Task(
    name="docqa",
    defaults=_defaults,
    has_right_answers=True,
    free_groups=("answer_type", "question_type", "type"),
    diagnose=PATTERNS,
    fields=("dataset_name", "dataset"),
    with_references=adding(_documents),
)
