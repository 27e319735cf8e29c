"""Converted files say what the original ones said, and score the same."""

import json
from pathlib import Path

import pytest

from vlmeval_cli import api
from vlmeval_cli.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = sorted(path for path in (ROOT / "sample_data").iterdir() if list(path.glob("preds.*")))
PUBLISHED = {
    "captions": ("clipscore_example/good_captions.json", "clipscore_example/refs.json"),
    "detection": (
        "coco_detection/instances_val2014_fakebbox100_results.json",
        "coco_detection/instances_val2014_100.json",
    ),
    "docvqa": ("docvqa/llama_scout.json.gz",),
    "mmmu": ("mmmu/llava1.5_13b_total_val_output.json", "mmmu/answer_dict_val.json"),
    "squad": ("squad/bert.json", "squad/gold_v2_dev_1407.json"),
    "textvqa": ("textvqa/finetuned.jsonl.gz",),
}


@pytest.fixture
def convert(tmp_path, capsys):
    """Runs ``vlmeval convert FILES OUT``: (rows, the command it names)."""

    def run(*files, options=()):
        out = tmp_path / "out.jsonl"
        assert main(["convert", *map(str, files), str(out), *options]) == 0
        told = capsys.readouterr().out.splitlines()
        command = next((line for line in told if line.startswith("to score it")), "")
        lines = out.read_text("utf-8").splitlines()
        return [json.loads(line) for line in lines], command.partition("vlmeval ")[2].split()

    return run


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def scores(arguments, report):
    assert main([*map(str, arguments), "--resamples", "0", "--json", str(report), "--quiet"]) == 0
    found = json.loads(report.read_bytes())
    return found["task"], {name: one["value"] for name, one in found["metrics"].items()}


@pytest.mark.parametrize("folder", SAMPLES, ids=lambda path: path.name)
def test_converted_samples_score_the_same(folder, convert, tmp_path):
    files = [*folder.glob("preds.*"), *folder.glob("refs.*")]
    _, command = convert(*files)
    report = tmp_path / "report.json"
    assert scores(command, report) == scores(["score", *files], report)


@pytest.mark.parametrize("files", PUBLISHED.values(), ids=PUBLISHED.keys())
def test_converted_published_files_score_the_same(shared, files, convert, tmp_path):
    paths = [shared / file for file in files]
    rows, command = convert(*paths)
    assert {"id", "prediction", "references"} <= rows[0].keys()
    report = tmp_path / "report.json"
    missing = [] if "coco_detection" in files[0] else ["--missing", "worst"]
    assert scores([*command, *missing], report) == scores(["score", *paths, *missing], report)


def test_each_side_alone_scores_the_same(tmp_path, convert):
    folder = ROOT / "sample_data" / "vqa"
    sides = []
    for name in ("preds", "refs"):
        rows, command = convert(folder / f"{name}.jsonl", options=["--force"])
        assert not command, "one side cannot be scored"
        sides.append(write(tmp_path / f"{name}.jsonl", rows))
    originals = [folder / "preds.jsonl", folder / "refs.jsonl"]
    report = tmp_path / "report.json"
    assert scores(["score", *sides], report) == scores(["score", *originals], report)


def test_names_are_canonical_and_other_fields_stay(tmp_path, convert):
    mine = write(tmp_path / "p", [{"qid": 7, "response": "red", "seconds": 0.5}])
    theirs = write(tmp_path / "r", [{"qid": 7, "query": "?", "gold": "blue", "split": "val"}])
    rows, _ = convert(mine, theirs, options=["--task", "vqa"])
    assert rows == [
        {"id": "7", "prediction": "red", "references": ["blue"], "question": "?",
         "qid": 7, "seconds": 0.5, "split": "val"}
    ]  # fmt: skip
    assert list(rows[0])[:4] == ["id", "prediction", "references", "question"]


def test_a_field_whose_name_is_taken_is_kept_beside(tmp_path, convert):
    row = {"question_id": 1, "question": "?", "prediction": "old", "answer": "a", "output": "new"}
    rows, _ = convert(write(tmp_path / "p", [row]), options=["--prediction-field", "output"])
    assert (rows[0]["prediction"], rows[0]["recorded_prediction"]) == ("new", "old")


def test_an_item_without_a_prediction_keeps_its_place(tmp_path, convert):
    mine = write(tmp_path / "p", [{"id": 1, "prediction": "x"}])
    theirs = write(tmp_path / "r", [{"id": n, "question": "?", "answers": ["x"]} for n in (1, 2)])
    rows, _ = convert(mine, theirs)
    assert [row["prediction"] for row in rows] == ["x", None]


AWKWARD = ["None", "007", "a\nb", "nul \0", "half \ud83e", "東京", "1e5", "<think>a</think>b"]


def test_texts_come_out_as_they_were(tmp_path, convert):
    given = [{"id": str(n), "prediction": text} for n, text in enumerate(AWKWARD)]
    rows, _ = convert(write(tmp_path / "p", given))
    assert rows == given


def test_numbers_come_out_as_they_were(tmp_path, convert):
    numbers = [2**70, 0.1, 1e300, float("inf")]
    given = [{"id": str(n), "prediction": "x", "n": number} for n, number in enumerate(numbers)]
    assert convert(write(tmp_path / "p", given))[0] == given


def test_a_table_becomes_rows(tmp_path, convert):
    (tmp_path / "t.tsv").write_text("index\tanswer\tquestion\tprediction\n0\t['a', 'b']\t?\tNone\n")
    row = {"id": "0", "prediction": "None", "references": ["a", "b"], "question": "?"}
    assert convert(tmp_path / "t.tsv")[0] == [{**row, "index": "0"}]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"id": "a", "captions": ["x", "y"]}, {"id": "a", "references": ["x", "y"]}),
        ({"id": "a", "model_output": "x"}, {"id": "a", "prediction": "x"}),
        ({"image_id": 5, "pred": "x"}, {"id": 5, "prediction": "x", "image_id": 5}),
        ({"generated_text": "x"}, {"prediction": "x"}),
    ],
)
def test_one_side_gives_that_side(tmp_path, convert, row, expected):
    assert convert(write(tmp_path / "f", [row]))[0] == [expected]


PREDS = [{"id": "a", "prediction": "x"}]


@pytest.mark.parametrize(
    ("rows", "arguments", "message"),
    [
        (PREDS, ["in", "in"], "would overwrite an input"),
        (PREDS, ["in", "in", "--force"], "would overwrite an input"),
        (PREDS, ["in"], "expected IN [REFS] OUT"),
        (PREDS, ["in", "in", "in", "out"], "expected IN [REFS] OUT"),
        (PREDS, ["in", "there.jsonl"], "exists"),
        (PREDS, ["in", "refs.json"], "is not called .jsonl"),
        (PREDS, ["in", "no/folder.jsonl"], "does not exist"),
        (PREDS, ["in", "."], "is a folder, expected a file to write"),
        (PREDS, ["nothing", "out.jsonl"], "no such file"),
        (PREDS, ["in", "out.jsonl", "--task", "vqaa"], 'unknown task "vqaa"'),
        (PREDS, ["in", "out.jsonl", "--prediction-field", "answer"], 'has no field "answer"'),
        (PREDS, ["in", "out.jsonl", "--id-field", "nr"], 'has a field "nr"'),
        ([{"id": 1, "answer": "x"}], ["in", "out.jsonl"], "may hold predictions or references"),
        ([{"id": 1, "label": "x"}], ["in", "out.jsonl"], "may hold predictions or references"),
        ([{"id": 1, "x": 2}], ["in", "out.jsonl"], "no field looks like predictions or references"),
        ([], ["in", "out.jsonl"], "the file is empty"),
        ([5], ["in", "out.jsonl"], "in:1: got 5, expected an object"),
    ],
)
def test_mistakes_are_told_and_nothing_is_written(
    tmp_path, monkeypatch, capsys, rows, arguments, message
):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "in", rows)
    Path("there.jsonl").write_text("keep")
    assert main(["convert", *arguments]) in (2, 3)
    told = capsys.readouterr()
    assert message in told.err
    assert "Traceback" not in told.err
    assert not told.out
    assert {path.name for path in tmp_path.iterdir()} == {"in", "there.jsonl"}
    assert Path("there.jsonl").read_text() == "keep"


def test_a_row_that_breaks_later_leaves_the_old_file(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    lines = [json.dumps({"id": n, "prediction": "x"}) for n in range(30_000)]
    Path("in").write_text("\n".join([*lines, '{"id": cut']))
    Path("out.jsonl").write_text("old")
    assert main(["convert", "in", "out.jsonl", "--force"]) == 3
    assert "in:30001: " in capsys.readouterr().err
    assert Path("out.jsonl").read_text() == "old"
    assert main(["convert", "in", "out.jsonl", "--force", "--on-bad-row", "skip"]) == 0
    assert Path("out.jsonl").read_text().count("\n") == 30_000


def test_stdout_carries_the_rows_and_nothing_else(tmp_path, capsys):
    path = write(tmp_path / "in", PREDS)
    assert main(["convert", str(path), "-"]) == 0
    assert capsys.readouterr().out == '{"id": "a", "prediction": "x"}\n'


@pytest.mark.parametrize("sides", [1, 2])
def test_standard_input_is_converted(tmp_path, monkeypatch, capsysbinary, sides):
    import io
    import sys

    rows = [{"id": n, "question": "?", "prediction": f"x{n}", "answers": ["x0"]} for n in range(3)]
    content = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    references = [str(write(tmp_path / "r", rows))] if sides == 2 else []
    assert main(["convert", "-", *references, "-"]) == 0
    lines = capsysbinary.readouterr().out.splitlines()
    assert [json.loads(line)["prediction"] for line in lines] == ["x0", "x1", "x2"]


def test_python_gives_the_same_rows(tmp_path):
    path = write(tmp_path / "in", PREDS)
    found = api.convert(path)
    assert (list(found.rows), found.task) == (PREDS, None)
