"""Rows to a result, by way of files as a user has them."""

import json

import pytest

from vlmeval_cli import api


@pytest.fixture
def score(tmp_path):
    """Score rows of predictions and of references with the options of ``api.score``."""

    def written(name, rows):
        path = tmp_path / name
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return path

    def score(predictions, references=None, **options):
        paths = [written("preds.jsonl", predictions)]
        if references is not None:
            paths.append(written("refs.jsonl", references))
        return api.score(*paths, **{"resamples": 0, **options})

    return score
