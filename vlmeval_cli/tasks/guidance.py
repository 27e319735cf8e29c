"""Which metrics fit which data, how their values are read, and what misleads: data, no scoring.

``vlmeval metrics --task`` and docs/choosing-metrics.md are made from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from vlmeval_cli.core.metric_spec import parse_metric_spec
from vlmeval_cli.parsing.judgments.columns import JUDGES, LENGTHS, ORDERS, RIVALS
from vlmeval_cli.registry import choose, metrics
from vlmeval_cli.tasks import task
from vlmeval_cli.tasks.base import Defaults, Facts


class Case(NamedTuple):
    """Data of a task, in words and as its defaults see them."""

    when: str
    facts: Facts


class Guide(NamedTuple):
    """What a task asks, the kinds of data it has, and what misleads."""

    question: str
    cases: tuple[Case, ...]
    traps: tuple[str, ...]


def _having(*columns: str) -> Facts:
    """Items with one short reference each, and typed columns beside it."""
    return Facts(typical_references=1, median_words=1, columns=frozenset(columns))


class Choice(NamedTuple):
    """What is scored by default in a case.

    Attributes:
        when: the data, in words.
        primary: the primary output.
        families: all metrics.
        beside: what stands beside the primary output: others of its metric, and other metrics.
    """

    when: str
    primary: str
    families: tuple[str, ...]
    beside: tuple[str, ...]


class Band(NamedTuple):
    """How a range of an output is often read; None is no bound."""

    output: str
    low: float | None
    high: float | None
    reading: str
    source: str


NO_THRESHOLD: Final = (
    "No threshold is universal: values depend on the data, the number of references and the "
    "tokens. Compare with a baseline on the same items first; bands only say what to expect."
)
TWO_METRICS: Final = (
    "Every run reports two outputs or more, and names one of them primary: one number alone hides "
    "how it was earned."
)

_BLEU = (
    "rule of thumb; for scale: people's own captions score 0.217 on COCO (Vinyals et al. 2015, "
    "arXiv:1411.4555)"
)
_TRANSLATION = (
    "Google Cloud's table for translations (cloud.google.com/translate/automl/docs/evaluate)"
)
_ROUGE = (
    "rule of thumb; for scale: the first three sentences of CNN/DailyMail's articles score 0.403 "
    "(See et al. 2017, arXiv:1704.04368)"
)
_METEOR = (
    "rule of thumb for NLTK's METEOR, on which people's own captions reach 0.48 (2,000 images of "
    "Flickr8k, four references, measured with this tool); METEOR 1.5 has another scale"
)
_METEOR_1_5 = (
    "rule of thumb; for scale: trained models reach 0.276 to 0.290 on COCO (X-modaler's table, "
    "github.com/YehLi/xmodaler), people's own captions 0.258 on 2,000 images of Flickr8k (four "
    "references, measured with this tool)"
)
_BERT_SCORE = (
    "bert-score's baseline for unrelated English sentences: 0.831 (roberta-large, layer 17); other "
    "encoders have other scales"
)
_FORMAT = "rule of thumb; with 5 % unread, form alone can cost 5 points of accuracy"
_PERPLEXITY = (
    "rule of thumb; for scale: GPT-2 small, not adapted, has 37.5 on WikiText-103 (Radford et al. "
    "2019)"
)

_ALPHA = "Krippendorff 2004, Content Analysis, page 241"

BANDS: Final = (
    Band("bleu_4", 0.25, 0.5, "good captions", _BLEU),
    Band("bleu_4", 0.5, None, "strong", _BLEU),
    Band("sacrebleu", 0.3, 0.4, "understandable to good translations", _TRANSLATION),
    Band("sacrebleu", 0.4, 0.5, "high quality", _TRANSLATION),
    Band("sacrebleu", 0.5, 0.6, "very high quality, adequate and fluent", _TRANSLATION),
    Band("rouge_1_f1", 0.3, 0.4, "average summaries", _ROUGE),
    Band("rouge_1_f1", 0.5, None, "strong", _ROUGE),
    Band("meteor", 0.4, None, "good", _METEOR),
    Band("meteor_1_5", 0.2, 0.3, "usual of captioning models", _METEOR_1_5),
    Band("bert_score_f1", None, 0.85, "hardly more than unrelated sentences", _BERT_SCORE),
    Band("format_valid_strict", 0.95, None, "the model keeps to the format", _FORMAT),
    Band("choice_unparsed_rate", None, 0.05, "the model keeps to the format", _FORMAT),
    Band("unparsed_rate", None, 0.05, "the model keeps to the format", _FORMAT),
    Band("judge_alpha", 0.667, 0.8, "tentative conclusions only", _ALPHA),
    Band("judge_alpha", 0.8, None, "reliable", _ALPHA),
    Band("perplexity", None, 50, "usual of a model that was adapted to its data", _PERPLEXITY),
)

_NGRAMS = (
    "Metrics of n-grams know no truth: a caption with one wrong object may score higher than a "
    "right paraphrase. Read the lowest items (--worst 20)."
)
_MEANINGS = (
    "To bert_score and semantic_similarity a negation, a number or a name counts little: report a "
    "metric of words beside them. Name the encoder too, since each has its own scale."
)
_IMBALANCED = (
    "Imbalanced classes want macro F1 or balanced accuracy: always naming the most frequent class "
    "earns a high accuracy."
)
_FLOORS = (
    "Accuracy means nothing without its floors, which are printed beside it: chance, and always "
    "naming the most frequent answer."
)
_ANLS = (
    "ANLS is for short answers. A right answer inside a sentence scores 0, since less than half of "
    "the characters agree; of two long texts it says little. See token_f1 or ocrbench beside it."
)

_BENCHMARKS = (
    ("TextVQA", "textvqa"),
    ("VizWiz", "vizwiz"),
    ("GQA", "gqa_questions"),
    ("SQuAD v1.1", "squad_v1"),
    ("SQuAD v2", "squad_v2"),
)

GUIDES: Final[Mapping[str, Guide]] = MappingProxyType(
    {
        "captioning": Guide(
            "is the sentence what people would say of the image?",
            (Case("captions", Facts(typical_references=5, median_words=10)),),
            (
                "CIDEr weighs words by the images of the run: on fewer than 100 images it moves "
                "with every image added, and on one it is 0.",
                "`meteor` is NLTK's; published tables have METEOR 1.5: `meteor_1_5`.",
                "CLIPScore has a scale of its own for every model, and packages give 100 times the "
                "cosine where the paper gives 2.5 times: compare equal signatures only.",
                _NGRAMS,
                _MEANINGS,
            ),
        ),
        "vqa": Guide(
            "is the short answer one that people gave?",
            (
                Case("ten answers per question", Facts(typical_references=10, median_words=1)),
                Case("two to nine answers", Facts(typical_references=3, median_words=1)),
                Case("one answer", Facts(typical_references=1, median_words=1)),
                Case(
                    "one answer, of five words or more",
                    Facts(typical_references=1, median_words=8),
                ),
                *(
                    Case(benchmark, Facts(10, 1, layouts=frozenset({layout})))
                    for benchmark, layout in _BENCHMARKS
                ),
            ),
            (
                "VQA accuracy counts agreement with ten people. With fewer annotators it cannot "
                "reach 1, or means something else: take exact_match.",
                "Models that answer in sentences lose every exact match. Compare exact_match with "
                "token_f1 before you call them worse.",
                _ANLS,
            ),
        ),
        "docqa": Guide(
            "was the right text read, and read without mistakes?",
            (
                Case("DocVQA and its like", Facts(typical_references=1, median_words=2)),
                Case("OCRBench", Facts(1, 2, fields=frozenset({"dataset_name", "type"}))),
            ),
            (
                _ANLS,
                "ocrbench rewards long outputs: a page copied in full holds every answer. Never "
                "report it alone.",
            ),
        ),
        "grounding": Guide(
            "are the boxes where the objects are?",
            (
                Case("one box per expression", _having()),
                Case("points", _having("prediction.points")),
                Case("several boxes per image", _having("references.objects")),
                Case(
                    "the same with confidences",
                    _having("references.objects", "prediction.confidence"),
                ),
            ),
            (
                "Average precision needs confidences. Without them it hangs on the order in which "
                "boxes were written: take box_f1, and expected_map with its range.",
                "Accuracy at IoU 0.5 does not see how tight boxes are; mean_iou does.",
                "A score near 0 is most often a wrong coordinate frame: look at the warning with "
                "the other readings.",
            ),
        ),
        "freeform": Guide(
            "can the document be read, and are its fields right?",
            (Case("documents", _having()),),
            (
                'Report the three rates of validity, never one of them as "valid JSON": what is '
                "repaired here breaks the next program.",
                "Valid says nothing of right: read field_f1 beside schema_valid.",
            ),
        ),
        "text": Guide(
            "is the longer text like the written reference?",
            (
                Case("summaries (several lines, or over 30 words)", Facts(1, 60, have_lines=True)),
                Case(
                    "translations (sentences, or with a source)",
                    Facts(1, 20, fields=frozenset({"source"})),
                ),
            ),
            (
                _NGRAMS,
                "ROUGE and METEOR are for English; ROUGE drops every letter outside a-z. For other "
                "languages take chrf.",
                "rouge_lsum_f1 knows sentences by line breaks alone.",
                _MEANINGS,
                "bleurt was trained on ratings of translated sentences: of long texts it sees the "
                "first 512 tokens of a pair, and values of different checkpoints do not compare.",
            ),
        ),
        "classification": Guide(
            "is the class right?",
            (
                Case("labels", _having()),
                Case("labels with confidences", _having("prediction.confidence")),
            ),
            (_IMBALANCED, _FLOORS),
        ),
        "choice": Guide(
            "was the right option chosen?",
            (
                Case("each question once", _having()),
                Case("rotated options", _having("circular.choice")),
            ),
            (
                _FLOORS,
                "Answers that name no option are wrong, not random: where "
                "choice_unparsed_rate is high, accuracy measures form.",
            ),
        ),
        "code": Guide(
            "does the program pass its tests?",
            (
                Case(
                    "results, or --run-tests",
                    _having("prediction.verdicts", "programs.text", "solutions.text"),
                ),
                Case("solutions alone", _having("programs.text", "solutions.text")),
            ),
            (
                "Likeness to a solution does not say whether a program works: two right programs "
                "may look unlike each other.",
                "pass@1 of one greedy sample and of many at a temperature are different numbers.",
            ),
        ),
        "language_modeling": Guide(
            "was the model surprised by the texts?",
            (
                Case("log-probabilities", _having()),
                Case("with the rank of each token", _having("prediction.n_judged")),
            ),
            (
                "Loss and perplexity are not comparable across architectures and tokenizers; "
                "bits_per_byte is.",
                "A high loss with a high token accuracy means overconfidence: rarely wrong, and "
                "then with next to no probability on the right token.",
                "A low loss is no good caption or answer: score those by their own task.",
            ),
        ),
        "rationality": Guide(
            "is the class right for the right reasons?",
            (
                Case("heat maps or recorded mass", _having()),
                Case("under corruptions", _having("item.corruption")),
            ),
            (
                "High accuracy with low prediction_trustworthiness means right for the wrong "
                "reasons.",
                "Explain the same class in all heat maps, the right or the predicted one, or "
                "methods cannot be compared.",
            ),
        ),
        "preference": Guide(
            "which of two answers do judges prefer?",
            (
                Case("a verdict for each item", _having()),
                Case("lengths or the answers themselves", _having(LENGTHS)),
                Case("both orders", _having(LENGTHS, ORDERS)),
                Case("several judges", _having(LENGTHS, ORDERS, JUDGES)),
                Case("three models or more", _having(LENGTHS, ORDERS, JUDGES, RIVALS)),
            ),
            (
                "Judges that are models prefer longer answers: read length_controlled_win_rate "
                "beside win_rate.",
                "A judge that saw one order only may have chosen the place: judge both orders.",
                "A judge prefers the style of its own family; let people judge a part, and read "
                "judge_alpha.",
                "Win rates against different opponents cannot be compared; "
                "bradley_terry_strength can, where verdicts connect all models.",
            ),
        ),
    }
)


def choices(name: str) -> tuple[Choice, ...]:
    """What the task scores by default, case by case."""
    return tuple(_choice(case, task(name).defaults(case.facts)) for case in GUIDES[name].cases)


def _choice(case: Case, defaults: Defaults) -> Choice:
    scored = choose(map(parse_metric_spec, defaults.metrics))
    beside: list[str] = []
    for one in scored:
        outputs = [name for name, _ in one.outputs()]
        is_primary = defaults.primary in outputs
        beside += outputs if is_primary else [one.metric.info.name]
    return Choice(
        case.when,
        defaults.primary,
        tuple(dict.fromkeys(one.metric.info.name for one in scored)),
        tuple(name for name in beside if name != defaults.primary),
    )


def others(name: str) -> tuple[str, ...]:
    """Metric families offered for the task that it never scores by default."""
    scored = {family for choice in choices(name) for family in choice.families}
    offered = (family for family, made in metrics().items() if name in made.info.tasks)
    return tuple(family for family in offered if family not in scored)


def bands_of(outputs: frozenset[str]) -> Iterator[Band]:
    """The bands of these outputs."""
    return (band for band in BANDS if band.output in outputs)
