"""Document question answering: a short answer that stands in a scanned page, chart or sign."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain

from vlmeval_cli.core.batch import Column, ValueColumn, offsets_of, singles
from vlmeval_cli.core.results import Diagnosis, Score
from vlmeval_cli.parsing.items import Items
from vlmeval_cli.tasks.base import Defaults, Facts, Task, adding, value

_GAP = 0.15
_LOW = 0.5
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


def _diagnose(scores: Mapping[str, Score]) -> Sequence[Diagnosis]:
    anls, exact, held = (value(scores, name) for name in ("anls", "exact_match", "ocrbench"))
    found = []
    if anls is not None and held is not None and held > anls + _GAP:
        found.append(
            Diagnosis(
                pattern=f"ocrbench ({held:.2f}) is far above ANLS ({anls:.2f})",
                meaning="many predictions hold the right answer inside a longer text, and ANLS "
                "counts every other character against it",
                advice='ask for the answer alone ("Answer using the text in the document, without '
                'a sentence."), or take it out of the sentence before scoring',
            )
        )
    # An answer inside a longer text earns ANLS too: letters are misread where more is earned.
    whole = None if exact is None else max(exact, held or 0.0)
    if anls is not None and whole is not None and anls > whole + _GAP:
        found.append(
            Diagnosis(
                pattern=f"ANLS ({anls:.2f}) is far above exact match ({exact:.2f})",
                meaning="many answers are a few characters off: misread letters, spaces, units or "
                "thousands separators",
                advice="look at the partial items (--worst 20); raise the image resolution if "
                "letters are misread, or agree on a spelling of numbers if they are not",
            )
        )
    is_all_or_nothing = anls is not None and exact is not None and anls <= exact + _GAP
    if is_all_or_nothing and not found and anls is not None and anls < _LOW:
        found.append(
            Diagnosis(
                pattern=f"ANLS ({anls:.2f}) is low and hardly above exact match ({exact:.2f})",
                meaning="wrong answers are wholly different texts: another place of the page was "
                "read, or none",
                advice="check that the pages reach the model unscaled and in the right order; "
                "compare the answer types (--by answer_type) to see where it fails",
            )
        )
    return found


TASK = Task(
    name="docqa",
    defaults=_defaults,
    has_right_answers=True,
    free_groups=("answer_type", "question_type", "type"),
    diagnose=_diagnose,
    fields=("dataset_name", "dataset"),
    with_references=adding(_documents),
)
