"""Phrase grounding: invented scenes of shapes, and how a model of middling sight boxes them.

The model answers as Qwen3-VL does: JSON, with numbers of a grid of 1000. Now and then it adds
prose, forgets a bracket, gives two boxes, or sees nothing.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

from makers.rows import write

N_IMAGES = 40
SIZES = ((640, 480), (480, 640), (800, 600), (1280, 720), (500, 333), (1024, 768))
COLOURS = ("red", "blue", "green", "yellow", "white", "black")
SHAPES = ("circle", "square", "triangle", "star", "ring", "cross")
PLACES = ("on the left", "on the right", "at the top", "near the edge", "in front")
GRID = 1000

Box = tuple[int, int, int, int]


def box(rng: random.Random, width: int, height: int) -> Box:
    """Corners in pixels, anywhere in the image."""
    wide, high = rng.randint(width // 12, width // 2), rng.randint(height // 12, height // 2)
    left, top = rng.randint(0, width - wide), rng.randint(0, height - high)
    return left, top, left + wide, top + high


def seen(rng: random.Random, true: Box, width: int, height: int) -> Box:
    """Where the model believes it to be."""
    if rng.random() < 0.15:
        return box(rng, width, height)
    spread = rng.choice((0.02, 0.05, 0.12))
    wide, high = true[2] - true[0], true[3] - true[1]
    shifts = [rng.gauss(0, spread) * side for side in (wide, high, wide, high)]
    corners = [round(corner + shift) for corner, shift in zip(true, shifts, strict=True)]
    limits = (width, height, width, height)
    left, top, right, bottom = (
        min(max(corner, 0), limit) for corner, limit in zip(corners, limits, strict=True)
    )
    return min(left, right), min(top, bottom), max(left, right), max(top, bottom)


def written(rng: random.Random, found: Box, phrase: str, width: int, height: int) -> str:
    """The answer, with the dirt of real ones."""
    limits = (width, height, width, height)
    grid = [round(corner * GRID / limit) for corner, limit in zip(found, limits, strict=True)]
    chance = rng.random()
    if chance < 0.05:
        return f"The {phrase} is not in the image."
    if chance < 0.08:
        return f"I see a {phrase}."
    objects = [{"bbox_2d": grid, "label": phrase}]
    if chance < 0.14:
        other = [round(corner * GRID / limit) for corner, limit in zip(
            box(rng, width, height), limits, strict=True)]  # fmt: skip
        objects.append({"bbox_2d": other, "label": phrase})
    answer = json.dumps(objects)
    if chance < 0.20:
        return f"Here it is: {answer[:-1]}"
    return f"```json\n{answer}\n```" if chance < 0.7 else answer


def make(folder: Path) -> None:
    """Write predictions and references of expressions, two or three to an image."""
    rng = random.Random(12)
    predictions, references = [], []
    for number in range(N_IMAGES):
        image = f"shapes_{number:03}.png"
        width, height = rng.choice(SIZES)
        things = rng.sample([f"{c} {s}" for c in COLOURS for s in SHAPES], rng.choice((2, 3)))
        for thing in things:
            phrase = f"{thing} {rng.choice(PLACES)}"
            true = box(rng, width, height)
            references.append(
                {"image": image, "sent": phrase, "bbox": list(true), "height": height,
                 "width": width, "split": rng.choice(("testA", "testB"))}
            )  # fmt: skip
            found = seen(rng, true, width, height)
            answer = written(rng, found, thing, width, height)
            predictions.append({"image": image, "sent": phrase, "prediction": answer})
    write(folder / "grounding" / "preds.jsonl", predictions)
    write(folder / "grounding" / "refs.jsonl", references)
