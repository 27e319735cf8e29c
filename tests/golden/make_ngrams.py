"""Writes bleu.json, cider.json and rouge.json with the reference packages.

Run from the repository root, with the extra "reference": python tests/golden/make_ngrams.py
"""

import json
import warnings
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent
ITEMS = [
    ("a dog leaps for a flying disc at the shore", ["a brown dog catches a frisbee on the beach",
     "a dog playing with a disc on sandy ground"]),
    ("two men are riding horses along the river",
     ["two men ride horses along a river at sunset", "men on horses", "riders by the water"]),
    ("the the the the the", ["the cat is on the mat", "there is a cat on the mat"]),
    ("", ["a plate of food"]),
    ("dog", ["dog", "a dog"]),
    ("a train at a station", ["a train at a station"]),
    ("people people walk walk their dogs in the park in the park",
     ["people walk their dogs in the park", "walking dogs in the park in the park people"]),
    ("an old red train is standing at a small station in the snow",
     ["an old train is standing at a small station in the snow"]),
]  # fmt: skip
SMOOTHINGS = [f"method{i}" for i in range(8)]


def made_with(*packages):
    return {
        "tools": {package: version(package) for package in packages},
        "command": "python tests/golden/make_ngrams.py",
        "tolerance": 1e-10,
        "items": ITEMS,
    }


def coco(scorer):
    references = {i: references for i, (_, references) in enumerate(ITEMS)}
    return scorer.compute_score(references, {i: [text] for i, (text, _) in enumerate(ITEMS)})


def nltk_items(name):
    from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu

    smooth = getattr(SmoothingFunction(), name)
    weights = [tuple([1 / n] * n) for n in (1, 2, 3, 4)]
    found = []
    for text, references in ITEMS:
        accepted = [reference.split() for reference in references]
        try:
            scores = sentence_bleu(accepted, text.split(), weights, smooth)
        except AssertionError:  # method6 without a trigram match
            scores = [None] * 4
        found.append([None if score is None else float(score) for score in scores])
    return found


def nltk_corpus(name):
    from nltk.translate.bleu_score import SmoothingFunction, corpus_bleu

    accepted = [[reference.split() for reference in references] for _, references in ITEMS]
    weights = [tuple([1 / n] * n) for n in (1, 2, 3, 4)]
    smooth = getattr(SmoothingFunction(), name)
    return corpus_bleu(accepted, [text.split() for text, _ in ITEMS], weights, smooth)


def sacre(smoothing, effective_order):
    from sacrebleu import BLEU

    bleu = BLEU(smooth_method=smoothing, effective_order=effective_order)
    most = max(len(references) for _, references in ITEMS)
    streams = [
        [references[i] if i < len(references) else None for _, references in ITEMS]
        for i in range(most)
    ]
    return {
        "smoothing": smoothing,
        "effective_order": effective_order,
        "corpus": bleu.corpus_score([text for text, _ in ITEMS], streams).score,
        "items": [bleu.sentence_score(text, references).score for text, references in ITEMS],
    }


def bleu():
    from pycocoevalcap.bleu.bleu import Bleu

    corpus, items = Bleu(4).compute_score(
        dict(enumerate(references for _, references in ITEMS)),
        {i: [text] for i, (text, _) in enumerate(ITEMS)},
        verbose=0,
    )
    return made_with("pycocoevalcap", "nltk", "sacrebleu") | {
        "coco": {"corpus": corpus, "items": items},
        "nltk": {name: nltk_items(name) for name in SMOOTHINGS},
        "nltk_corpus": {name: nltk_corpus(name) for name in SMOOTHINGS[:5]},
        "sacrebleu": [
            sacre(smoothing, order)
            for smoothing in ("exp", "floor", "add-k", "none")
            for order in (False, True)
        ],
    }


def cider():
    from pycocoevalcap.cider.cider import Cider

    corpus, items = coco(Cider())
    return made_with("pycocoevalcap") | {"corpus": float(corpus), "per_item": items.tolist()}


def rouge():
    from pycocoevalcap.rouge.rouge import Rouge
    from rouge_score.rouge_scorer import RougeScorer

    types = ["rouge1", "rouge2", "rouge3", "rougeL"]
    found = {}
    for stemmer in (False, True):
        scorer = RougeScorer(types, use_stemmer=stemmer)
        scores = [scorer.score_multi(references, text) for text, references in ITEMS]
        found[f"stemmer={stemmer}"] = {t: [s[t].fmeasure for s in scores] for t in types}
    corpus, items = coco(Rouge())
    return made_with("pycocoevalcap", "rouge-score") | {
        "coco": {"corpus": float(corpus), "items": items.tolist()},
        "rouge_score": found,
    }


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    for make in (bleu, cider, rouge):
        path = HERE / f"{make.__name__}.json"
        path.write_text(json.dumps(make(), indent=1) + "\n", encoding="utf-8")
