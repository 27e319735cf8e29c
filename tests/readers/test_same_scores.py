"""The same rows in every form give the same scores."""

import csv
import json

import openpyxl
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as parquet
import pytest

from vlmeval_cli import api

ANSWERS = ["None", "NA", "nan", "1e5", "=A1", "007", "7", "a\nb", "https://x/" + "a" * 3000, "TRUE"]
VQA = [
    {"id": f"q{n}", "question": f"What is {n}?", "prediction": said, "answers": [right, "x"]}
    for n, (said, right) in enumerate(zip(ANSWERS, ANSWERS[:5] + ANSWERS[:5], strict=True))
]
OPTIONS = ("None", "NA", "007", "1.0")
CHOICE = [
    {"index": n, "question": f"Which is {n}?", **dict(zip("ABCD", OPTIONS, strict=True)),
     "answer": "ABCD"[n % 4], "prediction": said}
    for n, said in enumerate(["A", "(B)", "007", "1.0", "None", "D. 1.0", "neither", "C"])
]  # fmt: skip
TASKS = {"vqa": VQA, "choice": CHOICE}


def write_jsonl(rows, path):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def cells(rows):
    return [[json.dumps(v) if isinstance(v, list) else v for v in row.values()] for row in rows]


def write_xlsx(rows, path):
    book = openpyxl.Workbook()
    for line in ([*rows[0]], *cells(rows)):
        book.active.append(line)
    book.save(path)


def write_tsv(rows, path):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter="\t").writerows([[*rows[0]], *cells(rows)])


def write_parquet(rows, path):
    parquet.write_table(pa.Table.from_pylist(rows), path)


def write_feather(rows, path):
    feather.write_feather(pa.Table.from_pylist(rows), str(path))


FORMS = {"xlsx": write_xlsx, "tsv": write_tsv, "parquet": write_parquet, "feather": write_feather}


def scored(path):
    found = api.score(path, resamples=100)
    scores = {name: (one.value, one.ci_low, one.ci_high) for name, one in found.scores.items()}
    return found.task, scores, found.items.predictions, found.items.outcomes


@pytest.mark.parametrize("write", FORMS.values(), ids=FORMS.keys())
@pytest.mark.parametrize("task", TASKS)
def test_a_table_scores_like_jsonl(tmp_path, task, write):
    write_jsonl(TASKS[task], tmp_path / "rows.jsonl")
    write(TASKS[task], tmp_path / "table")
    expected = scored(tmp_path / "rows.jsonl")
    assert expected[0] == task
    assert scored(tmp_path / "table") == expected
