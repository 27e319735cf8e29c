"""Captioning: one sentence about an image, several accepted captions."""

from __future__ import annotations

from vlmeval_cli.tasks.base import Defaults, Facts, Task
from vlmeval_cli.tasks.patterns.captioning import PATTERNS


def _defaults(facts: Facts) -> Defaults:
    networks = ("clip_score",) if "image.path" in facts.columns else ()
    return Defaults(("cider", "bleu", "meteor", "rouge_l"), primary="cider", networks=networks)


TASK = Task(
    name="captioning",
    defaults=_defaults,
    has_right_answers=False,
    free_groups=(),
    diagnose=PATTERNS,
)
