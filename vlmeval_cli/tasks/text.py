"""Plain text: summaries, translations, reports, and any other text with a written reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vlmeval_cli.core.config import OnBadRow
from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.core.results import Diagnosis, Score
from vlmeval_cli.parsing.items import Place, ReferenceValues
from vlmeval_cli.parsing.texts import reference_texts
from vlmeval_cli.readers.texts import is_translations
from vlmeval_cli.tasks.base import Defaults, Facts, Task, value

_SOURCES = ("source", "src", "source_text")
_SENTENCE = 30  # words; a median reference of more is hardly one sentence
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
        return Defaults((_ROUGE, "sacrebleu", "chrf", "meteor"), "rouge_lsum_f1", note)
    why = f'the items have a "{source}"' if source else f"references are sentences ({words})"
    note = (
        f"{why}, as translations do: chrf is the primary metric; for summaries look at "
        "rouge_lsum_f1"
    )
    return Defaults(("chrf", "sacrebleu", _ROUGE, "meteor"), "chrf", note)


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


def _diagnose(scores: Mapping[str, Score]) -> Sequence[Diagnosis]:
    rouge_1, rouge_2 = (value(scores, name) for name in ("rouge_1_f1", "rouge_2_f1"))
    rouge_l, rouge_lsum = (value(scores, name) for name in ("rouge_l_f1", "rouge_lsum_f1"))
    bleu, chrf = (value(scores, name) for name in ("sacrebleu", "chrf"))
    found = []
    if rouge_1 is not None and rouge_2 is not None and rouge_1 > 0.3 and rouge_2 < 0.25 * rouge_1:
        found.append(
            Diagnosis(
                pattern=f"ROUGE-1 is fair ({rouge_1:.2f}) and ROUGE-2 is low ({rouge_2:.2f})",
                meaning="the right words occur, in other phrases: a paraphrase, or words that fit "
                "any text of this kind",
                advice="read the lowest items (--worst 20); a metric of meaning can tell the two "
                "apart, n-grams cannot",
            )
        )
    if rouge_l is not None and rouge_lsum is not None and rouge_lsum > rouge_l + 0.1:
        found.append(
            Diagnosis(
                pattern=f"ROUGE-Lsum ({rouge_lsum:.2f}) is far above ROUGE-L ({rouge_l:.2f})",
                meaning="the same things are said in another order of sentences",
                advice="look at rouge_lsum_f1 if their order does not matter, as in CNN/DailyMail",
            )
        )
    # A BLEU of 0 only says that the texts are shorter than four words.
    if bleu is not None and chrf is not None and 0.4 < chrf < 0.8 and 0 < bleu < 0.3 * chrf:
        found.append(
            Diagnosis(
                pattern=f"chrF ({chrf:.2f}) is far above BLEU ({bleu:.2f})",
                meaning="words are nearly right: other endings, compounds or spellings, or outputs "
                "much shorter or longer than the references",
                advice="compare the lengths first, then the endings of words; chrF forgives both "
                "more than BLEU",
            )
        )
    return found


TASK = Task(
    name="text",
    defaults=_defaults,
    has_right_answers=False,
    free_groups=(),
    diagnose=_diagnose,
    fields=_SOURCES,
    read_references=_read_references,
)
