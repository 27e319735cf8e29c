"""Makes torchmetrics.json: what torchmetrics 1.9.0 says about seeded texts, boxes and classes.

    pip install torchmetrics==1.9.0 torch==2.14.1 torchvision pycocotools
    python tests/golden/make_torchmetrics.py > tests/golden/torchmetrics.json

It computes in single precision, hence the tolerance.
"""

import json
import random

import torch
import torchmetrics
from torchmetrics.classification import (
    MulticlassAccuracy,
    MulticlassCohenKappa,
    MulticlassF1Score,
    MulticlassMatthewsCorrCoef,
    MulticlassPrecision,
    MulticlassRecall,
)
from torchmetrics.detection import MeanAveragePrecision
from torchmetrics.text import (
    BLEUScore,
    CHRFScore,
    Perplexity,
    ROUGEScore,
    SacreBLEUScore,
    SQuAD,
)

SEED = 20261128
WORDS = [
    "a", "the", "dog", "dogs", "cat", "on", "mat", "The", "runs", "running", "3.5", "1,000",
    "well-lit", "it's", "beach.", "(red)", "naïve", "日本", "&amp;", "\tblue",
    "sun\nset", "U.S.", "-", "sits",
]  # fmt: skip
ANSWERS = ["a", "The", "cat", "the cat", "a cat sat", "Cat!", "dog", "two dogs", "...", "an"]


def sentence(rng, longest=14):
    return " ".join(rng.choices(WORDS, k=rng.randint(0, longest)))


def near(rng, text):
    words = text.split(" ")
    for _ in range(rng.randint(0, 3)):
        if words:
            words[rng.randrange(len(words))] = rng.choice(WORDS)
    return " ".join(words[rng.randint(0, 1) :])


def texts(rng):
    items = []
    for _ in range(120):
        first = sentence(rng) or "dog"
        references = [first, *(sentence(rng) or "cat" for _ in range(rng.randint(0, 3)))]
        rng.shuffle(references)
        items.append({"prediction": near(rng, first), "references": references})
    return items


def of_texts(items):
    predictions = [item["prediction"] for item in items]
    references = [item["references"] for item in items]
    chrf, item_scores = CHRFScore(return_sentence_level_score=True)(predictions, references)
    found = ROUGEScore(rouge_keys=("rouge1", "rouge2", "rougeL"))(predictions, references)
    return {
        "bleu": BLEUScore()(predictions, references).item(),
        "bleu_items": [
            BLEUScore()([one], [own]).item()
            for one, own in zip(predictions, references, strict=True)
        ],
        "sacrebleu": SacreBLEUScore()(predictions, references).item(),
        "chrf": chrf.item(),
        "chrf_items": item_scores.tolist(),
        "chrf_plain": CHRFScore(n_word_order=0)(predictions, references).item(),
        "rouge_1_f1": found["rouge1_fmeasure"].item(),
        "rouge_2_f1": found["rouge2_fmeasure"].item(),
        "rouge_l_f1": found["rougeL_fmeasure"].item(),
    }


def answers(rng):
    return [
        {
            "prediction": rng.choice([*ANSWERS, ""]),
            "references": rng.choices(ANSWERS, k=rng.randint(1, 4)),
        }
        for _ in range(200)
    ]


def of_answers(items):
    mine = [{"id": str(i), "prediction_text": item["prediction"]} for i, item in enumerate(items)]
    theirs = [
        {"id": str(i), "answers": {"text": item["references"], "answer_start": [0]}}
        for i, item in enumerate(items)
    ]
    found = SQuAD()(mine, theirs)
    return {name: value.item() / 100 for name, value in found.items()}


def box(rng):
    left, top = rng.randint(5, 90), rng.randint(5, 90)
    return [left, top, left + rng.randint(5, 120), top + rng.randint(5, 120)]


def images(rng):
    found = []
    for _ in range(30):
        true = [(box(rng), rng.randint(0, 3)) for _ in range(rng.randint(0, 5))]
        mine = [
            ([corner + rng.randint(-4, 4) for corner in own], label, round(rng.random(), 4))
            for own, label in true
            if rng.random() < 0.8
        ]
        mine += [(box(rng), rng.randint(0, 3), round(rng.random(), 4)) for _ in range(2)]
        found.append({"true": true, "predicted": mine})
    return found


def of_images(found):
    metric = MeanAveragePrecision()
    for image in found:
        mine, true = image["predicted"], image["true"]
        metric.update(
            [
                {
                    "boxes": torch.tensor([own for own, *_ in mine], dtype=torch.float),
                    "labels": torch.tensor([label for _, label, _ in mine]),
                    "scores": torch.tensor([score for *_, score in mine]),
                }
            ],
            [
                {
                    "boxes": torch.tensor([own for own, _ in true]).float().reshape(-1, 4),
                    "labels": torch.tensor([label for _, label in true], dtype=torch.int64),
                }
            ],
        )
    return {name: value.tolist() for name, value in metric.compute().items()}


def of_classes(pairs):
    mine = torch.tensor([one for one, _ in pairs])
    true = torch.tensor([one for _, one in pairs])
    metrics = {
        "accuracy": MulticlassAccuracy(5, average="micro"),
        "precision_macro": MulticlassPrecision(5),
        "recall_macro": MulticlassRecall(5),
        "f1_macro": MulticlassF1Score(5),
        "precision_weighted": MulticlassPrecision(5, average="weighted"),
        "recall_weighted": MulticlassRecall(5, average="weighted"),
        "f1_weighted": MulticlassF1Score(5, average="weighted"),
        "mcc": MulticlassMatthewsCorrCoef(5),
        "cohen_kappa": MulticlassCohenKappa(5),
    }
    return {name: metric(mine, true).item() for name, metric in metrics.items()}


def of_tokens(rng):
    generator = torch.Generator().manual_seed(rng.randint(0, 999))
    logits = torch.randn(6, 7, 11, generator=generator)
    true = torch.randint(0, 11, (6, 7), generator=generator)
    log_probabilities = logits.log_softmax(-1).gather(-1, true[..., None])[..., 0]
    return {
        "log_probabilities": log_probabilities.tolist(),
        "perplexity": Perplexity()(logits, true).item(),
    }


def main():
    rng = random.Random(SEED)
    some_texts, some_answers, some_images = texts(rng), answers(rng), images(rng)
    # Class 3 is never true, class 4 neither true nor predicted.
    pairs = [(rng.choice([0, 0, 1, 2, 3]), rng.choice([0, 1, 1, 2])) for _ in range(80)]
    document = {
        "tool": f"torchmetrics {torchmetrics.__version__}, torch {torch.__version__}",
        "command": "python tests/golden/make_torchmetrics.py > tests/golden/torchmetrics.json",
        "tolerance": 2e-6,
        "texts": some_texts,
        "of_texts": of_texts(some_texts),
        "answers": some_answers,
        "of_answers": of_answers(some_answers),
        "images": some_images,
        "of_images": of_images(some_images),
        "classes": pairs,
        "of_classes": of_classes(pairs),
        "of_tokens": of_tokens(rng),
    }
    print(json.dumps(document, ensure_ascii=False, indent=0))


if __name__ == "__main__":
    main()
