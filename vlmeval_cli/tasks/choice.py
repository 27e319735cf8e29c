"""Multiple choice: one option out of several, named by a letter, a sentence or its text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from vlmeval_cli.core.config import RunConfig
from vlmeval_cli.core.results import Diagnosis, Score
from vlmeval_cli.parsing.choices.columns import parse, reference_columns, reference_note
from vlmeval_cli.parsing.choices.options import OPTION_FIELDS, TYPE_FIELDS, UNKNOWN
from vlmeval_cli.parsing.choices.rotations import GROUP_FIELDS
from vlmeval_cli.parsing.choices.rules import RULES, Rule
from vlmeval_cli.parsing.items import Items, Parsed
from vlmeval_cli.tasks.base import Defaults, Facts, Task, value

_METRICS = (
    "choice_accuracy",
    "choice_accuracy_parsed",
    "choice_unparsed_rate",
    "choice_balanced_accuracy",
)
_MUCH_UNPARSED = 0.05
_BIASED = 0.1
_TURNED = 0.1


def _defaults(facts: Facts) -> Defaults:
    circular = ("circular_accuracy",) if "circular.choice" in facts.columns else ()
    return Defaults((*_METRICS, *circular), primary="choice_accuracy")


def _parse(items: Items, config: RunConfig) -> Parsed:
    return parse(items, _rule(config))


def _with_references(
    references: Sequence[Sequence[Any]], items: Items, parsed: Parsed, config: RunConfig
) -> Parsed:
    note = reference_note(references, items)
    return replace(
        parsed,
        columns={**parsed.columns, **reference_columns(references, items)},
        notes=(*parsed.notes, *([note] if note else [])),
    )


def _rule(config: RunConfig) -> Rule:
    """The rule of the first metric asked for: what it cannot read is unparsed in the outcomes."""
    if not config.metrics:
        return "vlmeval"
    first = config.metrics[0]
    unnamed = "mmmu" if first.name == "mmmu_accuracy" else "vlmeval"
    named = str(first.options.get("variant", unnamed))
    return next((rule for rule in RULES if rule == named), "vlmeval")


def _diagnose(scores: Mapping[str, Score]) -> Sequence[Diagnosis]:
    found = []
    accuracy, unparsed, balanced, circular = (
        value(scores, name)
        for name in (
            "choice_accuracy",
            "choice_unparsed_rate",
            "choice_balanced_accuracy",
            "circular_accuracy",
        )
    )
    if unparsed is not None and unparsed > _MUCH_UNPARSED:
        found.append(
            Diagnosis(
                pattern=f"{unparsed:.1%} of the answers name no option",
                meaning="accuracy measures the form of the answers too; choice_accuracy_parsed "
                "leaves that out",
                advice='ask for "the letter of the right option only", and look at the reasons in '
                "the samples",
            )
        )
    if accuracy is not None and balanced is not None and accuracy - balanced > _BIASED:
        found.append(
            Diagnosis(
                pattern=f"accuracy ({accuracy:.2f}) is above balanced accuracy ({balanced:.2f})",
                meaning="the model does better where the right answer is a frequent letter: it "
                "prefers a position",
                advice="see the table of letters; score all rotations of the options "
                "(circular_accuracy)",
            )
        )
    if accuracy is not None and circular is not None and accuracy - circular > _TURNED:
        found.append(
            Diagnosis(
                pattern=f"accuracy ({accuracy:.2f}) is far above circular accuracy "
                f"({circular:.2f})",
                meaning="many questions are right in some orders of the options only",
                advice="report circular accuracy; lucky guesses are in the other",
            )
        )
    return found


TASK = Task(
    name="choice",
    defaults=_defaults,
    has_right_answers=True,
    free_groups=("category", "l2-category", "split", "subject", "question_type"),
    diagnose=_diagnose,
    fields=(*OPTION_FIELDS, *TYPE_FIELDS, *GROUP_FIELDS, *UNKNOWN),
    parse=_parse,
    with_references=_with_references,
)
