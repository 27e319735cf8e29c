"""The tests of sacrebleu and COMET, number for number."""

import json
import random

import numpy as np
import pytest
from paired_metrics import Mean, Ratio, compare, counted, scored
from scipy.stats import ttest_rel

from vlmeval_cli.core.batch import Batch, TextColumn, offsets_of
from vlmeval_cli.core.config import PairPolicy, StatisticsPolicy
from vlmeval_cli.core.metric import MetricStatistics
from vlmeval_cli.core.progress import NoProgress
from vlmeval_cli.engine.serial import measure
from vlmeval_cli.metrics.chrf import Chrf
from vlmeval_cli.metrics.sacrebleu import SacreBleu
from vlmeval_cli.stats.paired import Resampling, differences
from vlmeval_cli.stats.procedures import Duel, sacrebleu_bootstrap, sacrebleu_randomization
from vlmeval_cli.stats.rescoring import Subset

SENTENCE = "a dog runs over the green grass while two men in red shirts watch it jump ."
WORDS = SENTENCE.split()


def made_texts(n, seed):
    """Sentences, and systems that lose or exchange words of the first reference."""
    rng = random.Random(seed)
    references = [
        [" ".join(rng.choices(WORDS, k=rng.randint(3, 14))) for _ in range(2)] for _ in range(n)
    ]
    systems = [
        [noisy(accepted[0], noise, rng) for accepted in references]
        for noise in (0.3, 0.3, 0.29, 0.31, 0.34)
    ]
    return references, [*systems, systems[0]]


def noisy(text, noise, rng):
    kept = [rng.choice(WORDS) if rng.random() < noise else word for word in text.split()]
    return " ".join(word for word in kept if rng.random() > noise / 4) or "dog"


def statistics(metrics, references, systems):
    """Statistics of each system and metric."""
    accepted = TextColumn(
        [text for texts in references for text in texts], offsets_of([*map(len, references)])
    )
    found = []
    for texts in systems:
        columns = {
            "prediction.text": TextColumn(texts, offsets_of([1] * len(texts))),
            "references.text": accepted,
        }
        ids = [str(i) for i in range(len(texts))]
        batch = Batch(ids, texts, references, columns=columns)
        found.append([one.statistics for one in measure(metrics, batch, NoProgress())])
    return found


def ours(metrics, runs, **policy):
    """Every system against the first."""
    n = len(runs[0][0].values)
    resamples = policy.pop("resamples", 300)
    seed = policy.pop("seed", 12345)
    resampling = Resampling(
        None, StatisticsPolicy(resamples=resamples, seed=seed), PairPolicy(**policy), n
    )
    pairs = [(i, 0) for i in range(1, len(runs))]
    return differences(metrics, runs, pairs, [Subset()], resampling)[0]


def check_against_sacrebleu(metrics, references, systems, *, kind, draws):
    """P-values, and of the bootstrap means and half widths too, to the last bit."""
    significance = pytest.importorskip("sacrebleu.significance")
    streams = [list(stream) for stream in zip(*references, strict=True)]
    named = [(str(i), texts) for i, texts in enumerate(systems)]
    theirs = {str(i): metric for i, (_, metric) in enumerate(metrics)}
    _, expected = significance.PairedTest(named, theirs, streams, kind, n_samples=draws)()
    mine = [metric for metric, _ in metrics]
    runs = statistics(mine, references, systems)
    found = ours(mine, runs, test=f"sacrebleu_{kind}", resamples=draws, trials=draws)
    p_values = set()
    for m, name in enumerate([name for name in expected if name != "System"]):
        base, *others = expected[name]
        for by_metric, other in zip(found, others, strict=True):
            (one,) = by_metric[m].values()
            p_values.add(one.p_value)
            assert one.p_value == other.p_value
            assert one.value == pytest.approx(other.score / 100, abs=1e-12)
            if kind == "bs":
                details = dict(one.details)
                assert details["mean"] == other.mean
                assert details["half_width"] == other.ci
                assert details["against_mean"] == base.mean
                assert details["against_half_width"] == base.ci
    return p_values


def sacrebleu_metrics():
    metrics = pytest.importorskip("sacrebleu.metrics")
    return [
        (SacreBleu(), metrics.BLEU(force=True)),
        (Chrf(), metrics.CHRF()),
        (Chrf(word_order=2), metrics.CHRF(word_order=2)),
    ]


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(("kind", "draws"), [("bs", 300), ("ar", 500)])
def test_it_equals_sacrebleus_paired_test(kind, draws, seed):
    references, systems = made_texts(90, seed)
    metrics = sacrebleu_metrics()
    p_values = check_against_sacrebleu(metrics, references, systems, kind=kind, draws=draws)
    assert any(0.02 < p < 0.98 for p in p_values)


@pytest.mark.parametrize("kind", ["bs", "ar"])
@pytest.mark.parametrize(
    "options",
    [
        {"smoothing": "none"},
        {"smoothing": "floor", "floor": 0.1},
        {"smoothing": "add-k", "k": 1},
        {"effective_order": True},
    ],
)
def test_it_equals_sacrebleu_with_other_options(kind, options):
    metrics = pytest.importorskip("sacrebleu.metrics")
    smoothing = options.get("smoothing", "exp")
    theirs = metrics.BLEU(
        force=True,
        smooth_method=smoothing,
        smooth_value=options.get("floor", options.get("k")),
        effective_order=options.get("effective_order", False),
    )
    references, systems = made_texts(8, 5)  # so few that orders without matches happen
    pairs = [(SacreBleu(**options), theirs)]
    check_against_sacrebleu(pairs, references, systems, kind=kind, draws=200)


@pytest.mark.parametrize("kind", ["bs", "ar"])
def test_it_equals_sacrebleu_on_captions(shared, kind):
    rows = [
        [*map(json.loads, (shared / "flickr8k" / name).read_text("utf-8").splitlines())][:250]
        for name in ("preds.jsonl", "refs.jsonl")
    ]
    accepted = {row["id"]: row["references"][:3] for row in rows[1]}
    kept = [row for row in rows[0] if row["id"] in accepted]
    rng = random.Random(4)
    texts = [row["prediction"] for row in kept]
    systems = [texts, *([noisy(text, 0.1, rng) for text in texts] for _ in range(3))]
    references = [accepted[row["id"]] for row in kept]
    check_against_sacrebleu(sacrebleu_metrics(), references, systems, kind=kind, draws=200)


def test_identical_runs_have_sacrebleus_p_value():
    references, systems = made_texts(20, 3)
    runs = statistics([SacreBleu()], references, [systems[0], systems[0]])
    ((found,),) = ours([SacreBleu()], runs, test="sacrebleu_bs", resamples=99)
    assert (found["sacrebleu"].difference, found["sacrebleu"].p_value) == (0.0, 0.01)


def test_sums_beyond_single_precision_round_as_sacrebleus():
    significance = pytest.importorskip("sacrebleu.significance")
    chrf = pytest.importorskip("sacrebleu.metrics").CHRF()
    rng = np.random.default_rng(0)
    found = rng.integers(100_000, 900_000, size=(60, 18))
    _, scores = significance._bootstrap_resample(found.tolist(), chrf, 120)
    mean, half_width = significance.estimate_ci(np.array([one.score for one in scores]))
    duel = Duel(Chrf(), [np.column_stack([found, np.ones(60)])], [(0, 0)])
    (((test),),) = sacrebleu_bootstrap([duel], 120, 12345)
    assert test["chrf"].details["mean"] == mean
    assert test["chrf"].details["half_width"] == half_width


def test_draws_do_not_depend_on_how_many_are_in_memory(monkeypatch):
    references, systems = made_texts(45, 8)
    runs = statistics([SacreBleu()], references, systems[:3])
    for test in ("sacrebleu_bs", "sacrebleu_ar"):
        whole = ours([SacreBleu()], runs, test=test, trials=300)
        for name in ("bootstrap._CHUNK", "procedures._SWAPS_AT_ONCE"):
            monkeypatch.setattr(f"vlmeval_cli.stats.{name}", 1)
        assert ours([SacreBleu()], runs, test=test, trials=300) == whole
        monkeypatch.undo()


def test_another_seed_gives_sacrebleus_numbers_of_that_seed(monkeypatch):
    monkeypatch.setenv("SACREBLEU_SEED", "77")
    significance = pytest.importorskip("sacrebleu.significance")
    bleu = pytest.importorskip("sacrebleu.metrics").BLEU(force=True)
    references, systems = made_texts(60, 6)
    streams = [list(stream) for stream in zip(*references, strict=True)]
    named = [("base", systems[0]), ("other", systems[2])]
    _, expected = significance.PairedTest(named, {"BLEU": bleu}, streams, "bs", 200)()
    runs = statistics([SacreBleu()], references, [systems[0], systems[2]])
    ((found,),) = ours([SacreBleu()], runs, test="sacrebleu_bs", resamples=200, seed=77)
    assert found["sacrebleu"].p_value == expected["BLEU"][1].p_value


def test_a_mean_is_tested_by_the_definition():
    # sacrebleu has no such metric; strictly greater, and the absolute difference is centred
    rng = np.random.default_rng(1)
    mine, theirs = rng.integers(0, 5, 30).astype(float), rng.integers(0, 5, 30).astype(float)
    drawn = np.random.default_rng(12345).choice(30, size=(170, 30), replace=True)
    change = np.abs(mine[drawn].mean(axis=1) - theirs[drawn].mean(axis=1))
    observed = abs(mine.mean() - theirs.mean())
    expected = ((change - change.mean() > observed).sum() + 1) / 171
    found = compare(Mean(), scored(mine), scored(theirs), resamples=170, test="sacrebleu_bs")
    assert found.p_value == expected


def test_items_without_a_score_are_not_drawn():
    references, systems = made_texts(40, 7)
    runs = statistics([SacreBleu()], references, systems[:2])
    kept = np.delete(np.arange(40), [3, 11])
    less = [[MetricStatistics(own.values[kept], None, {})] for (own,) in runs]
    skipping = []
    for (own,), lost in zip(runs, ([3], [11]), strict=True):
        values = own.values.copy()
        values[lost] = 0.0
        skipping.append([MetricStatistics(values, None, dict.fromkeys(lost, "why"))])
    for test in ("sacrebleu_bs", "sacrebleu_ar"):
        ((expected,),) = ours([SacreBleu()], less, test=test, trials=200)
        ((found,),) = ours([SacreBleu()], skipping, test=test, trials=200)
        assert found["sacrebleu"].p_value == expected["sacrebleu"].p_value
        assert found["sacrebleu"].details == expected["sacrebleu"].details


def test_nothing_to_resample_is_unknown():
    for test in ("sacrebleu_bs", "sacrebleu_ar"):
        found = compare(Mean(), scored([0.1, 0.2]), scored([0.3, 0.4]), test=test, resamples=0,
                        trials=0)  # fmt: skip
        assert (found.p_value, found.reason) == (None, "there is nothing to resample")
        assert compare(Mean(), scored([]), scored([]), test=test).p_value is None


def test_a_resample_without_score_leaves_sacrebleus_test_unknown():
    sides = counted([[1, 1], [0, 0], [0, 0]]), counted([[1, 2], [1, 1], [0, 0]])
    found = compare(Ratio(), *sides, test="sacrebleu_bs")
    assert (found.p_value, dict(found.details)) == (None, {})
    assert found.reason == "a resample has no score"


def test_several_metrics_share_the_draws():
    rng = np.random.default_rng(2)
    duels = [
        Duel(Mean(), [np.c_[rng.random(700), np.ones(700)] for _ in range(3)], [(1, 0), (2, 1)])
        for _ in range(2)
    ]
    for test, draws in ((sacrebleu_bootstrap, 120), (sacrebleu_randomization, 700)):
        together = test(duels, draws, 5)
        assert together == [*test(duels[:1], draws, 5), *test(duels[1:], draws, 5)]


def test_comets_procedure_is_a_paired_t_test_beside_shares_of_splits():
    rng = np.random.default_rng(3)
    mine = rng.random(101)
    theirs = mine + rng.normal(size=101) * 0.02 - 0.001
    found = compare(Mean(), scored(mine), scored(theirs), test="comet")
    assert found.p_value == pytest.approx(ttest_rel(mine, theirs).pvalue, rel=1e-10)
    # comet-compare draws all items of all splits at once, 40 % of the items rounded down
    drawn = np.random.RandomState(12345).choice(101, size=(40, 300), replace=True)
    delta = mine[drawn].mean(axis=0) - theirs[drawn].mean(axis=0)
    expected = {
        "wins": np.mean(delta >= 0.001),
        "losses": np.mean(delta <= -0.001),
        "ties": np.mean(np.abs(delta) < 0.001),
    }
    assert dict(found.details) == pytest.approx(expected)
    assert found.test == "paired t-test, 300 splits of 40 % (COMET)"


def test_splits_of_many_items_are_drawn_as_if_at_once():
    rng = np.random.default_rng(4)
    mine, theirs = rng.random(6_000), rng.random(6_000)
    found = compare(Mean(), scored(mine), scored(theirs), test="comet", resamples=0)
    drawn = np.random.RandomState(12345).choice(6_000, size=(2_400, 300), replace=True)
    delta = mine[drawn].mean(axis=0) - theirs[drawn].mean(axis=0)
    assert found.details["wins"] == np.mean(delta >= 0.001)


def test_one_item_has_no_t_test():
    found = compare(Mean(), scored([0.5]), scored([0.4]), test="comet")
    assert (found.p_value, found.reason) == (None, "a t-test needs two items")
