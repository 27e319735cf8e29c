"""Recorded verdicts, from files to win rates."""

import json

import numpy as np
import pytest

from vlmeval_cli import api
from vlmeval_cli.core.errors import DataError, UsageError


@pytest.fixture
def score(tmp_path):
    def run(rows, **choices):
        path = tmp_path / "rows.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return api.score(path, **{"resamples": 0, **choices})

    return run


def rows_of(*winners, **more):
    return [{"id": number, "winner": winner, **more} for number, winner in enumerate(winners)]


def named(winner, model_a="lora", model_b="base", number=1, **more):
    return {"id": number, "model_a": model_a, "model_b": model_b, "winner": winner, **more}


def annotations(*preferences, **more):
    """AlpacaEval's rows: the baseline is output 1, the model that is evaluated output 2."""
    return [
        {
            "instruction": f"Describe picture {number}.",
            "output_1": "A dog on grass.",
            "generator_1": "baseline",
            "output_2": "A dog that runs over the grass." + " Quickly." * (number % 3),
            "generator_2": "mine",
            "dataset": "helpful_base",
            "annotator": "weighted_alpaca_eval_gpt4_turbo",
            "preference": preference,
            **more,
        }
        for number, preference in enumerate(preferences)
    ]


def test_alpaca_eval_counts_output_2(tmp_path):
    path = tmp_path / "annotations.json"
    path.write_text(json.dumps(annotations(2.0, 2.0, 1.0, 1.5, 0, 1.25)))
    found = api.score(path, resamples=0)
    assert found.task == "preference"
    # AlpacaEval's own number: the mean of preference - 1, where 0 is 1.5; times 100.
    assert found["win_rate"] == pytest.approx(np.mean([1.0, 1.0, 0.0, 0.5, 0.5, 0.25]))
    assert found["win_share"] == pytest.approx(2 / 6)
    assert found["loss_share"] == pytest.approx(2 / 6)
    assert "length_controlled_win_rate" in found.scores
    assert any('"mine" against "baseline"' in note for note in found.notes)
    assert found.fields["id"] == '"instruction", the question, as no field is an id'


def test_alpaca_eval_of_old_versions_names_no_generators(score):
    rows = [
        {key: row[key] for key in row if "generator" not in key}
        for row in annotations(2, 1, 1)
    ]  # fmt: skip
    found = score(rows)
    assert found["win_rate"] == pytest.approx(1 / 3)
    assert any('"output_2" against "output_1"' in note for note in found.notes)


def test_a_null_preference_is_no_verdict(score):
    found = score(annotations(2.0, None, 1.0))
    assert found.scores["win_rate"].n == 2
    assert found["win_rate"] == 0.5
    assert found.outcomes["unparsed"] == 1


def test_letters_are_the_two_answers_and_a_is_asked_for(score):
    found = score(rows_of("a", "b", "tie", "a"))
    assert found["win_rate"] == pytest.approx(2.5 / 4)
    assert found.items.predictions == ["a", "b", "tie", "a"]


def test_winners_may_be_called_by_name(score):
    found = score(rows_of("lora", "base", "lora", "tie"))
    assert found["win_rate"] == pytest.approx(2.5 / 4)
    assert score(rows_of("lora", "base", "lora", "tie"), model="base")["win_rate"] == 1.5 / 4


def test_one_name_alone_won_against_another(score):
    found = score(rows_of("lora", "lora", "tie"))
    assert found["win_rate"] == pytest.approx(2.5 / 3)
    assert any("the other model" in note for note in found.notes)


def test_chatbot_arena(score):
    talk = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello there"}]
    short = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hey"}]
    rows = [
        {
            "question_id": f"q{number}", "model_a": a, "model_b": b, "winner": winner,
            "judge": f"user_{number}", "turn": 1, "conversation_a": talk, "conversation_b": short,
        }
        for number, (a, b, winner) in enumerate(
            [("x", "y", "model_a"), ("y", "z", "model_b"), ("z", "x", "tie (bothbad)"),
             ("y", "x", "model_a"), ("z", "y", "tie")]
        )
    ]  # fmt: skip
    found = score(rows)
    assert found.primary == "win_rate"
    assert found["win_rate"] == pytest.approx((1 + 0.5 + 0) / 3)  # of x
    assert found["bradley_terry_win_rate"] is not None
    lengths = dict(found.tables["length"].rows)
    assert lengths["the model's answer is longer by (mean)"] == pytest.approx((8 - 8 - 8) / 3)
    assert "judge_agreement" not in found.scores  # nobody judged what another one did


def test_rows_of_one_id_are_one_item(score):
    rows = [
        named("model_a"),
        named("model_a", "base", "lora"),
        named("base", judge="person"),
        named("lora", number=2),
    ]
    found = score(rows)
    assert found.scores["win_rate"].n == 2
    assert found["win_rate"] == pytest.approx((1 / 3 + 1) / 2)
    assert (found["position_consistency"], found["biased_to_first"]) == (0.0, 1.0)
    assert found["judge_agreement"] == 0.0  # a tie over both orders, and base
    assert found.items.predictions[0] == ["lora", "base", "base"]


def test_rows_without_an_id_belong_together_by_their_question(score):
    plain = {"model_a": "x", "model_b": "y"}
    turned = {"model_a": "y", "model_b": "x"}
    rows = [
        {"prompt": "red?", **plain, "winner": "x"},
        {"prompt": "red?", **turned, "winner": "x"},
        {"prompt": "blue?", **plain, "winner": "y"},
    ]
    found = score(rows)
    assert found.scores["win_rate"].n == 2
    assert found["position_consistency"] == 1.0


def test_questions_of_one_image_are_different_answers(score):
    rows = [
        {**named("lora"), "question": "what?"},
        {**named("base", "base", "lora"), "question": "where?"},
    ]
    found = score(rows)
    assert [*found.items.ids] == ["1 | what?", "1 | where?"]
    assert "position_consistency" not in found.scores


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("shown_first", ["lora", "base"]),
        ("shown_first", ["a", "b"]),
        ("swapped", [False, True]),
        ("order", ["ab", "ba"]),
        ("position", ["original", "swapped"]),
    ],
)
def test_a_field_may_say_what_was_shown_first(score, field, values):
    rows = [named("lora", **{field: value}) for value in values]
    assert score(rows)["position_consistency"] == 1.0


def test_an_order_that_cannot_be_read_is_told_and_not_used(score):
    found = score([named("lora", order=17)])
    assert any('"order" was not used' in note and "17" in note for note in found.notes)


def test_a_row_may_hold_the_verdicts_of_several_judges(score):
    rows = [
        {"id": 1, "winner": ["a", "b", "a"], "judge": ["x", "y", "z"], "length_a": 5, "length_b": 3}
    ]
    found = score(rows)
    assert found["win_rate"] == pytest.approx(2 / 3)
    assert found["judge_agreement"] == pytest.approx(1 / 3)


def test_a_second_file_gives_the_items(tmp_path):
    verdicts, items = tmp_path / "verdicts.jsonl", tmp_path / "items.jsonl"
    verdicts.write_text("".join(json.dumps(row) + "\n" for row in rows_of("a", "b", "a")))
    listed = [{"id": number, "kind": "photo" if number else "chart"} for number in range(3)]
    items.write_text("".join(json.dumps(row) + "\n" for row in listed))
    found = api.score(verdicts, items, task="preference", by="kind", resamples=0)
    by = {group.by["kind"]: group.scores["win_rate"].value for group in found.groups}
    assert by == {"photo": 0.5, "chart": 1.0}


def test_a_field_that_repeats_within_an_item_names_one_group(score):
    rows = [
        named("lora", kind="photo"),
        named("base", "base", "lora", kind="photo"),
        named("lora", number=2, kind="photo"),
    ]
    (group,) = score(rows, by="kind").groups
    assert (group.by, group.n) == ({"kind": "photo"}, 2)


def test_verdicts_of_one_judge_can_be_selected(score):
    rows = [named("lora", judge="x"), named("base", judge="y"), named("base", judge="y", number=2)]
    assert score(rows, where={"judge": "y"})["win_rate"] == 0.0
    assert score(rows, where={"judge": "x"}).scores["win_rate"].n == 1


BAD = [
    (
        [named("lora"), named("lorra", number=2)],
        ':2: field "winner", got "lorra", expected "lora", "base", "a"',
    ),
    (rows_of("a", "b", "c"), ':3: field "winner", got "c", expected "a", "b"'),
    (rows_of("a", True), ':2: field "winner", got true'),
    (rows_of("a", {"x": 1}), ':2: field "winner", got an object'),
    (rows_of(1, 2, 3), ':3: field "winner", got 3, expected'),
    (rows_of(*"xyxyz"), ':5: field "winner", got "z", expected one of two models'),
    ([named("lora", "base", "base")], ':1: field "model_b", got "base", expected another'),
    ([named("lora", model_b=None), named("lora")], 'field "model_b", got null, expected the name'),
    (
        [named("lora"), named("lroa")],
        ':1 (verdict 2 of 2 on "1"): field "winner", got "lroa"',
    ),
]


@pytest.mark.parametrize(("rows", "message"), BAD)
def test_a_verdict_that_is_none_names_file_line_and_field(score, rows, message):
    with pytest.raises(DataError) as error:
        score(rows)
    assert "rows.jsonl" in error.value.message
    assert message in error.value.message


def test_bad_verdicts_can_be_left_out(score):
    rows = [named("lora"), named("lorra", number=2), named("nobody"), named("base", number=3)]
    found = score(rows, on_bad_row="skip")
    assert found["win_rate"] == 0.5
    assert found.outcomes["unparsed"] == 1
    assert any("1 verdict beside others left out" in note for note in found.notes)


def test_zero_and_one_alone_may_be_two_things(score):
    with pytest.raises(UsageError, match="0 is a tie"):
        score(rows_of(0, 1, 1, 0))
    assert score(rows_of(0, 1, 2))["win_rate"] == 0.5


def test_a_model_that_is_not_there(score):
    with pytest.raises(UsageError, match='no verdict compares the model "lorra"') as error:
        score([named("lora")], model="lorra")
    assert "lora" in error.value.hint


def test_other_tasks_know_no_model(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"id": 1, "prediction": "red", "answers": ["red"]}))
    with pytest.raises(UsageError, match="only the task preference reads it"):
        api.score(path, task="vqa", model="lora")


def test_ties_alone(score):
    found = score(rows_of("tie", "tie", length_a=3, length_b=5))
    assert found["win_rate"] == 0.5
    assert found["length_controlled_win_rate"] is None
    assert found.tables["sign_test"].rows[0][-1] is None


def test_a_side_that_always_wins_has_no_length_controlled_rate(score):
    rows = [named("lora", number=n, length_a=3 + n, length_b=4) for n in range(5)]
    found = score(rows)
    assert found["win_rate"] == 1.0
    assert found.scores["length_controlled_win_rate"].reason.startswith("no finite fit")


def test_groups_that_never_met_have_no_strengths(score):
    rows = [
        named("model_a", a, b, number=n)
        for n, (a, b) in enumerate([("a", "b"), ("b", "a"), ("c", "d"), ("d", "c")])
    ]
    found = score(rows)
    assert found["bradley_terry_strength"] is None
    assert found.scores["bradley_terry_strength"].reason == (
        'no verdict connects "a", "b" with "c", "d"'
    )
    assert found.tables["sign_test"].rows[0][:2] == ("a", "b")


def test_missing_verdicts_are_nobodys_failure(tmp_path):
    verdicts, items = tmp_path / "verdicts.jsonl", tmp_path / "items.jsonl"
    verdicts.write_text(json.dumps({"id": 1, "winner": "a"}))
    items.write_text('{"id": 1, "q": 1}\n{"id": 2, "q": 1}\n')
    with pytest.raises(UsageError, match="no worst value"):
        api.score(verdicts, items, task="preference", missing="worst")
    assert api.score(verdicts, items, task="preference", missing="skip")["win_rate"] == 1.0


def test_metrics_that_the_file_cannot_give_are_refused(score):
    with pytest.raises(UsageError, match=r"position_bias reads judgments\.orders"):
        score(rows_of("a", "b"), metrics="position_bias")


def test_rows_of_one_image_are_items_by_their_question_and_resampled_together(score):
    rows = [
        {"image": "1.png", "question": f"q{n // 2}?", "winner": winner}
        for n, winner in enumerate(["a", "b", "a", "a"])
    ]
    found = score([*rows, {**rows[0], "image": "2.png"}], resamples=20)
    assert found.scores["win_rate"].n == 3
    assert found["win_rate"] == pytest.approx((0.5 + 1 + 1) / 3)
    assert found.statistics_options["cluster_by"] == "image"


def test_a_field_that_no_verdict_fills_is_not_there(score):
    rows = [
        {**named("lora", number=n), "judge": None, "length_a": None, "length_b": None,
         "output_a": "ab" * n, "output_b": "abc"}
        for n in range(3)
    ]  # fmt: skip
    found = score(rows)
    assert "length_controlled_win_rate" in found.scores
