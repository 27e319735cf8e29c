"""What is read from the cache is what was put under that key, whatever else happens to the file."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import vlmeval_cli
from vlmeval_cli.core.config import ModelPolicy
from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.models import kept_file
from vlmeval_cli.models.cache import EncodingCache, Entry, cache_file, keys_of

NAMES = st.text(max_size=3)
VECTORS = st.lists(st.floats(width=32, allow_nan=False), min_size=1, max_size=6)
PUT = st.dictionaries(NAMES, VECTORS, min_size=1, max_size=5).map(lambda some: ("put", some))
ACTIONS = st.lists(
    PUT | st.tuples(st.just("damage"), st.floats(0, 1)) | st.just(("remove", None)), max_size=12
)


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("VLMEVAL_CACHE", str(tmp_path / "kept"))


def entries(some):
    for name, vectors in some.items():
        (key,) = keys_of("space", [name])
        yield Entry(key, np.arange(len(vectors)), len(name), np.array(vectors, np.float32))


def read(cache, names):
    """Name → (ids, n_cut, vectors) of all that is kept whole."""
    heads = cache.heads(keys_of("space", names))
    owner = {head.number: place for place, head in heads.items()}
    return {
        names[owner[number]]: (heads[owner[number]], vectors.tolist())
        for number, vectors in cache.vectors([*owner])
    }


def remove():
    for file in cache_file().parent.glob("*"):
        file.unlink()


def damage(where):
    """Other bytes in one place of the file, as a bad disk would write them."""
    if cache_file().exists():
        content = bytearray(cache_file().read_bytes())
        place = min(int(where * len(content)), len(content) - 1)
        content[place : place + 40] = bytes(byte ^ 0xA5 for byte in content[place : place + 40])
        cache_file().write_bytes(bytes(content))


@settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(ACTIONS)
def test_what_is_read_is_the_last_that_was_put(actions):
    remove() if cache_file().parent.exists() else None
    known, is_whole = {}, True
    for action, given_ in actions:
        cache = EncodingCache(cache_file())  # as another run opens it
        if action == "put":
            cache.put(entries(given_))
            known |= given_
        elif action == "remove":
            remove() if cache_file().parent.exists() else None
            known = {}
        else:
            damage(given_)
            is_whole = False
        found = read(EncodingCache(cache_file()), [*known])
        assert not is_whole or found.keys() == known.keys()
        for name, (head, vectors) in found.items():
            assert vectors == known[name]
            assert head.n_cut == len(name)
            assert head.ids.tolist() == [*range(len(vectors))]


def test_numbers_of_an_old_file_find_nothing_in_a_new_one():
    cache = EncodingCache(cache_file())
    cache.put(entries({"a dog": [1.0, 2.0], "a cat": [3.0, 4.0]}))
    numbers = [head.number for head in cache.heads(keys_of("space", ["a dog", "a cat"])).values()]
    remove()
    cache.put(entries({"a horse": [5.0, 6.0], "a bird": [7.0, 8.0]}))
    assert len(numbers) == 2
    assert not [*cache.vectors(numbers)]


def test_a_file_that_cannot_be_used_is_told_once(tmp_path):
    (tmp_path / "file").write_text("in the way")
    told = []
    cache = EncodingCache(tmp_path / "file" / "encodings.sqlite", told.append)
    keys = keys_of("space", [*map(str, range(1_200))])
    assert cache.heads(keys) == {}
    cache.put(Entry(key, np.array([1]), 0, np.zeros(3, np.float32)) for key in keys)
    assert len(told) == 1


def test_a_file_that_is_locked_is_told_once_and_not_waited_for_again(monkeypatch):
    monkeypatch.setattr("vlmeval_cli.models.kept_file.WAIT_S", 0.01)
    EncodingCache(cache_file()).put(entries({"a dog": [1.0]}))
    told = []
    cache = EncodingCache(cache_file(), told.append)
    other = sqlite3.connect(cache_file(), isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        cache.put(entries({"a cat": [2.0]}))
        cache.put(entries({"a bird": [3.0]}))
    finally:
        other.close()
    assert len(told) == 1
    assert "locked" in told[0]
    assert read(EncodingCache(cache_file()), ["a dog", "a cat"]).keys() == {"a dog"}


@pytest.mark.parametrize("limit", ["20GB", "-1", "nan", "inf"])
def test_a_limit_that_is_no_size_is_wrong_usage(monkeypatch, limit):
    monkeypatch.setenv("VLMEVAL_CACHE_GIB", limit)
    with pytest.raises(UsageError, match=r"VLMEVAL_CACHE_GIB: got .*expected a number of GiB"):
        EncodingCache.of(ModelPolicy())
    assert EncodingCache.of(ModelPolicy(cache=False)) is None


def test_processes_that_share_a_file_being_damaged_never_read_what_was_not_put():
    code = (
        "import sys; sys.path.insert(0, sys.argv[2])\n"
        "import numpy as np\n"
        "from vlmeval_cli.models.cache import *\n"
        "for i in range(60):\n"
        "    cache = EncodingCache(cache_file())\n"
        "    keys = keys_of('space', [str(n) for n in range(i, i + 20)])\n"
        "    heads = cache.heads(keys)\n"
        "    owner = {head.number: place for place, head in heads.items()}\n"
        "    for number, vectors in cache.vectors([*owner]):\n"
        "        assert (vectors == i + owner[number]).all(), (i, owner[number], vectors)\n"
        "    some = [j for j in range(20) if j not in heads]\n"
        "    cache.put(Entry(keys[j], np.array([1]), 0, np.full(500, i + j)) for j in some)\n"
    )
    root = str(Path(vlmeval_cli.__path__[0]).parent)
    running = [
        subprocess.Popen([sys.executable, "-c", code, str(n), root], stderr=subprocess.PIPE)
        for n in range(3)
    ]
    for place in np.linspace(0, 1, 40).tolist():
        damage(place)
    errors = [process.communicate()[1].decode() for process in running]
    assert errors == ["", "", ""]


def test_a_lock_is_waited_for_once_in_a_process_and_told_with_a_warning(monkeypatch):
    monkeypatch.setattr("vlmeval_cli.models.kept_file.WAIT_S", 0.01)
    EncodingCache(cache_file()).put(entries({"a dog": [1.0]}))
    waited, told = [], []
    real = sqlite3.connect

    def connect(*arguments, **named):
        waited.append(named)
        return real(*arguments, **named)

    other = real(cache_file(), isolation_level=None)
    try:
        other.execute("BEGIN EXCLUSIVE")
        monkeypatch.setattr("sqlite3.connect", connect)
        for text in ("a cat", "a bird", "a horse"):  # as each column of a run does
            EncodingCache.of(ModelPolicy(), told.append).put(entries({text: [2.0]}))
    finally:
        other.close()
    assert len(waited) == 1
    assert [line.startswith(f"warning: {cache_file()} is locked") for line in told] == [True]
    assert read(EncodingCache.of(ModelPolicy()), ["a dog"]).keys() == {"a dog"}  # reading goes on


def test_nobody_waits_longer_than_a_few_seconds():
    assert 1 <= kept_file.WAIT_S <= 10


def test_a_database_of_something_else_is_made_anew():
    cache_file().parent.mkdir(parents=True)
    with closing(sqlite3.connect(cache_file())) as base, base:
        base.execute("CREATE TABLE encodings (key TEXT, value TEXT)")
    told = []
    cache = EncodingCache(cache_file(), told.append)
    assert read(cache, ["a dog"]) == {}
    cache.put(entries({"a dog": [1.0]}))
    assert read(cache, ["a dog"]).keys() == {"a dog"}
    assert told == [f"warning: {cache_file()} held something else; it is made anew"]


@pytest.fixture
def protected(monkeypatch):
    """A folder with a cache that may be read and not written; root may do all, and stays aside."""
    if not hasattr(os, "geteuid"):
        pytest.skip("this system has no such permissions")
    with TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        monkeypatch.setenv("VLMEVAL_CACHE", name)
        EncodingCache(cache_file()).put(entries({"a dog": [1.0]}))
        for file in folder.iterdir():
            file.chmod(0o444)
        folder.chmod(0o555)
        is_root = os.geteuid() == 0
        if is_root:
            os.seteuid(65_534)
        try:
            yield folder
        finally:
            if is_root:
                os.seteuid(0)
            folder.chmod(0o755)


def test_what_may_not_be_written_is_read(protected):
    told = []
    cache = EncodingCache.of(ModelPolicy(), told.append)
    assert read(cache, ["a dog"]).keys() == {"a dog"}
    assert told == []  # nothing is lacking
    cache.put(entries({"a cat": [2.0]}))
    EncodingCache.of(ModelPolicy(), told.append).put(entries({"a cat": [2.0]}))
    assert told == [f"warning: {cache_file()} may not be written; new encodings are not kept"]
    assert read(cache, ["a dog", "a cat"]).keys() == {"a dog"}


def test_writing_first_finds_out_that_it_may_not(protected):
    told = []
    cache = EncodingCache.of(ModelPolicy(), told.append)
    cache.put(entries({"a cat": [2.0]}))
    assert len(told) == 1
    assert read(cache, ["a dog"]).keys() == {"a dog"}
