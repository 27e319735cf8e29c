"""Runs whose scores can be counted by hand: questions that are answered right or wrong."""

import json
from pathlib import Path

import pytest

from vlmeval_cli.api import gate
from vlmeval_cli.cli.main import main

RIGHT, WRONG = "yes", "no"


class Place:
    """A folder with references, runs and a configuration."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def refs(self, n, kinds=("a",), name="refs.jsonl"):
        rows = [
            {"id": f"q{i}", "question": f"Is it {i}?", "answers": [RIGHT],
             "kind": kinds[i % len(kinds)], "half": "first" if i < n / 2 else "second"}
            for i in range(n)
        ]  # fmt: skip
        return self._write(name, rows)

    def preds(self, name, answers):
        """Answers in order: text, or True for a right one, False for a wrong, None for no row."""
        texts = [{True: RIGHT, False: WRONG}.get(a, a) for a in answers]
        rows = [{"id": f"q{i}", "prediction": t} for i, t in enumerate(texts) if t is not None]
        return self._write(name, rows)

    def config(self, rules, more="", name="gate.yaml"):
        lines = "".join(f"  - {rule}\n" for rule in rules)
        text = f"task: vqa\nmetrics: [exact_match, anls]\n{more}\nrules:\n{lines}"
        return self.write(name, text)

    def write(self, name, text):
        (self.folder / name).write_text(text, "utf-8")
        return str(self.folder / name)

    def saved(self, name, answers, *options, metrics="exact_match,anls"):
        """A saved run, in a folder."""
        predictions = self.preds(f"{name}.jsonl", answers)
        folder = str(self.folder / name)
        words = ["score", predictions, str(self.folder / "refs.jsonl"), "--task", "vqa",
                 "--metrics", metrics, "--quiet", "--output", folder]  # fmt: skip
        assert main([*words, *options]) == 0
        return folder

    def judge(self, rules, answers, *, more="", **options):
        """The result of a gate with these rules on these answers."""
        predictions = self.preds("new.jsonl", answers)
        config = self.config(rules, more)
        return gate(predictions, self.folder / "refs.jsonl", config=config, **options)

    def _write(self, name, rows):
        return self.write(name, "".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture
def place(tmp_path, capfd):
    return Place(tmp_path)
