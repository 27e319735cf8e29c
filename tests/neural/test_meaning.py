"""What the metrics of meaning say they notice, they notice; and nothing else."""

import pytest

from vlmeval_cli.core.batch import Batch
from vlmeval_cli.core.config import ModelPolicy
from vlmeval_cli.core.progress import NoProgress
from vlmeval_cli.engine.serial import measure
from vlmeval_cli.metrics.bert_score import BertScore
from vlmeval_cli.metrics.similarity import SemanticSimilarity

GOLD = "the young dog chases a kid across the quiet green garden"
WRONG = GOLD.replace("kid", "piano")
MISSPELT = GOLD.replace("kid", "kdi")
PARAPHRASE = "a puppy runs after a child through the silent park"
UNRELATED = "the old cat sleeps on a chair in the dark loud kitchen"


@pytest.fixture(
    params=[BertScore(model="minilm"), SemanticSimilarity()], ids=lambda one: one.info.name
)
def metric(request, minilm):
    return request.param


def scores(metric, texts):
    """The last output's statistic of each text against the same reference."""
    batch = Batch([*map(str, range(len(texts)))], texts, [[GOLD]] * len(texts))
    policy = ModelPolicy(cache=False, device="cpu")
    values = measure([metric], batch, NoProgress(), policy=policy)[0].statistics.values
    return values[:, (values.shape[1] - 1) // 2].tolist()


def test_a_metric_of_meaning_notices_what_it_says(metric):
    endings, synonym = GOLD.replace("kid", "kids"), GOLD.replace("kid", "child")
    backwards = " ".join(reversed(GOLD.split()))
    texts = [GOLD, WRONG, MISSPELT, endings, synonym, backwards, PARAPHRASE, UNRELATED]
    same, wrong, misspelt, ending, other, turned, said, unrelated = scores(metric, texts)
    seen = {
        "partial": wrong > unrelated,
        "spelling": misspelt > wrong + 0.1,
        "endings": ending > wrong + 0.1,
        "synonyms": other > wrong + 0.1,
        "order": turned < same - 0.1,
        "meaning": said > unrelated + 0.1,
    }
    assert {sight for sight, is_seen in seen.items() if is_seen} == metric.info.sees


def test_a_negation_scores_above_a_paraphrase(metric):
    """Why docs say that a metric of words belongs beside it."""
    denied, said = scores(metric, [GOLD.replace("chases", "never chases"), PARAPHRASE])
    assert denied > said + 0.1
