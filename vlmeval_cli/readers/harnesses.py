"""Layouts that evaluation programs and model repositories write."""

from __future__ import annotations

import re
from collections.abc import Sequence

from vlmeval_cli.readers.rules import Fields, RowRule, texts_in_cell

_NUMBER = re.compile(r"-?(?:\d+\.?\d*(?:e[+-]?\d+)?|inf)", re.IGNORECASE)
_DOC_FIELDS = ("question", "query", "options", "choices")
# How prompts end; an answer that stands in the field "text" hardly does.
_ASKING = ("?", "phrase.", "directly.", ":", "yes or no.")
_HUMANEVAL_ID = re.compile(r"[A-Za-z]\w*/\d+")

_FORMULA_TYPE = "Handwritten Mathematical Expression Recognition"
_FORMULA_SET = "HME100k"
_OCRBENCH_TYPES = frozenset(
    {
        "Regular Text Recognition",
        "Irregular Text Recognition",
        "Artistic Text Recognition",
        "Handwriting Recognition",
        "Digit String Recognition",
        "Non-Semantic Text Recognition",
        "Scene Text-centric VQA",
        "Doc-oriented VQA",
        "Key Information Extraction",
        _FORMULA_TYPE,
    }
)


def _unwrapped(value: object) -> object:
    """``["text"]`` and ``[["text"]]`` → ``text``; several responses stay a list."""
    while isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value


def _harness_sample(row: Fields) -> Fields:
    found = {
        **row,
        "filtered_resps": _response(row["filtered_resps"]),
        "target": texts_in_cell(row["target"]),  # lmms-eval writes str(list)
    }
    doc = row.get("doc")
    doc = doc if isinstance(doc, dict) else {}
    for name in _DOC_FIELDS:
        if doc.get(name) is not None:
            found.setdefault(name, doc[name])
    if found.get("input") is None:
        asked = found.get("question", found.get("query", _first_text(row.get("arguments"))))
        found |= {} if asked is None else {"input": asked}
    return found


def _response(recorded: object) -> object:
    """The text; of options that were ranked by likelihood, the number of the likeliest."""
    if isinstance(recorded, list) and len(recorded) > 1 and all(map(_is_likelihood, recorded)):
        likelihoods = [float(pair[0]) for pair in recorded]
        return str(likelihoods.index(max(likelihoods)))
    return _unwrapped(recorded)


def _is_likelihood(pair: object) -> bool:
    """Whether this is a log-likelihood, and whether the text was the greedy one."""
    return (
        isinstance(pair, list)
        and len(pair) == 2
        and pair[1] in (True, False, "True", "False")
        and _NUMBER.fullmatch(str(pair[0])) is not None
    )


def _first_text(value: object) -> str | None:
    """The prompt in what lm-eval calls arguments: lists or objects, around it."""
    while isinstance(value, list | dict) and value:
        value = value[0] if isinstance(value, list) else next(iter(value.values()))
    return value if isinstance(value, str) else None


def _llava_answer(row: Fields) -> Fields:
    """The question is the prompt without the mark of the image and what follows the question."""
    lines = [line.strip() for line in str(row["prompt"]).split("\n")]
    asked = next((line for line in lines if line and line != "<image>"), "")
    return {**row, "question": asked.removeprefix("<image>").strip()}


def _are_llava_questions(rows: Sequence[Fields]) -> bool:
    known = {"question_id", "image", "text", "category"}
    return all(row.keys() <= known and row["text"].rstrip().endswith(_ASKING) for row in rows)


def _vlmevalkit_row(row: Fields) -> Fields:
    return {**row, "answer": texts_in_cell(row["answer"])}


def _is_ocrbench(rows: Sequence[Fields]) -> bool:
    return all(row["category"] in _OCRBENCH_TYPES for row in rows)


def _ocrbench_row(row: Fields) -> Fields:
    """The row with the fields by which OCRBench's own file tells handwritten mathematics."""
    category = row["category"]
    name = _FORMULA_SET if category == _FORMULA_TYPE else category
    return {**_vlmevalkit_row(row), "type": category, "dataset_name": name}


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
        convert=_llava_answer,
        roles={"id": "question_id", "prediction": "text", "question": "question"},
        side="predictions",
    ),
    RowRule(
        "llava_questions",
        frozenset({"question_id", "image", "text"}),
        "LLaVA questions: question_id, image and text, without answers",
        test=_are_llava_questions,
        roles={"id": "question_id", "question": "text"},
        side="questions",
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
        "vlmevalkit_ocrbench",
        frozenset({"index", "question", "answer", "category"}),
        "a VLMEvalKit table of OCRBench: index, question, answer and OCRBench's categories",
        test=_is_ocrbench,
        convert=_ocrbench_row,
        task="docqa",
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
