"""Answers as the OpenAI API and the servers that speak it (vLLM) write them."""

from __future__ import annotations

from collections.abc import Sequence

from vlmeval_cli.readers.generations import message_text
from vlmeval_cli.readers.json_values import described
from vlmeval_cli.readers.rejects import BadRowError
from vlmeval_cli.readers.rules import Fields, RowRule, first_row

_CHOICE_FIELDS = ("finish_reason", "logprobs", "prompt_logprobs")


def _batch_row(row: Fields) -> Fields:
    """A line of a batch output; a request that failed has no prediction."""
    response = row["response"]
    body = response.get("body") if isinstance(response, dict) else None
    body = body if isinstance(body, dict) else {}
    kept = {key: value for key, value in row.items() if key != "response"}
    if kept.get("error") is None and "error" in body:
        kept["error"] = body["error"]
    if isinstance(body.get("output"), list):
        return kept | _response_fields(body)
    return kept | _answer_fields(body.get("choices"))


def _completion_row(row: Fields) -> Fields:
    kept = {key: value for key, value in row.items() if key != "choices"}
    return kept | _answer_fields(row["choices"])


def _answer_fields(choices: object) -> Fields:
    """Prediction and what the server says about it; several choices are several predictions."""
    if choices is None or choices == []:
        return {"prediction": None}
    if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices):
        raise BadRowError(f'field "choices": got {described(choices)}, expected a list of objects')
    texts = [_text(choice) for choice in choices]
    fields: Fields = {"prediction": texts[0] if len(texts) == 1 else texts}
    for name in _CHOICE_FIELDS:
        if choices[0].get(name) is not None:
            fields[name] = choices[0][name]
    return fields


def _response_fields(body: Fields) -> Fields:
    """The answer of the Responses API: its messages, without the reasoning beside them."""
    messages = [
        part for part in body["output"] if isinstance(part, dict) and part.get("type") == "message"
    ]
    said = "".join(map(str, map(_said, messages)))
    fields: Fields = {"prediction": None if body.get("error") else said}
    details = body.get("incomplete_details")
    if isinstance(details, dict) and details.get("reason") == "max_output_tokens":
        fields["finish_reason"] = "length"
    return fields


def _text(choice: Fields) -> object:
    """The text of a chat message or of a plain completion."""
    message = choice.get("message")
    return _said(message) if isinstance(message, dict) else choice.get("text")


def _said(message: Fields) -> object:
    """The text of a message, which may come in parts, or else its words of refusal.

    A model that only thought, or called a tool, said nothing: its answer is empty, not missing.
    """
    content = message.get("content")
    if not isinstance(content, list | None):
        return content
    parts = [part for part in (message, *(content or ())) if isinstance(part, dict)]
    return message_text(message) or "".join(str(part.get("refusal") or "") for part in parts)


def _has_body(rows: Sequence[Fields]) -> bool:
    """Failed requests have no body, but some request succeeded."""
    return any(isinstance(row["response"], dict) and "body" in row["response"] for row in rows)


def _has_messages(rows: Sequence[Fields]) -> bool:
    return all({"message", "text"} & first_row(row, "choices").keys() for row in rows)


ROWS = (
    RowRule(
        "openai_batch",
        frozenset({"custom_id", "response"}),
        "an OpenAI or vLLM batch output: custom_id and response",
        test=_has_body,
        convert=_batch_row,
        roles={"id": "custom_id", "prediction": "prediction"},
        side="predictions",
    ),
    RowRule(
        "openai_batch",
        frozenset({"custom_id", "choices"}),
        "OpenAI completions: custom_id and choices with messages",
        test=_has_messages,
        convert=_completion_row,
        roles={"id": "custom_id", "prediction": "prediction"},
        side="predictions",
    ),
    RowRule(
        "openai_completions",
        frozenset({"choices"}),
        "OpenAI completions: choices with messages",
        test=_has_messages,
        convert=_completion_row,
        roles={"prediction": "prediction"},
    ),
)
