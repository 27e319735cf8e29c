"""A named set on the command line: points as published tables print them, and its own page."""

import json

from vlmeval_cli.registry import SETS


def test_scores_are_points_unless_told_otherwise(inside, tmp_path, with_meteor):
    path = tmp_path / "captions.jsonl"
    row = {"id": "1", "prediction": "a dog runs on grass", "captions": ["a dog runs on grass"]}
    path.write_text("".join(json.dumps({**row, "id": str(i)}) + "\n" for i in range(3)))
    code, out, _ = inside("score", path, "--task", "captioning", "--metrics", "coco")
    assert code == 0
    assert "points" in out
    lines = [line.split() for line in out.splitlines()]
    found = {line[0]: line[1] for line in lines if line and line[0] in SETS["coco"].outputs}
    assert [*found][:4] == ["bleu_1", "bleu_2", "bleu_3", "bleu_4"]
    assert "meteor_1_5[tokenizer=ptb]" in out
    assert found["bleu_1"] == "100.00"
    _, out, _ = inside("score", path, "--task", "captioning", "--metrics", "coco", "--no-percent")
    assert "1.0000" in out


def test_a_set_has_a_page(inside):
    code, out, _ = inside("metrics", "coco")
    assert code == 0
    assert {"bleu_1", "meteor_1_5[tokenizer=ptb]", "cider"} <= set(out.split())


def test_a_set_as_json_holds_its_metrics(inside):
    _, out, _ = inside("metrics", "coco", "--json", "-")
    document = json.loads(out)
    assert document["set"]["primary"] == "cider"
    assert [one["name"] for one in document["metrics"]][:2] == ["bleu", "meteor_1_5"]
