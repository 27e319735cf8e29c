"""What was encoded once is read from the cache, without the libraries that made it."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import vlmeval_cli
from vlmeval_cli.core.batch import TextColumn
from vlmeval_cli.core.config import ModelPolicy
from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.core.progress import NoProgress
from vlmeval_cli.engine.encode import Encoder, need_of
from vlmeval_cli.models import devices
from vlmeval_cli.models.cache import cache_file
from vlmeval_cli.models.loading import locate
from vlmeval_cli.models.passes import Pass
from vlmeval_cli.models.text_encoder import TextEncoder

TEXTS = ["a dog runs", "", "the cat sits on the grass", "dog " * 60]


@pytest.fixture
def encoded(monkeypatch):
    """Texts that went through the network."""
    found = []
    real = Pass.run

    def run(self, ids, devices, deliver):
        found.append(len(ids))
        return real(self, ids, devices, deliver)

    monkeypatch.setattr(Pass, "run", run)
    return found


def encoder(folder, **choices):
    return TextEncoder.of(locate(str(folder), user="a test", offline=True), ModelPolicy(**choices))


def test_the_second_run_reads_what_the_first_computed(tiny_bert, encoded):
    first = encoder(tiny_bert).token_vectors(TEXTS, 2)
    second = encoder(tiny_bert).token_vectors([*reversed(TEXTS), "a new one"], 2)
    assert encoded == [4, 1]
    for i in range(4):
        mine = slice(first.offsets[i], first.offsets[i + 1])
        theirs = slice(second.offsets[3 - i], second.offsets[4 - i])
        assert (first.vectors[mine] == second.vectors[theirs]).all()
        assert (first.ids[mine] == second.ids[theirs]).all()
        assert first.n_cut[i] == second.n_cut[3 - i]


@pytest.mark.parametrize(
    "other",
    [
        lambda bert, roberta: encoder(bert).token_vectors(TEXTS, 1),
        lambda bert, roberta: encoder(bert).sentence_vectors(TEXTS),
        lambda bert, roberta: encoder(bert, dtype="bf16").token_vectors(TEXTS, 2),
        lambda bert, roberta: encoder(roberta).token_vectors(TEXTS, 2),
        lambda bert, roberta: encoder(bert, cache=False).token_vectors(TEXTS, 2),
    ],
    ids=["layer", "pooling", "dtype", "weights", "no cache"],
)
def test_another_encoding_is_another_key(other, tiny_bert, tiny_roberta, encoded):
    encoder(tiny_bert).token_vectors(TEXTS, 2)
    other(tiny_bert, tiny_roberta)
    assert encoded == [4, 4]


def test_sentences_are_kept(tiny_bert, encoded):
    first, _ = encoder(tiny_bert).sentence_vectors(TEXTS)
    second, n_cut = encoder(tiny_bert).sentence_vectors(TEXTS)
    assert encoded == [4]
    np.testing.assert_array_equal(first, second)
    assert n_cut[3] > 0


def test_a_damaged_cache_is_made_anew(tiny_bert, encoded):
    first = encoder(tiny_bert).token_vectors(TEXTS, 2)
    cache_file().write_bytes(b"nothing that SQLite knows" * 400)
    told = []

    class Listener(NoProgress):
        def tell(self, line):
            told.append(line)

    located = locate(str(tiny_bert), user="a test", offline=True)
    second = TextEncoder.of(located, ModelPolicy(), "a test", Listener()).token_vectors(TEXTS, 2)
    assert (first.vectors == second.vectors).all()
    assert len(told) == 1
    encoder(tiny_bert).token_vectors(TEXTS, 2)
    assert encoded == [4, 4]


def test_a_run_from_the_cache_loads_no_torch(tiny_bert):
    encoder(tiny_bert).token_vectors(TEXTS, 2)
    code = (
        "import sys\n"
        "from vlmeval_cli.core.config import ModelPolicy\n"
        "from vlmeval_cli.models.loading import locate\n"
        "from vlmeval_cli.models.text_encoder import TextEncoder\n"
        "one = TextEncoder.of(locate(sys.argv[1], user='x', offline=True), ModelPolicy())\n"
        f"assert one.token_vectors({TEXTS!r}, 2).vectors.any()\n"
        "one.provenance()\n"
        "assert not {'torch', 'transformers', 'tokenizers'} & set(sys.modules)\n"
    )
    root = str(Path(vlmeval_cli.__path__[0]).parent)
    subprocess.run(
        [sys.executable, "-c", code, str(tiny_bert)],
        check=True, env={**os.environ, "PYTHONPATH": root},
    )  # fmt: skip


def test_a_device_that_is_not_here_is_refused_though_the_cache_has_everything(
    tiny_bert, encoded, monkeypatch
):
    need = need_of(f"prediction.token_vectors:{tiny_bert}@2")
    texts = TextColumn(TEXTS, np.arange(len(TEXTS) + 1))
    Encoder().column(need, texts, ModelPolicy(device="cpu"), NoProgress())
    assert encoded == [4]
    monkeypatch.setattr(devices, "_there", lambda torch: {"cpu": ["cpu"]})
    with pytest.raises(UsageError, match="--device mps: there is none"):
        Encoder().column(need, texts, ModelPolicy(device="mps"), NoProgress())
