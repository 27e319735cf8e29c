"""What text generation with Hugging Face leaves behind: pipeline outputs and chats."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from vlmeval_cli.readers.json_values import described
from vlmeval_cli.readers.rejects import BadRowError
from vlmeval_cli.readers.rules import Fields, RowRule

_MODEL = frozenset({"assistant", "gpt", "model"})
_USER = frozenset({"user", "human"})


def unnested(elements: list[Any]) -> Iterator[object]:
    """The outputs of a pipeline; several inputs give a list of lists.

    >>> list(unnested([[{"generated_text": "a"}], [{"generated_text": "b"}]]))
    [{'generated_text': 'a'}, {'generated_text': 'b'}]
    """
    for element in elements:
        yield _joined(element) if _is_outputs(element) else element


def _is_outputs(element: object) -> bool:
    return (
        isinstance(element, list)
        and bool(element)
        and all(isinstance(one, dict) and "generated_text" in one for one in element)
    )


def _joined(outputs: list[Fields]) -> Fields:
    """One output as it is; several of one input are its samples."""
    if len(outputs) == 1:
        return outputs[0]
    return {**outputs[0], "generated_text": [one["generated_text"] for one in outputs]}


def message_text(message: Fields) -> str:
    """The text of a chat message, which may come in parts."""
    content = message.get("content", message.get("value"))
    if isinstance(content, list):
        parts = [part for part in content if isinstance(part, dict) and "text" in part]
        return "".join(str(part["text"]) for part in parts)
    return "" if content is None else str(content)


def _last(messages: Sequence[Fields], roles: frozenset[str]) -> str | None:
    for message in reversed(messages):
        if str(message.get("role", message.get("from"))).lower() in roles:
            return message_text(message)
    return None


def _is_chat(value: object) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(
            (isinstance(one, dict) and {"role", "content"} <= one.keys()) or _is_turn(one)
            for one in value
        )
    )


def _is_turn(value: object) -> bool:
    return isinstance(value, dict) and {"from", "value"} <= value.keys()


def _pipeline_row(row: Fields) -> Fields:
    """Of a chat the last answer is the prediction, and what was asked before it the question."""
    generated = row["generated_text"]
    if not _is_chat(generated):
        return row
    asked = {} if "question" in row else {"question": _last(generated, _USER)}
    return {**row, "generated_text": _last(generated[-1:], _MODEL), **asked}


def _chat_row(name: str, row: Fields) -> Fields:
    messages = row[name]
    if not _is_chat(messages):
        got = described(messages)
        raise BadRowError(f'field "{name}": got {got}, expected messages with role and content')
    rest = {key: value for key, value in row.items() if key != name}
    return {"question": _last(messages, _USER), "answer": _last(messages[-1:], _MODEL), **rest}


def _messages_row(row: Fields) -> Fields:
    return _chat_row("messages", row)


def _conversation_row(row: Fields) -> Fields:
    return _chat_row("conversations", row)


def _asked_row(row: Fields) -> Fields:
    """The row with the question of its messages; its own fields hold the answers."""
    return {"question": _last(row["messages"], _USER), **row}


def _recorded_row(row: Fields) -> Fields:
    """The row with the last turn of its messages as answer."""
    return {**_asked_row(row), "answer": _last(row["messages"][-1:], _MODEL)}


def _are_replies(rows: Sequence[Fields]) -> bool:
    """Whether the references stand in ``labels``, or the last turn is no more than the reply."""
    return all(_is_chat(row["messages"]) for row in rows) and (
        any(row.get("labels") is not None for row in rows) or all(map(_is_reply, rows))
    )


def _is_reply(row: Fields) -> bool:
    last = _last(row["messages"][-1:], _MODEL)
    return last is None or last.strip() == str(row["response"]).strip()


def _are_targets(rows: Sequence[Fields]) -> bool:
    return all(isinstance(row["label"], str) and isinstance(row["predict"], str) for row in rows)


def _has_chats(rows: Sequence[Fields]) -> bool:
    return all(_is_chat(row["generated_text"]) for row in rows)


_BOTH = {"question": "question", "prediction": "answer", "references": "answer"}

ROWS = (
    RowRule(
        "hf_chats",
        frozenset({"generated_text"}),
        "outputs of a Hugging Face pipeline: chats in generated_text",
        test=_has_chats,
        convert=_pipeline_row,
        roles={"prediction": "generated_text", "question": "question"},
        side="predictions",
    ),
    RowRule(
        "ms_swift",
        frozenset({"messages", "response"}),
        "results of ms-swift: response, labels, and messages that end with the response",
        test=_are_replies,
        convert=_asked_row,
        roles={"question": "question", "prediction": "response", "references": "labels"},
    ),
    RowRule(
        "chats_with_response",
        frozenset({"messages", "response"}),
        "chats whose last turn is the answer, with the response of a model beside it",
        test=lambda rows: all(_is_chat(row["messages"]) for row in rows),
        convert=_recorded_row,
        roles={"question": "question", "prediction": "response", "references": "answer"},
    ),
    RowRule(
        "llama_factory",
        frozenset({"predict", "label"}),
        "generated predictions of LLaMA-Factory: predict, and label, the text that was expected",
        test=_are_targets,
        convert=lambda row: {**row, "expected": row["label"]},
        roles={"question": "prompt", "prediction": "predict", "references": "expected"},
    ),
    RowRule(
        "chats",
        frozenset({"messages"}),
        "chats: messages with role and content, the last is the answer",
        test=lambda rows: all(_is_chat(row["messages"]) for row in rows),
        convert=_messages_row,
        roles=_BOTH,
    ),
    RowRule(
        "llava_conversations",
        frozenset({"conversations"}),
        "LLaVA conversations: turns with from and value, the last is the answer",
        test=lambda rows: all(_is_chat(row["conversations"]) for row in rows),
        convert=_conversation_row,
        roles=_BOTH,
    ),
)
