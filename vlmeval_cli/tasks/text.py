"""Plain text: summaries, translations, reports, and any other text with a written reference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vlmeval_cli.core.config import OnBadRow
from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.parsing.items import Place, ReferenceValues
from vlmeval_cli.parsing.texts import reference_texts
from vlmeval_cli.readers.texts import is_translations
from vlmeval_cli.tasks.base import Defaults, Facts, Task
from vlmeval_cli.tasks.patterns.text import PATTERNS

_SOURCES = ("source", "src", "source_text")
_SENTENCE = 30  # words; a median reference of more is hardly one sentence
_NETWORKS = ("bert_score",)
_ROUGE = "rouge:types=rouge_1+rouge_2+rouge_l+rouge_lsum"


def _defaults(facts: Facts) -> Defaults:
    source = next((name for name in _SOURCES if name in facts.fields), None)
    words = f"{facts.median_words:g} words in the median"
    if source is None and (facts.have_lines or facts.median_words > _SENTENCE):
        kind = "several lines" if facts.have_lines else words
        note = (
            f"references have {kind} and no source, as summaries do: rouge_lsum_f1 is the primary "
            "metric; for translations look at chrf"
        )
        return Defaults((_ROUGE, "sacrebleu", "chrf", "meteor"), "rouge_lsum_f1", note, _NETWORKS)
    why = f'the items have a "{source}"' if source else f"references are sentences ({words})"
    note = (
        f"{why}, as translations do: chrf is the primary metric; for summaries look at "
        "rouge_lsum_f1"
    )
    return Defaults(("chrf", "sacrebleu", _ROUGE, "meteor"), "chrf", note, _NETWORKS)


def _read_references(
    values: Sequence[Any],
    field: str,
    place: Place,
    on_bad_row: OnBadRow = "error",
    *,
    empty_is_answer: bool = False,
) -> ReferenceValues:
    """Accepted texts; rows that hold several languages need a choice.

    Raises:
        UsageError: the field holds several languages.
        DataError: a reference is no text.
    """
    first = next((value for value in values if value), None)
    if isinstance(first, list) and len(first) == 1:
        first = first[0]
    if isinstance(first, dict) and is_translations(first):
        languages = ", ".join(f"{field}.{language}" for language in first)
        raise UsageError(
            f'{place(0)}: field "{field}" holds several languages, expected the one that was '
            "translated into",
            hint=f"Name it with --reference-field, one of {languages}.",
        )
    return reference_texts(values, field, place, on_bad_row, empty_is_answer=empty_is_answer)


TASK = Task(
    name="text",
    defaults=_defaults,
    has_right_answers=False,
    free_groups=(),
    diagnose=PATTERNS,
    fields=_SOURCES,
    read_references=_read_references,
)
