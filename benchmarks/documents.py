"""Documents: vlmeval against the anls_star package, equal numbers asserted.

    python benchmarks/documents.py                    20,000 receipts, and 300 with line items
    python benchmarks/documents.py --documents 2000   fewer receipts

The receipts are the keys of SROIE in shared/data beside the repository, with seeded noise as
predictions; the line items are invented. The package compares one document at a time.
"""

import argparse
import json
import random
import sys
import tarfile
import warnings
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data" / "sroie" / "keys_300.tar.gz"
TOLERANCE = 1e-12
GOODS = [
    "tea",
    "milk",
    "white bread",
    "butter",
    "rice 5kg",
    "salmon",
    "apples",
    "soap",
    "batteries",
]


def load_receipts():
    with tarfile.open(DATA) as archive:
        members = [member for member in archive if member.name.endswith(".json")]
        return [json.load(archive.extractfile(member)) for member in members]


def noisy_text(rng, text):
    if not text or rng.random() < 0.5:
        return text
    place = rng.randrange(len(text))
    return rng.choice(
        [text.lower(), text[:place] + text[place + 1 :], text[:place] + "x" + text[place:], "", "?"]
    )


def noisy(rng, document):
    """Texts with misread characters, keys left out, keys made up."""
    if isinstance(document, str):
        return noisy_text(rng, document)
    if isinstance(document, list):
        kept = [noisy(rng, entry) for entry in document if rng.random() < 0.9]
        rng.shuffle(kept)
        return kept
    return {key: noisy(rng, own) for key, own in document.items() if rng.random() < 0.95}


def make_receipts(size, seed=2024):
    rng = random.Random(seed)
    receipts = load_receipts()
    references = [receipts[i % len(receipts)] for i in range(size)]
    return [noisy(rng, receipt) for receipt in references], references


def make_line_items(size, seed=2024):
    rng = random.Random(seed)
    references = [
        {
            "shop": rng.choice(GOODS),
            "items": [
                {"name": rng.choice(GOODS), "price": f"{rng.uniform(1, 99):.2f}", "count": "1"}
                for _ in range(rng.randint(2, 8))
            ],
        }
        for _ in range(size)
    ]
    return [noisy(rng, document) for document in references], references


def batch_of(predictions, references):
    from vlmeval_cli.core.batch import Batch, ValueColumn, singles

    columns = {
        "prediction.documents": ValueColumn(predictions, singles(len(predictions))),
        "references.documents": ValueColumn(references, singles(len(references))),
    }
    ids = ["id"] * len(predictions)
    return Batch(ids, predictions, [[one] for one in references], prepared=columns)


def timed(metric, batch, repeats):
    best, values = float("inf"), None
    for _ in range(repeats):
        start = perf_counter()
        values = metric.measure(batch, None).values
        best = min(best, perf_counter() - start)
    return best, values


def whole(name, predictions, references, repeats):
    """ANLS* of whole documents, and of each document once more for field F1."""
    from anls_star import anls_score

    from vlmeval_cli.metrics.anls_star import AnlsStar
    from vlmeval_cli.metrics.donut import Donut
    from vlmeval_cli.metrics.field_f1 import FieldF1

    start = perf_counter()
    expected = [anls_score(*pair) for pair in zip(references, predictions, strict=True)]
    peer = perf_counter() - start
    batch = batch_of(predictions, references)
    ours, values = timed(AnlsStar(), batch, repeats)
    differences = [abs(a - b) for a, b in zip(expected, values[:, 0], strict=True)]
    print(f"{name}: {len(expected):,} documents")
    print(f"  anls_star package {peer:8.3f} s   vlmeval {ours:8.3f} s   {peer / ours:6.1f}x")
    assert max(differences) <= TOLERANCE, max(differences)
    print(f"  every document equal to {TOLERANCE}; mean {sum(expected) / len(expected):.6f}")
    fields, _ = timed(FieldF1(), batch, repeats)
    print(f"  field_f1 with its table {fields:.3f} s: {peer / fields:.1f}x the package's documents")
    donut, _ = timed(Donut(), batch_of(predictions[:500], references[:500]), 1)
    print(f"  donut {1000 * donut / min(500, len(predictions)):.2f} ms/document")


def by_field(predictions, references, repeats):
    """Field by field: a threshold of 1 makes ANLS* exact match, which field_f1 gives as well."""
    from anls_star import anls_score
    from anls_star.anls_star import ANLSTree

    from vlmeval_cli.metrics.field_f1 import FieldF1
    from vlmeval_cli.text.document_rules import settings_of

    ANLSTree.THRESHOLD = 1.0
    start = perf_counter()
    right = sum(
        anls_score(reference[key], prediction[key]) == 1.0
        for prediction, reference in zip(predictions, references, strict=True)
        for key in reference
        if key in prediction
    )
    peer = perf_counter() - start
    ANLSTree.THRESHOLD = 0.5
    rules = settings_of({key: {"compare": "text"} for key in references[0]})
    ours, values = timed(FieldF1(rules=rules), batch_of(predictions, references), repeats)
    assert values[:, 0].sum() == right, (values[:, 0].sum(), right)
    print(f"field by field: {len(references):,} receipts, {right:,} right fields in both")
    print(f"  loop of anls_star {peer:8.3f} s   field_f1 {ours:8.3f} s   {peer / ours:6.1f}x")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    if not DATA.exists():
        sys.exit("the shared data folder with sroie is not beside this repository")
    warnings.simplefilter("ignore")  # the package warns of lists beside texts
    receipts = make_receipts(options.documents)
    by_field(*receipts, options.repeats)
    whole("receipts", *receipts, options.repeats)
    whole("line items", *make_line_items(300), options.repeats)


if __name__ == "__main__":
    main()
