"""Noise in texts, by kind and severity, that is the same for the same seed and item."""

from __future__ import annotations

from typing import Final

from vlmeval_cli.text.perturbations.kinds import KINDS, SEVERITIES, Request, Words
from vlmeval_cli.text.perturbations.pieces import Piece, pieces

__all__ = ["KINDS", "SEVERITIES", "Piece", "Words", "edit_rate", "perturbed", "pieces"]

_PLAIN: Final = Words()


def perturbed(
    text: str | tuple[Piece, ...],
    kind: str,
    severity: int,
    *,
    name: tuple[object, ...],
    words: Words = _PLAIN,
) -> str | None:
    """``text`` with noise; None where there is nothing that this kind may change.

    What a lower severity changes, a higher one changes too.

    Args:
        text: the text, or its :func:`pieces`, which may serve several kinds and severities.
        kind: one of :data:`KINDS`.
        severity: 1 to 5.
        name: what the draws depend on, such as the seed and the id of the item.
        words: synonyms, and what is a word.

    >>> perturbed("Is the cat on the sofa?", "dropped_words", 5, name=(1,))
    'cat on sofa?'
    """
    given = pieces(text) if isinstance(text, str) else text
    changed = KINDS[kind].apply(given, Request(severity, (*name, kind), words))
    return None if changed is None else "".join(changed)


def edit_rate(before: str, after: str) -> float:
    """Characters to insert, delete or replace, per character of the first text.

    >>> edit_rate("cat", "cart")
    0.3333333333333333
    """
    from rapidfuzz.distance import Levenshtein

    return Levenshtein.distance(before, after) / max(1, len(before))
