"""BERTScore is that of bert-score on the same weights."""

import math
import sys

import numpy as np
import pytest

from vlmeval_cli.core.batch import Batch
from vlmeval_cli.core.config import ModelPolicy
from vlmeval_cli.core.progress import NoProgress
from vlmeval_cli.engine.serial import measure
from vlmeval_cli.metrics.bert_score import BertScore
from vlmeval_cli.metrics.similarity import SemanticSimilarity
from vlmeval_cli.resources.bert_score_baselines import Baseline

C = "a dog leaps for a flying disc at the shore"
R = "a brown dog catches a frisbee on the beach"
R2 = "a dog playing with a disc on sandy ground"
TEXTS = [C, R, R2, "two men ride horses", "Ein Hund läuft.", "a", "no dog, no 2 cats!", "a a a dog"]
PAIRS = [
    (text, [TEXTS[i - 1], TEXTS[(3 * i + 1) % 8], C][: 1 + i % 3]) for i, text in enumerate(TEXTS)
]
SINGLE = [(text, accepted[:1]) for text, accepted in PAIRS]
EMPTY = [("", [R]), (C, [""]), ("", [""]), ("  ", [R, R2]), (C, ["", R])]


def rows(metric, items, **policy):
    predictions, references = [text for text, _ in items], [found for _, found in items]
    batch = Batch([*map(str, range(len(items)))], predictions, references)
    chosen = ModelPolicy(cache=False, device="cpu", **policy)
    return measure([metric], batch, NoProgress(), policy=chosen)[0].statistics


# The longest text of a batch is not padded in bert-score, so that its cosines may fall below 0.
LONGEST = ("a dog and two men and a horse and a cat on the beach by the sea at noon " * 2,) * 2
PAIRS, SINGLE = ([*items, (LONGEST[0], [LONGEST[1]])] for items in (PAIRS, SINGLE))


def ours(items, model="minilm", policy=None, **options):
    """Precision, recall and F1 of each item; NaN where unknown."""
    values = rows(BertScore(model=model, **options), items, **(policy or {})).values
    return np.where(values[:, 3:] > 0, values[:, :3], np.nan)


@pytest.fixture
def bert_score(monkeypatch):
    """``bert_score.score`` as it is with transformers 4: empty texts and spaces before words."""
    package = pytest.importorskip("bert_score", reason="bert-score is not installed")
    import transformers

    def with_space(name, use_fast):
        extra = {"add_prefix_space": True, "model_max_length": 32} if "roberta" in str(name) else {}
        return transformers.AutoTokenizer.from_pretrained(name, **extra)

    def ends(tokenizer, ids):
        return [tokenizer.cls_token_id, *ids, tokenizer.sep_token_id]

    base = transformers.PreTrainedTokenizerBase
    monkeypatch.setattr(base, "build_inputs_with_special_tokens", ends, raising=False)
    monkeypatch.setattr(sys.modules["bert_score.score"], "get_tokenizer", with_space)

    def score(items, folder, layer, **options):
        predictions, references = [text for text, _ in items], [found for _, found in items]
        found = package.score(
            predictions, references, model_type=str(folder), num_layers=layer, nthreads=0,
            device="cpu", **options,
        )  # fmt: skip
        return np.stack([one.numpy() for one in found], axis=1)

    return score


@pytest.fixture
def minilm_folder(minilm):
    from vlmeval_cli.models.loading import locate

    return locate(minilm, user="a test", offline=True).path


@pytest.mark.parametrize("layer", [3, 5, 6])
@pytest.mark.parametrize("idf", [False, True])
def test_scores_are_those_of_bert_score(layer, idf, bert_score, minilm_folder):
    expected = bert_score(PAIRS, minilm_folder, layer, idf=idf)
    np.testing.assert_allclose(ours(PAIRS, layer=layer, idf=idf), expected, atol=1e-5)


@pytest.mark.parametrize("idf", [False, True])
def test_empty_texts_score_as_in_bert_score(idf, bert_score, minilm_folder, capsys):
    items = [*SINGLE, *EMPTY]
    expected = bert_score(items, minilm_folder, 6, idf=idf)
    np.testing.assert_allclose(ours(items, idf=idf), expected, atol=1e-5)


def test_idf_of_one_reference_is_as_in_bert_score(bert_score, minilm_folder):
    expected = bert_score([(C, [R])], minilm_folder, 6, idf=True)
    assert math.isnan(expected[0, 1])
    np.testing.assert_allclose(ours([(C, [R])], idf=True), expected, atol=1e-5)


@pytest.mark.filterwarnings("ignore:The given NumPy array is not writable")  # of bert-score
def test_rescaling_is_that_of_bert_score(bert_score, minilm_folder, monkeypatch, tmp_path):
    table = tmp_path / "table.tsv"
    table.write_text("LAYER,P,R,F\n" + "".join(f"{i},0.{i}1,0.{i}2,0.{i}3\n" for i in range(7)))
    monkeypatch.setattr(
        "vlmeval_cli.metrics.bert_score.baseline",
        lambda model, layer, language: Baseline(0.61, 0.62, 0.63),
    )
    expected = bert_score(
        [*PAIRS, *EMPTY], minilm_folder, 6, lang="en", baseline_path=str(table),
        rescale_with_baseline=True,
    )  # fmt: skip
    np.testing.assert_allclose(ours([*PAIRS, *EMPTY], rescale=True), expected, atol=1e-5)


@pytest.mark.parametrize("layer", [1, 2])
def test_roberta_sees_a_space_before_the_first_word(layer, bert_score, tiny_roberta):
    items = [("the dog runs", ["a dog runs over the grass"]), ("  man", ["the man sits", "a man"])]
    expected = bert_score(items, tiny_roberta, layer)
    found = ours(items, str(tiny_roberta), layer=layer)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_texts_that_are_cut_score_as_in_bert_score_and_are_counted(bert_score, tiny_bert):
    items = [("the dog runs over the grass " * 9, ["a man sits"]), ("a dog", ["a man " * 40])]
    found = rows(BertScore(model=str(tiny_bert), layer=2), items)
    expected = bert_score(items, tiny_bert, 2)
    np.testing.assert_allclose(found.values[:, :3], expected, atol=1e-5)
    # 54 and 80 words with [CLS] and [SEP], of which 32 are read.
    assert found.facts["cut_texts"] == 2
    assert found.facts["cut_tokens"] == (56 - 32) + (82 - 32)


def test_scores_are_those_of_the_specification(minilm):
    """Measured with bert-score 0.3.13 and transformers 4.57.6."""
    expected = [0.4776718, 0.4500732, 0.4634619]
    np.testing.assert_allclose(ours([(C, [R])])[0], expected, atol=1e-6)
    expected = [0.6906194, 0.6300184, 0.6589285]
    np.testing.assert_allclose(ours([(C, [R])], layer=5)[0], expected, atol=1e-6)
    expected = [0.7025470, 0.6524521, 0.6765735]
    np.testing.assert_allclose(ours([(C, [R])], layer=3)[0], expected, atol=1e-6)
    expected = [0.6088, 0.6138, 0.6113]
    np.testing.assert_allclose(ours([(C, [R2])])[0], expected, atol=5e-5)
    np.testing.assert_allclose(ours([(C, [R, R2])])[0], expected, atol=5e-5)
    expected = [[0.3745, 0.3440, 0.3586], [0.4551, 0.5024, 0.4776]]
    np.testing.assert_allclose(ours([(C, [R]), (C, [R2])], idf=True), expected, atol=5e-5)
    np.testing.assert_allclose(ours([(C, [C])]), 1.0, atol=1e-6)


def torchmetrics_scores(items, folder, layer, idf):
    """What torchmetrics computes, in float64: [CLS] and [SEP] are zeros in vectors and weights."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder)

    def encoded(texts):
        coded = tokenizer(texts, padding=True, return_tensors="pt")
        with torch.no_grad():
            states = model.eval()(**coded, output_hidden_states=True).hidden_states[layer].double()
        mask = coded.attention_mask.double()
        mask[torch.arange(len(texts)), coded.attention_mask.sum(1) - 1] = 0.0
        mask[:, 0] = 0.0
        states = states / states.norm(dim=-1, keepdim=True) * mask[:, :, None]
        return coded.input_ids, states, mask

    made, accepted = encoded([text for text, _ in items]), encoded([one[0] for _, one in items])
    n = len(items)
    counts = {}
    for ids in accepted[0].tolist():
        for one in set(ids):
            counts[one] = counts.get(one, 0) + 1

    def weights(ids, mask):
        if idf:
            rare = [
                [math.log((n + 1) / (counts.get(one, 0) + 1)) for one in row]
                for row in ids.tolist()
            ]
            mask = torch.tensor(rare, dtype=torch.float64) * mask
        return mask / mask.sum(-1, keepdim=True)

    cosines = torch.einsum("bpd,brd->bpr", made[1], accepted[1])
    precision = (cosines.amax(2) * weights(made[0], made[2])).sum(-1)
    recall = (cosines.amax(1) * weights(accepted[0], accepted[2])).sum(-1)
    f1 = torch.nan_to_num(2 * precision * recall / (precision + recall), nan=0.0)
    return torch.stack([precision, recall, f1], dim=1).numpy()


@pytest.mark.parametrize("idf", [False, True])
def test_the_variant_of_torchmetrics_hides_the_ends(idf, minilm_folder):
    expected = torchmetrics_scores(SINGLE, minilm_folder, 5, idf)
    found = ours(SINGLE, layer=5, idf=idf, special_tokens="torchmetrics")
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert np.abs(ours(SINGLE, layer=5, idf=idf) - found).max() > 0.01


def test_neither_batches_nor_order_change_a_score(minilm):
    whole = ours(PAIRS)
    for size in (1, 3):
        np.testing.assert_allclose(ours(PAIRS, policy={"batch_size": size}), whole, atol=1e-6)
    np.testing.assert_allclose(ours(PAIRS[::-1])[::-1], whole, atol=1e-6)


def test_the_hash_is_that_of_bert_score(bert_score, minilm_folder):
    package = pytest.importorskip("bert_score")
    _, expected = package.score(
        [C], [R], model_type=str(minilm_folder), num_layers=5, idf=True, nthreads=0,
        return_hash=True,
    )  # fmt: skip
    found = BertScore(model=str(minilm_folder), layer=5, idf=True).recorded()
    assert found["bert_score_hash"] == expected


def test_the_table_of_layers_is_that_of_bert_score():
    package = pytest.importorskip("bert_score.utils", reason="bert-score is not installed")
    from vlmeval_cli.resources.bert_score_layers import LAYERS

    assert {**package.model2layers, "minilm": 6} == dict(LAYERS)


def test_similarity_is_the_cosine_of_mean_vectors(minilm_folder):
    """As sentence-transformers: the mean over all tokens, [CLS] and [SEP] too."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(minilm_folder)
    model = AutoModel.from_pretrained(minilm_folder).eval()

    def mean(text):
        with torch.no_grad():
            return model(**tokenizer(text, return_tensors="pt"))[0][0].double().mean(0)

    expected = [
        max(float(torch.cosine_similarity(mean(text), mean(one), dim=0)) for one in accepted)
        for text, accepted in PAIRS
    ]
    found = rows(SemanticSimilarity(), PAIRS)
    np.testing.assert_allclose(found.values[:, 0], expected, atol=1e-6)
    assert rows(SemanticSimilarity(), EMPTY[:3]).values[:, 0].tolist() == [0.0] * 3


@pytest.mark.parametrize("kept", ["bert-score", "torchmetrics"])
def test_products_of_torch_are_those_of_numpy(kept, minilm, monkeypatch):
    """On CUDA the products are taken there; the same code runs here on the processor."""
    from vlmeval_cli.models.token_products import TorchProducts

    expected = ours(PAIRS, special_tokens=kept)
    monkeypatch.setattr(
        "vlmeval_cli.metrics.bert_score.products",
        lambda mine, other: TorchProducts(mine.vectors, other.vectors, "cpu"),
    )
    np.testing.assert_allclose(ours(PAIRS, special_tokens=kept), expected, atol=1e-6)


def test_the_baseline_of_roberta_large_is_that_of_the_package():
    pytest.importorskip("bert_score", reason="bert-score is not installed")
    from vlmeval_cli.resources.bert_score_baselines import baseline

    assert baseline("roberta-large", 17, "en") == (0.83150584, 0.8314941, 0.83122575)
    assert BertScore(rescale=True).outputs()[0].worst == pytest.approx(-4.925, abs=1e-3)
