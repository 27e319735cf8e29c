"""Scoring asks nothing of the network; tests/conftest.py blocks sockets for every test."""

import socket

import pytest

from vlmeval_cli.cli.main import main


@pytest.fixture(autouse=True)
def free_to_fetch(monkeypatch, tmp_path):
    """No variable keeps a model from being fetched, and none is on disk."""
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))


def connect_to_an_address():
    with socket.socket() as unconnected:
        unconnected.connect(("192.0.2.1", 443))


@pytest.mark.parametrize(
    "ask",
    [
        lambda: socket.create_connection(("huggingface.co", 443), timeout=1),
        connect_to_an_address,
        lambda: socket.getaddrinfo("huggingface.co", 443),
    ],
    ids=["create", "connect", "look up"],
)
def test_sockets_are_blocked(ask):
    with pytest.raises(AssertionError, match=r"a (connection|look-up)"):
        ask()


def test_no_default_score_asks_the_network(root, capfd):
    for folder in sorted((root / "sample_data").glob("*/")):
        files = [*folder.glob("preds.*"), *folder.glob("refs.*")]
        if any(file.stem == "preds" for file in files):
            assert main(["score", *map(str, files), "--resamples", "20"]) == 0, folder.name


def test_a_default_that_is_left_out_says_so_once(root, capfd):
    folder = root / "sample_data" / "text"
    assert main(["score", *map(str, sorted(folder.glob("*.jsonl"))), "--resamples", "0"]) == 0
    err = capfd.readouterr()[1]
    from vlmeval_cli.registry import metrics

    assert err.count("bert_score is left out") == int("bert_score" in metrics())
