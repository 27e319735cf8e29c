"""The field of a file that holds what a model is asked, and the texts in its values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from vlmeval_cli.core.errors import UsageError, did_you_mean, quoted
from vlmeval_cli.detection import Side, rules
from vlmeval_cli.detection.fields import question_of
from vlmeval_cli.joining.paths import value_at

Step = str | int
Steps = tuple[Step, ...]
# Names of inputs beyond those of questions; "text" is one only where no answer stands in it.
_OTHER_INPUTS: Final = (
    "text_input", "input", "inputs", "user_prompt", *rules.SOURCE_NAMES, *rules.SUMMARISED,
)  # fmt: skip
_CHATS: Final = ("messages", "conversations", "body.messages", "prompt.messages")
_USER: Final = frozenset({"user", "human"})
_MODEL: Final = frozenset({"assistant", "gpt", "model"})
_ANSWERS: Final = (frozenset(rules.PREDICTION_NAMES) | frozenset(rules.REFERENCE_NAMES)) - (
    rules.OFTEN_INPUT
)
_THINGS: Final = frozenset((*rules.ID_NAMES, *rules.RARE_IDS, *rules.IMAGE_NAMES))
_NOTHING: Final = object()


class TextInput(NamedTuple):
    """A field with texts: its name, why it was taken, and inputs that stay as they are."""

    name: str
    reason: str
    others: tuple[str, ...] = ()


def text_input(side: Side, named: str | None) -> TextInput:
    """The field whose texts a model reads.

    Args:
        side: the file.
        named: what the user named.

    Raises:
        UsageError: no field is one, or the named one is none.
    """
    if named is not None:
        _refuse_answer(side, named)
        return TextInput(named, "named by the user")
    found = list(dict.fromkeys(_candidates(side)))
    if side.layout.task == "code" or side.layout.side == "predictions" or not found:
        _refuse_file(side, has_input=bool(found))
    fixed = found[0] == side.layout.roles.get("question")
    reason = f"as {side.layout.reason}" if fixed else "a name of what a model is asked"
    return TextInput(found[0], reason, tuple(found[1:]))


def texts_in(row: Mapping[str, Any], name: str) -> list[tuple[Steps, str]]:
    """The texts in a field, and where they are: a text, a list of them, or what a user says."""
    steps = _steps_to(row, name)
    return [] if steps is None else list(_texts(value_at(row, name), steps))


def with_texts(row: dict[str, Any], texts: Sequence[tuple[Steps, str]]) -> dict[str, Any]:
    """The row with other texts at some places; what is not on the way there is shared."""
    for steps, text in texts:
        row = _with_value(row, steps, text)
    return row


def words_of_answers(row: Mapping[str, Any], fields: Sequence[str], asked: str) -> frozenset[str]:
    """Words in lower case of the answers and options in ``fields``, and of a model in a chat.

    Args:
        row: the row.
        fields: fields of answers and options.
        asked: the field of the text, which may be a chat.
    """
    texts = [text for name in fields for text in _all_texts(value_at(row, name))]
    chat = value_at(row, asked)
    for turn in chat if isinstance(chat, list) else ():
        if isinstance(turn, dict) and _speaker(turn) in _MODEL:
            texts += _all_texts(turn)
    return frozenset(word.strip(".,;:!?\"'()") for text in texts for word in text.lower().split())


def answer_fields(side: Side) -> tuple[str, ...]:
    """Fields that hold answers or options, by their names."""
    names = (*rules.REFERENCE_NAMES, *rules.OPTION_NAMES, *rules.OPTION_COLUMNS)
    fixed = [
        side.layout.roles[role] for role in ("references", "options") if role in side.layout.roles
    ]
    return tuple(dict.fromkeys((*fixed, *(name for name in names if name in side.fields))))


def _candidates(side: Side) -> Iterator[str]:
    """Fields with text that a model may read, the likeliest first."""
    question = question_of(side)
    text = () if side.has(*rules.PREDICTION_ONLY) else ("text",)
    names = (*([question] if question else []), *rules.QUESTION_NAMES, *_OTHER_INPUTS, *text)
    for name in (*names, *_CHATS):
        if any(texts_in(row, name) for row in side.head):
            yield name


def _refuse_answer(side: Side, name: str) -> None:
    if all(value_at(row, name, _NOTHING) is _NOTHING for row in side.head):
        raise UsageError(
            f"{side.path} has no field {quoted(name)}, named as the text to change",
            hint=did_you_mean(name, list(side.fields)),
        )
    is_question = name == side.layout.roles.get("question")
    is_bare = name in rules.OFTEN_INPUT and side.layout.side is None  # such as lines of text
    fixed = () if is_bare else ("prediction", "references", "id")
    of_layout = [side.layout.roles.get(role) for role in fixed]
    if not is_question and (name in _ANSWERS or name in _THINGS or name in of_layout):
        what = "identifies items" if name in _THINGS else "holds answers"
        raise UsageError(
            f"{side.path}: {quoted(name)} {what}, and copies must keep them to be scored",
            hint="Name the field of the question or prompt.",
        )
    if not any(texts_in(row, name) for row in side.head):
        raise UsageError(
            f"{side.path}: {quoted(name)} holds no text, expected a text, a list of texts or a "
            "chat with role and content",
        )


def _refuse_file(side: Side, *, has_input: bool) -> None:
    if side.layout.side == "predictions":
        raise UsageError(
            f"{side.path} holds predictions ({side.layout.reason}), expected questions or "
            "references",
            hint="Perturb what the model is asked, and run the model on the copies.",
        )
    if side.layout.task == "code" and has_input:
        raise UsageError(
            f"{side.path} holds programs ({side.layout.reason}), and noise in code changes what it "
            "means",
            hint="Name a field of prose with --field.",
        )
    raise UsageError(
        f"{side.path}: no field is recognised as what a model is asked; its fields: "
        f"{', '.join(side.fields)}",
        hint="Give the file that holds the questions or prompts, or name the field with --field.",
    )


def _steps_to(row: Mapping[str, Any], name: str) -> Steps | None:
    """The way that :func:`~vlmeval_cli.joining.paths.value_at` goes."""
    if name in row:
        return (name,)
    value: Any = row
    steps: list[Step] = []
    for part in name.split("."):
        if isinstance(value, Mapping) and part in value:
            steps.append(part)
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            steps.append(int(part))
        else:
            return None
        value = value[steps[-1]]
    return tuple(steps)


def _texts(value: object, steps: Steps) -> Iterator[tuple[Steps, str]]:
    if isinstance(value, str):
        yield steps, value
    elif isinstance(value, list):
        for i, part in enumerate(value):
            if isinstance(part, str):
                yield (*steps, i), part
            elif isinstance(part, dict) and _is_asked(part):
                yield from _said(part, (*steps, i))


def _is_asked(turn: Mapping[str, Any]) -> bool:
    return _speaker(turn) in _USER


def _speaker(turn: Mapping[str, Any]) -> str:
    return str(turn.get("role", turn.get("from"))).lower()


def _said(turn: Mapping[str, Any], steps: Steps) -> Iterator[tuple[Steps, str]]:
    """The texts of a turn, which may come in parts."""
    name = "content" if "content" in turn else "value"
    content = turn.get(name)
    if isinstance(content, str):
        yield (*steps, name), content
    for i, part in enumerate(content if isinstance(content, list) else ()):
        if isinstance(part, dict) and isinstance(part.get("text"), str):
            yield (*steps, name, i, "text"), part["text"]


def _with_value(container: Any, steps: Steps, value: object) -> Any:  # noqa: ANN401  (JSON)
    if not steps:
        return value
    copy = container.copy()
    copy[steps[0]] = _with_value(container[steps[0]], steps[1:], value)
    return copy


def _all_texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _all_texts(part)
