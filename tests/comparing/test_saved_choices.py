"""Options that say how runs are scored, beside runs that were scored before."""

import pytest

from vlmeval_cli.api import compare
from vlmeval_cli.cli.main import main
from vlmeval_cli.core.config import ComparePolicy
from vlmeval_cli.core.errors import UsageError

BASE = set(range(20))
LORA = set(range(5, 35))


@pytest.fixture
def saved(questions, capfd):
    folders = {}
    for name, right in (("base", BASE), ("lora", LORA)):
        folders[name] = str(questions.folder / "saved" / name)
        path = questions.run(name, right)
        assert main(["score", path, questions.references, "--output", folders[name]]) == 0
    return folders


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        ({"where": {"kind": "even"}}, "--where kind=even: all runs are scored already"),
        ({"limit": 5}, "--limit 5: all runs are scored already"),
        ({"by": "kind"}, "--by kind: all runs are scored already"),
        ({"cluster_by": "kind"}, "--cluster-by kind: .*base was scored without clusters"),
    ],
)
def test_what_saved_runs_cannot_follow_is_refused(saved, choice, told):
    with pytest.raises(UsageError, match=told) as error:
        compare(saved, **choice)
    assert "vlmeval score" in error.value.hint


def test_metrics_choose_among_what_saved_runs_have(saved):
    found = compare(saved, metrics="exact_match")
    assert [*found.runs[0].scores] == ["exact_match"]
    assert found.family.n_tests == 1  # of the output that is shown, not of all that were saved


def test_a_metric_that_no_saved_run_has_is_refused(saved):
    with pytest.raises(UsageError, match="--metrics: the saved runs have no chrf"):
        compare(saved, metrics="chrf,anls")


def test_fresh_items_decide_what_is_left_of_saved_runs(saved, questions):
    runs = {"base": saved["base"], "lora": questions.run("fresh", LORA)}
    policy = ComparePolicy(intersect=True)
    found = compare(runs, questions.references, where={"kind": "even"}, policy=policy)
    assert found.runs[0].scores["exact_match"].n == 20


def test_groups_of_a_fresh_run_serve_a_saved_one(saved, questions):
    runs = {"base": saved["base"], "lora": questions.run("fresh", LORA)}
    found = compare(runs, questions.references, by="kind")
    assert [row[1] for row in found.tables["forgetting"].rows] == ["all", "kind=even", "kind=odd"]
