"""Multiple choice: the whole road against reading alone, and the reader against a plain loop.

    python benchmarks/choice.py              100,000 rows from files, start-up subtracted
    python benchmarks/choice.py --reading    100,000 answers in memory, one by one and as columns

The first compares with the time in which orjson parses and holds the rows of both files, garbage
collector off. The second reads every answer by the slow way and by columns; equal letters are
asserted.
"""

import argparse
import json
import random
import tempfile
from pathlib import Path

from classification import best, parse_and_hold, score

WORDS = ["red", "blue", "green", "dog", "cat", "house", "river", "stone", "table", "lamp"]
FORMS = ["{l}"] * 12 + ["({l})"] * 2 + ["{l}. {t}"] * 3 + ["The answer is {l}."] * 2 + ["{t}"]


def questions(n, seed=1):
    """Options, right letter and answer of each row; 70 % of the answers are right."""
    rng = random.Random(seed)
    for _ in range(n):
        options = [f"{rng.choice(WORDS)} {rng.choice(WORDS)} {j}" for j in range(4)]
        gold = rng.randrange(4)
        said = gold if rng.random() < 0.6 else rng.randrange(4)
        answer = rng.choice(FORMS).format(l="ABCD"[said], t=options[said])
        yield options, "ABCD"[gold], answer


def write_rows(folder, n):
    preds, refs = Path(folder, f"preds_{n}.jsonl"), Path(folder, f"refs_{n}.jsonl")
    with preds.open("w") as mine, refs.open("w") as theirs:
        for i, (options, gold, answer) in enumerate(questions(n)):
            row = {"id": i, "question": f"What is shown in {i}?", "options": options}
            theirs.write(json.dumps({**row, "answer": gold}) + "\n")
            mine.write(json.dumps({"id": i, "prediction": answer}) + "\n")
    return preds, refs


def whole_road(n, repeats):
    with tempfile.TemporaryDirectory() as folder:
        files, few = write_rows(folder, n), write_rows(folder, 500)
        reading, _ = best(repeats, parse_and_hold, files)
        start_up, _ = best(repeats, score, few)
        seconds, _ = best(repeats, score, files)
    print(f"{n:,} rows: orjson parses and holds in {reading:.3f} s; vlmeval score takes "
          f"{seconds:.3f} s, start-up {start_up:.3f} s: "
          f"{(seconds - start_up) / reading:.1f} times")  # fmt: skip


def reading(n, repeats):
    from vlmeval_cli.parsing.choice_columns import parse
    from vlmeval_cli.parsing.choices import read_choice
    from vlmeval_cli.parsing.items import Items
    from vlmeval_cli.parsing.options import Options

    options, _, answers = map(list, zip(*questions(n), strict=True))
    ids = [*map(str, range(n))]
    items = Items(ids, answers, {"options": options}, str, list, options="options")
    pairs = [*zip(answers, options, strict=True)]
    slow, expected = best(1, lambda: [read_choice(a, Options.of(o)).letter for a, o in pairs])
    fast, found = best(repeats, parse, items)
    assert list(found.values) == expected
    print(f"{n:,} answers: one by one {slow:.3f} s, as columns {fast:.3f} s: {slow / fast:.0f} "
          "times as fast, equal letters")  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--reading", action="store_true")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    (reading if options.reading else whole_road)(options.rows, options.repeats)


if __name__ == "__main__":
    main()
