"""A base model, its LoRA (three seeds) and full fine-tuning on the same invented questions.

The base answers in sentences and is cut off at times; tuning mends that, and forgets some of what
the base knew of counting. Questions are about people of three age groups.
"""

from __future__ import annotations

import random
from pathlib import Path

from makers.rows import write

N_IMAGES = 150
PEOPLE = {
    "child": ("boy", "girl", "baby"),
    "adult": ("man", "woman"),
    "older": ("old man", "old woman"),
}
DOING = ("running", "eating", "reading", "sleeping", "cooking", "singing")
PLACES = ("kitchen", "park", "street", "beach", "garden", "station")
COLOURS = ("red", "blue", "green", "yellow", "black", "white")
KINDS = {"yes/no": ("yes", "no"), "number": ("1", "2", "3", "4", "5"), "other": (*PLACES, *COLOURS)}
# Share of right answers by run, for each kind of question.
RIGHT = {
    "base": {"yes/no": 0.62, "number": 0.66, "other": 0.50},
    "lora_seed1": {"yes/no": 0.84, "number": 0.55, "other": 0.78},
    "lora_seed2": {"yes/no": 0.83, "number": 0.57, "other": 0.77},
    "lora_seed3": {"yes/no": 0.85, "number": 0.54, "other": 0.78},
    "full": {"yes/no": 0.86, "number": 0.68, "other": 0.80},
}
LESS_FOR_OLDER = 0.12  # all runs were trained on few pictures of older people


def items(rng: random.Random) -> list[dict[str, object]]:
    """Two questions on each image, with the answers of three people."""
    found: list[dict[str, object]] = []
    for number in range(1, N_IMAGES + 1):
        age = rng.choice(list(PEOPLE))
        who, where, colour = rng.choice(PEOPLE[age]), rng.choice(PLACES), rng.choice(COLOURS)
        asked = [
            (f"Is the {who} {rng.choice(DOING)}?", "yes/no", rng.choice(KINDS["yes/no"])),
            (f"How many people are in the {where}?", "number", rng.choice(KINDS["number"])),
            (f"What colour is the coat of the {who}?", "other", colour),
            (f"Where is the {who}?", "other", where),
        ]
        for question, kind, answer in rng.sample(asked, 2):
            other = rng.choice(KINDS[kind]) if rng.random() < 0.1 else answer
            found.append(
                {
                    "id": f"q{len(found) + 1:03}",
                    "image": f"people_{number:03}.png",
                    "question": question,
                    "answer_type": kind,
                    "age": age,
                    "answers": [answer, answer, other],
                }
            )
    return found


def answers(name: str, asked: list[dict[str, object]], difficulty: list[float]) -> list[dict]:
    """What the run ``name`` says; hard questions are hard for every run."""
    rng = random.Random(name)
    given = []
    for item, hard in zip(asked, difficulty, strict=True):
        kind, (answer, *_) = str(item["answer_type"]), item["answers"]  # type: ignore[misc]
        share = RIGHT[name][kind] - (LESS_FOR_OLDER if item["age"] == "older" else 0.0)
        luck = 0.85 * hard + 0.15 * rng.random()
        said = answer if luck < share else rng.choice([x for x in KINDS[kind] if x != answer])
        row = {"id": item["id"], "prediction": said, "finish_reason": "stop"}
        if name == "base":
            row |= _wordy(rng, said)
        given.append(row)
    return given


def _wordy(rng: random.Random, said: str) -> dict[str, str]:
    style = rng.random()
    if style < 0.06:
        return {"prediction": "The picture shows a scene in which", "finish_reason": "length"}
    return {"prediction": f"The answer is {said}." if style < 0.2 else said}


def make(folder: Path) -> None:
    """Write references and runs into ``folder/study``."""
    rng = random.Random(2026)
    asked = items(rng)
    difficulty = [rng.random() for _ in asked]
    study = folder / "study"
    write(study / "refs.jsonl", asked)
    for name in RIGHT:
        write(study / f"{name}.jsonl", answers(name, asked, difficulty))
