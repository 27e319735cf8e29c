"""Fields that nobody knows by name, and that may hold the right answers all the same."""

from __future__ import annotations

import re
from collections.abc import Sequence

from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.detection import rules
from vlmeval_cli.detection.sides import Side

_WORD = re.compile(r"[A-Z]?[a-z]+")
_OUTCOMES = frozenset({"true", "false", "0", "1"})


def refuse_label_beside_gold(side: Side, names: Sequence[str], option: str) -> None:
    """Stop where a label was taken and an unknown field sounds like the right answer.

    ``category`` beside ``correct_answer`` says what the question is about, and a score against it
    looks plausible.

    Args:
        side: the file that holds the references.
        names: fields of it with a name of references, the one that would be taken first.
        option: of the command line, that names the field.

    Raises:
        UsageError: naming both.
    """
    if not rules.LABEL_NAMES.issuperset(names):
        return
    rivals = [name for name in side.filled if _sounds_right(name) and _holds_answers(side, name)]
    if names and rivals:
        listed = ", ".join(f'"{name}"' for name in (*names, *rivals))
        raise UsageError(
            f"{side.path}: several fields could be the references: {listed}",
            hint=f'Choose one with {option}, for example {option} {rivals[0]}. "{names[0]}" may '
            "only say what an item is about.",
        )


def words_of(name: str) -> set[str]:
    """The words that a field's name is made of.

    >>> sorted(words_of("correctAnswer_en"))
    ['answer', 'correct', 'en']
    """
    return {word.lower() for word in _WORD.findall(name)}


def _sounds_right(name: str) -> bool:
    """Whether an unknown name speaks of the right answer, and not of what a model answered.

    >>> _sounds_right("correct_answer"), _sounds_right("answerKey"), _sounds_right("correct")
    (True, True, True)
    >>> _sounds_right("model_answer"), _sounds_right("answer_type"), _sounds_right("answer")
    (False, False, False)
    """
    words = words_of(name)
    is_known = name in rules.REFERENCE_NAMES or name in rules.PREDICTION_NAMES
    return not is_known and bool(words & rules.GOLD_WORDS) and not words & rules.OTHER_WORDS


def _holds_answers(side: Side, name: str) -> bool:
    """Texts, lists of texts or numbers; whether an answer was right is recorded as well."""
    values = [value for value in side.values(name) if value not in (None, "", [])]
    if name not in rules.RESULT_NAMES:
        return not all(isinstance(value, bool | float | dict) for value in values)
    texts = {value.strip().lower() for value in values if isinstance(value, str)}
    return bool(texts - _OUTCOMES)
