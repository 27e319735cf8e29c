"""Vectors of texts hang on the text and the weights alone."""

import json
import shutil

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vlmeval_cli.core.config import ModelPolicy
from vlmeval_cli.core.errors import ModelError, UsageError
from vlmeval_cli.core.progress import NoProgress
from vlmeval_cli.models import columns
from vlmeval_cli.models.devices import Device
from vlmeval_cli.models.loading import locate
from vlmeval_cli.models.text_encoder import TextEncoder

TEXTS = ["a dog runs", "the man sits on a horse in the park", "", "  cat  ", "a dog runs over"]


def encoder(folder, **choices):
    located = locate(str(folder), user="a test", offline=True)
    return TextEncoder.of(located, ModelPolicy(cache=False, device="cpu", **choices))


@pytest.mark.parametrize("kind", ["tiny_bert", "tiny_roberta"])
@pytest.mark.parametrize("layer", [0, 1, 2])
def test_vectors_are_the_hidden_states_of_the_whole_network(kind, layer, request):
    import torch
    from transformers import AutoModel, AutoTokenizer

    folder = request.getfixturevalue(kind)
    found = encoder(folder).token_vectors(TEXTS, layer)
    extra = {"add_prefix_space": True} if kind == "tiny_roberta" else {}
    tokenizer = AutoTokenizer.from_pretrained(folder, **extra)
    model = AutoModel.from_pretrained(folder).eval()
    for i, text in enumerate(TEXTS):
        coded = tokenizer(text.strip(), return_tensors="pt")
        with torch.no_grad():
            states = model(**coded, output_hidden_states=True).hidden_states[layer][0].numpy()
        own = slice(found.offsets[i], found.offsets[i + 1])
        assert found.ids[own].tolist() == coded.input_ids[0].tolist()
        np.testing.assert_allclose(found.vectors[own], states, atol=1e-6)


def test_an_empty_text_has_the_two_special_tokens(tiny_bert):
    found = encoder(tiny_bert).token_vectors(["", "   "], 2)
    assert found.ids.tolist() == [2, 3, 2, 3]


def test_the_small_encoder_of_a_package_loads(minilm):
    found = encoder(minilm).token_vectors(["a dog"], 6)
    assert found.vectors.shape == (4, 384)


def test_clip_model_loads(tiny_clip):
    from transformers import AutoTokenizer, CLIPModel

    tokenizer = AutoTokenizer.from_pretrained(tiny_clip)
    coded = tokenizer("a photo depicts a dog", return_tensors="pt")
    model = CLIPModel.from_pretrained(tiny_clip)
    assert coded.input_ids[0, 0] == tokenizer.bos_token_id
    assert coded.input_ids[0, -1] == tokenizer.eos_token_id
    assert model.get_text_features(**coded) is not None


words = st.sampled_from(["a", "the", "dog", "cat", "sits", "on", "red", "grass", "zebra,", "", "."])
texts_of_words = st.lists(st.lists(words, max_size=40).map(" ".join), min_size=1, max_size=12)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(texts_of_words, st.integers(1, 5), st.randoms())
def test_vectors_hang_on_neither_batch_nor_order(tiny_bert, texts, size, random):
    whole = encoder(tiny_bert).token_vectors(texts, 3)
    order = random.sample(range(len(texts)), len(texts))
    other = encoder(tiny_bert, batch_size=size).token_vectors([texts[i] for i in order], 3)
    for new, old in enumerate(order):
        mine = whole.vectors[whole.offsets[old] : whole.offsets[old + 1]]
        theirs = other.vectors[other.offsets[new] : other.offsets[new + 1]]
        np.testing.assert_allclose(mine, theirs, atol=1e-6)
        assert other.n_cut[new] == whole.n_cut[old]


@pytest.mark.parametrize("kind", ["tiny_bert", "tiny_roberta"])
def test_long_texts_are_cut_and_counted(kind, request):
    """32 positions, of which two hold special tokens; RoBERTa's begin at 2 of 34."""
    found = encoder(request.getfixturevalue(kind)).token_vectors(["dog " * 50, "dog"], 1)
    assert np.diff(found.offsets)[0] == 32
    long = found.ids[:32]
    last = {"tiny_bert": 3, "tiny_roberta": 2}[kind]  # [SEP], </s>
    assert long[-1] == last == found.ids[-1]
    per_word = (np.diff(found.offsets)[1] - 2) * 50
    assert found.n_cut.tolist() == [per_word + 2 - 32, 0]


def test_a_layer_that_is_not_there_is_told(tiny_bert):
    with pytest.raises(UsageError, match="expected one from 0 to 3"):
        encoder(tiny_bert).token_vectors(["dog"], 4)


def test_no_texts_have_no_vectors(tiny_bert):
    found = encoder(tiny_bert).token_vectors([], 1)
    assert found.vectors.shape == (0, 16)
    assert found.offsets.tolist() == [0]


@pytest.mark.parametrize("name", ["float32", "bf16", "fp16"])
def test_numbers_of_less_precision_are_near(tiny_bert, name):
    exact = encoder(tiny_bert).token_vectors(TEXTS, 3).vectors
    found = encoder(tiny_bert, dtype=name).token_vectors(TEXTS, 3).vectors
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, exact, atol={"float32": 0, "bf16": 0.1, "fp16": 0.02}[name])


def test_sentences_are_those_of_sentence_transformers(minilm):
    from sentence_transformers import SentenceTransformer

    located = locate(minilm, user="a test", offline=True)
    texts = ["a dog runs", "", "  Two dogs run over the grass. ", "word " * 300]
    mine, n_cut = encoder(minilm).sentence_vectors(texts)
    theirs = SentenceTransformer(str(located.path), device="cpu").encode(texts)
    np.testing.assert_allclose(mine, theirs, atol=1e-6)
    assert n_cut.tolist() == [0, 0, 0, 302 - 256]


def test_a_sentence_encoder_with_other_parts_is_refused(tiny_bert, tmp_path):
    folder = tmp_path / "dense"
    shutil.copytree(tiny_bert, folder)
    parts = [{"type": "sentence_transformers.models.Dense"}]
    (folder / "modules.json").write_text(json.dumps(parts))
    with pytest.raises(ModelError, match="has the part Dense"):
        encoder(folder).sentence_vectors(["a"])


def test_out_of_memory_halves_the_batch(tiny_bert, monkeypatch):
    import torch

    from vlmeval_cli.models import passes

    whole = encoder(tiny_bert).token_vectors(TEXTS * 4, 2)
    real, sizes = passes.Pass._rows, []

    def short_of_memory(self, network, device, ids, places, lengths):
        sizes.append(len(places))
        if len(places) > 6:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return real(self, network, device, ids, places, lengths)

    monkeypatch.setattr(passes.Pass, "_rows", short_of_memory)
    found = encoder(tiny_bert).token_vectors(TEXTS * 4, 2)
    np.testing.assert_allclose(found.vectors, whole.vectors, atol=1e-6)
    assert sizes[0] == 20
    assert max(sizes[2:]) <= 10


def test_several_devices_give_the_same(tiny_bert, monkeypatch):
    """Two processes on the CPU stand for two GPUs."""
    from vlmeval_cli.models import passes

    texts = [text for text in TEXTS for _ in range(3)]
    alone = encoder(tiny_bert).token_vectors(texts, 2)
    both = [Device("cpu", "float32"), Device("cpu", "float32")]
    monkeypatch.setattr(Device, "all_of", classmethod(lambda *_: both))
    monkeypatch.setattr(passes, "_WORTH_SPREADING", 1)
    found = encoder(tiny_bert).token_vectors(texts, 2)
    np.testing.assert_allclose(found.vectors, alone.vectors, atol=1e-6)
    assert found.ids.tolist() == alone.ids.tolist()


@pytest.fixture
def three_threads(monkeypatch):
    """Batches of a few tokens on three threads."""
    import torch

    from vlmeval_cli.models import passes

    before = torch.get_num_threads()
    monkeypatch.setitem(passes._BUDGET, "cpu", 20)
    torch.set_num_threads(3)
    yield torch.get_num_threads
    torch.set_num_threads(before)


def test_threads_of_the_cpu_give_the_same(tiny_bert, three_threads, monkeypatch):
    import threading

    from vlmeval_cli.models import passes

    texts = TEXTS * 20
    alone = encoder(tiny_bert, batch_size=1_000).token_vectors(texts, 2)
    real, names = passes.Pass._rows, set()

    def watched(self, *given):
        names.add(threading.current_thread().name)
        return real(self, *given)

    monkeypatch.setattr(passes.Pass, "_rows", watched)
    found = encoder(tiny_bert).token_vectors(texts, 2)
    np.testing.assert_allclose(found.vectors, alone.vectors, atol=1e-6)
    assert len(names) > 1
    assert three_threads() == 3  # as it was


def test_a_thread_that_fails_stops_the_others(tiny_bert, three_threads, monkeypatch):
    from vlmeval_cli.models import passes

    real, calls = passes.Pass._rows, []

    def failing(self, *given):
        calls.append(given)
        if len(calls) >= 4:
            raise ValueError("broken")
        return real(self, *given)

    monkeypatch.setattr(passes.Pass, "_rows", failing)
    with pytest.raises(ValueError, match="broken"):
        encoder(tiny_bert).token_vectors(TEXTS * 200, 2)
    assert len(calls) <= 12  # of some two hundred batches
    assert three_threads() == 3


def test_many_vectors_lie_in_a_file(tiny_bert, monkeypatch):
    plain = encoder(tiny_bert).token_vectors(TEXTS, 2)
    monkeypatch.setattr(columns, "MOST_IN_MEMORY", 100)
    found = encoder(tiny_bert).token_vectors(TEXTS, 2)
    assert isinstance(found.vectors, np.memmap)
    assert (found.vectors == plain.vectors).all()


@pytest.mark.parametrize("kind", ["tiny_bert", "tiny_roberta"])
def test_a_lone_surrogate_is_read_as_a_question_mark(kind, request):
    """Valid JSON can hold one, and no tokenizer takes it."""
    one = encoder(request.getfixturevalue(kind))
    odd, plain = (one.token_vectors([f"a dog {mark} x"], 2) for mark in ("\ud800", "?"))
    assert odd.ids.tolist() == plain.ids.tolist()
    assert (odd.vectors == plain.vectors).all()


def test_half_precision_on_a_cpu_is_told_once_to_be_slow(tiny_bert, monkeypatch):
    from vlmeval_cli.models import devices

    monkeypatch.setattr(devices, "_WARNED", set())
    told = []

    class Listener(NoProgress):
        def tell(self, line):
            told.append(line)

    located = locate(str(tiny_bert), user="a test", offline=True)
    for dtype in ("float32", "bf16", "fp16", "fp16"):
        policy = ModelPolicy(cache=False, device="cpu", dtype=dtype)
        TextEncoder.of(located, policy, "a test", Listener()).token_vectors(TEXTS, 1)
    (line,) = told
    assert "slower with --dtype fp16" in line
