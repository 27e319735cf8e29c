"""``--reference``: the original packages run beside ours and agree."""

import json

import pytest

from vlmeval_cli import score

ROW = '{"id": "%s", "prediction": "%s", "captions": ["%s", "%s"]}\n'
TEXTS = [
    ("a brown dog runs on the beach .", "a dog runs at the shore", "the dog is on a beach"),
    ("two men ride bikes", "two people riding bicycles in a race", "men on bikes"),
    ("a plate of food", "a white plate with pizza", "some food on a plate"),
]


@pytest.fixture
def captions(tmp_path):
    path = tmp_path / "captions.jsonl"
    path.write_text("".join(ROW % (i, *texts) for i, texts in enumerate(TEXTS)))
    return path


def table(captions, metrics):
    found = score(captions, task="captioning", metrics=metrics, reference=True, resamples=0)
    return {row[0]: row for row in found.tables["reference"].rows}


@pytest.mark.parametrize(
    ("metrics", "package"),
    [
        ("rouge", "rouge_score"),
        ("sacrebleu", "sacrebleu"),
        ("bleu:variant=nltk:smoothing=method1", "nltk"),
        ("bleu:variant=nltk:smoothing=method3:max_order=2", "nltk"),
    ],
)
def test_packages_agree_with_ours(captions, metrics, package):
    pytest.importorskip(package, reason=f"{package} is not installed (extra reference)")
    rows = table(captions, metrics)
    assert rows
    for _, ours, theirs, largest, ratio, version in rows.values():
        assert ours == pytest.approx(theirs, abs=1e-9)
        assert largest < 1e-9
        assert ratio > 0
        assert any(digit.isdigit() for digit in version)


def test_pycocoevalcap_agrees_with_ours(captions, java):
    pytest.importorskip("pycocoevalcap", reason="pycocoevalcap is not installed (extra reference)")
    rows = table(captions, "bleu,rouge_l,cider")
    assert set(rows) == {"bleu_1", "bleu_2", "bleu_3", "bleu_4", "rouge_l", "cider"}
    for _, ours, theirs, largest, _, _ in rows.values():
        assert ours == pytest.approx(theirs, abs=1e-9)
        assert largest < 1e-9


@pytest.mark.parametrize("mark", ["\r", "\n", "\x0b", "\x85", "\u2028"])
def test_a_line_break_does_not_shift_the_texts_of_the_original(tmp_path, java, mark):
    pytest.importorskip("pycocoevalcap", reason="pycocoevalcap is not installed (extra reference)")
    rows = [
        {"id": str(i), "prediction": text.replace(" ", mark, 1), "captions": others}
        for i, (text, *others) in enumerate(TEXTS)
    ]
    path = tmp_path / "captions.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert table(path, "rouge_l")["rouge_l"][3] < 1e-9


def test_a_package_that_fails_is_told_and_our_scores_stand(captions):
    pytest.importorskip("nltk", reason="nltk is not installed (extra reference)")
    text = captions.read_text().replace("a plate of food", "zebra")
    captions.write_text(text)
    row = table(captions, "bleu:variant=nltk:smoothing=method6:as=x")
    (found,) = row.values()
    assert found[1:5] == (None, None, None, None)
    assert "nltk failed: AssertionError" in found[5]


def test_without_java_the_reason_is_told(captions, monkeypatch):
    pytest.importorskip("pycocoevalcap", reason="pycocoevalcap is not installed (extra reference)")
    monkeypatch.setenv("PATH", "")
    row = table(captions, "cider")["cider"]
    assert row[1:5] == (None, None, None, None)
    assert "no java" in row[5]


def test_a_metric_without_a_package_says_so(captions):
    assert "no package" in table(captions, "anls")["anls"][5]


def test_a_package_that_is_not_installed_says_how(captions, monkeypatch):
    monkeypatch.setattr("vlmeval_cli.oracles.comparison.is_installed", lambda module: False)
    assert 'pip install "vlmeval-cli[reference]"' in table(captions, "sacrebleu")["sacrebleu"][5]
