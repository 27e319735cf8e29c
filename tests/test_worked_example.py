"""The example of docs/worked-example.md, through the public door."""

import json

import pytest

from vlmeval_cli import score

PREDICTION = "a dog leaps for a flying disc at the shore"
REFERENCE = "a brown dog catches a frisbee on the beach"
SECOND_REFERENCE = "a dog playing with a disc on sandy ground"


@pytest.fixture
def run(tmp_path):
    def run(metrics, references=(REFERENCE,)):
        predictions, accepted = tmp_path / "preds.jsonl", tmp_path / "refs.jsonl"
        predictions.write_text(json.dumps({"id": "1", "caption": PREDICTION}))
        accepted.write_text(json.dumps({"id": "1", "captions": list(references)}))
        return score(predictions, accepted, metrics=metrics)

    return run


@pytest.mark.parametrize(
    ("smoothing", "expected"), [("method1", 0.0298475), ("method3", 0.0593420)]
)
def test_bleu_4_depends_on_the_smoothing(run, smoothing, expected):
    result = run(f"bleu:variant=nltk:smoothing={smoothing}")
    assert result["bleu_4"] == pytest.approx(expected, abs=5e-8)


def test_coco_bleu(run):
    result = run("bleu")
    found = [result[f"bleu_{n}"] for n in (1, 2, 3, 4)]
    assert found == pytest.approx([0.4, 6.66667e-9, 1.77110e-11, 9.43860e-13], rel=1e-5)


def test_rouge_l_is_8_of_19(run):
    assert run("rouge")["rouge_l_f1"] == pytest.approx(8 / 19)


def test_rouge_l_of_coco(run):
    assert run("rouge_l")["rouge_l"] == pytest.approx(0.4250871, abs=5e-8)


def test_meteor_finds_exact_matches_only(run):
    assert run("meteor")["meteor"] == pytest.approx(0.2197802, abs=5e-8)


def test_meteor_takes_the_better_of_two_references(run):
    result = run("meteor", [REFERENCE, SECOND_REFERENCE])
    assert result["meteor"] == pytest.approx(0.3468407, abs=5e-8)


def test_cider_of_one_image_is_zero_and_says_why(run):
    result = run("cider")
    assert result["cider"] == 0.0
    assert any("one image" in warning.message for warning in result.warnings)
