"""Result files of programs that train and evaluate models: ms-swift, LLaMA-Factory, lm-eval, …"""

import json

import pytest

from vlmeval_cli import api
from vlmeval_cli.core.errors import DataError, UsageError

N = 6


@pytest.fixture
def write(tmp_path):
    def write(rows, name="preds.jsonl"):
        path = tmp_path / name
        is_lines = name.endswith(".jsonl")
        text = "".join(json.dumps(row) + "\n" for row in rows) if is_lines else json.dumps(rows)
        path.write_text(text, "utf-8")
        return str(path)

    return write


@pytest.fixture
def score(write):
    def score(rows, references=None, **choices):
        theirs = None if references is None else write(references, "refs.jsonl")
        return api.score(rows if isinstance(rows, str) else write(rows), theirs, **choices)

    return score


def swift(last, *, labels=None, response="said", **more):
    rows = [
        {
            "response": f"{response} {n}",
            "messages": [
                {"role": "user", "content": f"What is {n}?"},
                {"role": "assistant", "content": f"{last} {n}"},
            ],
            "id": n,
            **more,
        }
        for n in range(N)
    ]
    return [{**row, "labels": f"{labels} {n}"} if labels else row for n, row in enumerate(rows)]


@pytest.mark.parametrize("last", ["said", "gold"])
def test_labels_of_ms_swift_are_the_references_whatever_ends_the_messages(score, last):
    found = score(swift(last, labels="gold"))
    assert found["exact_match"] == 0.0
    assert "ms-swift" in found.fields["references"]


def test_a_last_turn_that_is_the_response_is_nobodys_reference(score):
    with pytest.raises(UsageError, match="no field looks like references"):
        score(swift("said"))


def test_a_last_turn_that_differs_from_the_response_is_the_reference(score):
    found = score(swift("gold"))
    assert found["exact_match"] == 0.0
    assert found.items.ids[0] == "0"


def test_labels_of_a_data_set_beside_another_file_are_not_needed(score):
    refs = [{"id": n, "question": f"What is {n}?", "answer": f"said {n}"} for n in range(N)]
    assert score(swift("said"), refs)["exact_match"] == 1.0


@pytest.mark.parametrize("name", ["output", "my_reply"])
def test_a_named_prediction_that_ends_the_chat_is_refused(score, name):
    rows = [{name: row.pop("response"), **row} for row in swift("said")]
    with pytest.raises(UsageError, match="probably the model's own") as error:
        score(rows, prediction_field=name)
    assert "--reference-field" in error.value.hint


def test_a_named_prediction_that_differs_from_the_end_of_the_chat_is_scored(score):
    rows = [{"my_reply": row.pop("response"), **row} for row in swift("gold")]
    assert score(rows, prediction_field="my_reply")["exact_match"] == 0.0


def test_llama_factory_labels_are_texts_and_no_classes(score):
    rows = [{"prompt": f"What is {n}?", "predict": f"it {n}", "label": f"it {n % 3}"}
            for n in range(N)]  # fmt: skip
    found = score(rows)
    assert (found.task, found["exact_match"]) == ("vqa", 0.5)
    assert "LLaMA-Factory" in found.fields["prediction"]


def sample(n, name, **more):
    return {
        "doc_id": n, "doc": {"question": f"{n}?"}, "target": f"{n}", "filter": name,
        "filtered_resps": [f"{n}" if name == "flexible" else "[invalid]"], **more,
    }  # fmt: skip


def test_several_filters_of_a_harness_are_told_and_one_is_chosen(score):
    rows = [sample(n, name) for n in range(N) for name in ("strict", "flexible")]
    with pytest.raises(UsageError, match='every filter: "flexible", "strict"') as error:
        score(rows)
    assert "--where filter=strict" in error.value.hint
    assert score(rows, where={"filter": "strict"})["exact_match"] == 0.0
    assert score(rows, where={"filter": "flexible"})["exact_match"] == 1.0
    with pytest.raises(UsageError, match="every filter"):
        score(rows, [{"doc_id": n, "answer": "x", "question": "?"} for n in range(N)])


def test_one_filter_of_a_harness_needs_no_choice(score):
    assert score([sample(n, "flexible") for n in range(N)])["exact_match"] == 1.0


def test_log_likelihoods_of_texts_are_no_answers(score):
    rows = [
        sample(n, "none", filtered_resps=["-120.5"], word_perplexity=[-120.5, 10]) for n in range(N)
    ]
    with pytest.raises(UsageError, match='"word_perplexity" hold the log-likelihood') as error:
        score(rows)
    assert "language_modeling" in error.value.hint


def test_ocrbench_tables_of_vlmevalkit_follow_the_rule_of_formulas(score, tmp_path):
    path = tmp_path / "ocrbench.tsv"
    formula = "Handwritten Mathematical Expression Recognition"
    path.write_text(
        "index\tquestion\tanswer\tcategory\tprediction\n"
        "0\twhat is it?\t['CENTRE']\tRegular Text Recognition\tThe text is: centre.\n"
        "1\tformula?\t['\\\\frac { X } 2']\t" + formula + "\tit is \\frac{X}2\n"
        "2\tformula?\t['\\\\frac { X } 2']\t" + formula + "\tit is \\frac{x}2\n",
        "utf-8",
    )
    found = score(str(path))
    assert (found.task, found.primary) == ("docqa", "ocrbench")
    # Without spaces the second holds its answer; the third has another case, which formulas keep.
    assert found["ocrbench"] == pytest.approx(2 / 3)


def test_donut_lists_are_read_side_by_side(write):
    gold = [{"total": f"{n}"} for n in range(N)]
    said = [{"total": "0"}, *gold[1:]]
    document = {"predictions": said, "ground_truths": gold, "accuracies": [1] * N, "f1": 1.0}
    found = api.score(write(document, "out.json"))
    assert (found.task, found.items.ids[:2]) == ("freeform", ["row 1", "row 2"])
    assert found["field_f1"] == 1.0
    said[1] = {"total": "9"}
    assert api.score(write(document, "out.json"))["field_f1"] == pytest.approx(5 / 6)


def test_donut_lists_of_other_lengths_are_told(write):
    document = {"predictions": ["a"], "ground_truths": ["a", "b"]}
    with pytest.raises(DataError, match='"predictions" holds 1 and "ground_truths" 2'):
        api.score(write(document, "out.json"))


def test_lists_of_rows_with_ids_are_not_paired_by_place(write):
    row = {"id": "a", "prediction_text": "x"}
    document = {"predictions": [row], "references": [{"id": "b", "answers": ["x"]}]}
    with pytest.raises(UsageError):
        api.score(write(document, "out.json"))


def test_scienceqa_results_of_llava_hold_texts_by_id(score, write):
    ids = [f"{n}" for n in range(N)]
    result = {
        "acc": 50.0, "correct": 3, "count": N, "results": dict.fromkeys(ids, 1),
        "outputs": dict.fromkeys(ids, "B"),
    }  # fmt: skip
    problems = {i: {"question": f"{i}?", "choices": ["red", "blue"], "answer": n % 2}
                for n, i in enumerate(ids)}  # fmt: skip
    found = api.score(write(result, "out.json"), write(problems, "problems.json"))
    assert (found.task, found["choice_accuracy"]) == ("choice", 0.5)


def test_few_matching_ids_name_the_repair_that_matches_all(score):
    preds = [{"id": f"{n}" if n < 2 else f"{n}.jpg", "prediction": "x"} for n in range(N)]
    refs = [{"id": f"{n}", "question": f"{n}?", "answer": "x"} for n in range(N)]
    with pytest.raises(DataError, match="4 ids have no prediction") as error:
        score(preds, refs)
    assert error.value.hint.startswith("Pass --fix-ids to strip the extension: 4 more of 6 would")
    assert score(preds, refs, fix_ids=True).join.matched == N


def test_an_answer_beside_unknown_outputs_may_be_either_side(score):
    rows = [{"id": n, "question": "?", "answer": "a", "pred_base": f"b{n}"} for n in range(N)]
    with pytest.raises(UsageError, match='"answer" may hold references or pred') as error:
        score(rows)
    assert "--prediction-field pred_base" in error.value.hint
    assert "vlmeval score PREDICTIONS" in error.value.hint
