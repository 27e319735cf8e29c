"""What the scores of a run say together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vlmeval_cli.core.results import Diagnosis, Score
from vlmeval_cli.tasks.base import Task

# From this share on, scores fall so much for want of answers that other causes cannot be told.
_MANY = 0.1
_NO_ANSWER = ("missing", "empty")


def diagnosis(
    task: Task, scores: Mapping[str, Score], outcomes: Mapping[str, int]
) -> Sequence[Diagnosis]:
    """The task's patterns in the scores; the lack of answers alone where many lack.

    Args:
        task: whose patterns are looked for.
        scores: of all items.
        outcomes: outcome → number of items.
    """
    gone, n = sum(outcomes.get(name, 0) for name in _NO_ANSWER), sum(outcomes.values())
    if gone == 0 or gone < _MANY * n:
        return task.diagnose(scores)
    found = Diagnosis(
        pattern=f"{gone:,} of {n:,} predictions {'is' if gone == 1 else 'are'} missing or empty",
        meaning="every score is lower for it, and what the others do wrong cannot be told from "
        "these scores",
        advice="find out why there is no answer (a limit of tokens, a refused image, a failed "
        "request), or see how the others do with --missing skip if they are missing",
    )
    return [found]
