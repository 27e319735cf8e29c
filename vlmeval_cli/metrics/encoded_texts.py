"""What an encoder did not read of texts, and how the user is told."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from vlmeval_cli.core.metric import Notice
from vlmeval_cli.core.wording import number_of
from vlmeval_cli.models.columns import VectorColumn


def cut_facts(*columns: VectorColumn) -> dict[str, int]:
    """How many texts were cut, and by how many tokens."""
    cut = [column.found.n_cut[column.which] for column in columns]
    return {
        "cut_texts": sum(int(np.count_nonzero(one)) for one in cut),
        "cut_tokens": sum(int(one.sum()) for one in cut),
    }


def cut_notices(metric: str, model: str, facts: Mapping[str, int]) -> tuple[Notice, ...]:
    """A warning where texts were cut."""
    texts = facts.get("cut_texts", 0)
    if not texts:
        return ()
    lost = number_of(facts["cut_tokens"], "token")
    message = (
        f"{metric}: {number_of(texts, 'text')} truncated, {lost} lost; {model} reads no longer "
        "texts, so that their beginnings alone are compared"
    )
    return (Notice(f"{metric}_truncated", message),)


def empty_notices(metric: str, facts: Mapping[str, int], but: str = "") -> tuple[Notice, ...]:
    """A warning where predictions or references are empty."""
    texts = facts.get("empty_texts", 0)
    if not texts:
        return ()
    message = f"{metric}: {texts:,} predictions or references are empty and score 0{but}"
    return (Notice(f"{metric}_empty", message),)
