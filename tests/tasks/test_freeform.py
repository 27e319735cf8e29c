"""Freeform documents from files to scores: layouts, syntaxes, schemas, and what is refused."""

import json
import random
import tarfile

import pytest

from vlmeval_cli.cli.main import main
from vlmeval_cli.core.metric import Output
from vlmeval_cli.core.results import Score, Signature
from vlmeval_cli.tasks import task

REFS = [{"id": n, "reference": {"name": f"A{n}", "total": n + 0.5}} for n in range(4)]
PREDS = [{"id": n, "prediction": json.dumps(REFS[n]["reference"])} for n in range(4)]
SCHEMA = {"type": "object", "required": ["name", "total"]}


def jsonl(rows):
    return rows if isinstance(rows, str) else "".join(json.dumps(row) + "\n" for row in rows)


@pytest.fixture
def score(tmp_path, capsys):
    """Score two files of rows; gives the exit code, the report and what stands on stderr."""

    def score(predictions, references=REFS, *options, **files):
        (tmp_path / "preds.jsonl").write_text(jsonl(predictions), "utf-8")
        (tmp_path / "refs.jsonl").write_text(jsonl(references), "utf-8")
        for name, content in files.items():
            (tmp_path / f"{name}.json").write_text(content, "utf-8")
        options = [str(one).replace("DIR", str(tmp_path)) for one in options]
        paths = [str(tmp_path / f"{name}.jsonl") for name in ("preds", "refs")]
        code = main(["score", *paths, "--json", "-", "--resamples", "0", *options])
        printed = capsys.readouterr()
        return code, json.loads(printed.out), printed.err.replace(f"{tmp_path}/", "")

    return score


def values(report, *names):
    return [report["metrics"][name]["value"] for name in names]


def rates(report):
    return values(report, *(f"format_valid_{one}" for one in ("strict", "extracted", "repaired")))


def answered(*texts):
    return [{"id": n, "prediction": text} for n, text in enumerate(texts)]


def test_the_stages_are_told_apart(score):
    plain = [row["prediction"] for row in PREDS]
    given = [plain[0], f"```json\n{plain[1]}\n```", repr(REFS[2]["reference"]), "I see nothing."]
    code, report, told = score(answered(*given))
    assert code == 0
    assert (report["task"], report["primary"]) == ("freeform", "field_f1")
    assert rates(report) == [0.25, 0.5, 0.75]
    assert report["outcomes"] == {"unparsed": 1, "right": 3}
    # 6 of 6 predicted fields are right, of 8 expected: 12 / 14.
    assert values(report, "field_f1", "schema_valid") == [pytest.approx(12 / 14), 0.75]
    assert "1 of 4 answers had prose or a fence around them: 1" in told
    assert "1 of 4 answers were repaired: 2" in told
    assert "1 of 4 answers could not be read: 3" in told
    assert "inferred from the references" in told


def test_a_diff_of_every_wrong_item_is_kept(score, tmp_path):
    given = [row["prediction"] for row in PREDS]
    given[1] = '{"name": "B", "tax": 1}'
    score(answered(*given), REFS, "--samples", "DIR/samples.jsonl")
    samples = [json.loads(line) for line in (tmp_path / "samples.jsonl").read_text().splitlines()]
    assert samples[0]["detail"] is None
    assert samples[1]["prediction"] == {"name": "B", "tax": 1}
    assert sorted((one["path"], one["kind"]) for one in samples[1]["detail"]["diff"]) == [
        ("name", "wrong"),
        ("tax", "extra"),
        ("total", "missing"),
    ]


def test_the_closest_reference_and_a_score_per_key_are_kept(score, tmp_path):
    references = [{"id": 0, "reference": ['{"name": "abcd", "n": 1}', '{"name": "wxyz", "n": 2}']}]
    found = []
    for metrics in ("field_f1,anls_star", "field_f1,anls_star:threshold=0.8"):
        options = ("--metrics", metrics, "--samples", "DIR/samples.jsonl")
        score(answered('{"name": "abcx", "n": 1}'), references, *options)
        found.append(json.loads((tmp_path / "samples.jsonl").read_text())["detail"]["anls_star"])
    # "abcx" is one edit of four from "abcd", which is less than 0.8.
    assert found == [
        {"closest": {"name": "abcd", "n": 1}, "keys": {"name": {"score": own}, "n": {"score": 1.0}}}
        for own in (0.75, 0.0)
    ]


ITEMS = [{"n": "tea", "p": 1}, {"n": "milk", "p": 2}]


@pytest.mark.parametrize(
    ("field", "reference", "prediction"),
    [
        ("references", [ITEMS[0]], ITEMS[0]),
        ("references", [json.dumps(ITEMS[1]), json.dumps(ITEMS[0])], ITEMS[0]),
        ("references", [ITEMS], ITEMS),
        ("references", [json.dumps([ITEMS[0]])], [ITEMS[0]]),
        ("reference", ITEMS, ITEMS),
        ("reference", [ITEMS[0]], [ITEMS[0]]),
        ("reference", [[1, "a"], [2, "b"]], [[1, "a"], [2, "b"]]),
    ],
)
def test_what_a_list_of_references_holds(score, field, reference, prediction):
    predictions = answered(json.dumps(prediction))
    _, report, told = score(predictions, [{"id": 0, field: reference}], "--task", "freeform")
    assert values(report, "field_f1", "anls_star") == [1.0, 1.0]
    assert "lists" not in told


def test_objects_beside_lists_that_may_be_several_references_are_told(score):
    predictions = answered(json.dumps(ITEMS[0]), json.dumps(ITEMS[1]))
    references = [{"id": n, "references": ITEMS} for n in range(2)]
    _, report, told = score(predictions, references)
    assert values(report, "field_f1") == [0.0]
    assert "2 of 2 answers are objects and their references are lists" in told


@pytest.mark.parametrize(
    "references",
    [
        [{"id": n, "reference": json.dumps(REFS[n]["reference"])} for n in range(4)],
        [{"id": n, **REFS[n]["reference"]} for n in range(4)],
        [{"id": n, "ground_truth": json.dumps({"gt_parse": REFS[n]["reference"], "meta": {}})}
         for n in range(4)],
        [{"id": n, "ground_truth": {"gt_parses": [{"other": 1}, REFS[n]["reference"]]}}
         for n in range(4)],
        [{"id": n, "reference": repr(REFS[n]["reference"])} for n in range(4)],
    ],
    ids=["JSON text", "whole rows", "Donut", "Donut with several", "Python"],
)  # fmt: skip
def test_references_of_every_form(score, references):
    code, report, _ = score(PREDS, references, "--task", "freeform")
    assert code == 0
    assert values(report, "field_f1", "format_valid_strict") == [1.0, 1.0]


def test_predictions_that_are_recorded_as_objects_are_strictly_valid(score):
    rows = [{"id": n, **REFS[n]["reference"]} for n in range(4)]
    for predictions in (rows, [{"id": n, "prediction": REFS[n]["reference"]} for n in range(4)]):
        _, report, _ = score(predictions, rows)
        assert values(report, "field_f1", "schema_valid", "rouge_l_f1") == [1.0, 1.0, 1.0]
        assert rates(report) == [1.0, 1.0, 1.0]


YAML = "name: A\ndate: 2024-01-02\npaid: no\n"
CSV = "item,price\ntea,2\nmilk,3\n"


@pytest.mark.parametrize("text", [YAML, CSV], ids=["YAML", "CSV"])
def test_the_syntax_is_that_of_the_references(score, text):
    references = [{"id": n, "reference": text} for n in range(3)]
    tag = "yaml" if text == YAML else "csv"
    code, report, told = score(answered(text, f"```{tag}\n{text}```", "nothing"), references)
    assert code == 0
    assert rates(report) == [pytest.approx(1 / 3), pytest.approx(2 / 3), pytest.approx(2 / 3)]
    assert values(report, "field_recall") == [pytest.approx(2 / 3)]
    assert f"answers are read as {tag.upper()}, which the references are" in told


def test_objects_as_references_leave_the_syntax_to_the_answers(score):
    texts = [f"name: A{n}\ntotal: {n}.5" for n in range(3)]
    _, report, told = score(answered(*texts, PREDS[3]["prediction"]))
    assert values(report, "field_f1", "format_valid_strict") == [1.0, 1.0]  # JSON is YAML
    assert "answers are read as YAML" in told
    _, report, told = score(answered(texts[0], *(row["prediction"] for row in PREDS[1:])))
    assert rates(report) == [0.75, 0.75, 1.0]
    assert "answers are read as JSON" in told


def test_references_of_several_syntaxes_leave_each_answer_its_own(score):
    references = [{"id": 0, "reference": '{"a": 1, "b": 2}'}, {"id": 1, "reference": "a: 1\nb: 2"}]
    _, report, told = score(answered("a: 1\nb: 2", '{"a": 1, "b": 2}'), references)
    assert values(report, "field_f1", "format_valid_strict") == [1.0, 1.0]
    assert "references are JSON, YAML" in told


def test_a_schema_of_the_users_counts(score):
    given = [row["prediction"] for row in PREDS[:3]] + ['{"name": "A3"}']
    _, report, told = score(answered(*given), REFS, "--schema", "DIR/s.json", s=json.dumps(SCHEMA))
    assert values(report, "schema_valid") == [0.75]
    assert "inferred" not in told
    assert report["tables"]["schema"]["rows"] == [["total", "required key is missing", 1, 0.25]]
    spaced = json.dumps(SCHEMA, indent=3)
    _, again, _ = score(answered(*given), REFS, "--schema", "DIR/s.json", s=spaced)
    signature = report["metrics"]["schema_valid"]["signature"]
    assert again["metrics"]["schema_valid"]["signature"] == signature


def test_rules_of_fields_hold_for_scores_and_diff(score, tmp_path):
    (tmp_path / "c.yaml").write_text(
        "parse: {field_rules: {total: {compare: number, tolerance: 1}}}", "utf-8"
    )
    given = [json.dumps({"name": f"A{n}", "total": n}) for n in range(4)]
    options = ("--config", "DIR/c.yaml", "--samples", "DIR/s.jsonl")
    _, report, _ = score(answered(*given), REFS, *options)
    assert values(report, "field_f1") == [1.0]
    rules = {"total": {"compare": "number", "tolerance": 1}}
    assert report["signature"]["comparable"]["field_rules"] == rules
    assert json.loads((tmp_path / "s.jsonl").read_text().splitlines()[0])["detail"] is None


def test_values_that_are_no_dates_are_counted(score, tmp_path):
    (tmp_path / "c.yaml").write_text("parse: {field_rules: {day: date}}", "utf-8")
    references = [{"id": n, "reference": {"day": day, "n": n}}
                  for n, day in enumerate(["5 May 2024", "soon", None, "05/04/2024"])]  # fmt: skip
    given = ['{"day": "2024-05-05", "n": 0}', '{"day": "soon", "n": 1}', '{"day": null, "n": 2}',
             '{"day": "in spring", "n": 3}']  # fmt: skip
    _, report, told = score(answered(*given), references, "--config", "DIR/c.yaml")
    assert values(report, "field_recall") == [7 / 8]
    words = "1 values of references and 2 of predictions are no dates that can be read"
    assert words in told


def test_reasoning_is_taken_out_and_repeated_keys_are_told(score):
    given = [row["prediction"] for row in PREDS]
    given[0] = "<think>{}</think>" + given[0]
    given[1] = '{"name": "x", "name": "A1", "total": 1.5}'
    _, report, told = score(answered(*given))
    assert values(report, "field_f1", "format_valid_strict") == [1.0, 1.0]
    assert "1 answers repeat a key, whose last value counts: 1" in told


def test_consistency_by_group(score):
    references = [{**row, "kind": "ab"[row["id"] % 2]} for row in REFS]
    given = ['{"x": 1}', '{"y": 1}', '{"x": 2}', '{"z": 1}']
    _, report, _ = score(
        answered(*given), references, "--metrics", "consistency,field_f1", "--by", "kind"
    )
    assert values(report, "consistency") == [0.5]
    assert [one["metrics"]["consistency"]["value"] for one in report["groups"]] == [1.0, 0.5]


def test_missing_answers_count_as_the_worst_or_not_at_all(score):
    _, report, _ = score(PREDS[:3], REFS, "--missing", "worst")
    assert values(report, "format_valid_repaired", "schema_valid") == [0.75, 0.75]
    assert values(report, "field_recall") == [0.75]
    _, report, _ = score(PREDS[:3], REFS, "--missing", "skip")
    assert values(report, "format_valid_repaired", "field_f1") == [1.0, 1.0]


COUNTED = [
    ("null", "it is null, neither an object nor a list"),
    ("42", "it is 42"),
    (42, "it is 42"),
    (True, "it is true"),
    ('"text"', 'it is "text"'),
    ("no idea", "it holds no object or list"),
    ("[" * 70 + "]" * 70, "nested more than 64 levels deep"),
    ("See [1].", "not JSON"),
    ('{"total": 1e999}', "out of range"),
    (json.loads("[" * 70 + "]" * 70), "too deep"),
]


@pytest.mark.parametrize(("value", "reason"), COUNTED, ids=[str(one)[:12] for one, _ in COUNTED])
def test_answers_without_a_document_are_counted_with_their_reason(score, tmp_path, value, reason):
    code, report, _ = score(answered(value), REFS[:1], "--samples", "DIR/samples.jsonl")
    assert code == 0
    assert report["outcomes"] == {"unparsed": 1}
    sample = json.loads((tmp_path / "samples.jsonl").read_text())
    assert reason in sample["reason"]
    assert values(report, "field_f1", "format_valid_repaired", "schema_valid") == [0.0, 0.0, 0.0]


RECORDS = json.dumps([{"name": "tea", "total": 1}] * 12)


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        (RECORDS, "wrong"),
        (f"```json\n{RECORDS}\n```", "wrong"),
        (RECORDS[:-40], "loop"),  # cut off: it may have gone on for ever
        ("red " * 100, "loop"),
        ('I\'m sorry for the wait. {"name": "A0", "total": 0.5}', "right"),
        ("I'm sorry, I can't read it. {}", "refused"),
    ],
)
def test_a_whole_document_is_neither_a_loop_nor_a_refusal(score, text, outcome):
    _, report, _ = score(answered(text), REFS[:1])
    assert report["outcomes"] == {outcome: 1}


@pytest.mark.parametrize("text", ["", "I'm sorry, I can't help with that."])
def test_empty_and_refused_are_no_unparsed(score, text):
    _, report, _ = score(answered(text), REFS[:1])
    assert set(report["outcomes"]) <= {"empty", "refused"}


REFUSED = [
    # references, options, schema, exit code, message
    ([{"id": 0, "reference": "prose"}], ["--task", "freeform"], "", 3,
     'refs.jsonl:1: field "reference", got "prose", expected an object'),
    ([{"id": 0, "reference": 5}], ["--task", "freeform"], "", 3, "got 5, expected an object"),
    ([{"id": 0, "reference": '{"a": NaN}'}], ["--task", "freeform"], "", 3, "expected an object"),
    ([{"id": 0, "reference": json.loads("[" * 70 + "]" * 70)}], ["--task", "freeform"], "", 3,
     "expected an object"),
    ([{"id": 0, "reference": None}], ["--task", "freeform"], "", 3, "no item has a reference"),
    ([{"id": 9, "reference": {"a": 1, "b": 2}}], [], "", 3, 'ids such as "9"'),
    (REFS, ["--schema", "DIR/none.json"], "", 2, "none.json: no such file"),
    (REFS, ["--schema", "DIR"], "", 2, "is a folder, expected a file"),
    (REFS, ["--schema", "DIR/s.json"], "{", 2, "s.json: not a JSON Schema: not JSON"),
    (REFS, ["--schema", "DIR/s.json"], "5", 2, "s.json: not a JSON Schema: it is 5"),
    (REFS, ["--schema", "DIR/s.json"], "[]", 2, "s.json: a JSON Schema is an object"),
    (REFS, ["--schema", "DIR/s.json"], '{"type": "txt"}', 2, "not a JSON Schema: $.type"),
    (REFS, ["--schema", "DIR/s.json"], '{"$ref": "https://x.org/s"}', 2,
     '$ref "https://x.org/s" is not in the file, and nothing is fetched'),
    (REFS, ["--schema", "DIR/s.json"], '{"$ref": "#/$defs/a"}', 2, "is not in the file"),
    (REFS, ["--schema", "DIR/s.json"], '{"pattern": "("}', 2, "not a"),
    (REFS, ["--metrics", "schema_valid:schema=5,field_f1"], "", 2, "a JSON Schema is an object"),
    (REFS, ["--metrics", "schema_valid:schema=x,field_f1"], "", 2, "schema_valid:schema: not JSON"),
    (REFS, ["--metrics", "vqa_score"], "", 2, "unknown metric"),
    (REFS, ["--metrics", "format_valid:mode=strict"], "", 2, 'no option "mode"'),
    (REFS, ["--metrics", "consistency:by=x"], "", 2, 'no option "by"'),
]  # fmt: skip


@pytest.mark.parametrize(
    ("references", "options", "schema", "exit_code", "message"),
    REFUSED,
    ids=[str(number) for number in range(len(REFUSED))],
)
def test_what_cannot_be_scored_is_refused(score, references, options, schema, exit_code, message):
    code, report, told = score(PREDS, references, "--missing", "skip", *options, s=schema)
    assert code == exit_code
    assert message in report["error"]["message"]
    assert "Traceback" not in told


def test_a_bad_reference_can_be_left_out(score):
    references = [*REFS[:3], {"id": 3, "reference": "prose"}]
    _, report, _ = score(PREDS, references, "--task", "freeform", "--on-bad-row", "skip")
    assert report["join"]["bad_rows"] == 1
    assert values(report, "field_f1") == [1.0]


def patterns(**scores):
    named = {
        name: Score(Output(name), name, value, 100, Signature({})) for name, value in scores.items()
    }
    return [found.meaning for found in task("freeform").diagnose(named)]


def formats(strict, extracted, repaired):
    return {
        "format_valid_strict": strict,
        "format_valid_extracted": extracted,
        "format_valid_repaired": repaired,
    }


def test_what_the_scores_say_together():
    assert patterns(**formats(0.2, 0.9, 0.95)) == ["many answers are wrapped in prose or fences"]
    assert "syntax is broken" in patterns(**formats(0.8, 0.8, 1.0))[0]
    assert patterns(**formats(0.5, 0.5, 0.5)) == ["all fields of the others count as missing"]
    assert patterns(**formats(1, 1, 1), schema_valid=0.6) == [
        "keys or types are not what they should be"
    ]
    assert patterns(field_f1=0.4, schema_valid=1.0, anls_star=0.45) == [
        "the form is right and the values are wrong"
    ]
    assert "a few characters off" in patterns(field_f1=0.4, anls_star=0.8)[0]
    assert patterns(field_precision=0.9, field_recall=0.5) == ["fields are left out"]
    assert patterns(field_precision=0.5, field_recall=0.9) == ["fields are made up"]
    assert patterns(**formats(1, 1, 1), field_f1=0.9, schema_valid=1.0, anls_star=0.95) == []


def test_receipts_of_sroie_with_noise(score, shared):
    """Every answer of a known stage is found at it, and all values are read back."""
    rng = random.Random(7)
    with tarfile.open(shared / "sroie" / "keys_300.tar.gz") as packed:
        members = [one for one in packed.getmembers() if one.name.endswith(".json")]
        keys = [json.loads(packed.extractfile(one).read()) for one in members]
    styles = {
        "strict": json.dumps,
        "extracted": lambda own: f"The receipt:\n```json\n{json.dumps(own, indent=2)}\n```",
        "repaired": repr,
    }
    drawn = [rng.choice(list(styles)) for _ in keys]
    predictions = answered(*(styles[style](own) for style, own in zip(drawn, keys, strict=True)))
    references = [{"id": n, **own} for n, own in enumerate(keys)]
    _, report, _ = score(predictions, references)
    counts = [drawn.count(style) for style in styles]
    assert rates(report) == [pytest.approx(sum(counts[: n + 1]) / len(keys)) for n in range(3)]
    assert values(report, "field_f1", "schema_valid") == [1.0, 1.0]


def test_texts_beside_the_documents_score_as_the_original_packages_do(score):
    pytest.importorskip("rouge_score")
    given = [row["prediction"] for row in PREDS]
    given[1], given[2] = "```json\n{}\n```", '{"name": "A2", "total": 9}'
    _, report, _ = score(answered(*given), REFS, "--reference")
    rows = {row[0]: row for row in report["tables"]["reference"]["rows"]}
    name, ours, original, difference, *_ = rows["rouge_l_f1"]
    assert (name, difference) == ("rouge_l_f1", 0.0)
    assert ours == pytest.approx(original, abs=1e-12)
