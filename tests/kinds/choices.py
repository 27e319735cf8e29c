"""Items whose answers name one of several options; one of the six is an open question."""

import numpy as np

from vlmeval_cli.core.batch import (
    Batch,
    NumberColumn,
    TextColumn,
    ValueColumn,
    offsets_of,
    singles,
)

COLUMN = "prediction.choice"
NOT_PERFECT = set()
OF_PARSED = {"choice_accuracy_parsed"}  # leaves out what was not read, however bad that is
OPTIONS = ["red", "blue", "green", "white"]

# (letter that the answer names, right letters); an open question: (text, accepted text)
PERFECT = [(letter, [letter]) for letter in "ABCDAB"]
MIXED = [("A", ["A"]), ("B", ["C"]), (None, ["C"]), ("D", ["D", "B"]), ("7", "7"), ("B", ["B"])]
USELESS = [(None, ["A"])]


def batch(items):
    """Items of (letter or None, right letters) or of open questions."""
    n = len(items)
    is_open = [isinstance(golds, str) for _, golds in items]
    letters = [None if alone else letter for (letter, _), alone in zip(items, is_open, strict=True)]
    golds = [[] if alone else own for (_, own), alone in zip(items, is_open, strict=True)]
    accepted = [[own] if alone else own for (_, own), alone in zip(items, is_open, strict=True)]
    sizes = [0 if alone else len(OPTIONS) for alone in is_open]
    columns = {
        "prediction.choice": NumberColumn(numbers(letters), singles(n)),
        "references.choice": NumberColumn(
            numbers([one for own in golds for one in own]), offsets_of([*map(len, golds)])
        ),
        "options.text": ValueColumn(OPTIONS * (n - sum(is_open)), offsets_of(sizes)),
        "options.count": NumberColumn(
            np.array([np.nan if alone else len(OPTIONS) for alone in is_open]), singles(n)
        ),
        "choice.open": NumberColumn(np.array(is_open, dtype=float), singles(n)),
        "choice.answer": TextColumn([text or "" for text, _ in items], singles(n)),
        "choice.accepted": TextColumn(
            [text for own in accepted for text in own], offsets_of([len(own) for own in accepted])
        ),
        "circular.choice": ragged([[letter] for letter in letters]),
        "circular.right": ragged([["".join(own)] for own in golds]),
    }
    ids = [f"i{i}" for i in range(n)]
    return Batch(ids, [text for text, _ in items], accepted, columns=columns)


def numbers(letters):
    return np.array([np.nan if one is None else "ABCD".index(one) for one in letters], dtype=float)


def ragged(values):
    return ValueColumn([one for own in values for one in own], offsets_of([*map(len, values)]))
