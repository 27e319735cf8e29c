"""How many pairs of captions a second BLEURT rates, with random weights of the real sizes.

    python benchmarks/bleurt.py [BLEURT-20-D12] [--device cuda] [--dtype bf16] [--pairs 2000]

Beside it the same weights in transformers' RemBERT, batches in the order of the file and padded to
the longest, as the PyTorch port runs them; the ratings must agree. Lengths are those of Flickr8k's
captions, a token for each word and mark.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from transformers import RemBertConfig, RemBertModel

from vlmeval_cli.core.config import ModelPolicy
from vlmeval_cli.models import bleurt_checkpoint
from vlmeval_cli.models.bleurt import Bleurt
from vlmeval_cli.models.bleurt_shape import BleurtShape, plain_name
from vlmeval_cli.models.devices import Device
from vlmeval_cli.models.loading import Located
from vlmeval_cli.models.pair_tokens import Pairs

CAPTIONS = Path(__file__).resolve().parents[2] / "shared" / "data" / "flickr8k"
# Embedding, width, inner width, layers, heads, vocabulary: of D12 as published, of RemBERT's paper.
SIZES = {
    "BLEURT-20": (256, 1152, 4608, 32, 18, 250_300),
    "BLEURT-20-D12": (128, 1024, 4096, 12, 16, 120_300),
}
BATCH = 32
RUNS = 2


def config_of(name):
    embedding, hidden, inner, layers, heads, vocabulary = SIZES[name]
    return {
        "model_type": "rembert", "input_embedding_size": embedding, "hidden_size": hidden,
        "intermediate_size": inner, "num_hidden_layers": layers, "num_attention_heads": heads,
        "vocab_size": vocabulary, "max_position_embeddings": 512, "type_vocab_size": 2,
        "hidden_act": "gelu", "layer_norm_eps": 1e-12,
    }  # fmt: skip


def pairs_of(n):
    """Random tokens of the lengths of captions with one of their references."""
    random = np.random.default_rng(0)
    rows = zip(*(map(json.loads, (CAPTIONS / name).open(encoding="utf-8"))
                 for name in ("preds.jsonl", "refs.jsonl")), strict=True)  # fmt: skip
    texts = [(one["references"][0].split(), two["prediction"].split()) for two, one in rows][:n]
    first = np.array([len(reference) + 2 for reference, _ in texts])
    lengths = first + np.array([len(prediction) + 1 for _, prediction in texts])
    ids = [random.integers(5, 120_000, length) for length in lengths]
    return Pairs(ids, first, lengths, np.zeros(len(ids), dtype=bool))


def theirs(model, head, pairs, device):
    """Ratings in the order of the file."""
    found = []
    for start in range(0, len(pairs.ids), BATCH):
        rows = range(start, min(start + BATCH, len(pairs.ids)))
        longest = pairs.lengths[rows.start : rows.stop].max()
        ids, segments, mask = (torch.zeros((len(rows), longest), dtype=torch.long) for _ in "123")
        for row, i in enumerate(rows):
            n = pairs.lengths[i]
            ids[row, :n], mask[row, :n] = torch.from_numpy(pairs.ids[i]), 1
            segments[row, pairs.first[i] : n] = 1
        given = [part.to(device.name) for part in (ids, mask, segments)]
        with torch.inference_mode():
            pooled = model(given[0], attention_mask=given[1], token_type_ids=given[2])[1]
            found.append(torch.nn.functional.linear(pooled, *head)[:, 0].float().cpu())
    return torch.cat(found).numpy()


def main():
    """Print pairs per second of both."""
    parser = argparse.ArgumentParser()
    parser.add_argument("name", nargs="?", default="BLEURT-20-D12", choices=SIZES)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--pairs", type=int, default=2_000)
    given = parser.parse_args()
    policy = ModelPolicy(device=given.device, dtype=given.dtype, cache=False)
    device = Device.of(policy)
    config, located = config_of(given.name), Located(given.name, Path(), "made", "made")
    torch.manual_seed(0)
    model = RemBertModel(RemBertConfig(**config, bos_token_id=0, eos_token_id=0))
    model.eval().to(device.name)
    weights = {plain_name(name): one.detach() for name, one in model.state_dict().items()}
    wide = model.config.hidden_size
    weights["classifier.weight"] = (torch.randn(1, wide) / wide**0.5).to(device.name)
    weights["classifier.bias"] = torch.zeros(1).to(device.name)
    head = weights["classifier.weight"], weights["classifier.bias"]
    bleurt_checkpoint._LOADED[located.digest, device.name] = weights
    shape = BleurtShape.of(config, given.name)
    pairs = pairs_of(given.pairs)
    ours = np.zeros(len(pairs.ids))

    def run_ours():
        for places, found in Bleurt(located, policy).rated(pairs, shape):
            ours[places] = found

    run_ours()  # warm
    beside, times = theirs(model, head, pairs, device), []
    for _ in range(RUNS):
        start = time.perf_counter()
        run_ours()
        middle = time.perf_counter()
        theirs(model, head, pairs, device)
        times.append((middle - start, time.perf_counter() - middle))
    mine, other = map(min, zip(*times, strict=True))
    n = len(ours)
    print(f"{given.name}, {device.name}, {given.dtype}, {n:,} pairs, "
          f"{pairs.lengths.mean():.1f} tokens each")  # fmt: skip
    print(f"vlmeval       {n / mine:10,.1f} pairs/s")
    print(f"transformers  {n / other:10,.1f} pairs/s (float32, order of the file)")
    print(f"ratio {other / mine:.2f}, "
          f"largest difference {np.abs(ours - beside).max():.1e}")  # fmt: skip


if __name__ == "__main__":
    main()
