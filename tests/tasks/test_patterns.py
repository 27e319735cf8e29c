"""Every pattern of every task is found where it is made to be, and nowhere else."""

import pytest

from vlmeval_cli.core.metric import Output
from vlmeval_cli.core.results import Score, Signature
from vlmeval_cli.tasks import NAMES, task
from vlmeval_cli.tasks.patterns.changes import ANY_TASK, CHANGES
from vlmeval_cli.tasks.patterns.rules import Bound, Condition, Pattern, Patterns, values_of
from vlmeval_cli.tasks.patterns.wording import WORDS

TASKS = [name for name in NAMES if isinstance(task(name).diagnose, Patterns)]
LOWER = {"loss", "perplexity", "ece", "unparsed_rate", "choice_unparsed_rate", "mce"}


def scores(n=200, /, **values):
    return {
        name: Score(Output(name, higher_is_better=name not in LOWER), name, value, n, Signature({}))
        for name, value in values.items()
    }


# Task → scores, and how what is seen in them begins.
EXAMPLES = {
    "captioning": [
        ({"rouge_l": 0.5, "cider": 0.2}, "ROUGE-L is fair (0.50) and CIDEr is low (0.20)"),
        ({"bleu_4": 0.35, "cider": 0.3}, "BLEU-4 is high (0.35) and CIDEr is low (0.30)"),
        ({"bleu_1": 0.2, "rouge_l": 0.4}, "BLEU-1 (0.20) is far below ROUGE-L (0.40)"),
        ({"bleu_1": 0.6, "bleu_4": 0.1}, "BLEU-1 is high (0.60) and BLEU-4 low (0.10)"),
        ({"meteor": 0.6, "bleu_4": 0.2}, "METEOR (0.60) is far above BLEU-4 (0.20)"),
        ({"clip_score": 0.85, "cider": 0.3}, "CLIPScore is high (0.85) and CIDEr is low (0.30)"),
        ({"bert_score_f1": 0.92, "bleu_4": 0.1}, "BERTScore is high (0.92) and BLEU-4 low (0.10)"),
        ({"bert_score_f1": 0.8, "bleu_4": 0.4}, "BERTScore is low (0.80) and BLEU-4 high (0.40)"),
        ({"bert_score_f1": 0.8, "bleu_4": 0.1}, "BERTScore (0.80) and BLEU-4 (0.10) are both low"),
        (
            {"rouge_l_recall": 0.7, "rouge_l_precision": 0.3},
            "ROUGE-L recall (0.70) is far above precision (0.30)",
        ),
        (
            {"rouge_l_recall": 0.3, "rouge_l_precision": 0.7},
            "ROUGE-L precision (0.70) is far above recall (0.30)",
        ),
    ],
    "vqa": [
        (
            {"exact_match": 0.6, "exact_match[normalize=none]": 0.3},
            "exact match is 0.60 once normalised, and 0.30 as written",
        ),
        ({"token_f1": 0.7, "exact_match": 0.5}, "token F1 (0.70) is far above exact match (0.50)"),
        ({"anls": 0.7, "exact_match": 0.5}, "ANLS (0.70) is far above exact match (0.50)"),
        (
            {"relaxed_accuracy": 0.7, "exact_match": 0.5},
            "relaxed accuracy (0.70) is far above exact match (0.50)",
        ),
        (
            {"exact_match": 0.8, "vqa_accuracy": 0.3},
            "exact match is high (0.80) and VQA accuracy low (0.30)",
        ),
        ({"bert_score_f1": 0.92, "bleu_4": 0.1}, "BERTScore is high (0.92) and BLEU-4 low (0.10)"),
        ({"bert_score_f1": 0.8, "bleu_4": 0.4}, "BERTScore is low (0.80) and BLEU-4 high (0.40)"),
        ({"bert_score_f1": 0.8, "bleu_4": 0.1}, "BERTScore (0.80) and BLEU-4 (0.10) are both low"),
        (
            {"rouge_l_recall": 0.7, "rouge_l_precision": 0.3},
            "ROUGE-L recall (0.70) is far above precision (0.30)",
        ),
        (
            {"rouge_l_recall": 0.3, "rouge_l_precision": 0.7},
            "ROUGE-L precision (0.70) is far above recall (0.30)",
        ),
    ],
    "docqa": [
        ({"ocrbench": 0.9, "anls": 0.6}, "ocrbench (0.90) is far above ANLS (0.60)"),
        ({"anls": 0.8, "exact_match": 0.5}, "ANLS (0.80) is far above exact match (0.50)"),
        (
            {"anls": 0.3, "exact_match": 0.25},
            "ANLS (0.30) is low and hardly above exact match (0.25)",
        ),
        ({"token_f1": 0.9, "anls": 0.7}, "token F1 (0.90) is far above ANLS (0.70)"),
    ],
    "grounding": [
        ({"acc_at_50": 0.9, "mean_iou": 0.55}, "Acc@0.5 is high (0.90) and mean IoU low (0.55)"),
        ({"acc_at_50": 0.9, "acc_at_75": 0.3}, "Acc@0.5 is high (0.90) and Acc@0.75 low (0.30)"),
        (
            {"center_accuracy": 0.7, "acc_at_50": 0.4},
            "centres are right (0.70) far more often than boxes (0.40 at IoU 0.5)",
        ),
        (
            {"mean_iou": 0.05, "center_accuracy": 0.6},
            "boxes hardly overlap (mean IoU 0.05) and their centres are right (0.60)",
        ),
        (
            {"acc_at_50": 0.01, "mean_iou": 0.02, "center_accuracy": 0.03},
            "next to nothing is hit (Acc@0.5 0.01, mean IoU 0.02, centres 0.03)",
        ),
        (
            {"box_f1": 0.8, "matched_iou": 0.6},
            "F1 is high (0.80) and the IoU of matched boxes low (0.60)",
        ),
        (
            {"box_f1": 0.3, "matched_iou": 0.9},
            "F1 is low (0.30) and the IoU of matched boxes high (0.90)",
        ),
        (
            {"box_precision": 0.8, "box_recall": 0.5},
            "precision (0.80) is far above recall (0.50)",
        ),
        (
            {"box_precision": 0.5, "box_recall": 0.8},
            "recall (0.80) is far above precision (0.50)",
        ),
        ({"map_50": 0.6, "map_75": 0.2}, "AP at IoU 0.5 (0.60) is far above AP at 0.75 (0.20)"),
        (
            {"map_large": 0.6, "map_small": 0.1},
            "AP of large objects is 0.60 and of small ones 0.10",
        ),
        (
            {"highest_map": 0.6, "lowest_map": 0.3},
            "AP is between 0.30 and 0.60, by the order of equal boxes",
        ),
    ],
    "freeform": [
        (
            {"format_valid_strict": 0.5, "format_valid_extracted": 1.0},
            "50% of the answers are valid as they stand, 100% once taken out",
        ),
        (
            {"format_valid_extracted": 0.8, "format_valid_repaired": 1.0},
            "80% of the answers are valid, 100% once they are repaired",
        ),
        ({"format_valid_repaired": 0.9}, "a document can be read from 90% of the answers"),
        (
            {"format_valid_repaired": 1.0, "schema_valid": 0.6},
            "100% of the answers can be read, 60% follow the schema",
        ),
        ({"anls_star": 0.8, "field_f1": 0.5}, "ANLS* (0.80) is far above field F1 (0.50)"),
        (
            {"schema_valid": 0.95, "field_f1": 0.5},
            "95% of the answers follow the schema, field F1 is 0.50",
        ),
        (
            {"format_valid_strict": 1.0, "field_f1": 0.5},
            "100% of the answers are valid as they stand, field F1 is 0.50",
        ),
        (
            {"field_f1": 0.9, "field_accuracy": 0.2},
            "0.90 of the fields are right and 20% of the documents",
        ),
        ({"rouge_l_f1": 0.8, "field_f1": 0.5}, "ROUGE-L (0.80) is far above field F1 (0.50)"),
        ({"field_precision": 0.9, "field_recall": 0.6}, "fields: precision 0.90, recall 0.60"),
        ({"field_precision": 0.6, "field_recall": 0.9}, "fields: precision 0.60, recall 0.90"),
        (
            {"consistency": 0.95, "field_f1": 0.5},
            "95% of the answers have the same keys, and field F1 is low (0.50)",
        ),
    ],
    "text": [
        (
            {"rouge_1_f1": 0.4, "rouge_2_f1": 0.05},
            "ROUGE-1 is fair (0.40) and ROUGE-2 is low (0.05)",
        ),
        (
            {"rouge_lsum_f1": 0.5, "rouge_l_f1": 0.3},
            "ROUGE-Lsum (0.50) is far above ROUGE-L (0.30)",
        ),
        ({"chrf": 0.5, "sacrebleu": 0.1}, "chrF (0.50) is far above BLEU (0.10)"),
        ({"meteor": 0.7, "sacrebleu": 0.2}, "METEOR (0.70) is far above BLEU (0.20)"),
        ({"bert_score_f1": 0.92, "sacrebleu": 0.1}, "BERTScore is high (0.92) and BLEU low (0.10)"),
        ({"bert_score_f1": 0.8, "sacrebleu": 0.4}, "BERTScore is low (0.80) and BLEU high (0.40)"),
        ({"bert_score_f1": 0.8, "sacrebleu": 0.1}, "BERTScore (0.80) and BLEU (0.10) are both low"),
        (
            {"rouge_l_recall": 0.7, "rouge_l_precision": 0.3},
            "ROUGE-L recall (0.70) is far above precision (0.30)",
        ),
        (
            {"rouge_l_recall": 0.3, "rouge_l_precision": 0.7},
            "ROUGE-L precision (0.70) is far above recall (0.30)",
        ),
    ],
    "classification": [
        ({"unparsed_rate": 0.1}, "10% of the predictions name no class that could be read"),
        (
            {"accuracy": 0.4, "accuracy_parsed": 0.8},
            "accuracy is low (0.40), and 0.80 among the answers that name a class",
        ),
        ({"accuracy": 0.8, "f1_macro": 0.5}, "macro F1 (0.50) is far below accuracy (0.80)"),
        (
            {"precision_macro": 0.8, "recall_macro": 0.5},
            "macro precision (0.80) is far above macro recall (0.50)",
        ),
        ({"accuracy": 0.8, "cohen_kappa": 0.1}, "accuracy is high (0.80) and kappa low (0.10)"),
        ({"ece": 0.2}, "ECE is high (0.20)"),
    ],
    "choice": [
        ({"choice_unparsed_rate": 0.2}, "20.0% of the answers name no option"),
        (
            {"choice_accuracy": 0.3, "choice_accuracy_parsed": 0.7},
            "accuracy is low (0.30), and 0.70 among the answers that name an option",
        ),
        (
            {"choice_accuracy": 0.7, "choice_balanced_accuracy": 0.5},
            "accuracy (0.70) is above balanced accuracy (0.50)",
        ),
        (
            {"choice_accuracy": 0.7, "circular_accuracy": 0.4},
            "accuracy (0.70) is far above circular accuracy (0.40)",
        ),
        (
            {"mmmu_accuracy": 0.6, "choice_accuracy": 0.5},
            "mmmu_accuracy (0.60) is above choice_accuracy (0.50)",
        ),
    ],
    "code": [
        ({"pass_at_1": 0.3, "pass_at_5": 0.6}, "pass@5 (0.60) is far above pass@1 (0.30)"),
        ({"pass_at_1": 0.3, "pass_at_10": 0.6}, "pass@10 (0.60) is far above pass@1 (0.30)"),
        ({"pass_at_1": 0.3, "pass_at_100": 0.6}, "pass@100 (0.60) is far above pass@1 (0.30)"),
        (
            {"edit_similarity": 0.9, "pass_at_1": 0.2},
            "edit similarity is high (0.90) and pass@1 low (0.20)",
        ),
        (
            {"smoothed_bleu_4": 0.6, "pass_at_1": 0.2},
            "BLEU is high (0.60) and pass@1 low (0.20)",
        ),
        (
            {"pass_at_1": 0.8, "edit_similarity": 0.3},
            "pass@1 is high (0.80) and edit similarity low (0.30)",
        ),
        (
            {"code_exact_match": 0.4},
            "40% of the programs are the reference solution to the letter",
        ),
    ],
    "language_modeling": [
        (
            {"loss": 3.5, "token_accuracy": 0.7},
            "the loss is high (3.50) and so is token accuracy (0.70)",
        ),
        (
            {"loss": 1.0, "token_accuracy": 0.3},
            "the loss is low (1.00) and so is token accuracy (0.30)",
        ),
        (
            {"loss": 6.0, "token_accuracy": 0.1},
            "the loss is very high (6.00) and token accuracy low (0.10)",
        ),
    ],
    "rationality": [
        (
            {"prediction_accuracy": 0.9, "prediction_trustworthiness": 0.3},
            "accuracy is high (0.90) and trustworthiness low (0.30)",
        ),
        ({"inference_reliability": 0.3}, "inference reliability is low (0.30)"),
        (
            {"prediction_accuracy": 0.3, "prediction_trustworthiness": 0.9},
            "trustworthiness is high (0.90) and accuracy low (0.30)",
        ),
        (
            {"rationale_accuracy": 0.8, "relevant_mass": 0.2},
            "rationales are valid (0.80) with little heat on the object (0.20)",
        ),
        ({"prediction_accuracy": 0.8, "mce": 1.1}, "accuracy is high (0.80) and mCE is 1.10"),
    ],
    "preference": [
        (
            {"win_rate": 0.7, "length_controlled_win_rate": 0.6},
            "the win rate is 0.70, and 0.60 at equal length",
        ),
        (
            {"win_rate": 0.5, "length_controlled_win_rate": 0.6},
            "the win rate is only 0.50, and 0.60 at equal length",
        ),
        (
            {"position_consistency": 0.6, "biased_to_first": 0.3, "biased_to_second": 0.1},
            "60% of the verdicts stay when the answers change places, and the others go to the "
            "first (30%) more than to the second (10%)",
        ),
        (
            {"position_consistency": 0.6, "biased_to_first": 0.1, "biased_to_second": 0.3},
            "60% of the verdicts stay when the answers change places, and the others go to the "
            "second (30%) more than to the first (10%)",
        ),
        (
            {"position_consistency": 0.6, "biased_to_first": 0.2, "biased_to_second": 0.2},
            "only 60% of the verdicts stay when the answers change places, and the others go",
        ),
        ({"judge_alpha": 0.3}, "judges agree little (alpha 0.30)"),
    ],
}
CASES = [(name, values, seen) for name in TASKS for values, seen in EXAMPLES[name]]


@pytest.mark.parametrize(("name", "values", "seen"), CASES, ids=lambda value: str(value)[:40])
def test_the_pattern_alone_is_found(name, values, seen):
    (found,) = task(name).diagnose(scores(**values))
    assert found.pattern.startswith(seen)
    assert found.meaning
    assert found.advice


@pytest.mark.parametrize("name", TASKS)
def test_every_pattern_has_its_example(name):
    shown = [
        one for values, _ in EXAMPLES[name] for one in task(name).diagnose
        if one.fits(values_of(scores(**values)))
    ]  # fmt: skip
    assert len(shown) == len(EXAMPLES[name])
    assert {*map(id, shown)} == {*map(id, task(name).diagnose)}


@pytest.mark.parametrize("name", TASKS)
def test_nothing_is_found_where_all_scores_are_perfect(name):
    outputs = {output for one in task(name).diagnose for output in one.needs}
    perfect = {output: 0.0 if output in LOWER else 1.0 for output in outputs}
    perfect.pop("code_exact_match", None)  # which is a finding of its own
    assert [one.pattern for one in task(name).diagnose(scores(**perfect))] == []


@pytest.mark.parametrize("name", TASKS)
def test_unknown_scores_say_nothing(name):
    outputs = {output for one in task(name).diagnose for output in one.needs}
    assert task(name).diagnose(scores(**dict.fromkeys(outputs))) == []
    assert task(name).diagnose({}) == []


def test_every_threshold_says_why():
    everything = [*WORDS, *ANY_TASK, *(one for own in CHANGES.values() for one in own)]
    everything += [one for name in TASKS for one in task(name).diagnose]
    bounds = [rule.bound for one in everything for rule in (*one.when, *one.unless)]
    assert bounds
    assert all(isinstance(bound, Bound) and bound.why for bound in bounds)


def test_patterns_are_of_outputs_that_exist_or_are_announced():
    from vlmeval_cli.registry import metrics

    announced = {"bert_score_f1", "rouge_l_recall", "rouge_l_precision"}
    by_option = {"acc_at_75", "pass_at_5", "pass_at_10", "pass_at_100", "rouge_lsum_f1"}
    known = {output.name for family in metrics().values() for output in family().outputs()}
    used = {
        output.partition("[")[0]
        for name in TASKS
        for one in task(name).diagnose
        for rule in (*one.when, *one.unless)
        for output in rule.needs
    }
    assert used <= known | announced | by_option


def test_a_bound_is_not_crossed_by_rounding():
    gap = Bound(0.15, "an example")
    ahead = Condition("a", ">", gap, "b")
    assert not ahead.holds({"a": 0.1 + 0.2, "b": 0.15})
    assert ahead.holds({"a": 0.31, "b": 0.15})
    assert Condition("a", "≥", gap, "b").holds({"a": 0.3, "b": 0.1 + 0.05})


def test_a_condition_is_told_in_the_terms_of_reports():
    bound = Bound(0.2, "an example")
    assert Condition("a", ">", bound, "b").words() == "`a` > `b` + 0.2"
    assert Condition("a", "<", bound, "b", is_factor=True).words() == "`a` < 0.2 × `b`"
    assert Condition("a", "≥", bound).words() == "`a` ≥ 0.2"


def test_of_variants_alone_the_best_stands_for_the_output():
    found = values_of(
        scores(**{"exact_match[normalize=none]": 0.3, "exact_match[version=v2]": 0.5})
    )
    assert found["exact_match"] == 0.5
    plain = values_of(scores(**{"exact_match": 0.4, "exact_match[version=v2]": 0.5}))
    assert plain["exact_match"] == 0.4
    lower = values_of(scores(loss=2.0))
    assert lower == {"loss": 2.0}


def test_few_items_say_nothing_where_the_pattern_needs_many():
    low = Pattern("{a:.1f}", (Condition("a", "<", Bound(0.5, "half")),), "m", "d", least_items=100)
    assert Patterns((low,))(scores(99, a=0.1)) == []
    assert [one.pattern for one in Patterns((low,))(scores(100, a=0.1))] == ["0.1"]
