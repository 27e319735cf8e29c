"""Plain text from files to scores: layouts, defaults, diagnosis, and what is refused."""

import json

import pytest
import sacrebleu

from vlmeval_cli.cli.main import main
from vlmeval_cli.core.metric import Output
from vlmeval_cli.core.results import Score, Signature
from vlmeval_cli.tasks import task
from vlmeval_cli.tasks.base import Facts

SENTENCES = ["a dog runs over the grass", "two cats sleep on a chair", "it rains in the old town"]
REFS = [
    {"id": n, "source": f"Satz {n} hier", "reference": text} for n, text in enumerate(SENTENCES)
]
PREDS = [{"id": n, "prediction": text} for n, text in enumerate(SENTENCES)]
WMT = [{"id": n, "translation": {"de": f"Satz {n}", "en": t}} for n, t in enumerate(SENTENCES)]
LINES = "\n".join(SENTENCES) + "\n"


@pytest.fixture
def score(tmp_path, capsys):
    """Score two contents; gives the exit code, the report and what stands on stderr."""

    def score(predictions, references=None, *options, ending="json"):
        paths = []
        for name, content in (("preds", predictions), ("refs", references)):
            if content is not None:
                text = content if isinstance(content, str) else json.dumps(content)
                (tmp_path / f"{name}.{ending}").write_text(text, encoding="utf-8")
                paths.append(str(tmp_path / f"{name}.{ending}"))
        code = main(["score", *paths, "--json", "-", *options])
        printed = capsys.readouterr()
        return code, json.loads(printed.out), printed.err.replace(f"{tmp_path}/", "")

    return score


def value_of(report, name):
    return report["metrics"][name]["value"]


def test_texts_beside_their_source_are_translations(score):
    _, report, printed = score(PREDS, REFS)
    assert (report["task"], report["primary"]) == ("text", "chrf")
    assert 'the items have a "source"' in printed
    assert value_of(report, "chrf") == value_of(report, "sacrebleu") == pytest.approx(1.0)


def test_cnn_dailymail_is_scored_as_summaries(score):
    refs = [
        {"id": n, "article": "…", "highlights": f"{t}\n{t} again"} for n, t in enumerate(SENTENCES)
    ]
    _, report, printed = score(PREDS, refs)
    assert (report["task"], report["primary"]) == ("text", "rouge_lsum_f1")
    assert "several lines" in printed


def test_long_references_are_scored_as_summaries(score):
    refs = [{"id": n, "reference": " ".join(SENTENCES * 3) + f" {n}"} for n in range(3)]
    _, report, printed = score(PREDS, refs)
    assert (report["task"], report["primary"]) == ("text", "rouge_lsum_f1")
    assert "words in the median" in printed


def test_wmt_needs_the_language_that_was_translated_into(score):
    code, report, _ = score(PREDS, WMT)
    assert code == 2
    assert "one of translation.de, translation.en" in report["error"]["hint"]
    _, report, _ = score(PREDS, WMT, "--reference-field", "translation.en")
    assert (report["task"], value_of(report, "chrf")) == ("text", 1.0)


def test_src_mt_ref_rows_stand_in_one_file(score):
    rows = [{"src": f"Satz {n}", "mt": f"{t}!", "ref": t} for n, t in enumerate(SENTENCES)]
    _, report, _ = score(rows)
    assert (report["task"], report["primary"]) == ("text", "chrf")
    assert value_of(report, "rouge_l_f1") == 1.0


@pytest.mark.parametrize("ending", ["txt", "en", "ref"])
def test_lines_of_plain_text_are_joined_by_number(score, ending):
    given = "a dog runs over the grass\n\nit rains in the old town\n"
    _, report, _ = score(given, LINES, ending=ending)
    assert (report["task"], report["outcomes"]) == ("text", {"empty": 1, "scored": 2})
    assert value_of(report, "rouge_l_f1") == pytest.approx(2 / 3)


def test_an_empty_line_among_the_references_is_an_empty_text(score):
    """As the command lines of sacrebleu read the two files."""
    hyps = ["This is one test.", "foo bar", "A b c d e"]
    refs = ["This is a test.", "", "A b c d f"]
    _, report, _ = score("\n".join(hyps) + "\n", "\n".join(refs) + "\n", ending="ref")
    assert report["outcomes"] == {"scored": 3}
    bleu = sacrebleu.corpus_bleu(hyps, [refs]).score / 100
    assert value_of(report, "sacrebleu") == pytest.approx(bleu, abs=1e-12)
    assert round(bleu, 4) == 0.4191
    chrf = sacrebleu.corpus_chrf(hyps, [refs]).score / 100
    assert value_of(report, "chrf") == pytest.approx(chrf, abs=1e-12)


def test_a_table_may_be_called_txt(score):
    preds = "id,prediction\n1,a dog\n2,a cat\n"
    refs = "id,source,reference\n1,ein Hund,a dog\n2,eine Katze,a cat\n"
    assert score(preds, refs, ending="txt")[1]["join"]["matched"] == 2


def test_several_references_of_a_translation(score):
    refs = [{**row, "reference": [row["reference"], "something else"]} for row in REFS]
    assert value_of(score(PREDS, refs)[1], "chrf") == pytest.approx(1.0)


def test_order_of_sentences_matters_to_rouge_l_alone(score):
    refs = [{"id": 0, "article": "…", "highlights": "a dog runs fast\ntwo cats sleep here"}]
    preds = [{"id": 0, "prediction": "two cats sleep here\na dog runs fast"}]
    _, report, _ = score(preds, refs)
    # All eight words are common; four of them stand in the same order.
    assert value_of(report, "rouge_lsum_f1") == pytest.approx(1.0)
    assert value_of(report, "rouge_l_f1") == pytest.approx(0.5)
    assert "another order of sentences" in report["diagnosis"][0]["meaning"]


def scores(**values):
    return {
        name: Score(Output(name), name, value, 100, Signature({})) for name, value in values.items()
    }


def patterns(**values):
    return [found.pattern for found in task("text").diagnose(scores(**values))]


def test_paraphrases_and_word_forms_are_diagnosed():
    assert patterns(rouge_1_f1=0.5, rouge_2_f1=0.1) == [
        "ROUGE-1 is fair (0.50) and ROUGE-2 is low (0.10)"
    ]
    assert patterns(sacrebleu=0.1, chrf=0.5) == ["chrF (0.50) is far above BLEU (0.10)"]
    assert patterns(rouge_1_f1=0.5, rouge_2_f1=0.3, sacrebleu=0.3, chrf=0.5) == []


def test_texts_too_short_for_bleu_are_not_diagnosed():
    assert patterns(sacrebleu=0.0, chrf=0.7) == []


@pytest.mark.parametrize(
    ("facts", "primary"),
    [
        (Facts(1, 12), "chrf"),
        (Facts(1, 60), "rouge_lsum_f1"),
        (Facts(1, 12, have_lines=True), "rouge_lsum_f1"),
        (Facts(1, 60, fields=frozenset({"src"})), "chrf"),
    ],
)
def test_the_primary_metric(facts, primary):
    assert task("text").defaults(facts).primary == primary


def changed(rows, **fields):
    return [*rows[:-1], {**rows[-1], **fields}]


BAD = {
    "a line too few": (LINES.split("\n", 1)[1], LINES, (), 3, "1 id has no prediction", "txt"),
    "no text at all": ("", LINES, (), 3, "the file is empty", "txt"),
    "plain text of no known ending": (
        LINES, LINES, (), 3, "got plain text, expected JSONL", "dat2",
    ),
    "a list as prediction": (
        changed(PREDS, prediction=["a"]), REFS, (), 3,
        'preds.json: row 3: field "prediction", got a list of 1, expected a string', "json",
    ),
    "an object as prediction": (
        changed(PREDS, prediction={"text": "a"}), REFS, (), 3, "got an object", "json",
    ),
    "a boolean as prediction": (changed(PREDS, prediction=True), REFS, (), 3, "got true", "json"),
    "a missing prediction": (changed(PREDS, prediction=None), REFS, (), 3, "1 id has no", "json"),
    "an object as reference": (
        PREDS, changed(REFS, reference={"total": 3}), (), 3,
        'refs.json: row 3: field "reference", got a list of 1', "json",
    ),
    "a list inside a list": (
        PREDS, changed(REFS, reference=[["a"]]), (), 3, 'field "reference"', "json",
    ),
    "several languages": (
        PREDS, WMT, (), 2, 'field "translation" holds several languages', "json",
    ),
    "a language that is not there": (
        PREDS, WMT, ("--reference-field", "translation.fr"), 2,
        'no field "translation.fr", named as the references', "json",
    ),
    "an id twice": ([*PREDS, PREDS[0]], REFS, (), 3, 'id "0" repeats', "json"),
    "no ids": (
        [{"prediction": text} for text in SENTENCES], REFS, (), 2,
        "no field that could be an id", "json",
    ),
    "no predictions": (
        [{"id": n} for n in range(3)], REFS, (), 2, "looks like predictions", "json",
    ),
    "a cut-off file": (json.dumps(PREDS)[:-9], REFS, (), 3, "cut off", "json"),
    "an order of characters out of range": (
        PREDS, REFS, ("--metrics", "chrf:char_order=0"), 2,
        "option chrf:char_order: got", "json",
    ),
    "an order that is no number": (
        PREDS, REFS, ("--metrics", "chrf:word_order=two"), 2, "expected a whole number", "json",
    ),
    "an unknown type": (
        PREDS, REFS, ("--metrics", "rouge:types=rouge_l+rouge_sum"), 2,
        'unknown type "rouge_sum"', "json",
    ),
    "an unknown tokenizer": (
        PREDS, REFS, ("--metrics", "sacrebleu:tokenizer=zh"), 2, 'unknown tokenizer "zh"', "json",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input_has_a_clear_message(score, case):
    predictions, references, options, code, message, ending = BAD[case]
    found, report, printed = score(predictions, references, *options, ending=ending)
    assert found == code
    assert message in report["error"]["message"].replace("\n", " ") + printed
    assert "Traceback" not in printed


def test_missing_predictions_are_scored_worst_if_asked(score):
    _, report, _ = score(changed(PREDS, prediction=None), REFS, "--missing", "worst")
    assert report["outcomes"] == {"missing": 1, "scored": 2}
    assert value_of(report, "rouge_l_f1") == pytest.approx(2 / 3)


def test_bytes_that_are_no_text_are_told_with_their_line(tmp_path, capsys):
    (tmp_path / "preds.txt").write_bytes("a dog\ncaf\u00e9\n".encode("latin-1"))
    (tmp_path / "refs.txt").write_text("a dog\ncafé\n", encoding="utf-8")
    assert main(["score", str(tmp_path / "preds.txt"), str(tmp_path / "refs.txt")]) == 3
    assert "not UTF-8" in capsys.readouterr().err
