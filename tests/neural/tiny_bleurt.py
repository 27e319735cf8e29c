"""Small made BLEURT checkpoints, in the files of the PyTorch port, and their score in numpy."""

import json
from math import erf

import numpy as np

CORPUS = (
    "a dog runs in the park\na cat sleeps on the mat\ntwo men ride horses along the beach\n"
    "the woman reads a book under a tree\nchildren play with a red ball near the house\n"
    "a bird chirps by the window\nthis looks like a random sentence\nbus, train and plane!\n"
).splitlines()
SIZES = {
    "vocab_size": 90, "hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 4,
    "intermediate_size": 24, "max_position_embeddings": 40, "type_vocab_size": 2,
    "hidden_act": "gelu", "layer_norm_eps": 1e-12, "pad_token_id": 0,
}  # fmt: skip


def config(embedding=8, **changes):
    """config.json of the port; ``embedding`` None is a BERT-like English checkpoint."""
    return {"model_type": "bleurt", "embedding_size": embedding, **SIZES, **changes}


def weights(config, seed=0):
    """Random weights under the port's names, float32."""
    random = np.random.default_rng(seed)
    wide, inner = config["hidden_size"], config["intermediate_size"]
    narrow = config["embedding_size"] or wide

    made = {}

    def linear(name, out, into):
        made[f"{name}.weight"] = random.normal(0, 0.5 / into**0.5, (out, into))
        made[f"{name}.bias"] = random.normal(0, 0.1, out)

    def norm(name, size):
        made[f"{name}.weight"] = random.normal(1, 0.2, size)
        made[f"{name}.bias"] = random.normal(0, 0.2, size)

    for name, rows in (("word", "vocab_size"), ("position", "max_position_embeddings"),
                       ("token_type", "type_vocab_size")):  # fmt: skip
        table = random.normal(0, 0.7, (config[rows], narrow))
        made[f"bleurt.embeddings.{name}_embeddings.weight"] = table
    norm("bleurt.embeddings.LayerNorm", narrow)
    if config["embedding_size"] is not None:
        linear("bleurt.encoder.embedding_projection", wide, narrow)
    for i in range(config["num_hidden_layers"]):
        layer = f"bleurt.encoder.layer.{i}"
        for part in ("query", "key", "value"):
            linear(f"{layer}.attention.self.{part}", wide, wide)
        linear(f"{layer}.attention.output.dense", wide, wide)
        norm(f"{layer}.attention.output.LayerNorm", wide)
        linear(f"{layer}.intermediate.dense", inner, wide)
        linear(f"{layer}.output.dense", wide, inner)
        norm(f"{layer}.output.LayerNorm", wide)
    linear("bleurt.pooler.dense", wide, wide)
    linear("classifier", 1, wide)
    return {name: value.astype(np.float32) for name, value in made.items()}


def score(config, weights, ids, segments):
    """The score of one pair, in float64, term by term."""
    made = {name: value.astype(np.float64) for name, value in weights.items()}
    heads = config["num_attention_heads"]
    size = config["hidden_size"] // heads

    def linear(name, x):
        return x @ made[f"{name}.weight"].T + made[f"{name}.bias"]

    def norm(name, x):
        mean = x.mean(-1, keepdims=True)
        variance = ((x - mean) ** 2).mean(-1, keepdims=True)
        straight = (x - mean) / np.sqrt(variance + config["layer_norm_eps"])
        return straight * made[f"{name}.weight"] + made[f"{name}.bias"]

    def gelu(x):
        if config["hidden_act"] == "gelu":
            return x * 0.5 * (1 + np.vectorize(erf)(x / 2**0.5))
        return x * 0.5 * (1 + np.tanh((2 / np.pi) ** 0.5 * (x + 0.044715 * x**3)))

    tables = [f"bleurt.embeddings.{name}_embeddings.weight"
              for name in ("word", "position", "token_type")]  # fmt: skip
    x = made[tables[0]][ids] + made[tables[1]][: len(ids)] + made[tables[2]][segments]
    x = norm("bleurt.embeddings.LayerNorm", x)
    if config["embedding_size"] is not None:
        x = linear("bleurt.encoder.embedding_projection", x)
    for i in range(config["num_hidden_layers"]):
        layer = f"bleurt.encoder.layer.{i}"
        query, key, value = (
            linear(f"{layer}.attention.self.{part}", x) for part in ("query", "key", "value")
        )
        parts = []
        for head in range(heads):
            own = slice(head * size, (head + 1) * size)
            logits = query[:, own] @ key[:, own].T / size**0.5
            grown = np.exp(logits - logits.max(-1, keepdims=True))
            parts.append(grown / grown.sum(-1, keepdims=True) @ value[:, own])
        mixed = linear(f"{layer}.attention.output.dense", np.concatenate(parts, -1))
        x = norm(f"{layer}.attention.output.LayerNorm", mixed + x)
        inner = gelu(linear(f"{layer}.intermediate.dense", x))
        x = norm(f"{layer}.output.LayerNorm", linear(f"{layer}.output.dense", inner) + x)
    pooled = np.tanh(linear("bleurt.pooler.dense", x[0]))
    return linear("classifier", pooled).item()


def save(folder, config, weights, tokenizer="sentencepiece", safe=True):
    """A checkpoint's folder."""
    import torch
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    tensors = {name: torch.from_numpy(value.copy()) for name, value in weights.items()}
    if safe:
        save_file(tensors, folder / "model.safetensors")
    else:
        torch.save(tensors, folder / "pytorch_model.bin")
    settings = {"model_max_length": 10**30, "do_lower_case": tokenizer == "wordpiece"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    {"sentencepiece": _sentencepiece, "wordpiece": _wordpiece}[tokenizer](folder)
    return folder


def _sentencepiece(folder):
    import sentencepiece

    with (folder / "spm.model").open("wb") as file:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(CORPUS), model_writer=file, vocab_size=60, pad_id=0, unk_id=1,
            bos_id=-1, eos_id=-1, pad_piece="[PAD]", unk_piece="[UNK]",
            control_symbols=["[CLS]", "[SEP]", "[MASK]"], minloglevel=2,
        )  # fmt: skip


def _wordpiece(folder):
    letters = sorted(set("".join(CORPUS)) - {" "})
    words = ["dog", "cat", "the", "park", "window", "##ing", "random"]
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters,
              *(f"##{letter}" for letter in letters if letter.isalpha()), *words]  # fmt: skip
    (folder / "vocab.txt").write_text("\n".join(pieces) + "\n")


def change(folder, change):
    """Save the weights in ``folder`` after ``change`` was done to them."""
    from safetensors.numpy import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors")
