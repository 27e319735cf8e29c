"""What a metric of texts says it notices, it notices; and nothing else."""

import numpy as np
import pytest
from kinds import programs, texts

from vlmeval_cli.core.progress import NoProgress
from vlmeval_cli.engine.serial import measure
from vlmeval_cli.registry import metrics

GOLD = "the young dog chases a kid across the quiet green garden"
OTHERS = ["the young man eats a bowl of soup", "two young horses stand on the grass near a lake"]
WRONG_WORD = GOLD.replace("kid", "xqz")
COMPARING = [
    name
    for name, family in metrics().items()
    if family.info.sees is not None
    and family.info.extra != "neural"  # tests/neural has those
    and name not in {"spice", "spice_native"}  # and tests/scenes these
]


def score(name, prediction):
    """Score of one item; others are beside it, so that words differ in rarity."""
    metric = metrics()[name]()
    pairs = [(prediction, GOLD), *((text, text) for text in OTHERS)]
    if any(need.startswith("programs.") for need in metric.needs()):
        batch = programs.batch([([made], [known]) for made, known in pairs])
    else:
        batch = texts.batch([(made, [known] * 10) for made, known in pairs])
    rows = measure([metric], batch, NoProgress())[0].statistics.values
    with np.errstate(all="ignore"):
        found = metric.finalize(rows[:1].sum(axis=0))
    return float([*found.values()][-1])


def notices(name):
    """Every sight that a small change of the sentence shows."""
    of = {text: score(name, text) for text in PROBES.values()}
    wrong = of[WRONG_WORD]
    seen = {
        "partial": wrong > 0,
        "spelling": of[PROBES["spelling"]] > wrong,
        "endings": of[PROBES["endings"]] > wrong,
        "synonyms": of[PROBES["synonyms"]] > wrong,
        "order": of[PROBES["order"]] < of[PROBES["same"]] - 1e-9,
        "rarity": of[PROBES["frequent"]] > of[PROBES["rare"]] + 0.02 * of[GOLD],
    }
    return {sight for sight, is_seen in seen.items() if is_seen}


PROBES = {
    "same": GOLD,
    "wrong": WRONG_WORD,
    "spelling": GOLD.replace("kid", "kit"),
    "endings": GOLD.replace("kid", "kids"),
    "synonyms": GOLD.replace("kid", "child"),
    "order": " ".join(reversed(GOLD.split())),
    # The second word from either end, so that as many n-grams are lost with each.
    "frequent": GOLD.replace("young", "xqzjv"),
    "rare": GOLD.replace("green", "xqzjv"),
}


@pytest.fixture(autouse=True)
def tables(request):
    """Compiled tables for the metric that reads them."""
    if "meteor_1_5" in getattr(getattr(request.node, "callspec", None), "params", {}).values():
        request.getfixturevalue("with_meteor")


@pytest.mark.parametrize("name", COMPARING)
def test_a_metric_notices_what_it_says(name):
    # Letters that both texts have are a part of the spelling, not of the meaning of "child".
    by_letters = {"synonyms"} if "spelling" in metrics()[name].info.sees else set()
    assert notices(name) - by_letters == metrics()[name].info.sees - by_letters


def test_every_metric_of_texts_says_what_it_notices():
    columns = (".text", ".tokens:")
    silent = [
        name
        for name, family in metrics().items()
        if family.info.sees is None
        and all(any(part in need for part in columns) for need in family.info.needs)
    ]
    assert not silent


@pytest.mark.parametrize("name", COMPARING)
def test_every_metric_of_texts_says_how_fast_it_is(name):
    speed = metrics()[name].info.texts_per_second
    assert speed is not None
    assert speed == 10 ** (len(str(speed)) - 1)
