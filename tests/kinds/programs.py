"""Items of code: programs beside reference solutions. What a kind is stands in texts.py."""

from vlmeval_cli.core.batch import Batch, TextColumn, offsets_of

COLUMN = "programs.text"
NOT_PERFECT = set()

SOLUTIONS = [
    "return a + b",
    "for x in items :\n    total += x",
    "return sorted ( words , key = len )",
    "if n < 2 :\n    return n",
    "with open ( path ) as file :\n    return file . read ( )",
    "raise ValueError ( message )",
]
PERFECT = [([text], [text, "pass"]) for text in SOLUTIONS]
MIXED = [
    (["return a - b"], SOLUTIONS[:1]),
    ([SOLUTIONS[1], "total = sum ( items )"], SOLUTIONS[1:2]),
    (["return sorted ( words )"], [SOLUTIONS[2], "words . sort ( )"]),
    ([""], SOLUTIONS[3:4]),
    (["pass"], SOLUTIONS[4:5]),
    (["raise  ValueError ( message )", "raise", "return message"], SOLUTIONS[5:]),
]
USELESS = [([""], ["return a + b"])]


def batch(items):
    """Items of (programs, solutions)."""
    ids = [f"i{i}" for i in range(len(items))]
    columns = {COLUMN: _column([made for made, _ in items])}
    columns["solutions.text"] = _column([known for _, known in items])
    return Batch(ids, [made for made, _ in items], [known for _, known in items], columns=columns)


def _column(texts):
    flat = [text for own in texts for text in own]
    return TextColumn(flat, offsets_of([*map(len, texts)]))
