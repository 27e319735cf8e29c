"""Multiple choice: one option out of several, named by a letter, a sentence or its text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from vlmeval_cli.core.config import RunConfig
from vlmeval_cli.parsing.choices.columns import parse, reference_columns, reference_note
from vlmeval_cli.parsing.choices.options import OPTION_FIELDS, TYPE_FIELDS, UNKNOWN
from vlmeval_cli.parsing.choices.rotations import GROUP_FIELDS
from vlmeval_cli.parsing.choices.rules import RULES, Rule
from vlmeval_cli.parsing.items import Items, Parsed
from vlmeval_cli.tasks.base import Defaults, Facts, Task
from vlmeval_cli.tasks.patterns.choice import PATTERNS

_METRICS = (
    "choice_accuracy",
    "choice_accuracy_parsed",
    "choice_unparsed_rate",
    "choice_balanced_accuracy",
)


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


TASK = Task(
    name="choice",
    defaults=_defaults,
    has_right_answers=True,
    free_groups=("category", "l2-category", "split", "subject", "question_type"),
    diagnose=PATTERNS,
    fields=(*OPTION_FIELDS, *TYPE_FIELDS, *GROUP_FIELDS, *UNKNOWN),
    parse=_parse,
    with_references=_with_references,
)
