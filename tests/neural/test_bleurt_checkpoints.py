"""Checkpoints that are absent, or are none of BLEURT, are told with what to do."""

import json
import shutil

import numpy as np
import pytest
from neural import tiny_bleurt

from vlmeval_cli.core.config import ModelPolicy
from vlmeval_cli.core.errors import ModelError
from vlmeval_cli.models.bleurt import Bleurt

CPU = ModelPolicy(device="cpu", cache=False)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """The folder of a small checkpoint like BLEURT-20."""
    config = tiny_bleurt.config()
    folder = tmp_path_factory.mktemp("bleurt-20")
    return tiny_bleurt.save(folder, config, tiny_bleurt.weights(config))


@pytest.fixture
def broken(checkpoint, tmp_path):
    """A copy of the checkpoint, to be broken."""
    return shutil.copytree(checkpoint, tmp_path / "broken")


def message_of(folder):
    with pytest.raises(ModelError) as caught:
        Bleurt.called(str(folder), CPU).scores(["a"], ["b"])
    assert caught.value.exit_code == 4
    return str(caught.value)


def test_missing_weights_are_named(broken):
    tiny_bleurt.change(broken, lambda weights: weights.pop("classifier.bias"))
    assert "1 missing (classifier.bias)" in message_of(broken)


def test_unexpected_weights_are_named(broken):
    tiny_bleurt.change(broken, lambda weights: weights.update(extra=np.zeros(3, np.float32)))
    assert "1 unexpected (extra)" in message_of(broken)


def test_weights_of_another_shape_are_named(broken):
    two = {"classifier.weight": np.zeros((2, 16), np.float32)}
    tiny_bleurt.change(broken, lambda weights: weights.update(two))
    message = message_of(broken)
    assert "1 of the wrong shape (classifier.weight (2, 16) instead of (1, 16))" in message


def test_fewer_layers_than_the_configuration_says_are_missing_weights(broken):
    config = tiny_bleurt.config(num_hidden_layers=6)
    (broken / "config.json").write_text(json.dumps(config))
    message = message_of(broken)
    assert "48 missing (encoder.layer.3.attention.self.query.weight, " in message
    assert "and 43 more" in message


def test_weights_in_several_files_are_read(checkpoint, broken):
    from safetensors.numpy import load_file, save_file

    weights = load_file(broken / "model.safetensors")
    (broken / "model.safetensors").unlink()
    for number, own in enumerate((sorted(weights)[:20], sorted(weights)[20:]), 1):
        part = {name: weights[name] for name in own}
        save_file(part, broken / f"model-0000{number}-of-00002.safetensors")
    texts = ["a dog"], ["a cat"]
    scores = [Bleurt.called(str(one), CPU).scores(*texts).scores for one in (checkpoint, broken)]
    np.testing.assert_allclose(*scores, rtol=0, atol=1e-6)


def test_the_tokenizer_of_another_network_is_refused(broken):
    config = tiny_bleurt.config(vocab_size=7)
    weights = tiny_bleurt.weights(config)
    (broken / "config.json").write_text(json.dumps(config))
    tiny_bleurt.change(broken, lambda known: known.update(weights))
    with pytest.raises(ModelError, match="the network knows 7 tokens"):
        Bleurt.called(str(broken), CPU).scores(["the woman reads a book"], ["a cat"])


def test_a_plain_encoder_is_no_bleurt(tiny_bert):
    message = message_of(tiny_bert)
    assert "missing (classifier.weight, classifier.bias" in message
    assert "a plain encoder has no regression head" in message


def test_another_kind_of_network_is_refused(broken):
    config = tiny_bleurt.config()
    (broken / "config.json").write_text(json.dumps({**config, "model_type": "clip"}))
    assert 'model_type is "clip", expected one of bleurt, bert, rembert' in message_of(broken)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("hidden_size", "wide", 'hidden_size is "wide", expected a whole number'),
        ("num_attention_heads", 3, "hidden_size 16 is no multiple of num_attention_heads 3"),
        ("hidden_act", "mish", 'hidden_act is "mish", expected one of gelu'),
    ],
)
def test_a_wrong_configuration_is_told(broken, key, value, said):
    (broken / "config.json").write_text(json.dumps({**tiny_bleurt.config(), key: value}))
    assert said in message_of(broken)


def test_broken_weights_are_told(broken):
    (broken / "model.safetensors").write_bytes(b"nothing")
    assert "model.safetensors: cannot be read as weights" in message_of(broken)


def test_a_pickle_that_runs_code_is_refused(broken):
    import torch

    (broken / "model.safetensors").unlink()
    torch.save({"classifier.bias": shutil.rmtree}, broken / "pytorch_model.bin")
    assert "pytorch_model.bin: cannot be read as weights" in message_of(broken)


def test_a_folder_without_a_tokenizer_is_told(broken):
    (broken / "spm.model").rename(broken / "other.model")
    assert "no tokenizer, expected one of spm.model" in message_of(broken)
    (broken / "other.model").unlink()
    assert "lacks a tokenizer" in message_of(broken)


def test_a_broken_tokenizer_is_told(broken):
    (broken / "spm.model").write_bytes(b"nothing")
    assert "spm.model: no SentencePiece model" in message_of(broken)


def test_a_tokenizer_without_cls_is_told(tmp_path):
    config = tiny_bleurt.config(None)
    folder = tiny_bleurt.save(tmp_path, config, tiny_bleurt.weights(config), "wordpiece")
    pieces = (folder / "vocab.txt").read_text().replace("[CLS]", "[ABC]")
    (folder / "vocab.txt").write_text(pieces)
    assert 'has no token "[CLS]"' in message_of(folder)


def test_the_original_tensorflow_format_is_known(tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(b"")
    message = message_of(tmp_path)
    assert "original TensorFlow format" in message
    assert "lucadiliello/BLEURT-20" in message


def test_an_absent_checkpoint_says_where_it_was_looked_for_and_what_to_do():
    message = message_of("lucadiliello/BLEURT-20")
    assert "models--lucadiliello--BLEURT-20" in message
    assert "vlmeval download lucadiliello/BLEURT-20" in message
    assert "in its place: bert_score:model=minilm" in message
    assert "lucadiliello/BLEURT-20-D12 (0.7 GB)" in message


def test_a_checkpoint_without_its_owner_is_told_the_whole_name():
    assert 'Did you mean "lucadiliello/BLEURT-20-D12"?' in message_of("BLEURT-20-D12")
