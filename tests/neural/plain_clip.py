"""CLIP in float64 from its definition: Radford et al. 2021, and their model.py."""

import numpy as np


class PlainClip:
    """The forward pass in numpy, from the weights in a folder and the number of heads."""

    def __init__(self, folder, heads, patch):
        from safetensors.numpy import load_file

        weights = load_file(folder / "model.safetensors")
        self.w = {name: value.astype(np.float64) for name, value in weights.items()}
        self.heads, self.patch = heads, patch

    def text(self, ids):
        """The projected vector of one text; ``ids`` with its first and last token."""
        own = "text_model"
        words = self.w[f"{own}.embeddings.token_embedding.weight"][list(ids)]
        states = words + self.w[f"{own}.embeddings.position_embedding.weight"][: len(ids)]
        sees = np.tril(np.ones((len(ids), len(ids)), dtype=bool))
        states = self._layers(f"{own}.encoder.layers", states, sees)
        last = self._norm(f"{own}.final_layer_norm", states)[-1]
        return last @ self.w["text_projection.weight"].T

    def image(self, pixels, mean, std):
        """The projected vector of one image; ``pixels`` of shape (side, side, 3), 0 to 255."""
        numbers = (pixels.astype(np.float64) / 255 - mean) / std
        side, size = len(numbers) // self.patch, self.patch
        patches = numbers.reshape(side, size, side, size, 3).transpose(0, 2, 4, 1, 3)
        own = "vision_model"
        kernel = self.w[f"{own}.embeddings.patch_embedding.weight"]
        states = patches.reshape(side * side, -1) @ kernel.reshape(len(kernel), -1).T
        states = np.vstack([self.w[f"{own}.embeddings.class_embedding"], states])
        states = states + self.w[f"{own}.embeddings.position_embedding.weight"]
        states = self._norm(f"{own}.pre_layrnorm", states)
        states = self._layers(f"{own}.encoder.layers", states, np.ones((len(states),) * 2, bool))
        first = self._norm(f"{own}.post_layernorm", states[:1])[0]
        return first @ self.w["visual_projection.weight"].T

    def _layers(self, name, states, sees):
        n = len({key.split(".")[3] for key in self.w if key.startswith(f"{name}.")})
        for i in range(n):
            own = f"{name}.{i}"
            normed = self._norm(f"{own}.layer_norm1", states)
            states = states + self._attention(f"{own}.self_attn", normed, sees)
            normed = self._norm(f"{own}.layer_norm2", states)
            wide = self._linear(f"{own}.mlp.fc1", normed)
            states = states + self._linear(f"{own}.mlp.fc2", wide / (1 + np.exp(-1.702 * wide)))
        return states

    def _attention(self, name, states, sees):
        n, width = states.shape
        q, k, v = (
            self._linear(f"{name}.{kind}_proj", states).reshape(n, self.heads, -1).swapaxes(0, 1)
            for kind in "qkv"
        )
        scores = q @ k.swapaxes(1, 2) / np.sqrt(width // self.heads)
        scores = np.where(sees, scores, -np.inf)
        shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
        shares /= shares.sum(axis=-1, keepdims=True)
        return self._linear(f"{name}.out_proj", (shares @ v).swapaxes(0, 1).reshape(n, width))

    def _linear(self, name, states):
        return states @ self.w[f"{name}.weight"].T + self.w[f"{name}.bias"]

    def _norm(self, name, states):
        centred = states - states.mean(axis=-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5)
        return scaled * self.w[f"{name}.weight"] + self.w[f"{name}.bias"]
