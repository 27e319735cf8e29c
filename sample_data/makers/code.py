"""Code: invented problems in HumanEval's layout, and five recorded samples of each.

The makers know by construction whether a sample passes; a test runs them to make sure.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import NamedTuple

from makers.rows import write

N_SAMPLES = 5


class Problem(NamedTuple):
    """A function, the right body, bodies that look right, and its tests."""

    name: str
    parameters: str
    task: str
    right: tuple[str, ...]
    wrong: tuple[str, ...]
    tests: tuple[str, ...]


def bodies() -> list[Problem]:
    """Families of problems, each with several numbers."""
    found = []
    for n in (2, 3, 5):
        found += [
            Problem(
                f"every_{n}",
                "items",
                f"Return every item whose position is a multiple of {n}, from position 0.",
                (
                    f"return items[::{n}]",
                    f"return [x for i, x in enumerate(items) if i % {n} == 0]",
                ),
                (f"return items[{n}::{n}]", f"return [x for x in items if x % {n} == 0]"),
                (f"([7] * {n} + [9]) == [7, 9]", "([]) == []"),
            ),
            Problem(
                f"add_{n}_and_clip",
                "value, limit",
                f"Add {n} to value, but never go above limit.",
                (f"return min(value + {n}, limit)",),
                (f"return max(value + {n}, limit)", f"return value + {n}"),
                (f"(1, 100) == {n + 1}", "(99, 100) == 100"),
            ),
            Problem(
                f"words_of_{n}",
                "text",
                f"Count the words of text that have exactly {n} letters.",
                (f"return sum(len(word) == {n} for word in text.split())",),
                (
                    f"return len([w for w in text.split() if len(w) >= {n}])",
                    "return text.count(' ')",
                ),
                (f"('{'a' * n} {'b' * n} abcdefgh') == 2", "('   ') == 0"),
            ),
            Problem(
                f"repeat_{n}",
                "text",
                f"Return text {n} times, with a dash between.",
                (f"return '-'.join([text] * {n})",),
                (f"return '-' * {n} + text", f"return (text + '-') * {n}", "return text - 1"),
                (f"('ab') == '{'-'.join(['ab'] * n)}'",),
            ),
        ]
    return found


def row(number: int, problem: Problem) -> dict[str, object]:
    """A problem as HumanEval writes it."""
    checks = "".join(f"    assert candidate{test}\n" for test in problem.tests)
    return {
        "task_id": f"Sample/{number}",
        "prompt": f'def {problem.name}({problem.parameters}):\n    """{problem.task}"""\n',
        "entry_point": problem.name,
        "canonical_solution": f"    {problem.right[0]}\n",
        "test": f"def check(candidate):\n{checks}",
    }


def sample(rng: random.Random, number: int, problem: Problem, skill: float) -> dict[str, object]:
    """What a model might write, and whether it passes."""
    passes = rng.random() < skill
    body = rng.choice(problem.right if passes else problem.wrong)
    completion = f"    {body}\n"
    if rng.random() < 0.1:
        whole = f"def {problem.name}({problem.parameters}):\n    {body}\n"
        completion = f"```python\n{whole}```\n"
    return {"task_id": f"Sample/{number}", "completion": completion, "passed": passes}


def make(folder: Path) -> None:
    """Write problems and samples into ``folder``."""
    rng = random.Random(2029)
    problems = bodies()
    rows, samples = [], []
    for number, problem in enumerate(problems):
        rows.append(row(number, problem))
        skill = rng.choice([0.0, 0.3, 0.6, 0.9])
        samples += [sample(rng, number, problem, skill) for _ in range(N_SAMPLES)]
    write(folder / "code" / "refs.jsonl", rows)
    write(folder / "code" / "preds.jsonl", samples)
