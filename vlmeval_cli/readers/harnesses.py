"""Layouts that evaluation programs and model repositories write."""

from __future__ import annotations

import re
from collections.abc import Sequence

from vlmeval_cli.readers.rules import Fields, RowRule, texts_in_cell

_HUMANEVAL_ID = re.compile(r"[A-Za-z]\w*/\d+")


def _unwrapped(value: object) -> object:
    """``["text"]`` and ``[["text"]]`` → ``text``; several responses stay a list."""
    while isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value


def _harness_sample(row: Fields) -> Fields:
    return {**row, "filtered_resps": _unwrapped(row["filtered_resps"])}


def _vlmevalkit_row(row: Fields) -> Fields:
    return {**row, "answer": texts_in_cell(row["answer"])}


def _is_humaneval(rows: Sequence[Fields]) -> bool:
    return all(
        "passed" in row or _HUMANEVAL_ID.fullmatch(str(row["task_id"])) is not None for row in rows
    )


ROWS = (
    RowRule(
        "harness_samples",
        frozenset({"doc_id", "target", "filtered_resps"}),
        "samples of lmms-eval or lm-eval: doc_id, target and filtered_resps",
        convert=_harness_sample,
        roles={
            "id": "doc_id",
            "prediction": "filtered_resps",
            "references": "target",
            "question": "input",
        },
    ),
    RowRule(
        "llava_answers",
        frozenset({"question_id", "prompt", "text", "answer_id", "model_id"}),
        "LLaVA answers: question_id, prompt, text, answer_id and model_id",
        roles={"id": "question_id", "prediction": "text", "question": "prompt"},
        side="predictions",
    ),
    RowRule(
        "vlmevalkit_choices",
        frozenset({"index", "question", "A", "B", "answer", "prediction"}),
        "a VLMEvalKit table: index, question, A, B, …, answer and prediction",
        task="choice",
        roles={
            "id": "index",
            "prediction": "prediction",
            "references": "answer",
            "question": "question",
        },
    ),
    RowRule(
        "vlmevalkit",
        frozenset({"index", "question", "answer", "prediction"}),
        "a VLMEvalKit table: index, question, answer and prediction",
        convert=_vlmevalkit_row,
        roles={
            "id": "index",
            "prediction": "prediction",
            "references": "answer",
            "question": "question",
        },
    ),
    RowRule(
        "humaneval",
        frozenset({"task_id", "prompt", "entry_point", "test"}),
        "HumanEval problems: task_id, prompt, entry_point and test",
        task="code",
        roles={"id": "task_id", "references": "canonical_solution", "question": "prompt"},
        side="references",
    ),
    RowRule(
        "mbpp",
        frozenset({"task_id", "text", "test_list"}),
        "MBPP problems: task_id, text and test_list",
        task="code",
        roles={"id": "task_id", "references": "code", "question": "text"},
        side="references",
    ),
    RowRule(
        "mbpp",
        frozenset({"task_id", "prompt", "test_list"}),
        "sanitized MBPP problems: task_id, prompt and test_list",
        task="code",
        roles={"id": "task_id", "references": "code", "question": "prompt"},
        side="references",
    ),
    RowRule(
        "humaneval_samples",
        frozenset({"task_id", "completion"}),
        "HumanEval samples: task_id and completion",
        test=_is_humaneval,
        task="code",
        roles={"id": "task_id", "prediction": "completion"},
        side="predictions",
    ),
    RowRule(
        "alpaca_eval",
        frozenset({"instruction", "output_1", "output_2", "preference"}),
        "AlpacaEval annotations: instruction, output_1, output_2 and preference",
        task="preference",
        roles={"prediction": "preference", "question": "instruction"},
    ),
)
