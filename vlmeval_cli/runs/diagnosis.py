"""What the scores of a run say together."""

from __future__ import annotations

from collections.abc import Sequence

from vlmeval_cli.core.results import Diagnosis, RunResult
from vlmeval_cli.runs.lengths import Lengths, lengths
from vlmeval_cli.tasks.base import Task
from vlmeval_cli.tasks.patterns.wording import WORDS

# From this share on, scores fall so much for want of answers that other causes cannot be told.
_MANY = 0.1
_NO_ANSWER = ("missing", "empty")
_FEW = 20  # answers; a median of fewer is a matter of which they are


def diagnosis(task: Task, result: RunResult) -> Sequence[Diagnosis]:
    """The task's patterns in the scores; the lack of answers alone where many lack."""
    outcomes = result.outcomes
    gone, n = (sum(outcomes.get(name, 0) for name in names) for names in (_NO_ANSWER, outcomes))
    if gone == 0 or gone < _MANY * n:
        return [*task.diagnose(result.scores), *_of_lengths(lengths(result))]
    lack = Diagnosis(
        pattern=f"{gone:,} of {n:,} predictions {'is' if gone == 1 else 'are'} missing or empty",
        meaning="every score is lower for it, and what the others do wrong cannot be told from "
        "these scores",
        advice="find out why there is no answer (a limit of tokens, a refused image, a failed "
        "request), or see how the others do with --missing skip if they are missing",
    )
    return [lack]


def _of_lengths(found: Lengths | None) -> Sequence[Diagnosis]:
    """What the lengths of answers say beside those of the references."""
    if found is None or found.references is None or not found.ratio or found.n < _FEW:
        return ()
    values = {
        "words": found.words,
        "reference_words": found.references,
        "words_ratio": found.ratio,
    }
    return WORDS.among(values)
