"""The compiled tables: whole or not at all, made again when broken, shared by processes."""

import errno
import gzip
import os
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from vlmeval_cli.core.errors import MissingExtraError, ModelError, OutputError
from vlmeval_cli.core.progress import NoProgress
from vlmeval_cli.resources import meteor_index
from vlmeval_cli.resources.build_meteor_index import Sources
from vlmeval_cli.resources.meteor_index import (
    BrokenIndexError,
    ensure_index,
    index_path,
    is_built,
    read_index,
)
from vlmeval_cli.text.phrase_keys import phrase_keys, places

TABLES = {
    "synonym/english.synsets": "auto\n1 2\ncar\n1\n",
    "synonym/english.exceptions": "goose\ngeese\n",
    "nonbreaking/english.prefixes": "# a comment\nMr\nNo #NUMERIC_ONLY#\n",
    "function/english.words": "the\na\n",
}


@pytest.fixture
def made(tmp_path, monkeypatch):
    """Small tables in the form of the installed ones, and an empty cache folder."""
    monkeypatch.setenv("VLMEVAL_CACHE", str(tmp_path / "cache"))
    program, paraphrases = tmp_path / "meteor.jar", tmp_path / "paraphrase.gz"
    with zipfile.ZipFile(program, "w") as archive:
        for name, text in TABLES.items():
            archive.writestr(name, text)
    paraphrases.write_bytes(gzip.compress(b"0.5\na car\nan auto\n0.1\nan auto\nthe car\n"))
    files = Sources(program, paraphrases)
    monkeypatch.setattr(meteor_index, "sources", lambda: files)
    return files


def paraphrases_of(index, phrase):
    (place,) = places(index.phrase_keys, phrase_keys([phrase]))
    return index.phrase_targets[index.phrase_offsets[place] : index.phrase_offsets[place + 1]]


def test_tables_are_compiled(made):
    index = ensure_index(NoProgress())
    assert index.function == {"the", "a"}
    assert (index.prefixes, index.numeric_prefixes) == ({"Mr"}, {"No"})
    found = index.phrase_keys[paraphrases_of(index, "an auto")]
    np.testing.assert_array_equal(found, phrase_keys(["the car"]))
    (auto,) = places(index.synonym_keys, phrase_keys(["auto"]))
    start, end = index.synonym_offsets[auto : auto + 2]
    assert index.synonym_sets[start:end].tolist() == [1, 2]


@pytest.mark.parametrize("place", [0, 30, 60, -1])
def test_a_changed_byte_is_noticed_and_mended(made, place):
    ensure_index(NoProgress())
    path = index_path()
    whole = path.read_bytes()
    broken = bytearray(whole)
    broken[place] ^= 1
    path.write_bytes(broken)
    with pytest.raises(BrokenIndexError):
        read_index(path)
    assert not is_built()
    ensure_index(NoProgress())
    assert path.read_bytes() == whole


@pytest.mark.parametrize("size", [0, 10, 40, 200])
def test_a_cut_index_is_noticed_and_mended(made, size):
    ensure_index(NoProgress())
    path = index_path()
    whole = path.read_bytes()
    path.write_bytes(whole[:size])
    assert not is_built()
    ensure_index(NoProgress())
    assert path.read_bytes() == whole


def test_nothing_but_the_index_its_stamp_and_its_lock_is_left(made):
    ensure_index(NoProgress())
    assert {path.suffix for path in index_path().parent.iterdir()} == {".index", ".stamp", ".lock"}


def test_without_index_and_package_the_install_line_is_told(made, monkeypatch):
    monkeypatch.setattr(meteor_index, "sources", lambda: None)
    with pytest.raises(MissingExtraError) as told:
        ensure_index(NoProgress())
    assert told.value.exit_code == 4
    assert "pip install" in told.value.hint


def test_an_index_without_the_package_is_used(made, monkeypatch):
    ensure_index(NoProgress())
    monkeypatch.setattr(meteor_index, "sources", lambda: None)
    assert ensure_index(NoProgress()).function == {"the", "a"}


class Told(NoProgress):
    """A listener that keeps the lines."""

    def __init__(self):
        self.lines = []

    def tell(self, line):
        self.lines.append(line)


def test_that_a_damaged_index_is_compiled_again_is_told(made):
    progress = Told()
    ensure_index(progress)
    index_path().write_bytes(index_path().read_bytes()[:-1])
    ensure_index(progress)
    (line,) = progress.lines
    assert str(index_path()) in line
    assert "it is cut" in line


def test_what_a_killed_process_left_is_removed(made):
    index_path().parent.mkdir(parents=True)
    left = index_path().with_name("tmp0.part")
    left.write_bytes(b"half")
    ensure_index(NoProgress())
    assert not left.exists()


@pytest.mark.parametrize("which", ["program", "paraphrases"])
@pytest.mark.parametrize("is_cut", [True, False])
def test_damaged_tables_of_the_package_are_told(made, which, is_cut):
    path = getattr(made, which)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if is_cut else b"no archive")
    with pytest.raises(ModelError, match=made.program.parent.name) as told:
        ensure_index(NoProgress())
    assert "force-reinstall" in told.value.hint


def test_a_full_disk_is_told_and_nothing_is_left(made, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space left on device") as told:
        ensure_index(NoProgress())
    assert "VLMEVAL_CACHE" in told.value.hint
    assert [path.suffix for path in index_path().parent.iterdir()] == [".lock"]


def test_a_cache_folder_that_cannot_be_made_is_told(made, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("VLMEVAL_CACHE", str(tmp_path / "file"))
    with pytest.raises(OutputError, match="cannot be written"):
        ensure_index(NoProgress())


def test_processes_that_compile_at_once_all_find_a_whole_index(made):
    code = (
        "import sys; from pathlib import Path\n"
        "from vlmeval_cli.resources import meteor_index as m\n"
        "from vlmeval_cli.resources.build_meteor_index import Sources\n"
        "files = Sources(*map(Path, sys.argv[1:]))\n"
        "m.sources = lambda: files\n"
        "from vlmeval_cli.core.progress import NoProgress\n"
        "print(len(m.ensure_index(NoProgress()).phrase_keys))\n"
    )
    command = [sys.executable, "-c", code, *map(str, made)]
    with ThreadPoolExecutor(3) as pool:
        told = [*pool.map(lambda _: subprocess.check_output(command, text=True), range(3))]
    assert told == ["3\n"] * 3
