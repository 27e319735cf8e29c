"""No weight is made up: what the files of a network lack or have otherwise is told by its name."""

import json
import shutil

import numpy as np
import pytest

from vlmeval_cli.core.config import ModelPolicy
from vlmeval_cli.core.errors import ModelError
from vlmeval_cli.models.clip import ClipEncoder
from vlmeval_cli.models.loading import locate
from vlmeval_cli.models.text_encoder import TextEncoder

ON_CPU = ModelPolicy(device="cpu", cache=False)


def vectors(folder, layer=None):
    located = locate(str(folder), user="a test", offline=True)
    return TextEncoder.of(located, ON_CPU, "a test").token_vectors(["a dog"], layer).vectors


def clip_vectors(folder):
    located = locate(str(folder), user="a test", offline=True)
    return ClipEncoder(located, ON_CPU, "a test").text_vectors(["a dog"]).vectors


@pytest.fixture
def changed(tmp_path):
    """A copy of a folder with other settings, and weights under other names."""

    def change(folder, settings=lambda config: None, rename=lambda name: name):
        from safetensors.torch import load_file, save_file

        copy = tmp_path / folder.name
        shutil.copytree(folder, copy)
        config = json.loads((copy / "config.json").read_text("utf-8"))
        settings(config)
        (copy / "config.json").write_text(json.dumps(config), "utf-8")
        weights = load_file(copy / "model.safetensors")
        kept = {rename(name): one for name, one in weights.items() if rename(name)}
        save_file(kept, copy / "model.safetensors", {"format": "pt"})
        return copy

    return change


def test_a_layer_that_the_file_lacks_is_told(tiny_bert, changed):
    """Of a layer of BERT: 3 × 2 + 2 of attention and its output, 2 + 2 of the rest, 2 × 2 norms."""
    folder = changed(tiny_bert, lambda config: config.update(num_hidden_layers=5))
    with pytest.raises(ModelError, match=r"lacks encoder\.layer\.3\..*, and so on for 31 more"):
        vectors(folder)
    assert vectors(folder, 3).shape == (4, 16)  # which needs only what is there


def test_weights_under_other_names_are_told(tiny_bert, changed):
    folder = changed(tiny_bert, rename=lambda name: f"foo.{name}")
    with pytest.raises(ModelError, match=r"the file of weights lacks embeddings\."):
        vectors(folder, 1)


def test_a_pooler_is_not_needed(tiny_bert, changed):
    """Checkpoints of masked language models have none."""
    folder = changed(tiny_bert, rename=lambda name: "" if name.startswith("pooler") else name)
    np.testing.assert_allclose(vectors(folder), vectors(tiny_bert), atol=1e-6)


def test_weights_of_another_shape_are_told(tiny_bert, changed):
    folder = changed(tiny_bert, lambda config: config.update(intermediate_size=8))
    with pytest.raises(ModelError) as caught:
        vectors(folder)
    named = "encoder.layer.0.intermediate.dense.bias has the shape (32,) in the file of weights"
    assert f"{named}, and (8,) by config.json" in caught.value.message


def test_the_layers_that_a_clip_lacks_are_told(tiny_clip, changed):
    folder = changed(tiny_clip, lambda config: config["text_config"].update(num_hidden_layers=4))
    with pytest.raises(ModelError, match=r"lacks text_model\.encoder\.layers\.2\."):
        clip_vectors(folder)


def test_a_clip_needs_no_scale_of_its_training(tiny_clip, changed):
    folder = changed(tiny_clip, rename=lambda name: "" if "logit" in name else name)
    np.testing.assert_allclose(clip_vectors(folder), clip_vectors(tiny_clip), atol=1e-6)


def test_a_network_of_images_is_no_encoder_of_texts(tiny_clip):
    with pytest.raises(ModelError, match=r'no encoder of texts: .* of the kind "clip"'):
        vectors(tiny_clip)


def test_a_tokenizer_without_words_is_told(tiny_bert, tmp_path):
    """The library makes one that takes every word for unknown."""
    folder = tmp_path / "net"
    shutil.copytree(tiny_bert, folder)
    (folder / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n", "utf-8")
    with pytest.raises(ModelError, match="its tokenizer cannot be used: it has no words"):
        vectors(folder)


TINY = {"d_model": 16, "vocab_size": 80}


@pytest.mark.parametrize(
    ("kind", "config", "settings"),
    [
        ("BertForMaskedLM", "BertConfig", {}),
        ("RobertaForMaskedLM", "RobertaConfig", {}),
        ("T5ForConditionalGeneration", "T5Config", {**TINY, "d_kv": 8, "d_ff": 16}),
        ("BartForConditionalGeneration", "BartConfig", TINY),
        ("XLNetLMHeadModel", "XLNetConfig", {**TINY, "d_head": 8}),
        ("AlbertForMaskedLM", "AlbertConfig", {"embedding_size": 8}),
        ("DebertaV2ForMaskedLM", "DebertaV2Config", {}),
        ("DistilBertForMaskedLM", "DistilBertConfig", {"n_heads": 2}),
        ("MPNetForMaskedLM", "MPNetConfig", {}),
    ],
)
def test_checkpoints_with_a_head_are_whole(kind, config, settings, tiny_bert, tmp_path):
    """What a language model adds to its encoder may be in the files, and a pooler may not."""
    import transformers

    usual = {
        "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "vocab_size": 80,
        "intermediate_size": 16, "pad_token_id": 0,
    }  # fmt: skip
    network = getattr(transformers, kind)(getattr(transformers, config)(**(usual | settings)))
    network.save_pretrained(tmp_path)
    for name in ("vocab.txt", "tokenizer_config.json"):
        shutil.copy(tiny_bert / name, tmp_path)
    for layer in (1, None):
        assert vectors(tmp_path, layer).shape == (4, 16)
