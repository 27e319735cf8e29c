"""The arithmetic of BLEURT: a BERT-like encoder, its [CLS] vector, and one linear output.

After Sellam et al. 2020 and Devlin et al. 2019. Padding is masked out of the attention, so that a
score does not depend on the batch a pair is in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from vlmeval_cli.models.bleurt_shape import BleurtShape

if TYPE_CHECKING:
    from torch import Tensor

Weights = Mapping[str, "Tensor"]


def regress(
    weights: Weights, shape: BleurtShape, ids: Tensor, segments: Tensor, lengths: Tensor | None
) -> Tensor:
    """Scores of pairs.

    Args:
        weights: as :meth:`BleurtShape.weights` names them.
        shape: sizes of the network.
        ids: token ids, padded at the end, shape (pairs, longest).
        segments: 0 up to the first [SEP], 1 after it, same shape.
        lengths: tokens of each pair, shape (pairs,); None where no pair is padded. (To look on the
            device would make every batch wait for the one before.)

    Returns:
        Shape (pairs,), float32.
    """
    import torch

    places = torch.arange(ids.shape[1], device=ids.device)
    seen = None if lengths is None else (places < lengths[:, None])[:, None, None, :]
    hidden = _embedded(weights, shape, ids, segments, places)
    for layer in range(shape.layers):
        # Only the first token's vector is read in the end: the last layer makes no other.
        rows = 1 if layer == shape.layers - 1 else ids.shape[1]
        hidden = _layer(weights, shape, f"encoder.layer.{layer}", hidden, rows, seen)
    pooled = torch.tanh(_linear(weights, "pooler.dense", hidden[:, 0]))
    return _linear(weights, "classifier", pooled)[:, 0].float()


def _embedded(
    weights: Weights, shape: BleurtShape, ids: Tensor, segments: Tensor, places: Tensor
) -> Tensor:
    table = "embeddings.{}_embeddings.weight"
    summed = (
        weights[table.format("word")][ids]
        + weights[table.format("position")][places]
        + weights[table.format("token_type")][segments]
    )
    normed = _normed(weights, shape, "embeddings.LayerNorm", summed)
    return _linear(weights, "encoder.embedding_projection", normed) if shape.projected else normed


def _layer(
    weights: Weights, shape: BleurtShape, name: str, hidden: Tensor, rows: int, seen: Tensor | None
) -> Tensor:
    """The layer's output for the first ``rows`` tokens of each pair."""
    from torch.nn.functional import scaled_dot_product_attention

    kept = hidden[:, :rows]
    query, key, value = (
        _by_head(_linear(weights, f"{name}.attention.self.{part}", source), shape.heads)
        for part, source in (("query", kept), ("key", hidden), ("value", hidden))
    )
    mixed = scaled_dot_product_attention(query, key, value, attn_mask=seen)
    joined = mixed.transpose(1, 2).flatten(2)
    attended = _linear(weights, f"{name}.attention.output.dense", joined)
    kept = _normed(weights, shape, f"{name}.attention.output.LayerNorm", attended + kept)
    inner = _activation(shape.activation)(_linear(weights, f"{name}.intermediate.dense", kept))
    outer = _linear(weights, f"{name}.output.dense", inner)
    return _normed(weights, shape, f"{name}.output.LayerNorm", outer + kept)


def _by_head(hidden: Tensor, heads: int) -> Tensor:
    return hidden.unflatten(-1, (heads, -1)).transpose(1, 2)


def _linear(weights: Weights, name: str, hidden: Tensor) -> Tensor:
    from torch.nn.functional import linear

    return linear(hidden, weights[f"{name}.weight"], weights[f"{name}.bias"])


def _normed(weights: Weights, shape: BleurtShape, name: str, hidden: Tensor) -> Tensor:
    from torch.nn.functional import layer_norm

    weight, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
    return layer_norm(hidden, weight.shape, weight, bias, shape.epsilon)


def _activation(name: str) -> Callable[[Tensor], Tensor]:
    from torch.nn.functional import gelu, relu

    if name == "relu":
        return lambda x: relu(x)
    return (lambda x: gelu(x)) if name == "gelu" else (lambda x: gelu(x, approximate="tanh"))
