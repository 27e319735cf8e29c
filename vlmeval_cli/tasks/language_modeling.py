"""Language modelling: how probable the model held the recorded texts, token by token."""

from __future__ import annotations

from vlmeval_cli.core.config import RunConfig
from vlmeval_cli.parsing.items import Items, Parsed
from vlmeval_cli.parsing.log_probabilities import log_probabilities
from vlmeval_cli.parsing.token_sums import FIELDS, parse
from vlmeval_cli.tasks.base import Defaults, Facts, Task
from vlmeval_cli.tasks.patterns.language_modeling import PATTERNS

_COMPARABLE = (
    "loss and perplexity count tokens, so they compare models of one tokenizer; bits_per_byte "
    "compares across tokenizers"
)


def _defaults(facts: Facts) -> Defaults:
    metrics = ["perplexity"]
    if "prediction.n_judged" in facts.columns:
        metrics.append("token_accuracy")
    return Defaults(tuple(metrics), primary="perplexity", note=_COMPARABLE)


def _parse(items: Items, config: RunConfig) -> Parsed:
    return parse(items)


TASK = Task(
    name="language_modeling",
    defaults=_defaults,
    has_right_answers=False,
    free_groups=(),
    diagnose=PATTERNS,
    fields=FIELDS,
    needs_references=False,
    read_predictions=log_probabilities,
    parse=_parse,
)
