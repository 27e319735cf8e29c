"""The SPICE program is run once for what is new, and survives captions that it does not."""

import os
from pathlib import Path

import pytest

from vlmeval_cli.core.config import ModelPolicy
from vlmeval_cli.core.errors import ModelError
from vlmeval_cli.scenes.official.captions import MOST_TOKENS, Captions
from vlmeval_cli.scenes.official.scoring import Pace, compare_captions
from vlmeval_cli.scenes.official.store import scenes_file
from vlmeval_cli.scenes.official.worker import Patience
from vlmeval_cli.scenes.tuples import Found

CACHED, ALONE = ModelPolicy(), ModelPolicy(cache=False)


def item(prediction, *references):
    return Captions(prediction, references or ("a dog",))


def numbered(n):
    """Items whose true positives are told by their place: item i shares i words."""
    words = [f"w{i}" for i in range(n)]
    return [item(" ".join(words[:i]), " ".join(words)) for i in range(n)]


def true_positives(compared):
    return [int(one.counts[0, 0]) if isinstance(one, Found) else one for one in compared.found]


def parses():
    return [path for path in scenes_file().parent.glob("spice-parses-*") if path.is_dir()]


def test_results_come_in_the_order_asked(machine, told):
    assert true_positives(compare_captions(numbered(30), CACHED, told)) == list(range(30))


def test_tuples_come_with_their_marks(machine, told):
    (found,) = compare_captions([item("a cat", "a dog")], CACHED, told).found
    assert [one for one in found.scene.prediction if one.is_matched] == [(("a",), True)]
    assert [one.words for one in found.scene.references] == [("a",), ("dog",)]


def test_the_same_items_again_start_no_java(machine, told):
    first = compare_captions(numbered(3), CACHED, told)
    again = compare_captions(numbered(3), CACHED, told)
    assert len(machine.started) == 1
    assert true_positives(again) == true_positives(first)
    assert again.provenance == first.provenance
    assert again.found[1].scene == first.found[1].scene


def test_only_new_items_are_sent(machine, told):
    compare_captions(numbered(3), CACHED, told)
    compare_captions([*numbered(3), item("new")], CACHED, told)
    assert machine.asked[-1]["captions"] == ["new", "a dog"]


def test_without_a_cache_nothing_is_kept_and_nothing_is_read(machine, told):
    compare_captions(numbered(3), CACHED, told)
    compare_captions(numbered(3), ALONE, told)
    assert len(machine.started) == 2
    assert len(machine.asked[-1]["captions"]) == 6
    assert "-cache" not in machine.asked[-1]


def test_without_a_cache_the_folder_stays_empty(machine, told):
    compare_captions(numbered(3), ALONE, told)
    assert not scenes_file().exists()
    assert parses() == []


def test_parsed_captions_are_kept_by_program_and_parts(machine, told):
    compare_captions(numbered(1), CACHED, told)
    (folder,) = parses()
    assert folder.name.endswith("-d1gest")
    assert "w0" in (folder / "data.mdb").read_text()


@pytest.mark.parametrize(
    ("caption", "reason"), [("CRASH", "parser_failed"), ("MEMORY", "parser_out_of_memory")]
)
@pytest.mark.parametrize("side", ["prediction", "reference"])
def test_a_caption_that_ends_the_program_costs_its_item_alone(machine, told, caption, reason, side):
    items = numbered(30)
    items[17] = item(caption) if side == "prediction" else item("a dog", "a dog", caption)
    found = true_positives(compare_captions(items, CACHED, told))
    assert found[17] == reason
    assert found[:17] + found[18:] == [*range(17), *range(18, 30)]


def test_the_first_item_may_be_the_one(machine, told):
    items = [item("CRASH"), *numbered(3)]
    assert true_positives(compare_captions(items, ALONE, told)) == ["parser_failed", 0, 1, 2]


def test_a_failed_item_is_tried_again_by_the_next_run(machine, told):
    for _ in range(2):
        compare_captions([item("CRASH")], CACHED, told)
    assert len([one for one in machine.asked if one["captions"][0] == "CRASH"]) == 2


def test_captions_that_all_fail_end_the_restarts(machine, told):
    items = [item(f"CRASH {i}") for i in range(200)]
    found = true_positives(compare_captions([item("a dog"), *items], ALONE, told))
    assert found[0] == 2
    assert set(found[1:]) == {"parser_failed"}
    assert len(machine.started) < 60


def test_a_program_that_hangs_is_ended(machine, told):
    patience = Patience(start_s=4.0, caption_s=0.0)
    found = compare_captions([item("HANG")], ALONE, told, patience).found
    assert found == ["parser_timed_out"]
    assert list(Path(os.environ["TMPDIR"]).iterdir()) == []


def test_a_program_that_does_not_run_at_all_is_told(machine, told):
    (machine.home / "broken").touch()
    with pytest.raises(ModelError, match="Could not find or load main class"):
        compare_captions(numbered(3), CACHED, told)


def test_a_damaged_cache_is_made_anew_and_told(machine, told):
    compare_captions(numbered(1), CACHED, told)
    (folder,) = parses()
    (folder / "data.mdb").write_text("damaged")
    assert true_positives(compare_captions([item("a dog")], CACHED, told)) == [2]
    assert told.lines == [f"{folder} was damaged; it is made anew"]
    assert "dog" in (folder / "data.mdb").read_text()


def test_a_cache_that_stays_damaged_is_done_without(machine, told):
    compare_captions(numbered(1), CACHED, told)
    (folder,) = parses()
    (folder / "data.mdb").write_text("damaged")
    items = [item("damaged"), *numbered(30)[1:]]  # the fake cache is damaged by what it keeps
    assert true_positives(compare_captions(items, CACHED, told)) == [0, *range(1, 30)]
    assert [line.split(" ", 1)[1].partition(" (")[0] for line in told.lines] == [
        "was damaged; it is made anew",
        "cannot be used",
    ]


def test_an_overlong_caption_is_not_sent(machine, told):
    long = " ".join(["dog"] * (MOST_TOKENS + 1))
    items = [item(long), item("a dog", long), item("a dog")]
    found = compare_captions(items, CACHED, told)
    assert true_positives(found) == ["caption_too_long", "caption_too_long", 2]
    assert [one["captions"] for one in machine.asked] == [["a dog", "a dog"]]


def test_long_texts_of_short_sentences_are_sent(machine, told):
    text = "A dog runs here. " * 100
    assert true_positives(compare_captions([item(text, text)], CACHED, told)) == [4]


def test_a_caption_at_the_limit_is_sent(machine, told):
    text = " ".join(["dog"] * MOST_TOKENS)
    assert true_positives(compare_captions([item(text, "a dog")], CACHED, told)) == [1]


ODD = [
    "a\ndog",
    "a\tdog",
    "a\0dog",
    "a ||| dog",
    "a \N{DOG FACE}",
    "",
    "  ",
    "caf\N{LATIN SMALL LETTER E WITH ACUTE}",
]


def test_odd_characters_reach_the_program_as_they_are(machine, told):
    compare_captions([item(text, text) for text in ODD], CACHED, told)
    assert machine.asked[0]["captions"][::2] == ODD


def test_workers_set_the_threads(machine, told):
    compare_captions(numbered(1), ModelPolicy(workers=3), told)
    assert machine.asked[0]["threads"] == "3"


def test_java_is_called_as_today_s_java_needs_it(machine, told):
    compare_captions(numbered(1), CACHED, told)
    arguments = machine.started[0]["arguments"]
    assert "-Dfile.encoding=UTF-8" in arguments
    assert len([one for one in arguments if one.startswith("--add-opens=java.base/")]) == 9
    assert arguments[-2:] == ["vlmeval.ScoreLoop", "edu.anu.spice.SpiceScorer"]


def test_relative_paths_are_those_of_the_user(machine, told, monkeypatch):
    monkeypatch.chdir(machine.home.parent)
    monkeypatch.setenv("JAVA_HOME", "java")
    monkeypatch.setenv("VLMEVAL_CACHE", "cache")
    assert true_positives(compare_captions(numbered(2), CACHED, told)) == [0, 1]
    path = machine.started[0]["arguments"][-3]
    assert all(Path(one).is_absolute() for one in path.split(os.pathsep))
    assert "w0" in (machine.home.parent / parses()[0] / "data.mdb").read_text()


def test_nothing_is_left_behind(machine, told):
    compare_captions([item("CRASH"), *numbered(3)], CACHED, told)
    folders = {Path(one["folder"]) for one in machine.started}
    assert {folder.parent for folder in folders} == {Path(os.environ["TMPDIR"])}
    assert not any(folder.exists() for folder in folders)


def test_progress_counts_the_items_that_are_parsed(machine, told):
    compare_captions(numbered(30), CACHED, told)
    assert told.phases == [("parsing captions for SPICE", 30)]
    assert told.steps == 30


def test_what_is_interrupted_is_gone_on_with(machine, told, monkeypatch):
    def stop(n):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(told, "advance", stop)
        with pytest.raises(KeyboardInterrupt):
            compare_captions(numbered(30), CACHED, told)
    assert true_positives(compare_captions(numbered(30), CACHED, told)) == list(range(30))
    assert [len(one["captions"]) for one in machine.asked] == [2 * 20, 2 * 10]


def test_the_estimate_comes_when_java_is_warm(told):
    pace = Pace(1_000, told)
    pace.went(20, 40.0)
    pace.went(20, 20.0)
    assert told.lines == []
    pace.went(20, 20.0)
    assert told.lines == ["SPICE: parsing 940 items more takes about 16 min"]  # 940 s
    pace.went(20, 20.0)
    assert len(told.lines) == 1


def test_a_short_rest_needs_no_estimate(told):
    pace = Pace(70, told)
    for _ in range(3):
        pace.went(20, 20.0)
    assert told.lines == []


def test_so_many_items_are_sent_that_progress_is_seen(told):
    pace = Pace(10_000, told)
    pace.went(20, 10.0)
    assert pace.size == 30  # two a second, for 15 s


def test_a_machine_without_the_library_is_told_once(machine, told, monkeypatch):
    from vlmeval_cli.scenes.official import scoring

    monkeypatch.setattr(scoring, "has_lmdb", lambda: False)
    assert true_positives(compare_captions(numbered(2), CACHED, told)) == [0, 1]
    assert [line for line in told.lines if "x86-64" in line] == told.lines
    assert len(told.lines) == 1
    assert parses() == []


def test_what_ran_stands_in_the_provenance(machine, told):
    provenance = compare_captions(numbered(1), CACHED, told).provenance
    assert provenance.comparable["corenlp"] == "d1gest"
    assert provenance.recorded == {"java": 'openjdk version "17.0.1" 2021-10-19'}
