"""Items of the tasks whose predictions are documents: JSON values, None where unreadable."""

from vlmeval_cli.core.batch import Batch, ValueColumn, offsets_of, singles

COLUMN = "prediction.documents"
NOT_PERFECT = {"consistency"}  # perfect documents need not be alike

RECEIPTS = [
    {"company": "Tea House", "date": "2024-03-05", "total": 12.5, "paid": True},
    {"company": "Book Shop", "items": [{"name": "atlas", "price": 30}, {"name": "map"}]},
    {"tags": ["red", "blue"], "seller": {"name": "A. Smith", "city": "Leeds"}},
    {"total": 7, "items": [{"name": "milk", "price": 2}, {"name": "bread", "price": 5}]},
    {"company": "Café Übersee", "date": "5 May 2024", "total": "9.90"},
    {"rows": [["a", 1], ["b", 2]], "title": "table"},
]

PERFECT = [(document, [document]) for document in RECEIPTS]
MIXED = [
    ({**RECEIPTS[0], "total": "12.50"}, [RECEIPTS[0]]),
    ({"company": "Book Shp", "items": [{"name": "map"}, {"name": "pen"}]}, [RECEIPTS[1]]),
    ({"tags": ["blue", "green", "red"], "seller": "A. Smith"}, [RECEIPTS[0], RECEIPTS[2]]),
    (None, [RECEIPTS[3]]),
    (RECEIPTS[4], [RECEIPTS[4]]),
    ([], [RECEIPTS[5], {"title": "table"}]),
]
USELESS = [(None, [RECEIPTS[0]])]


def batch(items):
    """Items of (prediction, references)."""
    predictions = [document for document, _ in items]
    references = [list(found) for _, found in items]
    flat = [document for found in references for document in found]
    columns = {
        COLUMN: ValueColumn(predictions, singles(len(items))),
        "references.documents": ValueColumn(flat, offsets_of([*map(len, references)])),
    }
    ids = [f"i{i}" for i in range(len(items))]
    return Batch(ids, predictions, references, columns=columns)
