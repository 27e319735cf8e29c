"""``vlmeval power`` from the command line."""

import json


def test_the_table_tells_what_one_run_can_show(command, files):
    done = command("power", *files, "--difference", "0.01")
    assert done.returncode == 0
    assert "Differences that these items show with 80% power at a level of 0.05" in done.stdout
    assert "items needed" in done.stdout
    assert "--correlation" in done.stdout
    assert "warning: 3 independent items" in done.stderr


def test_json_is_one_document_with_everything(inside, files):
    code, out, _ = inside("power", *files, "--json", "-", "--difference", "0.01")
    report = json.loads(out)
    assert code == 0
    assert (report["kind"], report["power"], report["alpha"]) == ("power", 0.8, 0.05)
    one = report["outputs"]["exact_match"]
    assert one["smallest_difference"] > 0.0
    assert one["items_needed"] > 3


def test_two_runs_are_shown_with_their_difference(inside, files, tmp_path):
    other = tmp_path / "other.jsonl"
    other.write_text(files[0].read_text().replace('"red"', '"blue"'))
    code, out, _ = inside("power", *files, "--against", other, "--percent", "-m", "exact_match")
    assert code == 0
    assert "exact_match      3  66.67    33.33       33.33" in out
    assert "--correlation" not in out


def test_json_to_a_file_leaves_the_table_on_stdout(inside, files, tmp_path):
    code, out, _ = inside("power", *files, "--json", tmp_path / "p.json", "-q")
    assert code == 0
    assert "smallest shown" in out
    assert json.loads((tmp_path / "p.json").read_text())["kind"] == "power"


def test_an_input_is_not_overwritten(inside, files):
    code, _, err = inside("power", *files, "--json", files[0])
    assert code == 2
    assert "would overwrite an input" in err


def test_a_wrong_choice_is_wrong_usage(inside, files):
    code, _, err = inside("power", *files, "--power", "80")
    assert code == 2
    assert 'power: got "80.0", expected a probability between 0 and 1' in err


def test_an_error_under_json_is_a_document(inside, files):
    code, out, _ = inside("power", *files, "--json", "-", "--alpha", "2")
    assert code == 2
    assert json.loads(out)["error"]["kind"]


def test_items_that_share_an_image_are_counted_as_one_unit(inside, tmp_path):
    rows = [{"id": i, "image": i // 2, "question": "?", "answers": ["a"]} for i in range(8)]
    predicted = [{"id": i, "prediction": "ab"[i % 3 % 2]} for i in range(8)]
    for name, own in (("refs", rows), ("preds", predicted)):
        text = "".join(json.dumps(row) + "\n" for row in own)
        (tmp_path / f"{name}.jsonl").write_text(text)
    files = tmp_path / "preds.jsonl", tmp_path / "refs.jsonl"
    _, out, err = inside("power", *files, "-m", "exact_match", "--cluster-by", "image")
    assert "4, clustered by image" in out
    assert "4 independent items" in err
