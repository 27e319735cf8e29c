"""Multiple choice: the reader of answers against a plain loop.

    python benchmarks/choice.py

Every one of 100,000 answers is read by the slow way and by columns; equal letters are asserted. The
whole road is timed in road.py.
"""

import argparse
import json
import random
from pathlib import Path

from classification import best

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


def reading(n, repeats):
    from vlmeval_cli.parsing.choices.columns import parse
    from vlmeval_cli.parsing.choices.letters import read_choice
    from vlmeval_cli.parsing.choices.options import Options
    from vlmeval_cli.parsing.items import Items

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
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    reading(options.rows, options.repeats)


if __name__ == "__main__":
    main()
