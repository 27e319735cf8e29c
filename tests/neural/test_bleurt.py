"""BLEURT against its arithmetic in float64, transformers' networks, and the rules of its input."""

import json
import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from neural import tiny_bleurt

from vlmeval_cli.core.config import ModelPolicy
from vlmeval_cli.core.errors import ModelError
from vlmeval_cli.models.bleurt import Bleurt
from vlmeval_cli.models.pair_tokens import fitting

CPU = ModelPolicy(device="cpu", cache=False)
PROJECTION = ("embedding_projection", "embedding_hidden_mapping_in")  # the port's and RemBERT's
REFERENCES = [
    "a dog runs in the park", "a cat sleeps on the mat", "", "two men ride horses", "a bird",
    "the woman reads a book under a tree near the house and two men ride along the beach",
]  # fmt: skip
PREDICTIONS = [
    "a dog runs", "children play with a red ball", "a bird chirps by the window", "", "x",
    "the woman reads",
]  # fmt: skip
KINDS = {
    "BLEURT-20": {"embedding": 8},
    "English": {"embedding": None, "tokenizer": "wordpiece"},
    "tanh": {"embedding": 8, "hidden_act": "gelu_new"},
    "one layer": {"embedding": 8, "num_hidden_layers": 1},
}


@pytest.fixture(scope="module", params=list(KINDS))
def made(request, tmp_path_factory):
    """A checkpoint's folder, its configuration and its weights."""
    options = dict(KINDS[request.param])
    tokenizer = options.pop("tokenizer", "sentencepiece")
    config = tiny_bleurt.config(**options)
    weights = tiny_bleurt.weights(config)
    folder = tmp_path_factory.mktemp("bleurt")
    tiny_bleurt.save(folder, config, weights, tokenizer, safe=tokenizer == "sentencepiece")
    return folder, config, weights


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """The folder of a small checkpoint like BLEURT-20."""
    config = tiny_bleurt.config()
    folder = tmp_path_factory.mktemp("bleurt-20")
    return tiny_bleurt.save(folder, config, tiny_bleurt.weights(config))


def bleurt(folder, policy=CPU):
    return Bleurt.called(str(folder), policy)


def inputs(folder, reference, prediction, most=40):
    """Ids and segments of a pair, put together by hand from the tokenizer's own pieces."""
    if (folder / "spm.model").exists():
        import sentencepiece

        model = sentencepiece.SentencePieceProcessor(model_file=str(folder / "spm.model"))
        left, right = model.encode([reference, prediction])
        cls, sep = model.piece_to_id("[CLS]"), model.piece_to_id("[SEP]")
    else:
        from transformers import BertTokenizerFast

        model = BertTokenizerFast(str(folder / "vocab.txt"))
        left, right = (model.encode(t, add_special_tokens=False) for t in (reference, prediction))
        cls, sep = model.cls_token_id, model.sep_token_id
    while len(left) + len(right) > most - 3:
        (left if len(left) > len(right) else right).pop()
    ids = [cls, *left, sep, *right, sep]
    return ids, [0] * (len(left) + 2) + [1] * (len(right) + 1)


def test_scores_are_those_of_the_arithmetic_in_float64(made):
    folder, config, weights = made
    pairs = list(zip(REFERENCES, PREDICTIONS, strict=True))
    expected = [tiny_bleurt.score(config, weights, *inputs(folder, *pair)) for pair in pairs]
    found = bleurt(folder).scores(REFERENCES, PREDICTIONS)
    np.testing.assert_allclose(found.scores, expected, rtol=0, atol=1e-5)
    assert np.ptp(expected) > 1e-3  # the pairs can be told apart


def test_scores_are_those_of_the_encoders_of_transformers(made):
    import torch
    from transformers import BertConfig, BertModel, RemBertConfig, RemBertModel

    folder, config, weights = made
    narrow = config.pop("embedding_size")
    own = {key: value for key, value in config.items() if key != "model_type"}
    config["embedding_size"] = narrow
    if narrow is None:
        model = BertModel(BertConfig(**own))
    else:
        special = {"bos_token_id": 0, "eos_token_id": 0}
        model = RemBertModel(RemBertConfig(input_embedding_size=narrow, **own, **special))
    names = (name.removeprefix("bleurt.").replace(*PROJECTION) for name in weights)
    named = dict(zip(names, map(torch.from_numpy, weights.values()), strict=True))
    head = torch.nn.functional.linear
    classifier = named.pop("classifier.weight"), named.pop("classifier.bias")
    model.load_state_dict(named)
    expected = []
    for pair in zip(REFERENCES, PREDICTIONS, strict=True):
        ids, segments = (torch.tensor([part]) for part in inputs(folder, *pair))
        with torch.no_grad():
            pooled = model.eval()(input_ids=ids, token_type_ids=segments).pooler_output
            expected.append(head(pooled, *classifier).item())
    found = bleurt(folder).scores(REFERENCES, PREDICTIONS)
    np.testing.assert_allclose(found.scores, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("prefix", ["bert.", "rembert."])
def test_conversions_to_the_classes_of_transformers_score_the_same(checkpoint, tmp_path, prefix):
    from safetensors.numpy import load_file, save_file

    shutil.copytree(checkpoint, tmp_path / "other")
    config = json.loads((checkpoint / "config.json").read_text())
    config["model_type"] = prefix.rstrip(".")
    config["input_embedding_size"] = config.pop("embedding_size")
    (tmp_path / "other" / "config.json").write_text(json.dumps(config))
    weights = load_file(checkpoint / "model.safetensors")
    names = (name.replace("bleurt.", prefix).replace(*PROJECTION) for name in weights)
    renamed = dict(zip(names, weights.values(), strict=True))
    renamed[f"{prefix}embeddings.position_ids"] = np.arange(40)[None]
    save_file(renamed, tmp_path / "other" / "model.safetensors")
    ours = bleurt(checkpoint).scores(REFERENCES, PREDICTIONS)
    theirs = bleurt(tmp_path / "other").scores(REFERENCES, PREDICTIONS)
    np.testing.assert_allclose(theirs.scores, ours.scores, rtol=0, atol=1e-6)


@pytest.mark.parametrize("size", [1, 2, 5])
def test_the_size_of_batches_changes_nothing(checkpoint, size):
    policy = ModelPolicy(device="cpu", batch_size=size, cache=False)
    whole = bleurt(checkpoint).scores(REFERENCES, PREDICTIONS).scores
    parts = bleurt(checkpoint, policy).scores(REFERENCES, PREDICTIONS).scores
    np.testing.assert_allclose(parts, whole, rtol=0, atol=1e-6)


@settings(deadline=None, max_examples=20)
@given(st.permutations(range(len(REFERENCES))))
def test_the_order_of_pairs_changes_nothing(checkpoint, order):
    straight = bleurt(checkpoint).scores(REFERENCES, PREDICTIONS)
    shuffled = bleurt(checkpoint).scores(
        [REFERENCES[i] for i in order], [PREDICTIONS[i] for i in order]
    )
    np.testing.assert_allclose(shuffled.scores, straight.scores[order], rtol=0, atol=1e-6)
    np.testing.assert_array_equal(shuffled.cut, straight.cut[order])


def test_half_precision_stays_near_float32(checkpoint):
    exact = bleurt(checkpoint).scores(REFERENCES, PREDICTIONS).scores
    policy = ModelPolicy(device="cpu", dtype="bf16", cache=False)
    half = bleurt(checkpoint, policy).scores(REFERENCES, PREDICTIONS).scores
    assert 0 < np.abs(half - exact).max() < 0.05


def test_no_pairs_have_no_scores(checkpoint):
    found = bleurt(checkpoint).scores([], [])
    assert found.scores.shape == found.cut.shape == (0,)


def test_reference_and_prediction_are_not_exchangeable(checkpoint):
    one = bleurt(checkpoint).scores(["a dog runs"], ["the woman reads"]).scores
    other = bleurt(checkpoint).scores(["the woman reads"], ["a dog runs"]).scores
    assert abs(one - other).item() > 1e-4


def test_special_tokens_in_a_text_are_text(made):
    folder, _, _ = made
    pair = ["a dog [SEP] runs"], ["a dog"]
    from vlmeval_cli.models.pair_tokens import PairTokenizer

    settings = json.loads((folder / "tokenizer_config.json").read_text())
    tokenizer = PairTokenizer.of(folder, settings, "bleurt")
    (ids,) = tokenizer.pairs(*pair, 40).ids
    assert np.count_nonzero(ids == tokenizer.sep) == 2


def test_lone_surrogates_are_scored(made):
    assert np.isfinite(bleurt(made[0]).scores(["a \ud800 dog"], ["\udfff"]).scores).all()


# --- length ---


def fitting_by_hand(left, right, most):
    """Google's rule, token by token."""
    while left + right > most:
        if left > right:
            left -= 1
        else:
            right -= 1
    return left, right


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 60))
def test_the_longer_text_loses_its_last_token_until_both_fit(left, right, most):
    found = fitting(np.array([left]), np.array([right]), most)
    assert tuple(kept.item() for kept in found) == fitting_by_hand(left, right, most)


def test_long_pairs_are_cut_and_counted(checkpoint):
    long = " ".join(["a dog runs in the park"] * 5)
    found = bleurt(checkpoint).scores([long, long, "a dog"], [long, "a dog", "a dog"])
    assert found.cut.tolist() == [True, True, False]
    longer = bleurt(checkpoint).scores([f"{long} and more"], ["a dog"])
    assert longer.scores.item() == pytest.approx(found.scores[1], abs=1e-6)


@pytest.mark.parametrize(
    ("names", "stated", "name", "most"),
    [
        ({"_name_or_path": "bleurt-base-128"}, {"model_max_length": 10**30}, "folder", 128),
        ({}, {"name_or_path": "bleurt-base-128"}, "folder", 128),
        ({}, {}, "someone/bleurt-large-128/", 128),
        ({}, {"model_max_length": 100}, "bleurt-base-128", 100),
        ({"_name_or_path": "BLEURT-20"}, {"model_max_length": 10**30}, "BLEURT-20", 512),
        ({}, {"model_max_length": 5_000}, "bleurt", 512),
    ],
)
def test_english_checkpoints_of_128_tokens_are_known_by_their_names(names, stated, name, most):
    from vlmeval_cli.models.bleurt_shape import BleurtShape, most_tokens

    config = {**tiny_bleurt.config(max_position_embeddings=512), **names}
    assert most_tokens(BleurtShape.of(config, "config.json"), config, stated, name) == most


# --- what is kept ---


@pytest.fixture
def rated(monkeypatch):
    """The numbers of pairs that went through the network, run by run."""
    from vlmeval_cli.models import bleurt as module

    found = []
    forward = module.regress

    def counting(weights, shape, ids, segments, lengths):
        found.append(len(ids))
        return forward(weights, shape, ids, segments, lengths)

    monkeypatch.setattr(module, "regress", counting)
    return found


def test_a_second_run_reads_the_cache(checkpoint, rated):
    policy = ModelPolicy(device="cpu")
    first = bleurt(checkpoint, policy).scores(REFERENCES, PREDICTIONS)
    assert sum(rated) == len(REFERENCES)
    again = bleurt(checkpoint, policy).scores(REFERENCES[::-1], PREDICTIONS[::-1])
    assert sum(rated) == len(REFERENCES)
    np.testing.assert_array_equal(again.scores, first.scores[::-1])
    np.testing.assert_array_equal(again.cut, first.cut[::-1])
    assert first.cut.any()


def test_only_pairs_that_are_not_kept_are_rated(checkpoint, rated):
    policy = ModelPolicy(device="cpu")
    first = bleurt(checkpoint, policy).scores(REFERENCES[:2], PREDICTIONS[:2])
    both = bleurt(checkpoint, policy).scores(REFERENCES, PREDICTIONS)
    assert sum(rated) == len(REFERENCES)
    np.testing.assert_array_equal(both.scores[:2], first.scores)
    fresh = bleurt(checkpoint).scores(REFERENCES, PREDICTIONS)
    np.testing.assert_allclose(both.scores, fresh.scores, rtol=0, atol=1e-6)


def test_a_pair_is_not_kept_under_another_split_of_its_letters(checkpoint, rated):
    policy = ModelPolicy(device="cpu")
    bleurt(checkpoint, policy).scores(["a dog"], [" runs"])
    bleurt(checkpoint, policy).scores(["a dog "], ["runs"])
    assert sum(rated) == 2


def test_half_precision_is_kept_apart(checkpoint, rated):
    bleurt(checkpoint, ModelPolicy(device="cpu")).scores(["a dog"], ["a cat"])
    bleurt(checkpoint, ModelPolicy(device="cpu", dtype="bf16")).scores(["a dog"], ["a cat"])
    assert sum(rated) == 2


def test_running_out_of_memory_halves_the_batch_and_changes_nothing(checkpoint, monkeypatch):
    from vlmeval_cli.models import bleurt as module

    whole = bleurt(checkpoint).scores(REFERENCES, PREDICTIONS).scores
    forward, refused = module.regress, []

    def small(weights, shape, ids, segments, lengths):
        if len(ids) > 2:
            refused.append(len(ids))
            raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return forward(weights, shape, ids, segments, lengths)

    monkeypatch.setattr(module, "regress", small)
    found = bleurt(checkpoint).scores(REFERENCES, PREDICTIONS).scores
    assert refused
    np.testing.assert_allclose(found, whole, rtol=0, atol=1e-6)


def test_no_memory_for_one_pair_is_told(checkpoint, monkeypatch):
    from vlmeval_cli.models import bleurt as module

    def never(*_):
        raise RuntimeError("MPS backend out of memory")

    monkeypatch.setattr(module, "regress", never)
    with pytest.raises(ModelError, match=r"cpu has no memory .*(?s:.*)--dtype bf16"):
        bleurt(checkpoint).scores(["a"], ["b"])
