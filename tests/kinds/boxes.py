"""Items of grounding: images whose objects are boxes with classes and confidences.

An item is (id, predicted boxes, true boxes); a box is (corners, class, confidence). The id is a
part of the item, since average precision breaks ties by it.
"""

from vlmeval_cli.core.batch import Batch
from vlmeval_cli.geometry.columns import column_of

COLUMN = "prediction.boxes"
# Points are no boxes; and where confidences are left out no order of boxes is better than another.
NOT_PERFECT = {"pointing_accuracy"}

SMALL, MEDIUM, LARGE = (0, 0, 20, 20), (30, 30, 90, 80), (100, 100, 300, 260)
SHAPES = [SMALL, MEDIUM, LARGE]


def moved(box, by):
    left, top, right, bottom = box
    return (left + by, top, right + by, bottom)


def true(number):
    names = ("dog", "cat", "Car")
    return [(moved(SHAPES[k], number), names[k], None) for k in range(1 + number % 3)]


PERFECT = [
    (f"p{n}", [(box, name, 0.9 - n / 10 - k / 100) for k, (box, name, _) in enumerate(true(n))],
     true(n))
    for n in range(6)
]  # fmt: skip
MIXED = [
    PERFECT[0],
    ("m1", [(moved(SMALL, 4), "dog", 0.7), (moved(SMALL, 5), "dog", 0.6)], true(1)),
    ("m2", [(LARGE, "cat", 0.85), (moved(MEDIUM, 10), "cat", 0.3), (LARGE, "car", 0.2)], true(2)),
    ("m3", [], true(5)),
    ("m4", [((400, 400, 480, 500), "cat", 0.95), (moved(MEDIUM, 24), "cat", 0.55)], true(4)),
    ("m5", [(moved(LARGE, 60), "car", 0.65), (moved(SMALL, 3), "dog", 0.5)], true(5)),
]
USELESS = [("u", [((500, 500, 520, 510), "dog", 0.4)], true(0))]


def batch(items):
    """Items of (id, predicted boxes, true boxes)."""
    mine, theirs = ([item[side] for item in items] for side in (1, 2))
    columns = {"prediction.boxes": _column(mine), "references.boxes": _column(theirs)}
    return Batch(
        ids=[item[0] for item in items],
        predictions=[None] * len(items),
        references=[[None]] * len(items),
        columns=columns,
    )


def _column(items):
    found = [box for own in items for box in own]
    return column_of(
        [[box for box, _, _ in own] for own in items],
        labels=[label for _, label, _ in found],
        scores=[float("nan") if score is None else score for _, _, score in found],
    )
