"""Encodings are kept, shared and rebuilt."""

import subprocess
import sys

import numpy as np
import pytest

from vlmeval_cli.core.config import ModelPolicy
from vlmeval_cli.models.cache import EncodingCache, Entry, cache_file, cache_size, keys_of

KEYS = keys_of("weights|3|float32", ["a dog", "", "ein Hündchen"])


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("VLMEVAL_CACHE", str(tmp_path / "kept"))


@pytest.fixture
def told():
    return []


@pytest.fixture
def cache(told):
    return EncodingCache(cache_file(), told.append)


def entries(keys=KEYS, scale=1.0):
    for i, key in enumerate(keys):
        vectors = np.arange(6, dtype=np.float32).reshape(2, 3) * scale + i
        yield Entry(key, np.array([7, i]), i, vectors)


def test_what_is_put_is_found_again(cache, told):
    cache.put(entries())
    heads = cache.heads([b"unknown", *KEYS])
    assert sorted(heads) == [1, 2, 3]
    assert [heads[i].n_cut for i in (1, 2, 3)] == [0, 1, 2]
    assert heads[2].ids.tolist() == [7, 1]
    found = dict(cache.vectors([heads[3].number]))
    assert found[heads[3].number].tolist() == [2, 3, 4, 5, 6, 7]
    assert told == []
    assert cache_size() > 0


def test_more_keys_than_a_query_takes(cache):
    keys = keys_of("many", [str(i) for i in range(1234)])
    cache.put(entries(keys))
    heads = cache.heads(keys)
    assert len(heads) == 1234
    assert len(dict(cache.vectors([head.number for head in heads.values()]))) == 1234


def test_a_key_hangs_on_space_and_text():
    assert keys_of("a", ["b"]) != keys_of("ab", [""])
    assert keys_of("a", ["b"]) != keys_of("c", ["b"])
    assert keys_of("a", ["b", "b"])[0] == keys_of("a", ["b"])[0]


def test_none_where_none_is_wanted():
    assert EncodingCache.of(ModelPolicy(cache=False)) is None
    assert EncodingCache.of(ModelPolicy()).path == cache_file()


@pytest.mark.parametrize("content", [b"no database at all" * 100, b""], ids=["other", "empty"])
def test_a_file_that_is_no_database_is_made_anew(cache, told, content):
    cache_file().parent.mkdir(parents=True)
    cache_file().write_bytes(content)
    assert cache.heads(KEYS) == {}
    cache.put(entries())
    assert len(cache.heads(KEYS)) == 3
    assert len(told) == bool(content)
    assert all("made anew" in line for line in told)


def test_damage_inside_the_file_is_never_read(cache, told):
    keys = keys_of("large", [str(i) for i in range(50)])
    cache.put(
        Entry(key, np.array([1, 2]), 0, np.full((40, 25), 3, dtype=np.float32)) for key in keys
    )
    content = bytearray(cache_file().read_bytes())
    for place in range(len(content) // 3, len(content), 9973):
        content[place] ^= 0xFF
    cache_file().write_bytes(bytes(content))
    heads = cache.heads(keys)
    for _, vectors in cache.vectors([head.number for head in heads.values()]):
        assert (vectors == 3).all()
    cache.put(entries())
    cache.put(entries())
    assert len(cache.heads(KEYS)) == 3


def test_a_folder_that_cannot_be_written_stops_nothing(tmp_path, told):
    (tmp_path / "file").write_text("in the way")
    cache = EncodingCache(tmp_path / "file" / "encodings.sqlite", told.append)
    cache.put(entries())
    assert cache.heads(KEYS) == {}
    assert all("not kept" in line for line in told)


def test_the_oldest_make_room(cache, monkeypatch):
    keys = keys_of("large", [str(i) for i in range(100)])
    monkeypatch.setenv("VLMEVAL_CACHE_GIB", str(100_000 / 2**30))
    for key in keys:
        cache.put([Entry(key, np.array([1]), 0, np.zeros((1, 1000), dtype=np.float32))])
    kept = cache.heads(keys)
    assert 10 <= len(kept) < 30  # 4,000 bytes each
    assert max(kept) == 99
    assert cache_size() < 6_000_000  # with the write-ahead file


def test_processes_share_it(cache):
    code = (
        "import sys; sys.path.insert(0, sys.argv[2])\n"
        "import numpy as np\n"
        "from vlmeval_cli.models.cache import *\n"
        "cache = EncodingCache(cache_file(), lambda line: sys.exit(line))\n"
        "for i in range(40):\n"
        "    key = keys_of(sys.argv[1], [str(i)])\n"
        "    both = keys_of('both', [str(i)])\n"
        "    cache.put([Entry(k, np.array([i]), 0, np.full((2, 3), i)) for k in (*key, *both)])\n"
        "    assert len(cache.heads(key)) == 1\n"
    )
    import vlmeval_cli

    root = vlmeval_cli.__path__[0].removesuffix("vlmeval_cli")
    running = [
        subprocess.Popen([sys.executable, "-c", code, name, root], stderr=subprocess.PIPE)
        for name in ("one", "two", "three")
    ]
    errors = [process.communicate()[1].decode() for process in running]
    assert errors == ["", "", ""]
    for name in ("one", "two", "three", "both"):
        keys = keys_of(name, [str(i) for i in range(40)])
        heads = cache.heads(keys)
        assert len(heads) == 40
        numbers = {head.number: i for i, head in heads.items()}
        assert all((v == numbers[n]).all() for n, v in cache.vectors(list(numbers)))
