"""Compared scenes are kept on disk; a file that is damaged or shared stops no run."""

import multiprocessing

import numpy as np
import pytest

from vlmeval_cli.scenes.official.captions import Captions
from vlmeval_cli.scenes.official.store import SceneStore
from vlmeval_cli.scenes.tuples import Found, Scene, SceneTuple

ITEM = Captions("a\n\N{DOG FACE}", ("the dog", "dogs"))
SCENE = Scene((SceneTuple(("dog", "on", "caf\u00e9"), True),), (SceneTuple(("dog",), False),))


def found(n):
    return Found(np.full((7, 3), n), SCENE)


def store(path, space="one"):
    lines = []
    return SceneStore(path, space, lines.append), lines


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cache" / "scenes.sqlite"


def test_what_is_kept_is_found_again(path):
    store(path)[0].put({ITEM: found(2)}, "Java 17")
    ((known, java),) = store(path)[0].take([ITEM]).values()
    assert java == "Java 17"
    assert known.scene == SCENE
    np.testing.assert_array_equal(known.counts, found(2).counts)


@pytest.mark.parametrize(
    "other",
    [
        ITEM._replace(prediction="a dog"),
        ITEM._replace(references=ITEM.references[::-1]),
        ITEM._replace(references=("the dog dogs",)),
    ],
)
def test_other_captions_are_other_items(path, other):
    kept, _ = store(path)
    kept.put({ITEM: found(2)}, "")
    assert kept.take([other]) == {}


def test_another_program_found_nothing_yet(path):
    store(path)[0].put({ITEM: found(2)}, "")
    assert store(path, "two")[0].take([ITEM]) == {}


def test_a_damaged_file_is_made_anew(path):
    path.parent.mkdir()
    path.write_bytes(b"no data base" * 1_000)
    kept, lines = store(path)
    assert kept.take([ITEM]) == {}
    assert lines == [f"{path} was damaged; it is made anew"]
    kept.put({ITEM: found(2)}, "")
    assert [*kept.take([ITEM])] == [ITEM]


def test_a_file_that_cannot_be_used_is_told_once(tmp_path):
    (tmp_path / "file").write_text("in the way")
    kept, lines = store(tmp_path / "file" / "scenes.sqlite")
    for _ in range(2):
        kept.put({ITEM: found(2)}, "")
        assert kept.take([ITEM]) == {}
    assert len(lines) == 1
    assert "results of SPICE are not kept" in lines[0]


def keep_many(path, start):
    items = {Captions(f"{start} {i}", ()): found(i) for i in range(600)}
    SceneStore(path, "one", print).put(items, "")


def test_processes_share_the_file(path):
    context = multiprocessing.get_context("spawn")
    running = [context.Process(target=keep_many, args=(path, start)) for start in range(3)]
    for process in running:
        process.start()
    for process in running:
        process.join()
    items = [Captions(f"{start} {i}", ()) for start in range(3) for i in range(600)]
    assert len(store(path)[0].take(items)) == 1_800
