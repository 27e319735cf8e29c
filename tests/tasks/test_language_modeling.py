"""Language modelling, from recorded log-probabilities to loss, perplexity and bits per byte."""

import json
import math

import numpy as np
import pytest

from vlmeval_cli import api
from vlmeval_cli.cli.main import main
from vlmeval_cli.core.errors import VlmevalError
from vlmeval_cli.core.metric import Output
from vlmeval_cli.core.results import Score, Signature
from vlmeval_cli.tasks import task

SPEC = [-0.1, -2.3, -0.7]  # perplexity 2.8104183 (metric specification, section 15)


@pytest.fixture
def score(tmp_path):
    def run(rows, **choices):
        path = tmp_path / "logs.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return api.score(path, resamples=0, **choices)

    return run


def chat(log_probs, **more):
    return {"content": [{"token": "ab", "logprob": number, **more} for number in log_probs]}


def values(result):
    return {name: one.value for name, one in result.scores.items()}


@pytest.mark.parametrize(
    "row",
    [
        {"token_logprobs": SPEC},
        {"token_logprobs": [None, *SPEC]},
        {"logprobs": chat(SPEC)},
        {"logprobs": {"tokens": ["a", "b", "c"], "token_logprobs": SPEC}},
        {
            "logprobs": [
                None,
                *({"5": {"logprob": x, "rank": 2, "decoded_token": "t"}} for x in SPEC),
            ]
        },
        {"losses": [0.1, 2.3, 0.7]},
        {"loss": 3.1 / 3, "n_tokens": 3},
        {"nll": 3.1, "num_tokens": 3},
        {"log_likelihood": -3.1, "token_count": 3},
        {"token_logprobs": [-9.0, *SPEC], "labels": [-100, 4, 5, 6]},
        {"token_logprobs": SPEC, "labels": [-100, 4, 5, 6]},
        {"token_logprobs": [*SPEC, -9.0], "loss_mask": [1, 1, 1, 0]},
    ],
    ids=lambda row: str(row)[:50],
)
def test_every_form_gives_the_perplexity_of_the_specification(score, row):
    found = score([{"id": "a", **row}])
    assert found.task == "language_modeling"
    assert found["perplexity"] == pytest.approx(2.8104183, abs=1e-7)


def test_masked_cross_entropy_of_the_specification(score):
    # Section 17: logits and labels -100, -100, 1, 2 of which the first has no prediction.
    logits = np.array([[2, 0, -1], [0, 1, 0], [1, 1, 1.0]])
    labels = [-100, -100, 1, 2]
    log_probs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    recorded = [None, -9.0, float(log_probs[1, 1]), float(log_probs[2, 2])]
    found = score([{"id": "a", "token_logprobs": recorded, "labels": labels}])
    assert found["loss"] == pytest.approx(0.8250285, abs=1e-7)


def test_the_corpus_is_weighted_by_tokens(score):
    rows = [{"id": 1, "token_logprobs": [-1.0]}, {"id": 2, "token_logprobs": [-4.0] * 3}]
    found = score(rows)
    assert found["loss"] == pytest.approx(13 / 4)
    assert found["perplexity"] == pytest.approx(math.exp(13 / 4))


def test_bits_per_byte_counts_the_bytes_of_the_text(score):
    rows = [{"id": 1, "token_logprobs": [None, -2.0, -1.0], "text": "né"}]
    assert score(rows)["bits_per_byte"] == pytest.approx(3.0 / (3 * math.log(2)))


def test_bytes_of_tokens_are_those_recorded_or_their_own(score):
    content = [
        {"token": "\ufffd", "logprob": -1.0, "bytes": [195]},
        {"token": "ab", "logprob": -2.0},
    ]
    found = score([{"id": 1, "logprobs": {"content": content}}])
    assert found["bits_per_byte"] == pytest.approx(3.0 / (3 * math.log(2)))


@pytest.mark.parametrize(
    "logprobs",
    [
        {"tokens": ["né", " x", r"bytes:\xe6\x97"], "token_logprobs": [None, -2.0, -1.0]},
        [
            None,
            {"5": {"logprob": -2.0, "decoded_token": " x"}},
            {"6": {"logprob": -1.0, "decoded_token": "ab"}},
        ],
    ],
    ids=["completions", "vllm"],
)
def test_bytes_of_scored_tokens_are_those_of_their_texts(score, logprobs):
    # " x" and two bytes of a character: 3 nats in 4 bytes
    found = score([{"id": 1, "logprobs": logprobs}])
    assert found["bits_per_byte"] == pytest.approx(3.0 / (4 * math.log(2)))


def test_a_broken_character_of_vllm_has_no_known_bytes(score):
    prompt = [None, {"5": {"logprob": -2.0, "decoded_token": "\ufffd"}}]
    found = score([{"id": 1, "prompt_logprobs": prompt}]).scores["bits_per_byte"]
    assert found.reason == "the bytes of no text are known"


def test_prompt_logprobs_of_vllm_are_recognised(score):
    row = {"id": 1, "prompt": "a b", "prompt_logprobs": [None, {"5": {"logprob": -2.0}}]}
    assert score([row]).task == "language_modeling"
    assert score([row])["loss"] == 2.0
    assert score([row], task="language_modeling", prediction_field="prompt_logprobs")["loss"] == 2.0


def test_prompt_logprobs_in_a_choice_of_a_server_are_recognised(score):
    prompt = [None, {"5": {"logprob": -2.0, "decoded_token": "ab"}}]
    choice = {"text": "", "prompt_logprobs": prompt, "logprobs": None, "finish_reason": "length"}
    row = {"custom_id": "a", "response": {"body": {"choices": [choice]}}, "error": None}
    assert score([row])["loss"] == 2.0


@pytest.mark.parametrize(
    "row",
    [
        {"token_logprobs": [-1.0, -9999.0]},
        {"logprobs": chat([-9999.0, -1.0])},
        {"logprobs": {"tokens": ["a", "b"], "token_logprobs": [-1.0, -9999.0]}},
    ],
)
def test_the_sentinel_of_servers_is_a_token_of_no_probability(score, row):
    found = score([{"id": 1, **row}])
    (warning,) = (one for one in found.warnings if one.code == "infinite_loss")
    assert "−9999 as OpenAI and vLLM write it" in warning.message
    assert math.isinf(found["loss"])


def test_a_loss_of_9999_is_a_number(score):
    assert score([{"id": 1, "losses": [9999.0, 1.0]}])["loss"] == 5000.0


def test_bytes_of_a_text_that_is_partly_masked_are_unknown(score):
    row = {"id": 1, "token_logprobs": [-2.0, -1.0], "labels": [4, -100], "text": "abcd"}
    found = score([row]).scores["bits_per_byte"]
    assert found.value is None
    assert found.reason


def test_token_accuracy_counts_first_choices(score):
    tops = [[{"token": "x", "logprob": -0.5}], [{"token": "y", "logprob": -0.1}]]
    content = [
        {"token": "x", "logprob": own, "top_logprobs": top}
        for own, top in zip([-0.5, -2.0], tops, strict=True)
    ]
    ranks = [{"7": {"logprob": -0.2, "rank": 1}}, {"8": {"logprob": -3.0, "rank": 9}}]
    assert score([{"id": 1, "logprobs": {"content": content}}])["token_accuracy"] == 0.5
    assert score([{"id": 1, "logprobs": ranks}])["token_accuracy"] == 0.5


def test_tokens_whose_alternatives_hold_no_number_are_not_judged(score):
    content = [
        {"token": "x", "logprob": -0.5, "top_logprobs": [{"token": "x", "logprob": None}, "?"]},
        {"token": "x", "logprob": -0.5, "top_logprobs": []},
        {"token": "x", "logprob": -0.5, "top_logprobs": [{"logprob": None}, {"logprob": -0.1}]},
    ]
    assert score([{"id": 1, "logprobs": {"content": content}}])["token_accuracy"] == 0.0
    older = {"token_logprobs": [None, -1.0, -1.0], "top_logprobs": [None, {"a": None}, {"b": -1.0}]}
    assert score([{"id": 1, "logprobs": older}])["token_accuracy"] == 1.0


def test_without_alternatives_token_accuracy_is_no_default(score):
    assert "token_accuracy" not in score([{"id": 1, "token_logprobs": SPEC}]).scores


def test_a_token_of_no_probability_is_told_and_never_a_number(tmp_path, capsys):
    path = tmp_path / "logs.jsonl"
    path.write_text(
        '{"id": 1, "token_logprobs": [-1.0, -Infinity]}\n{"id": 2, "token_logprobs": [-1]}\n'
    )
    assert main(["score", str(path), "--json", "-"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["metrics"]["loss"]["value"] is None
    assert found["metrics"]["loss"]["reason"]
    assert [one["code"] for one in found["warnings"]] == ["infinite_loss"]


BROKEN = [
    ({"token_logprobs": [0.5]}, "a log-probability of 0.5"),
    ({"token_logprobs": [-1.0, "x"]}, '"x" among the numbers'),
    ({"token_logprobs": [-1.0, True]}, "among the numbers"),
    ({"token_logprobs": [[-1.0]]}, "among the numbers"),
    ({"token_logprobs": "[-1.0]"}, "got"),
    ({"token_logprobs": {"a": 1}}, "got"),
    ({"token_logprobs": True}, "got"),
    ({"logprobs": {"content": [{"token": "a"}]}}, 'no "token" and "logprob"'),
    ({"logprobs": {"content": ["a"]}}, 'no "token" and "logprob"'),
    ({"logprobs": [{"5": -1.0}]}, "token id"),
    ({"logprobs": {"content": [{"token": "a", "logprob": "low"}]}}, "among the numbers"),
    (
        {"logprobs": {"token_logprobs": [-1.0], "top_logprobs": [{"a": "low"}]}},
        "alternatives whose log-probabilities are no numbers",
    ),
    ({"loss": -1.0, "n_tokens": 3}, "a loss of -1, which is below 0"),
    ({"losses": [-1.0]}, "a loss of -1, which is below 0"),
]
UNPARSED = [
    ({"loss": 1.0}, "no count of tokens"),
    ({"loss": 1.0, "n_tokens": 0}, "no count of tokens"),
    ({"loss": 1.0, "n_tokens": 2.5}, "no count of tokens"),
    ({"loss": 1.0, "n_tokens": math.inf}, "no count of tokens"),
    ({"token_logprobs": []}, "no token is scored"),
    ({"token_logprobs": [None]}, "no token is scored"),
    ({"token_logprobs": [-1.0], "labels": [-100]}, "no token is scored"),
    ({"token_logprobs": [-1.0], "labels": [1, 2, 3]}, "3 labels for 1 log-probabilities"),
]


@pytest.mark.parametrize(("row", "words"), BROKEN, ids=lambda part: str(part)[:40])
def test_a_value_that_holds_no_log_probabilities_is_refused(score, row, words):
    name = next(iter(row))
    good = {"id": 1, name: [1.0 if name.startswith("loss") else -1.0]}
    place = r"logs\.jsonl:2: field .*expected natural log-prob"
    with pytest.raises(VlmevalError, match=place) as told:
        score([good, {"id": 2, **row}])
    assert words in told.value.message


@pytest.mark.parametrize(("row", "words"), UNPARSED, ids=lambda part: str(part)[:40])
def test_a_text_without_a_scored_token_is_counted(score, row, words):
    name = next(iter(row))
    good = {"id": 1, name: 1.0, "n_tokens": 4} if name == "loss" else {"id": 1, name: [-1.0]}
    found = score([good, {"id": 2, **row}])
    assert found.outcomes == {"unparsed": 1, "scored": 1}
    assert words in found.items.reasons[1]
    assert words in next(iter(found.scores["loss"].skipped))
    assert any(words in note for note in found.notes)
    assert found.scores["loss"].n == 1


def scored(**numbers):
    return {name: Score(Output(name), name, x, 9, Signature({})) for name, x in numbers.items()}


def test_high_loss_with_high_accuracy_is_overconfident():
    diagnose = task("language_modeling").diagnose
    (found,) = diagnose(scored(loss=4.0, token_accuracy=0.7))
    assert "overconfident" in found.meaning
    assert not diagnose(scored(loss=1.0, token_accuracy=0.7))
    assert not diagnose(scored(loss=4.0, token_accuracy=0.2))
