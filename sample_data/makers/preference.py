"""Preference: verdicts of a model and of a person on captions of a base model and two tunings.

The full fine-tune is a little better than the LoRA, and both are better than the base model; the
model that judges likes what it sees first, and what is longer.
"""

from __future__ import annotations

import math
import random
from itertools import combinations
from pathlib import Path

from makers.rows import write

N_IMAGES = 48
STRENGTH = {"lora": 0.5, "base": -0.6, "full": 0.7}
LENGTH = {"lora": 74, "base": 52, "full": 66}
FIRST, LONGER = 0.5, 0.02  # what place and length are worth to the model that judges
TIED = 0.12
PERSON_SHARE = 0.5  # of the pairs that a person judged too


def make(folder: Path) -> None:
    """Write the task into ``folder``."""
    rng = random.Random(2033)
    rows = []
    for number in range(N_IMAGES):
        lengths = {name: mean + rng.randrange(-25, 26) for name, mean in LENGTH.items()}
        for pair in combinations(STRENGTH, 2):
            is_seen = rng.random() < PERSON_SHARE
            luck = rng.gauss(0.0, 0.8)
            for model_a, model_b in (pair, pair[::-1]):
                better = STRENGTH[model_a] - STRENGTH[model_b]
                better += luck if model_a == pair[0] else -luck
                longer = lengths[model_a] - lengths[model_b]
                row = {
                    "id": f"image_{number:02}",
                    "model_a": model_a,
                    "model_b": model_b,
                    "length_a": lengths[model_a],
                    "length_b": lengths[model_b],
                }
                liked = better + FIRST + LONGER * longer
                rows.append({**row, "judge": "judge-model", "winner": verdict(rng, liked)})
                if is_seen and model_a == pair[0]:
                    rows.append({**row, "judge": "person", "winner": verdict(rng, better)})
    write(folder / "preference" / "preds.jsonl", rows)


def verdict(rng: random.Random, better: float) -> str:
    """A winner, where ``better`` is how far a is better than b in log-odds."""
    if rng.random() < TIED:
        return "tie"
    return "model_a" if rng.random() < 1.0 / (1.0 + math.exp(-2.0 * better)) else "model_b"
