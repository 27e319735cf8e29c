"""Language modelling: captions of a validation set, with the log-probabilities of their tokens.

The model is invented: common words are probable, a word after a comma is not, and the prompt is
masked by labels of -100.
"""

from __future__ import annotations

import random
from pathlib import Path

from makers.captions_and_questions import ACTIONS, ARTICLES, PLACES, SUBJECTS
from makers.rows import write

N_TEXTS = 40
PROMPT = ["Describe", " the", " image", ":"]
MASKED = -100


def make(folder: Path) -> None:
    """Write the task into ``folder``."""
    rng = random.Random(2031)
    write(folder / "language_modeling" / "preds.jsonl", [row(rng, n) for n in range(N_TEXTS)])


def row(rng: random.Random, number: int) -> dict[str, object]:
    """A text as a server records it, and which of its tokens count."""
    words = [rng.choice(ARTICLES[:2]), *rng.choice(rng.choice([*SUBJECTS.values()])).split()]
    words += rng.choice(rng.choice([*ACTIONS.values()])).split()
    words += rng.choice(rng.choice([*PLACES.values()])).split()
    tokens = [*PROMPT, *(f" {word}" for word in words), "."]
    n_prompt = len(PROMPT)
    return {
        "id": f"val_{number:03}",
        "domain": rng.choice(["photos", "drawings"]),
        "logprobs": {"content": [token(rng, text) for text in tokens]},
        "labels": [MASKED] * n_prompt + [sum(text.encode()) for text in tokens[n_prompt:]],
    }


def token(rng: random.Random, text: str) -> dict[str, object]:
    """A token with its log-probability and that of the model's first choice."""
    own = round(-rng.expovariate(1.0 / (0.4 + 0.2 * len(text.strip()))), 4)
    is_first = own > -1.1 or rng.random() < 0.2
    first = {"token": text, "logprob": own}
    if not is_first:
        first = {"token": " the", "logprob": round(own / 2, 4)}
    return {"token": text, "logprob": own, "top_logprobs": [first]}
