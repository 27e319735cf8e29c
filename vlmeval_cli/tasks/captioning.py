"""Captioning: one sentence about an image, several accepted captions."""

from __future__ import annotations

from vlmeval_cli.tasks.base import Defaults, Facts, Task
from vlmeval_cli.tasks.patterns.captioning import PATTERNS

_HINT = (
    "METEOR 1.5, the one of published tables, is scored by default once its tables are compiled: "
    "vlmeval download meteor, or --metrics meteor_1_5"
)


def _defaults(facts: Facts) -> Defaults:
    """METEOR 1.5 needs tables that are compiled once: it is scored where they are there."""
    networks = ("clip_score",) if "image.path" in facts.columns else ()
    own = ("cider", "bleu", "meteor", "rouge_l")
    if "meteor_1_5" in facts.ready:
        return Defaults((*own, "meteor_1_5"), primary="cider", networks=networks)
    return Defaults(own, primary="cider", note=_HINT, networks=networks)


TASK = Task(
    name="captioning",
    defaults=_defaults,
    has_right_answers=False,
    free_groups=(),
    diagnose=PATTERNS,
    fields=("file_name",),  # of COCO's images: where annotations name an image by its number
)
