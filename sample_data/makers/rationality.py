"""Rationality: a classifier's predictions, and 7 × 7 heat maps of where it looked.

Two methods: the zero-shot model often looks at the background, the fine-tuned one at the object and
still confuses cats with dogs.
"""

from __future__ import annotations

import random
from pathlib import Path

from makers.rows import write

N_IMAGES = 40
SIZE = 7
WIDTH, HEIGHT = 320, 240
CLASSES = ("dog", "cat", "horse", "bird")
METHODS = {"zero-shot": (0.65, 0.55), "fine-tuned": (0.85, 0.8)}  # right class, looks at the object
OTHER = {"dog": "cat", "cat": "dog", "horse": "dog", "bird": "cat"}


def make(folder: Path) -> None:
    """Write the task into ``folder``."""
    rng = random.Random(2032)
    rows = []
    for number in range(N_IMAGES):
        label = rng.choice(CLASSES)
        column, row = rng.randrange(SIZE - 3), rng.randrange(SIZE - 3)
        box = [WIDTH * column / SIZE, HEIGHT * row / SIZE]
        box += [WIDTH * (column + 4) / SIZE, HEIGHT * (row + 4) / SIZE]
        for method, (right, looks) in METHODS.items():
            rows.append(
                {
                    "id": f"{method}/{number:02}",
                    "image": f"animal_{number:02}.png",
                    "width": WIDTH,
                    "height": HEIGHT,
                    "method": method,
                    "label": label,
                    "prediction": label if rng.random() < right else OTHER[label],
                    "boxes": [[round(side, 1) for side in box]],
                    "heatmap": heat_map(rng, column, row, is_on_object=rng.random() < looks),
                }
            )
    write(folder / "rationality" / "preds.jsonl", rows)


def heat_map(rng: random.Random, column: int, row: int, *, is_on_object: bool) -> list[list[float]]:
    """Noise, and a warm spot of 3 × 3 cells, on the object or in the corner farthest from it."""
    heat = [[round(rng.random() * 0.08, 2) for _ in range(SIZE)] for _ in range(SIZE)]
    if not is_on_object:
        column, row = (-1 if at > 1 else SIZE - 3 for at in (column, row))
    for y in range(row + 1, row + 4):
        for x in range(column + 1, column + 4):
            if 0 <= x < SIZE and 0 <= y < SIZE:
                heat[y][x] = round(0.6 + rng.random() * 0.4, 2)
    return heat
