"""Small networks with random weights, made on disk, and the one whose weights are in a package."""

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
WORDS = [
    "a", "an", "the", "dog", "cat", "man", "woman", "child", "runs", "run", "running", "sits",
    "sit", "jump", "##s", "##ing", "on", "in", "over", "grass", "red", "blue", "ball", "small",
    "big", "park", "street", "water", "horse", "two", "and", "with", "photo", "depicts", "of",
    "no", ".",
]  # fmt: skip


class WithoutTorch(pytest.Module):
    """A file of tests that cannot even be imported."""

    def collect(self):
        reason = "torch and transformers are not installed: run make test-neural"
        pytest.skip(reason, allow_module_level=True)


def pytest_pycollect_makemodule(module_path, parent):
    """Without torch this folder is skipped, and says so."""
    if module_path.is_relative_to(HERE) and not all(map(find_spec, ("torch", "transformers"))):
        return WithoutTorch.from_parent(parent, path=module_path)
    return None


@pytest.fixture(autouse=True)
def _no_user_folders(monkeypatch, tmp_path):
    """Neither the caches of this machine nor its hub are used."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("VLMEVAL_CACHE", str(tmp_path / "cache" / "vlmeval"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "huggingface"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory):
    """A folder with a BERT of 3 layers × 16 and a word-piece tokenizer."""
    from transformers import BertConfig, BertModel

    folder = tmp_path_factory.mktemp("tiny-bert")
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, *map(chr, range(97, 123))]
    tokens = list(dict.fromkeys(tokens))
    (folder / "vocab.txt").write_text("\n".join(tokens) + "\n", "utf-8")
    _write(folder / "tokenizer_config.json", tokenizer_class="BertTokenizer", model_max_length=32)
    config = BertConfig(
        vocab_size=len(tokens), hidden_size=16, num_hidden_layers=3, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=32,
    )  # fmt: skip
    return _saved(BertModel, config, folder)


@pytest.fixture(scope="session")
def tiny_roberta(tmp_path_factory):
    """A folder with a RoBERTa of 2 layers × 16 and a byte-level tokenizer without a limit."""
    from tokenizers import ByteLevelBPETokenizer
    from transformers import RobertaConfig, RobertaModel

    folder = tmp_path_factory.mktemp("tiny-roberta")
    tokenizer = ByteLevelBPETokenizer()
    texts = [" ".join(WORDS), "the dog runs over the grass", "a man sits on a horse"] * 4
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer.train_from_iterator(texts, vocab_size=400, special_tokens=special)
    tokenizer.save_model(str(folder))
    _write(folder / "tokenizer_config.json", tokenizer_class="RobertaTokenizer")
    config = RobertaConfig(
        vocab_size=tokenizer.get_vocab_size(), hidden_size=16, num_hidden_layers=2,
        num_attention_heads=2, intermediate_size=32, max_position_embeddings=34, type_vocab_size=1,
    )  # fmt: skip
    return _saved(RobertaModel, config, folder)


@pytest.fixture(scope="session")
def tiny_clip(tmp_path_factory):
    """A folder with a CLIP of 2 + 2 layers, its byte-level tokenizer and image processor."""
    from tokenizers import ByteLevelBPETokenizer
    from transformers import CLIPConfig, CLIPModel

    folder = tmp_path_factory.mktemp("tiny-clip")
    trained = ByteLevelBPETokenizer(add_prefix_space=False, end_of_word_suffix="</w>")
    special = ["<|startoftext|>", "<|endoftext|>"]
    trained.train_from_iterator([" ".join(WORDS)] * 4, vocab_size=600, special_tokens=special)
    trained.save_model(str(folder))
    _write(
        folder / "tokenizer_config.json", tokenizer_class="CLIPTokenizer", model_max_length=24,
        bos_token=special[0], eos_token=special[1], pad_token=special[1], unk_token=special[1],
    )  # fmt: skip
    _write(
        folder / "preprocessor_config.json", image_processor_type="CLIPImageProcessor",
        size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}, resample=3,
        image_mean=[0.48145466, 0.4578275, 0.40821073],
        image_std=[0.26862954, 0.26130258, 0.27577711],
    )  # fmt: skip
    vocab = json.loads((folder / "vocab.json").read_text("utf-8"))
    bos, eos = (vocab[token] for token in special)
    layers = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = CLIPConfig(
        text_config={
            **layers, "intermediate_size": 32, "vocab_size": len(vocab),
            "max_position_embeddings": 24, "bos_token_id": bos, "eos_token_id": eos,
            "pad_token_id": eos,
        },
        vision_config={**layers, "intermediate_size": 32, "image_size": 32, "patch_size": 8},
        projection_dim=12,
    )  # fmt: skip
    return _saved(CLIPModel, config, folder)


@pytest.fixture(scope="session")
def minilm():
    """The name of the encoder whose weights a package carries."""
    from vlmeval_cli.models.loading import is_on_disk

    if not is_on_disk("minilm"):
        pytest.skip("the extra minilm is not installed")
    return "minilm"


def _saved(kind, config, folder):
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(0)
        kind(config).eval().save_pretrained(folder)
    return folder


def _write(path, **values):
    path.write_text(json.dumps(values), "utf-8")
