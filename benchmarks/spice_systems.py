"""Captioning systems of known order: people's captions, corrupted in five ways and three grades."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

SHARES = (0.2, 0.5, 0.8)  # the grades
SEED = 20260
_WORD = re.compile(r"[\w'-]+|[^\w\s]")

Corruption = Callable[[str, float, random.Random, Sequence[str]], str]


def dropped(caption: str, share: float, draw: random.Random, others: Sequence[str]) -> str:
    """Each word is left out with that probability; one stays."""
    words = caption.split()
    return " ".join([one for one in words if draw.random() >= share] or words[:1])


def shuffled(caption: str, share: float, draw: random.Random, others: Sequence[str]) -> str:
    """That share of the words change places with one another."""
    words = caption.split()
    places = sorted(draw.sample(range(len(words)), round(share * len(words))))
    moved = [words[place] for place in places]
    draw.shuffle(moved)
    for place, word in zip(places, moved, strict=True):
        words[place] = word
    return " ".join(words)


def foreign(caption: str, share: float, draw: random.Random, others: Sequence[str]) -> str:
    """With that probability the caption is another image's."""
    return draw.choice(others) if draw.random() < share else caption


def replaced(caption: str, share: float, draw: random.Random, others: Sequence[str]) -> str:
    """Each word becomes, with that probability, a word of some other image's caption."""
    foreign_words = [word for text in draw.sample(others, 5) for word in text.split()[:-1]]
    words = caption.split()
    return " ".join(draw.choice(foreign_words) if draw.random() < share else one for one in words)


def repeated(caption: str, share: float, draw: random.Random, others: Sequence[str]) -> str:
    """The caption goes on, with that probability twice, with what another image shows."""
    added = [draw.choice(others) for _ in range(2) if draw.random() < share]
    return " ".join([caption, *added])


WAYS: dict[str, Corruption] = {
    "words left out": dropped,
    "words shuffled": shuffled,
    "words replaced": replaced,
    "another image's caption": foreign,
    "other captions added": repeated,
}


def systems(captions: Sequence[str], others: Sequence[str]) -> dict[str, list[str]]:
    """Name of a system → its captions: people's, without marks and capitals, and corrupted."""
    found = {
        "people": list(captions),
        "people, no marks or capitals": [bare(caption) for caption in captions],
    }
    for way, corruption in WAYS.items():
        for share in SHARES:
            draw = random.Random(f"{SEED}|{way}|{share}")
            name = f"{way}, {share:.0%}"
            found[name] = [corruption(caption, share, draw, others) for caption in captions]
    return found


def bare(caption: str) -> str:
    """The words alone, in lower case, as many captioning models write them."""
    return " ".join(word for word in _WORD.findall(caption.lower()) if word[0].isalnum())
