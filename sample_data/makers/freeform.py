"""Freeform: invented invoices as JSON, and a model that reads them and does not always obey."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from makers.rows import write

N_INVOICES = 60

SELLERS = (
    "Norwick Paper Co.",
    "Bluefield Dairy",
    "Harlan & Sons",
    "Café Lindqvist",
    "Ostrava GmbH",
)
GOODS = ("copper pipe", "oat flour", "printing ink", "window glass", "garden hose", "green tea")
CURRENCIES = ("EUR", "USD", "GBP")


def invoice(rng: random.Random) -> dict[str, Any]:
    """What stands on an invoice."""
    items = [
        {"name": name, "quantity": rng.randint(1, 9), "price": rng.randint(100, 9_999) / 100}
        for name in rng.sample(GOODS, rng.randint(1, 3))
    ]
    return {
        "seller": rng.choice(SELLERS),
        "date": f"2024-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}",
        "currency": rng.choice(CURRENCIES),
        "items": items,
        "total": round(sum(item["quantity"] * item["price"] for item in items), 2),
        "paid": rng.random() < 0.5,
    }


def misread(rng: random.Random, seen: dict[str, Any]) -> dict[str, Any]:
    """What the model thinks it says: one field in eight is wrong, left out or made up."""
    said = json.loads(json.dumps(seen))
    for key in list(said):
        chance = rng.random()
        if chance < 0.03:
            del said[key]
        elif chance < 0.08 and isinstance(said[key], str):
            said[key] = said[key].replace("o", "0").replace("-0", "-1")
        elif chance < 0.13 and isinstance(said[key], float):
            said[key] = round(said[key] + 10, 2) if rng.random() < 0.5 else f"{said[key]:.2f}"
    if rng.random() < 0.1:
        said["customer"] = "unknown"
    if "items" in said and rng.random() < 0.15:
        rng.shuffle(said["items"])
        said["items"] = said["items"][:2]
    return said


def answer(rng: random.Random, said: dict[str, Any]) -> str:
    """How the model writes it: half of the time as it was asked to."""
    plain = json.dumps(said, ensure_ascii=False, indent=rng.choice([None, None, 2]))
    style = rng.random()
    if style < 0.55:
        return plain
    if style < 0.75:
        return f"```json\n{plain}\n```"
    if style < 0.83:
        return f"Here is the invoice as JSON:\n\n{plain}\n\nLet me know if you need more."
    if style < 0.88:
        return repr(said)
    if style < 0.92:
        return plain.rstrip("}").rstrip() + ",}"
    if style < 0.96:
        return plain[: int(len(plain) * 0.7)]
    return "I'm sorry, but I can't read this invoice."


def make(folder: Path) -> None:
    """Write the task into ``folder``."""
    rng = random.Random(2029)
    predictions, references = [], []
    for number in range(1, N_INVOICES + 1):
        name = f"invoice_{number:03}"
        seen = invoice(rng)
        references.append({"id": name, "reference": seen})
        predictions.append({"id": name, "prediction": answer(rng, misread(rng, seen))})
    write(folder / "freeform" / "preds.jsonl", predictions)
    write(folder / "freeform" / "refs.jsonl", references)
