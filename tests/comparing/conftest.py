"""Runs over the same items, from rows to results."""

import json

import pytest

from vlmeval_cli import api


@pytest.fixture
def runs(tmp_path):
    """Results by name, from the answers of each run to the same questions."""

    def runs(references, /, task, **answers):
        options = answers.pop("options", {})
        refs = tmp_path / "refs.jsonl"
        refs.write_text("".join(json.dumps(row) + "\n" for row in references), encoding="utf-8")
        results = {}
        for name, rows in answers.items():
            path = tmp_path / f"{name}.jsonl"
            path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
            results[name] = api.score(path, refs, task=task, resamples=0, **options)
        return results

    return runs
