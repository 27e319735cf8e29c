"""Classification: invented photos of five classes, and what a model says of them."""

from __future__ import annotations

import random
from pathlib import Path

from makers.rows import write

# How often a class is shown, and what it is mistaken for.
CLASSES = {
    "cat": (40, "dog"),
    "dog": (32, "cat"),
    "lion": (20, "cat"),
    "sea lion": (16, "seal"),
    "seal": (12, "sea lion"),
}
FORMS = (
    "{}", "{}", "{}", "{}.", "**{}**", "It is a {}.", "The answer is {}.", 'Label: "{}"',
)  # fmt: skip


def said(rng: random.Random, label: str) -> str:
    """A label in the words of a model that was asked for it alone."""
    form = rng.choice(FORMS)
    return form.format(label.capitalize() if form.startswith("{}") else label)


def prediction(rng: random.Random, label: str) -> tuple[str, float]:
    """An answer and its confidence: right in four of five, and a little too sure."""
    style = rng.random()
    other = CLASSES[label][1]
    if style < 0.03:
        return f"It could be a {label} or a {other}.", round(rng.uniform(0.3, 0.6), 3)
    if style < 0.05:
        return "The photo is too dark to tell.", round(rng.uniform(0.2, 0.4), 3)
    if style < 0.06:
        return "walrus", 0.551
    is_right = rng.random() < (0.9 if label in ("cat", "dog") else 0.65)
    low = 0.7 if is_right else 0.45
    return said(rng, label if is_right else other), round(rng.uniform(low, 0.999), 3)


def make(folder: Path) -> None:
    """Write the task into ``folder``."""
    rng = random.Random(41)
    labels = [label for label, (n, _) in CLASSES.items() for _ in range(n)]
    rng.shuffle(labels)
    references, predictions = [], []
    for number, label in enumerate(labels, start=1):
        name = f"photo_{number:03}.jpg"
        light = rng.choice(["day", "day", "night"])
        answer, confidence = prediction(rng, label)
        references.append({"id": name, "label": label, "light": light})
        predictions.append({"id": name, "prediction": answer, "confidence": confidence})
    write(folder / "classification" / "refs.jsonl", references)
    write(folder / "classification" / "preds.jsonl", predictions)
