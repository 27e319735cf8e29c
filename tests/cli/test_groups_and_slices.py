"""``--by`` and ``--slices`` as a user meets them."""

import json
import random
import re

import pytest

OTHER = {"smile": "frown", "frown": "smile"}


def lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


@pytest.fixture
def people(tmp_path):
    """600 faces; the dark ones at night are named wrong more often."""
    chance = random.Random(2)
    rows = []
    for i in range(600):
        row = {
            "id": f"p{i}", "label": chance.choice([*OTHER]),
            "skin": chance.choice(["light", "dark"]), "time": chance.choice(["day", "night"]),
        }  # fmt: skip
        wrong = 0.5 if (row["skin"], row["time"]) == ("dark", "night") else 0.05
        said = OTHER[row["label"]] if chance.random() < wrong else row["label"]
        rows.append({**row, "prediction": said})
    return lines(tmp_path / "people.jsonl", rows)


def options(*more):
    return ("--task", "classification", "--metrics", "accuracy", "--resamples", "300", *more)


def test_groups_their_gaps_and_slices_in_one_report(inside, people):
    code, out, err = inside(
        "score", people, *options("--by", "skin", "--by", "skin,time", "--slices")
    )
    assert code == 0, err
    assert "By skin\n" in out
    assert "By skin, time\n" in out
    assert "95% interval" in out.split("By skin\n")[1].splitlines()[0]
    assert "Gaps between groups (95% intervals for all pairs at once" in out
    assert "skin × time" in out
    assert "Groups beside all other items" in out
    slices = out.split("Slices in which accuracy differs")[1].splitlines()
    assert slices[2].startswith("skin = dark and time = night")


def test_the_files_hold_every_column_of_the_tables(inside, people, tmp_path):
    target = tmp_path / "r.json"
    assert inside("score", people, *options("--by", "skin", "--slices", "--json", target))[0] == 0
    report = json.loads(target.read_text("utf-8"))
    assert report["tables"]["gaps"]["columns"][-3:] == ["ratio high", "p", "p corrected"]
    rows = report["tables"]["gaps"]["rows"]
    assert [row[1] for row in rows] == ["accuracy", "accuracy_parsed", "unparsed_rate"]
    assert {len(row) for row in rows} == {len(report["tables"]["gaps"]["columns"])}
    assert [group["by"] for group in report["groups"]] in (
        [{"skin": "light"}, {"skin": "dark"}], [{"skin": "dark"}, {"skin": "light"}],
    )  # fmt: skip


def test_samples_hold_the_columns_that_slices_are_made_of(inside, people, tmp_path):
    target = tmp_path / "s.jsonl"
    inside("score", people, *options("--slices", "--samples", target))
    first = json.loads(target.read_text("utf-8").splitlines()[0])
    assert first["slices"]["skin"] in ("light", "dark")
    inside("score", people, *options("--samples", target))
    assert "slices" not in json.loads(target.read_text("utf-8").splitlines()[0])


def test_the_configuration_crosses_and_slices(inside, people, tmp_path):
    config = tmp_path / "c.yaml"
    config.write_text("by: [[skin, time]]\nslices: true\n")
    _, out, _ = inside("score", people, *options("--config", config))
    assert "By skin, time" in out
    assert "Slices in which" in out
    _, out, _ = inside("score", people, *options("--config", config, "--no-slices"))
    assert "Slices in which" not in out


@pytest.mark.parametrize(
    ("by", "told"),
    [
        ("skin,", 'by: got "skin,", expected a field, or fields that are crossed'),
        ("skin,tmie", 'by: no item has a value in a field "tmie". Did you mean "time"?'),
        ("label", 'by: "label" is what is scored'),
    ],
)
def test_wrong_groupings_are_told(inside, people, by, told):
    code, _, err = inside("score", people, *options("--by", by))
    assert code == 2
    assert told.split(". Did")[0] in err


def test_compare_finds_the_slice_that_changed_and_saved_runs_keep_theirs(inside, people, tmp_path):
    rows = [json.loads(line) for line in people.read_text("utf-8").splitlines()]
    worse = [
        {**row, "prediction": OTHER[row["label"]]} if row["time"] == "night" and i % 3 == 0 else row
        for i, row in enumerate(rows)
    ]
    runs = {"old": people, "new": lines(tmp_path / "worse.jsonl", worse)}
    _, out, err = inside("compare", *(f"{k}={v}" for k, v in runs.items()), *options("--slices"))
    assert "Slices in which the change of accuracy, new - old, differs from the rest" in out, err
    assert out.split("Slices in which")[1].splitlines()[2].startswith("time = night")
    for name, path in runs.items():
        inside("score", path, *options("--slices", "--output", tmp_path / name))
    saved = [f"{name}={tmp_path / name}" for name in runs]
    _, again, _ = inside("compare", *saved, "--slices", "--resamples", "300")
    assert (
        again.split("Slices in which")[1].split("\n\n")[0]
        == (out.split("Slices in which")[1].split("\n\n")[0])
    )


def test_groups_and_slices_say_the_same_twice(inside, people):
    arguments = ("score", people, *options("--by", "skin,time", "--slices"))
    assert inside(*arguments)[1] == inside(*arguments)[1]


def test_the_guide_shows_what_the_command_prints(inside, root, monkeypatch):
    text = (root / "docs" / "groups.md").read_text("utf-8")
    words, shown = re.search(r"```console\n\$ vlmeval (.*)\n([^`]*)```", text).groups()
    monkeypatch.chdir(root)
    printed = {*inside(*words.split())[1].splitlines()}
    assert not [line for line in shown.splitlines() if line not in printed | {"…"}]
