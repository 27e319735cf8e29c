"""Runs over the same questions, made with known numbers of right answers."""

import json

import pytest


def rows(path, items):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(item) + "\n" for item in items), "utf-8")
    return str(path)


@pytest.fixture
def questions(tmp_path):
    """Forty questions in two groups, and a maker of runs: right on the items that are named."""

    class Questions:
        n = 40
        folder = tmp_path
        references = rows(
            tmp_path / "refs.jsonl",
            [
                {"id": f"q{i}", "question": f"What is {i}?", "answers": [f"a{i}"],
                 "kind": "even" if i % 2 == 0 else "odd"}
                for i in range(40)
            ],
        )  # fmt: skip

        def run(self, name, right, *, n=40, empty=()):
            """A file of predictions that are right on the items ``right``."""
            said = {i: f"a{i}" if i in right else "no" for i in range(n)}
            said |= dict.fromkeys(empty, "")
            items = [{"id": f"q{i}", "prediction": text} for i, text in said.items()]
            return rows(tmp_path / f"{name}.jsonl", items)

    return Questions()
