"""How the scores of single items differ between two runs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vlmeval_cli.core.batch import Array
from vlmeval_cli.core.metric import Kind, Output
from vlmeval_cli.stats.mcnemar import odds_ratio

_ROUNDING = 1e-9  # items whose scores are closer than this are equal
COHEN = "Cohen's d of paired differences"
ODDS = "odds ratio of discordant pairs"


class Moves(NamedTuple):
    """Items on which a run is better than another, worse, or equal, and by how much.

    Attributes:
        wins, losses, ties: numbers of items.
        cohens_d: mean of the differences in their standard deviations; None where they do not
            differ among themselves.
    """

    wins: int
    losses: int
    ties: int
    cohens_d: float | None


def moves(mine: Array, theirs: Array, output: Output) -> Moves:
    """The items that both runs have a score for; NaN is none."""
    change = mine - theirs
    change = change[np.isfinite(change)]
    better = change if output.higher_is_better else -change
    wins, losses = int((better > _ROUNDING).sum()), int((better < -_ROUNDING).sum())
    spread = float(change.std(ddof=1)) if len(change) > 1 else 0.0
    cohens_d = float(change.mean()) / spread if spread > _ROUNDING else None
    return Moves(wins, losses, len(change) - wins - losses, cohens_d)


def effect(found: Moves | None, kind: Kind) -> tuple[float | None, str]:
    """The standardised size of a difference, and what it is called.

    Right-or-wrong answers have the ratio of wins to losses, means of item scores Cohen's d, which
    keeps the sign of the difference. Other scores have neither: what items move by may have another
    sign than a ratio of sums.
    """
    if found is None:
        return None, "none: items have no scores of their own"
    if kind == "mean":
        return found.cohens_d, COHEN
    if kind != "binary":
        return None, "none: the score is no mean of item scores"
    undefined = "" if found.losses else " (undefined without losses)"
    return odds_ratio(found.wins, found.losses), ODDS + undefined
