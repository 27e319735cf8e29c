"""BERTScore from the command line: scores, signatures, comparisons, what is refused."""

import json

import pytest

from vlmeval_cli.cli.main import main
from vlmeval_cli.core.batch import Batch
from vlmeval_cli.core.config import ModelPolicy
from vlmeval_cli.core.progress import NoProgress
from vlmeval_cli.engine.prepare import Workshop
from vlmeval_cli.engine.serial import measure
from vlmeval_cli.metrics.bert_score import BertScore
from vlmeval_cli.models.text_encoder import TextEncoder

C = "a dog leaps for a flying disc at the shore"
R = "a brown dog catches a frisbee on the beach"
R2 = "a dog playing with a disc on sandy ground"


@pytest.fixture
def files(tmp_path, minilm):
    """Captions of two runs, and their references."""

    def written(name, rows):
        path = tmp_path / name
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        return str(path)

    ids = [f"i{i}.jpg" for i in range(4)]
    refs = [{"id": one, "captions": [R, R2]} for one in ids]
    return {
        "a": written("a.jsonl", [{"id": one, "caption": C} for one in ids]),
        "b": written("b.jsonl", [{"id": one, "caption": R} for one in ids]),
        "refs": written("refs.jsonl", refs),
    }


def report(capsys, *arguments):
    """The JSON that a command prints."""
    assert main([*arguments, "--device", "cpu", "--resamples", "0", "--json", "-"]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_run_has_the_scores_and_says_what_made_them(files, capsys):
    found = report(
        capsys, "score", files["a"], files["refs"], "--metrics", "bert_score:model=minilm"
    )
    assert found["primary"] == "bert_score_f1[model=minilm]"
    score = found["metrics"]["bert_score_f1[model=minilm]"]
    assert score["value"] == pytest.approx(0.6113, abs=5e-5)  # of the specification
    comparable, recorded = (score["signature"][part] for part in ("comparable", "recorded"))
    assert comparable["model"] == "minilm"
    assert comparable["dtype"] == "float32"
    assert len(comparable["weights"]) == 16
    assert comparable["layer"] == 6
    assert recorded["bert_score_hash"].startswith("minilm_L6_no-idf_version=0.3.12(hug_trans=")
    assert {"torch", "transformers", "device"} <= set(recorded)


def test_runs_are_compared(files, capsys):
    found = report(
        capsys, "compare", f"a={files['a']}", f"b={files['b']}", "--refs", files["refs"],
        "--metrics", "bert_score:model=minilm,semantic_similarity",
    )  # fmt: skip
    pair = next(one for one in found["pairs"] if one["metric"] == "bert_score_f1[model=minilm]")
    assert pair["difference"] == pytest.approx(1.0 - 0.6113, abs=5e-5)


def test_runs_over_the_same_references_encode_them_once(minilm, monkeypatch):
    encoded = []
    original = TextEncoder.token_vectors

    def counted(self, texts, layer=None):
        encoded.append(sorted(texts))
        return original(self, texts, layer)

    monkeypatch.setattr(TextEncoder, "token_vectors", counted)
    workshop, policy = Workshop(), ModelPolicy(cache=False, device="cpu")
    for prediction in (C, R):
        batch = Batch(["a", "b"], [prediction] * 2, [[R, R2], [R2]])
        measure([BertScore(model="minilm")], batch, NoProgress(), workshop=workshop, policy=policy)
    assert encoded == [[C], [R, R2], [R]]


@pytest.mark.parametrize(
    ("metric", "code", "told"),
    [
        ("bert_score", 4, "model=minilm"),
        ("bert_score:model=./nowhere", 2, "layer=N"),
        ("bert_score:model=./nowhere:layer=2", 4, "nowhere"),
        ("bert_score:model=minilm:rescale=true", 2, "no baseline"),
        ("bert_score:model=minilm:layer=two", 2, "expected a whole number"),
        ("bert_score:model=minilm:idf=perhaps", 2, "true or false"),
    ],
)
def test_what_cannot_be_scored_is_refused_with_what_to_do(files, metric, code, told, capsys):
    pytest.importorskip("bert_score", reason="bert-score is not installed")
    assert main(["score", files["a"], files["refs"], "--metrics", metric]) == code
    assert told in capsys.readouterr().err
