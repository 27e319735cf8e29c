"""Vectors of texts hang on the text and the weights alone."""

import numpy as np
import pytest

from vlmeval_cli.core.config import ModelPolicy
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
