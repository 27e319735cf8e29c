"""Populations of items with a known score, from which data sets are drawn.

A population holds the statistics of many items as a metric measured them; its score is the metric's
over all of them. A data set of n items is drawn with replacement, so that its items are independent
of each other and the population's score is the truth that an interval should cover.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vlmeval_cli.core.batch import Batch, offsets_of
from vlmeval_cli.core.metric import MetricStatistics, PooledMetric
from vlmeval_cli.core.progress import NoProgress
from vlmeval_cli.engine.serial import measure
from vlmeval_cli.geometry.boxes import area
from vlmeval_cli.geometry.columns import BoxColumn
from vlmeval_cli.metrics.bleu import Bleu
from vlmeval_cli.metrics.box_f1 import BoxF1
from vlmeval_cli.metrics.cider import Cider
from vlmeval_cli.metrics.classification import Classification
from vlmeval_cli.metrics.exact_match import ExactMatch
from vlmeval_cli.metrics.mean_ap import MeanAp
from vlmeval_cli.metrics.rouge import RougeL
from vlmeval_cli.metrics.token_f1 import TokenF1
from vlmeval_cli.stats.pooled import pooled_scores, rows_of

CAPTIONS = Path(__file__).resolve().parents[2] / "shared" / "data" / "flickr8k"
SIZE = 20_000


@dataclass(frozen=True)
class Population:
    """Statistics of items, and the scores that are looked at.

    Attributes:
        name: what it is, in the table.
        metric: whose statistics they are.
        statistics: of all items.
        outputs: names of the scores.
        size: items.
    """

    name: str
    metric: object
    statistics: MetricStatistics
    outputs: tuple[str, ...]
    size: int

    def truth(self):
        """Scores of the whole population, by output."""
        if isinstance(self.metric, PooledMetric):
            return pooled_scores(self.metric, rows_of(self.statistics), self.size)
        return self.metric.finalize(self.statistics.values.sum(axis=0))

    def drawn(self, items):
        """The statistics of a data set that consists of ``items``, each as often as it occurs."""
        values, owner = self.statistics.values, self.statistics.item
        if owner is None:
            return MetricStatistics(values[items], None, {})
        order = np.argsort(owner, kind="stable")
        starts = np.searchsorted(owner[order], items)
        counts = np.searchsorted(owner[order], items, side="right") - starts
        place = np.repeat(np.arange(len(items)), counts)
        within = np.arange(len(place)) - np.repeat(np.cumsum(counts) - counts, counts)
        return MetricStatistics(values[order][starts[place] + within], place, {})


def means(seed=0):
    """Item scores as token F1 gives them: many of 0 and 1, the others anywhere between."""
    rng = np.random.default_rng(seed)
    scores = rng.beta(2.0, 2.0, SIZE)
    kind = rng.random(SIZE)
    scores[kind < 0.25], scores[kind > 0.6] = 0.0, 1.0
    return Population("mean of item scores", TokenF1(), mean_rows(scores), ("token_f1",), SIZE)


def accuracies(share):
    """Items of which a ``share`` is right."""
    scores = (np.arange(SIZE) < share * SIZE).astype(float)
    name = f"accuracy, truly {share:g}"
    return Population(name, ExactMatch(), mean_rows(scores), ("exact_match",), SIZE)


def captions(seed=0):
    """BLEU, CIDEr and ROUGE-L of captions: Flickr8k's where they are, made ones otherwise.

    CIDEr's document frequencies are those of the population.
    """
    predicted, accepted = texts(seed)
    batch = Batch([str(i) for i in range(len(predicted))], predicted, accepted)
    metrics = [Bleu(), Cider(), RougeL()]
    found = [part.statistics for part in measure(metrics, batch, NoProgress())]
    names = [("BLEU", ("bleu_1", "bleu_4")), ("CIDEr", ("cider",)), ("ROUGE-L", ("rouge_l",))]
    return [
        Population(name, metric, own, outputs, len(batch))
        for (name, outputs), metric, own in zip(names, metrics, found, strict=True)
    ]


def texts(seed=0):
    """Predicted and accepted captions."""
    return _flickr() if CAPTIONS.is_dir() else made_captions(seed)


def made_captions(seed=0, n=2000):
    """Sentences of frequent and rare words; references and predictions are noisy copies."""
    rng = np.random.default_rng(seed)
    share = 1.0 / np.arange(1, 401)
    share /= share.sum()

    def noisy(words):
        kept = words[rng.random(len(words)) > 0.15]
        other = rng.choice(400, len(kept), p=share)
        return " ".join(f"w{word}" for word in np.where(rng.random(len(kept)) < 0.3, other, kept))

    sentences = [rng.choice(400, rng.integers(7, 15), p=share) for _ in range(n)]
    return [noisy(s) for s in sentences], [[noisy(s) for _ in range(4)] for s in sentences]


def detections(seed=0, n=4000, n_classes=3):
    """Box F1, a ratio of sums, and average precision: boxes that were moved, missed or invented.

    Average precision twice: of a detector whose confidence tells how well a box lies, and of one
    whose confidence tells only whether there is something at all.
    """
    rng = np.random.default_rng(seed)
    counts = rng.integers(1, 6, n)
    true = _boxes(rng, counts.sum())
    labels = rng.integers(0, n_classes, len(true))
    is_near = rng.random(len(true)) < 0.7
    far = rng.exponential(8.0, len(true)) + 1.0  # how far a box is off, in pixels
    moved = true + (rng.normal(size=true.shape) * far[:, None] / 2.0).round()
    moved[:, 2:] = np.maximum(moved[:, 2:], moved[:, :2] + 4)
    mine = np.where(is_near[:, None], moved, _boxes(rng, len(true)))
    ranked = np.clip(np.exp(-far / 12.0) * is_near + rng.normal(0.1, 0.1, len(true)), 0.01, 0.99)
    vague = np.clip(rng.normal(np.where(is_near, 0.65, 0.45), 0.15), 0.01, 0.99)
    found = []
    for confidence in (ranked, vague):
        columns = {
            "prediction.boxes": _column(mine, counts, labels, confidence),
            "references.boxes": _column(true, counts, labels, None),
        }
        batch = Batch([str(i) for i in range(n)], [None] * n, [[None]] * n, columns=columns)
        found.append(measure([BoxF1(), MeanAp()], batch, NoProgress()))
    names = ("detections ranked by how well they lie", "detections ranked by presence alone")
    outputs = ("map_50", "map", "mar_100")
    return (
        Population("ratio of sums (box F1)", BoxF1(), found[0][0].statistics, ("box_f1",), n),
        *(
            Population(name, MeanAp(), own.statistics, outputs, n)
            for name, (_, own) in zip(names, found, strict=True)
        ),
    )


def classes(n_classes=8, seed=0):
    """Classes of unequal size, of which two thirds are recognised."""
    rng = np.random.default_rng(seed)
    share = 0.6 ** np.arange(n_classes)
    true = rng.choice(n_classes, SIZE, p=share / share.sum())
    predicted = np.where(rng.random(SIZE) < 0.67, true, rng.integers(0, n_classes, SIZE))
    rows = MetricStatistics(np.column_stack([true, predicted]).astype(float), None, {})
    smallest = share[-1] / share.sum()
    name = f"{n_classes} classes, the smallest {smallest:.1%}"
    outputs = ("f1_macro", "f1_weighted", "balanced_accuracy", "mcc", "cohen_kappa")
    return Population(name, Classification(), rows, outputs, SIZE)


def mean_rows(scores):
    return MetricStatistics(np.column_stack([scores, np.ones(len(scores))]), None, {})


def _flickr():
    predictions, references = (
        [json.loads(line) for line in (CAPTIONS / name).open(encoding="utf-8")]
        for name in ("preds.jsonl", "refs.jsonl")
    )
    accepted = {row["id"]: row["references"] for row in references}
    return [row["prediction"] for row in predictions], [accepted[row["id"]] for row in predictions]


def _boxes(rng, n, size=640):
    corners = rng.integers(0, size - 200, (n, 2))
    return np.hstack([corners, corners + rng.integers(24, 200, (n, 2))]).astype(float)


def _column(boxes, counts, labels, confidence):
    n = len(boxes)
    return BoxColumn(
        boxes=boxes,
        item_offsets=offsets_of(counts),
        labels=[f"class {label}" for label in labels],
        scores=np.full(n, np.nan) if confidence is None else confidence,
        is_crowd=np.zeros(n, dtype=bool),
        areas=area(boxes),
        is_readable=np.ones(len(counts), dtype=bool),
    )
