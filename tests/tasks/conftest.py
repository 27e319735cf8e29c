"""Fixtures of the tests of tasks."""

import json

import pytest

from vlmeval_cli.cli.main import main


@pytest.fixture
def score(tmp_path, capsys):
    """Score two contents; gives the exit code, the report and what stands on stderr."""

    def score(predictions, references=None, *options):
        paths = []
        for name, content in (("preds", predictions), ("refs", references)):
            if content is not None:
                text = content if isinstance(content, str) else json.dumps(content)
                (tmp_path / f"{name}.json").write_text(text, encoding="utf-8")
                paths.append(str(tmp_path / f"{name}.json"))
        code = main(["score", *paths, "--json", "-", *options])
        printed = capsys.readouterr()
        return code, json.loads(printed.out), printed.err.replace(f"{tmp_path}/", "")

    return score
