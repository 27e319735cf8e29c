"""Language modelling: how probable the model held the recorded texts, token by token."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vlmeval_cli.core.config import RunConfig
from vlmeval_cli.core.results import Diagnosis, Score
from vlmeval_cli.parsing.items import Items, Parsed
from vlmeval_cli.parsing.log_probabilities import log_probabilities
from vlmeval_cli.parsing.token_sums import FIELDS, parse
from vlmeval_cli.tasks.base import Defaults, Facts, Task, value

_COMPARABLE = (
    "loss and perplexity count tokens, so they compare models of one tokenizer; bits_per_byte "
    "compares across tokenizers"
)
_HIGH_LOSS = 3.0  # nats per token, a perplexity of 20
_HIGH_ACCURACY = 0.6


def _defaults(facts: Facts) -> Defaults:
    metrics = ["perplexity"]
    if "prediction.n_judged" in facts.columns:
        metrics.append("token_accuracy")
    return Defaults(tuple(metrics), primary="perplexity", note=_COMPARABLE)


def _parse(items: Items, config: RunConfig) -> Parsed:
    return parse(items)


def _diagnose(scores: Mapping[str, Score]) -> Sequence[Diagnosis]:
    loss, accuracy = value(scores, "loss"), value(scores, "token_accuracy")
    if loss is None or accuracy is None or loss < _HIGH_LOSS or accuracy < _HIGH_ACCURACY:
        return ()
    return (
        Diagnosis(
            pattern=f"the loss is high ({loss:.2f}) and so is token accuracy ({accuracy:.2f})",
            meaning="the model is overconfident: where it is wrong, it holds the right token for "
            "next to impossible",
            advice="train for fewer epochs or with label smoothing, or calibrate the temperature; "
            "look at the texts of highest loss (--worst 20)",
        ),
    )


TASK = Task(
    name="language_modeling",
    defaults=_defaults,
    has_right_answers=False,
    free_groups=(),
    diagnose=_diagnose,
    fields=FIELDS,
    needs_references=False,
    read_predictions=log_probabilities,
    parse=_parse,
)
