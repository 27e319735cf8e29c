"""Default metrics that need a network are scored where it is on disk, and never fetch."""

from types import SimpleNamespace

import pytest

from vlmeval_cli.core.batch import Batch
from vlmeval_cli.core.config import RunConfig
from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.runs import availability, default_networks
from vlmeval_cli.runs.default_networks import scorable
from vlmeval_cli.runs.planning import plan
from vlmeval_cli.tasks import task
from vlmeval_cli.tasks.base import Facts


class Stub:
    """A metric with a model."""

    info = SimpleNamespace(name="bert_score", extra="neural")

    def options(self):
        return {"model": "owner/net"}


@pytest.fixture
def machine(monkeypatch):
    """A machine with the libraries and weights that are named."""

    def make(*, has_libraries, has_weights):
        monkeypatch.setattr(default_networks, "build", lambda spec: Stub())
        monkeypatch.setattr(availability, "has_extra", lambda extra: has_libraries)
        monkeypatch.setattr(availability, "is_on_disk", lambda name: has_weights)

    return make


def test_with_libraries_and_weights_it_is_scored(machine):
    machine(has_libraries=True, has_weights=True)
    assert scorable(["bert_score"]) == (("bert_score",), ())


def test_without_the_extra_one_hint_says_how_to_install_it(machine):
    machine(has_libraries=False, has_weights=False)
    metrics, (note,) = scorable(["bert_score"])
    assert metrics == ()
    assert note == 'bert_score is left out: it needs pip install "vlmeval-cli[neural]"'


def test_without_weights_one_hint_says_how_to_fetch_them(machine):
    machine(has_libraries=True, has_weights=False)
    metrics, (note,) = scorable(["bert_score"])
    assert metrics == ()
    assert note.endswith("vlmeval download owner/net")


def test_an_unknown_metric_is_no_default(monkeypatch):
    def build(spec):
        raise UsageError("unknown")

    monkeypatch.setattr(default_networks, "build", build)
    assert scorable(["nonsense"]) == ((), ())


@pytest.mark.parametrize(
    ("name", "facts", "expected"),
    [
        ("text", {"median_words": 9}, ("bert_score",)),
        ("text", {"median_words": 90}, ("bert_score",)),
        ("freeform", {}, ("bert_score",)),
        ("vqa", {"median_words": 5}, ("bert_score",)),
        ("vqa", {"median_words": 9, "typical_references": 10}, ("bert_score",)),
        ("vqa", {"median_words": 1}, ()),
        ("vqa", {"median_words": 9, "layouts": frozenset({"textvqa"})}, ()),
        ("captioning", {"columns": frozenset({"image.path"})}, ("clip_score",)),
        ("captioning", {}, ()),
    ],
)
def test_which_task_looks_at_meaning(name, facts, expected):
    given = {"typical_references": 1, "median_words": 1, **facts}
    assert task(name).defaults(Facts(**given)).networks == expected


def test_the_plan_has_the_metric_beside_the_usual_ones(monkeypatch):
    from vlmeval_cli.runs import planning

    monkeypatch.setattr(planning, "scorable", lambda names: default_networks.Offered(("anls",), ()))
    batch = Batch(["1"], ["a dog"], [["the dog"]])
    found = plan(task("text"), batch, frozenset(), RunConfig())
    assert [one.metric.info.name for one in found.chosen][-1] == "anls"
    assert found.primary[0] == "chrf"
