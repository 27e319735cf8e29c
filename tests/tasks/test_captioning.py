"""What the scores of captions say together."""

import pytest

from vlmeval_cli.core.metric import Output
from vlmeval_cli.core.results import Score, Signature
from vlmeval_cli.tasks import task
from vlmeval_cli.tasks.base import Facts


def scores(n, **values):
    return {
        name: Score(Output(name), name, value, n, Signature({})) for name, value in values.items()
    }


def patterns(n, **values):
    return [found.pattern for found in task("captioning").diagnose(scores(n, **values))]


def test_generic_captions_have_common_words_and_low_cider():
    assert patterns(100, cider=0.2, rouge_l=0.5) == [
        "ROUGE-L is fair (0.50) and CIDEr is low (0.20)"
    ]
    assert patterns(100, cider=0.9, rouge_l=0.5) == []


@pytest.mark.parametrize("n", [1, 99])
def test_low_cider_of_few_images_says_nothing(n):
    assert patterns(n, cider=0.0, rouge_l=0.5) == []


def test_captions_of_another_length_have_low_bleu_1():
    assert patterns(1, bleu_1=0.1, rouge_l=0.5) == ["BLEU-1 (0.10) is far below ROUGE-L (0.50)"]


def test_meteor_1_5_is_scored_by_default_where_its_tables_are_compiled():
    ready = Facts(4.0, 11.0, ready=frozenset({"meteor_1_5"}))
    assert "meteor_1_5" in task("captioning").defaults(ready).metrics
    found = task("captioning").defaults(Facts(4.0, 11.0))
    assert "meteor_1_5" not in found.metrics
    assert "--metrics meteor_1_5" in found.note
