"""Multiple choice: invented questions about invented scenes, asked in all orders of the options.

The file is laid out as VLMEvalKit's tables are: one row per rotation, ``index`` counting rotations
in millions, the options in columns, the model's answer beside the right letter.
"""

from __future__ import annotations

import random
from pathlib import Path

from makers.rows import write

N_QUESTIONS = 30
N_OPTIONS = 4
MILLION = 1_000_000

TOPICS = {
    "colour": ("What colour is the {thing}?", ["red", "blue", "dark blue", "green", "white"]),
    "count": ("How many people stand near the {thing}?", ["1", "2", "3", "12", "none"]),
    "place": ("Where is the {thing}?", ["on the table", "under a tree", "in a car", "by the sea"]),
}
THINGS = ["umbrella", "kite", "bicycle", "dog", "lamp", "boat", "guitar", "suitcase"]
FORMS = [
    "{letter}", "{letter}", "{letter}", "({letter})", "{letter}. {text}", "**{letter}**", "{text}",
    "The answer is {letter}.", "It looks like {text}, so the answer is {letter}",
    "<think>It could be A or B.</think> {letter}",
]  # fmt: skip
UNREADABLE = ["A or B", "A thing like this is hard to see.", "I cannot tell.", "F"]


def answer(rng: random.Random, options: list[str], right: int, knows: bool) -> str:
    """What a model says: it knows some questions, likes "A" where it does not, and may ramble."""
    if rng.random() < 0.05:
        return rng.choice(UNREADABLE)
    chosen = right
    if not knows:
        chosen = 0 if rng.random() < 0.5 else rng.randrange(len(options))
    letter, text = "ABCD"[chosen], options[chosen]
    return rng.choice(FORMS).format(letter=letter, text=text)


def make(folder: Path) -> None:
    """Write the questions and the answers into ``folder``."""
    rng = random.Random(4)
    asked, answered = [], []
    for number in range(N_QUESTIONS):
        topic = rng.choice(list(TOPICS))
        question, texts = TOPICS[topic]
        options = rng.sample(texts, N_OPTIONS)
        right = options[rng.randrange(N_OPTIONS)]
        knows = rng.random() < 0.65
        question = question.format(thing=rng.choice(THINGS))
        for turn in range(N_OPTIONS):
            turned = options[turn:] + options[:turn]
            at = turned.index(right)
            asked.append(
                {
                    "index": turn * MILLION + number,
                    "question": question,
                    **dict(zip("ABCD", turned, strict=True)),
                    "answer": "ABCD"[at],
                    "category": topic,
                }
            )
            answered.append(
                {
                    "index": turn * MILLION + number,
                    "prediction": answer(rng, turned, at, knows and rng.random() < 0.95),
                }
            )
    write(folder / "choice" / "refs.jsonl", asked)
    write(folder / "choice" / "preds.jsonl", answered)
