"""Plain text: invented news reports, their highlights, and a model's summaries of them."""

from __future__ import annotations

import random
from pathlib import Path

from makers.rows import write

N_REPORTS = 40

PLACES = ("Norwick", "Port Alden", "Lindqvist Bay", "Ostrava", "Bluefield")
EVENTS = (
    ("a storm", "cut power to {n} homes", "crews worked through the night to repair the lines"),
    ("a new tram line", "opened to {n} passengers", "the mayor rode the first car of the morning"),
    ("a food fair", "drew {n} visitors", "bakers sold out before noon on both days"),
    ("the river", "rose and flooded {n} cellars", "firefighters pumped water until the evening"),
    ("the museum", "showed {n} new paintings", "entry stays free until the end of the month"),
    ("a school", "planted {n} trees", "pupils will water them through the summer"),
)
COSTS = ("{k} million crowns", "about {k} million crowns", "{k} million")
REACTIONS = (
    "residents said they were pleased with the outcome",
    "local shops hope for more customers next year",
    "the council will discuss the matter on Tuesday",
    "organisers called it the best year so far",
)
FILLERS = ("Officials confirmed this on Monday.", "No one was hurt.", "More details will follow.")


def report(rng: random.Random) -> dict[str, str]:
    """The facts of a report, a sentence each."""
    subject, deed, detail = rng.choice(EVENTS)
    number = rng.randint(2, 40) * 50
    place = rng.choice(PLACES)
    cost = rng.choice(COSTS).format(k=rng.randint(2, 30))
    return {
        "lead": f"{subject.capitalize()} in {place} {deed.format(n=number)} this week.",
        "detail": f"{detail.capitalize()}, witnesses said.",
        "cost": f"The costs are put at {cost} by the town.",
        "reaction": f"{rng.choice(REACTIONS).capitalize()}.",
    }


def article(rng: random.Random, told: dict[str, str]) -> str:
    """The whole report."""
    parts = [*told.values(), *rng.sample(FILLERS, 2)]
    return " ".join([parts[0], *rng.sample(parts[1:], len(parts) - 1)])


def highlights(rng: random.Random, told: dict[str, str]) -> str:
    """What an editor takes from it, a sentence a line."""
    return "\n".join([told["lead"], told["detail"], rng.choice([told["cost"], told["reaction"]])])


def summary(rng: random.Random, told: dict[str, str], other: dict[str, str]) -> str:
    """What a model takes from it: shorter, in another order, or with a sentence made up."""
    sentences = [
        told["lead"].replace(" this week", ""),
        told["detail"].replace(", witnesses said", ""),
    ]
    if rng.random() < 0.5:
        sentences.append(rng.choice([told["cost"], told["reaction"]]))
    if rng.random() < 0.25:
        sentences[-1] = other["detail"]
    if rng.random() < 0.3:
        rng.shuffle(sentences)
    return "\n".join(sentences)


def make(folder: Path) -> None:
    """Write the task into ``folder``."""
    rng = random.Random(2028)
    reports = [report(rng) for _ in range(N_REPORTS)]
    references, predictions = [], []
    for number, told in enumerate(reports, 1):
        name = f"report_{number:02}"
        references.append(
            {"id": name, "article": article(rng, told), "highlights": highlights(rng, told)}
        )
        predictions.append({"id": name, "summary": summary(rng, told, rng.choice(reports))})
    write(folder / "text" / "refs.jsonl", references)
    write(folder / "text" / "preds.jsonl", predictions)
