"""Document QA: invented invoices and signs, questions about them, and a model that reads them."""

from __future__ import annotations

import random
from pathlib import Path

from makers.rows import write

N_PAGES = 30

FIRMS = ("Norwick Paper Co.", "Bluefield Dairy", "Harlan & Sons", "Café Lindqvist", "Ostrava Tools")
STREETS = ("Mill Lane", "Harbour Street", "Station Road", "Oak Avenue")
GOODS = ("copper pipe", "oat flour", "printing ink", "window glass", "garden hose")
LOOKALIKES = {"0": "O", "1": "l", "5": "S", "8": "B", "o": "c", "e": "c", "m": "rn", "i": "l"}


def page(rng: random.Random) -> dict[str, str]:
    """What stands on an invoice."""
    return {
        "firm": rng.choice(FIRMS),
        "address": f"{rng.randint(1, 99)} {rng.choice(STREETS)}",
        "total": f"${rng.randint(1, 9)},{rng.randint(0, 999):03}.{rng.randint(0, 99):02}",
        "date": f"{rng.randint(1, 28):02}/{rng.randint(1, 12):02}/2024",
        "goods": rng.choice(GOODS),
        "number": f"INV-{rng.randint(10_000, 99_999)}",
    }


def questions(seen: dict[str, str]) -> list[tuple[str, list[str], str]]:
    """Questions about a page: the words, the accepted answers, and where the answer stands."""
    total = seen["total"]
    return [
        ("Who issued the invoice?", [seen["firm"], seen["firm"].rstrip(".")], "single span"),
        ("What is the total amount?", [total, total.replace(",", "")], "single span"),
        ("On which date was it issued?", [seen["date"]], "single span"),
        ("What is the invoice number?", [seen["number"]], "single span"),
        ("Which goods were delivered?", [seen["goods"]], "question span"),
        ("How many items are listed?", ["1", "one"], "non-extractive"),
        ("What is the address?", [seen["address"]], "single span"),
    ]


def misread(rng: random.Random, text: str) -> str:
    """One letter taken for another that looks like it."""
    places = [i for i, letter in enumerate(text) if letter in LOOKALIKES]
    if not places:
        return text
    place = rng.choice(places)
    return text[:place] + LOOKALIKES[text[place]] + text[place + 1 :]


def model_answer(rng: random.Random, answers: list[str], seen: dict[str, str]) -> str:
    """A model that reads well, misreads a letter now and then, and sometimes talks."""
    answer = rng.choice(answers)
    luck = rng.random()
    if luck < 0.12:
        return misread(rng, answer)
    if luck < 0.24:
        return rng.choice(list(seen.values()))
    if luck < 0.40:
        return f"The document says {answer}."
    return answer.upper() if luck < 0.5 else answer


def make(folder: Path) -> None:
    """Write the task into ``folder``."""
    rng = random.Random(2027)
    asked, answered = [], []
    for number in range(1, N_PAGES + 1):
        seen = page(rng)
        for question, answers, kind in rng.sample(questions(seen), 3):
            name = 5000 + len(asked)
            asked.append(
                {
                    "questionId": name,
                    "image": f"page_{number:02}.png",
                    "question": question,
                    "answer_type": kind,
                    "answers": answers,
                }
            )
            answered.append({"questionId": name, "answer": model_answer(rng, answers, seen)})
    write(folder / "docqa" / "refs.jsonl", asked)
    write(folder / "docqa" / "preds.jsonl", answered)
