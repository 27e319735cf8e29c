"""Files as other programs and data sets publish them: the task, the fields and the first item."""

import json

import pytest

from vlmeval_cli import api

N = 12
Q = [f"What is number {n}?" for n in range(N)]
A = [f"answer {n}" for n in range(N)]
P = [f"output {n}" for n in range(N)]
FIRST = ("0", P[0], [A[0]])


def rows(**columns):
    """Rows of columns; a value that is no list of N stands in every row."""
    return [
        {
            name: column[n] if isinstance(column, list) and len(column) == N else column
            for name, column in columns.items()
        }
        for n in range(N)
    ]


IDS = list(range(N))
PREDICTIONS = rows(id=IDS, prediction=P)
QUESTIONS = rows(id=IDS, question=Q, answers=[[a] for a in A])
USER = [{"role": "user", "content": q} for q in Q]


def chats(answers, content=lambda text: text):
    return [
        [{"role": "user", "content": content(q)}, {"role": "assistant", "content": content(a)}]
        for q, a in zip(Q, answers, strict=True)
    ]


def parts(text):
    return [{"type": "text", "text": text}]


def batch(bodies, **more):
    return [
        {"id": f"batch_{n}", "custom_id": str(n), "response": {"status_code": 200, "body": body},
         "error": None, **more} for n, body in enumerate(bodies)
    ]  # fmt: skip


def completion(content, **more):
    return {"choices": [{"index": 0, "message": {"role": "assistant", "content": content}, **more}]}


def response(text):
    thought = {"type": "reasoning", "summary": []}
    said = [{"type": "output_text", "text": text, "annotations": []}]
    return {"object": "response", "output": [thought, {"type": "message", "content": said}]}


HEX = [f"56ddde6b9a695914005b{n:04x}" for n in range(N)]
SQUAD_ANSWERS = [[{"text": a, "answer_start": 0}] if n != 1 else [] for n, a in enumerate(A)]


def squad(version, **more):
    qas = rows(id=HEX, question=Q, answers=SQUAD_ANSWERS)
    if version == "v2.0":
        qas = [{**one, "is_impossible": not one["answers"]} for one in qas]
    else:
        qas = [one for one in qas if one["answers"]]
    paragraph = {"context": "A long text.", "qas": qas}
    return {"version": version, "data": [{"title": "T", "paragraphs": [paragraph]}], **more}


TEN = [[{"answer": a, "answer_confidence": "yes"} for _ in range(10)] for a in A]
IMAGES = [f"VizWiz_val_{n:08d}.jpg" for n in range(N)]
VIZWIZ = rows(image=IMAGES, question=Q, answers=TEN, answer_type="other", answerable=1)
GQA_IDS = [f"05451{n:03d}" for n in range(N)]
GQA = {
    key: {"question": q, "answer": a, "isBalanced": True, "imageId": "n1", "entailed": [],
          "groups": {"global": None, "local": "x"}, "types": {"structural": "query"}}
    for key, q, a in zip(GQA_IDS, Q, A, strict=True)
}  # fmt: skip
VQA_IDS = [393225000 + n for n in range(N)]
NUMBERED = [[{"answer": a, "answer_id": k, "answer_confidence": "yes"} for k in range(1, 11)]
            for a in A]  # fmt: skip
VQAV2 = {
    "info": {}, "license": {}, "data_type": "mscoco",
    "annotations": rows(question_id=VQA_IDS, image_id=7, question_type="what", answer_type="other",
                        multiple_choice_answer=A, answers=NUMBERED),
}  # fmt: skip
TEXTVQA = {
    "dataset_type": "val", "dataset_name": "textvqa", "dataset_version": "0.5.1",
    "data": rows(question_id=[34602 + n for n in range(N)], image_id=[f"im{n // 2}" for n in IDS],
                 question=[q.lower() for q in Q], answers=[[a] * 10 for a in A], image_classes="x"),
}  # fmt: skip
LLAVA = {"answer_id": "x", "model_id": "llava", "metadata": {}}
SHORT = "\nAnswer the question using a single word or phrase."
DOCVQA = {
    "dataset_name": "SP-DocVQA", "dataset_version": "1.0", "dataset_split": "val",
    "data": rows(questionId=[49153 + n for n in range(N)], question=Q, image="documents/a.png",
                 docId=14465, answers=[[a] for a in A], data_split="val"),
}  # fmt: skip
LMMS = {"doc_id": IDS, "target": A, "filtered_resps": P, "doc_hash": "abc"}
RANKED = [[["-1.5", "False"], ["-0.5", "True"], ["-2.25", "False"]]] * (N - 1) + [
    [["-0.5", "False"], ["-0.75", "True"], ["-2.25", "False"]]
]
CAPTIONS = {
    "images": rows(id=IDS, file_name="a.jpg"),
    "annotations": rows(id=[n + 90 for n in IDS], image_id=IDS, caption=A),
}
LETTERS = {"A": "red", "B": "None", "C": "007", "D": ""}

VQA, DOCQA = "vqa", "docqa"
# name: (predictions, references or None, layout of the predictions, task, first item)
FORMS = {
    "squad v1": (
        dict(zip(HEX, P, strict=True)),
        squad("1.1"),
        "json_by_id",
        VQA,
        (HEX[0], P[0], [A[0]]),
    ),
    "squad v2": (
        dict(zip(HEX, P, strict=True)),
        squad("v2.0"),
        "json_by_id",
        VQA,
        (HEX[0], P[0], [A[0]]),
    ),
    "squad v2 without its version": (
        dict(zip(HEX, P, strict=True)),
        {"data": squad("v2.0")["data"]},
        "json_by_id",
        VQA,
        (HEX[0], P[0], [A[0]]),
    ),
    "squad of hugging face": (
        rows(id=HEX, prediction_text=P, no_answer_probability=0.5),
        rows(
            id=HEX,
            title="T",
            context="C",
            question=Q,
            answers=[{"text": [a], "answer_start": [1]} for a in A],
        ),
        "squad_predictions",
        VQA,
        (HEX[0], P[0], [A[0]]),
    ),
    "gqa": (
        rows(questionId=GQA_IDS, prediction=P),
        GQA,
        "json_array",
        VQA,
        (GQA_IDS[0], P[0], [A[0]]),
    ),
    "gqa by question_id": (
        rows(question_id=GQA_IDS, text=P),
        GQA,
        "json_array",
        VQA,
        (GQA_IDS[0], P[0], [A[0]]),
    ),
    "vizwiz": (
        rows(image=IMAGES, answer=P),
        VIZWIZ,
        "json_array",
        VQA,
        (IMAGES[0], P[0], [A[0]] * 10),
    ),
    "vqav2": (
        rows(question_id=VQA_IDS, answer=P),
        VQAV2,
        "vqav2_results",
        VQA,
        (str(VQA_IDS[0]), P[0], [A[0]] * 10),
    ),
    "textvqa": (
        rows(question_id=[34602 + n for n in range(N)], answer=P),
        TEXTVQA,
        "vqav2_results",
        VQA,
        ("34602", P[0], [A[0]] * 10),
    ),
    "docvqa": (
        rows(questionId=[49153 + n for n in range(N)], answer=P),
        DOCVQA,
        "json_array",
        DOCQA,
        ("49153", P[0], [A[0]]),
    ),
    "llava answers": (
        rows(question_id=IDS, prompt=Q, text=P, **LLAVA),
        rows(question_id=IDS, question=Q, answer=A),
        "llava_answers",
        VQA,
        FIRST,
    ),
    "llava answers about textvqa, by image and question": (
        rows(
            question_id=[f"im{n // 2}" for n in IDS],
            prompt=[f"{q}\nReference OCR token: A, B{SHORT}" for q in Q],
            text=P,
            **LLAVA,
        ),
        TEXTVQA,
        "llava_answers",
        VQA,
        ("im0 | what is number 0?", P[0], [A[0]] * 10),
    ),
    "llava conversations as references": (
        PREDICTIONS,
        rows(
            id=IDS,
            image="a.jpg",
            conversations=[
                [{"from": "human", "value": f"<image>\n{q}"}, {"from": "gpt", "value": a}]
                for q, a in zip(Q, A, strict=True)
            ],
        ),
        "json_array",
        VQA,
        FIRST,
    ),
    "vlmevalkit choices": (
        rows(
            index=IDS,
            question=Q,
            **LETTERS,
            answer=["A", "B"] * 6,
            category="c",
            **{"l2-category": "l"},
            split="dev",
            prediction="B. None",
        ),
        None,
        "vlmevalkit_choices",
        "choice",
        ("0", "B. None", ["A"]),
    ),
    "vlmevalkit answers": (
        rows(index=IDS, question=Q, answer=[str([a, "x"]) for a in A], prediction=P),
        None,
        "vlmevalkit",
        VQA,
        ("0", P[0], [A[0], "x"]),
    ),
    "lmms-eval": (
        rows(
            **LMMS,
            input=Q,
            token_counts=[{"output_tokens": 3}] * N,
            textvqa_acc=[{"answer": a, "pred": "x", "image_id": "3"} for a in A],
        ),
        None,
        "harness_samples",
        VQA,
        FIRST,
    ),
    "lmms-eval with its document": (
        rows(
            **LMMS,
            doc=[{"question": q, "image": None} for q in Q],
            arguments=["x"] * N,
            prompt_hash="p",
            target_hash="t",
        ),
        None,
        "harness_samples",
        VQA,
        FIRST,
    ),
    "lmms-eval with resps": (
        rows(**LMMS, input=Q, resps=[[[p]] for p in P], anls={"anls": 0.5}),
        None,
        "harness_samples",
        VQA,
        FIRST,
    ),
    "lm-eval": (
        rows(
            doc_id=IDS,
            doc=[{"question": q, "answer": a} for q, a in zip(Q, A, strict=True)],
            target=A,
            arguments=[[["prompt", {"until": ["\n"]}]]] * N,
            resps=[[[p]] for p in P],
            filtered_resps=[[p] for p in P],
            exact_match=0.0,
        ),
        None,
        "harness_samples",
        VQA,
        FIRST,
    ),
    "lm-eval with named arguments": (
        rows(
            doc_id=IDS,
            doc={},
            target=A,
            arguments=[{"gen_args_0": {"arg_0": q, "arg_1": {}}} for q in Q],
            resps=[[[p]] for p in P],
            filtered_resps=[[p] for p in P],
            filter="none",
            metrics=["exact_match"],
        ),
        None,
        "harness_samples",
        VQA,
        FIRST,
    ),
    "lm-eval, options ranked by likelihood": (
        rows(
            doc_id=IDS,
            doc=[{"query": q, "choices": ["red", "blue", "green"]} for q in Q],
            target=[n % 3 for n in IDS],
            filtered_resps=RANKED,
            acc=1.0,
        ),
        None,
        "harness_samples",
        "choice",
        ("0", "1", [0]),
    ),
    "openai batch": (batch(map(completion, P)), QUESTIONS, "openai_batch", VQA, FIRST),
    "openai batch in parts": (
        batch(completion(parts(p), finish_reason="stop", logprobs=None) for p in P),
        QUESTIONS,
        "openai_batch",
        VQA,
        FIRST,
    ),
    "openai responses": (batch(map(response, P)), QUESTIONS, "openai_batch", VQA, FIRST),
    "vllm batch with token log-probabilities": (
        batch(completion(p, logprobs={"content": [{"token": "o", "logprob": -0.5}]}) for p in P),
        QUESTIONS,
        "openai_batch",
        VQA,
        FIRST,
    ),
    "vllm completions": (
        [
            {"custom_id": str(n), "choices": [{"text": p, "stop_reason": None}]}
            for n, p in enumerate(P)
        ],
        QUESTIONS,
        "openai_batch",
        VQA,
        FIRST,
    ),
    "pipeline outputs with ids": (
        rows(id=IDS, generated_text=P),
        QUESTIONS,
        "json_array",
        VQA,
        FIRST,
    ),
    "pipeline outputs with references": (
        rows(question=Q, generated_text=P, reference=A),
        None,
        "json_array",
        VQA,
        ("row 1", P[0], [A[0]]),
    ),
    "pipeline chats": (rows(id=IDS, generated_text=chats(P)), QUESTIONS, "hf_chats", VQA, FIRST),
    "pipeline chats in parts": (
        rows(id=IDS, input_text=USER, generated_text=chats(P, parts)),
        QUESTIONS,
        "hf_chats",
        VQA,
        FIRST,
    ),
    "chat messages on both sides": (
        rows(id=IDS, messages=chats(P)),
        rows(id=IDS, messages=chats(A)),
        "chats",
        VQA,
        FIRST,
    ),
    "coco captions": (rows(image_id=IDS, caption=P), CAPTIONS, "coco_results", "captioning", FIRST),
    "humaneval": (
        rows(task_id=[f"HumanEval/{n}" for n in IDS], completion=P),
        rows(
            task_id=[f"HumanEval/{n}" for n in IDS],
            prompt="def f():",
            canonical_solution=A,
            test="def check(f): assert f()",
            entry_point="f",
        ),
        "humaneval_samples",
        "code",
        ("HumanEval/0", [P[0]], [A[0]]),
    ),
    "alpaca eval": (
        rows(instruction=Q, output_1=A, output_2=P, preference=1.5),
        None,
        "alpaca_eval",
        "preference",
        (Q[0], [1.5], []),
    ),
}


@pytest.fixture
def write(tmp_path):
    """Writes a value as JSON, or its rows as JSON Lines."""

    def save(name, value, *, lines):
        path = tmp_path / name
        text = "".join(json.dumps(row) + "\n" for row in value) if lines else json.dumps(value)
        path.write_text(text, encoding="utf-8")
        return path

    return save


@pytest.mark.parametrize("lines", [True, False], ids=["jsonl", "json"])
@pytest.mark.parametrize("name", FORMS)
def test_published_form_is_recognised(write, name, lines):
    predictions, references, layout, task, first = FORMS[name]
    if lines and not isinstance(predictions, list):
        pytest.skip("this form is one JSON document")
    mine = write("preds", predictions, lines=lines)
    theirs = None
    if references is not None:
        theirs = write("refs", references, lines=lines and isinstance(references, list))
    found = api.inspect(mine, theirs)
    items = found.dataset
    assert found.task == task
    assert found.predictions.layout.name == layout.replace(
        "json_array", "jsonl" if lines else "json_array"
    )
    assert (items.ids[0], items.predictions[0], items.references[0]) == first
    assert found.report.missing == 0


def test_rows_without_ids_are_paired_by_order_only_when_asked(write):
    from vlmeval_cli.core.errors import UsageError

    outputs = [[{"generated_text": p}] for p in P]
    mine = write("preds", outputs, lines=False)
    theirs = write("refs", QUESTIONS, lines=True)
    with pytest.raises(UsageError, match="no field that could be an id") as error:
        api.score(mine, theirs)
    assert '--id-field "#"' in error.value.hint
    found = api.score(mine, theirs, id_field="#", resamples=0)
    assert found.items.predictions == P
    short = write("short", outputs[:5], lines=False)
    with pytest.raises(Exception, match=r"5 items, .* 12; 7 ids have no prediction"):
        api.score(short, theirs, id_field="#")


def test_several_outputs_of_one_input_are_its_samples(write):
    outputs = [[{"generated_text": p}, {"generated_text": "x"}] for p in P]
    from vlmeval_cli.readers import open_source

    found = open_source(str(write("preds", outputs, lines=False)))
    assert next(found.rows()).fields == {"generated_text": [P[0], "x"]}


def test_probabilities_of_no_answer_are_no_answers(write):
    from vlmeval_cli.core.errors import UsageError

    mine = write("na_prob", dict.fromkeys(HEX, 0.25), lines=False)
    theirs = write("refs", squad("v2.0"), lines=False)
    with pytest.raises(UsageError, match=r"no field looks like predictions.*na_prob"):
        api.score(mine, theirs)


def test_questions_of_llava_hold_no_references(write):
    from vlmeval_cli.core.errors import UsageError

    mine = write("answers", rows(question_id=IDS, prompt=Q, text=P, **LLAVA), lines=True)
    asked = rows(question_id=IDS, image="a.jpg", text=[q + SHORT for q in Q], category="default")
    with pytest.raises(UsageError, match="no field looks like references") as error:
        api.score(mine, write("questions", asked, lines=True))
    assert "questions" in error.value.hint


SORRY = "I'm sorry, but I can't help with that."
# As the servers write them: bodies, and the outcome of such an answer.
WORDLESS = {
    "a refusal of chat completions": (
        {"choices": [{"message": {"content": None, "refusal": SORRY}, "finish_reason": "stop"}]},
        "refused",
    ),
    "a refusal in parts": (completion([{"type": "refusal", "refusal": SORRY}]), "refused"),
    "a refusal of responses": (
        {"output": [{"type": "message", "content": [{"type": "refusal", "refusal": SORRY}]}]},
        "refused",
    ),
    "thoughts without an answer": (
        {"choices": [{"message": {"content": None, "reasoning_content": "It could be red"}}]},
        "empty",
    ),
    "responses without a message": ({"output": [{"type": "reasoning", "summary": []}]}, "empty"),
    "a call of a tool": (completion(None, finish_reason="tool_calls"), "empty"),
    "a failed request": ({"error": {"message": "bad image"}}, "missing"),
    "a failed response": ({"output": [], "error": {"code": "server_error"}}, "missing"),
}


@pytest.mark.parametrize("case", WORDLESS)
def test_an_answer_without_a_text_is_told_from_none(write, case):
    body, outcome = WORDLESS[case]
    mine = write("preds", batch([body, *map(completion, P[1:])]), lines=True)
    theirs = write("refs", QUESTIONS, lines=True)
    found = api.score(mine, theirs, missing="worst", resamples=0)
    assert found.items.sample(0).outcome == outcome


def test_the_likeliest_option_is_the_prediction(write):
    predictions, *_ = FORMS["lm-eval, options ranked by likelihood"]
    found = api.score(write("samples", predictions, lines=True), resamples=0)
    # Eleven rows choose option 1 and the last option 0; right are rows 1, 4, 7 and 10.
    assert found.scores["choice_accuracy"].value == pytest.approx(4 / 12)


def thinking(text):
    return f"<think>It could be red.</think>{text}"


TEXT_FIELDS = [name for name in FORMS if name not in ("alpaca eval", "humaneval",
               "lm-eval, options ranked by likelihood", "vlmevalkit choices")]  # fmt: skip


@pytest.mark.parametrize("name", TEXT_FIELDS)
def test_reasoning_is_taken_out_and_kept_as_raw_in_every_form(write, name):
    predictions, references, *_, first = FORMS[name]
    text = json.dumps(predictions)
    text = text.replace(json.dumps(P[0]), json.dumps(thinking(P[0])))
    text = text.replace(json.dumps(P[1]), json.dumps("<think>It could be"))
    mine = write("preds", json.loads(text), lines=False)
    theirs = None if references is None else write("refs", references, lines=False)
    found = api.score(mine, theirs, resamples=0)
    at = list(found.items.ids).index(first[0])
    assert (found.items.predictions[at], found.items.raw[at]) == (P[0], thinking(P[0]))
    assert found.items.outcomes.count("truncated") == (0 if "v1" in name else 1)
