"""The names and thresholds by which fields, ids and tasks are recognised: data, no code."""

from __future__ import annotations

from typing import Final

# Candidates in order; the first that a file has is taken.
ID_NAMES: Final = (
    "id", "question_id", "questionId", "sample_id", "uid", "qid", "doc_id", "task_id", "image_id",
    "img_id", "index", "idx", "key", "file_name", "image",
)  # fmt: skip
# Ids that a few programs write (OpenAI's batches, timm): tried after all of the above.
RARE_IDS: Final = ("custom_id", "filename")
PREDICTION_NAMES: Final = (
    "prediction", "predicted_answer", "pred", "response", "model_output", "output",
    "generated_text", "generation", "completion", "predicted", "predicted_label", "pred_label",
    "bboxes", "boxes", "bbox", "summary", "answer", "caption", "text", "result",
)  # fmt: skip
REFERENCE_NAMES: Final = (
    "bboxes", "boxes", "bbox", "references", "reference", "refs", "answers", "ground_truth",
    "ground_truths", "gt", "gold", "golds", "target", "targets", "label", "labels", "class",
    "category", "captions", "summary", "highlights", "translation", "canonical_solution",
    "answer", "caption", "solution", "expected",
)  # fmt: skip
QUESTION_NAMES: Final = (
    "question", "query", "problem", "prompt", "instruction", "sent", "phrase", "expression",
)  # fmt: skip
OPTION_NAMES: Final = ("options", "choices")
OPTION_COLUMNS: Final = "ABCDEFGHIJ"
IMAGE_NAMES: Final = ("image", "image_id", "img_id", "file_name", "image_path", "img")
SOURCE_NAMES: Final = ("source", "src", "source_text")

# Fields that tell of an item; none of them is what a model said.
INPUT_NAMES: Final = frozenset(
    {
        *ID_NAMES,
        *RARE_IDS,
        *QUESTION_NAMES,
        *OPTION_NAMES,
        *OPTION_COLUMNS,
        *IMAGE_NAMES,
        *SOURCE_NAMES,
    }
)

# An object by id whose values are no objects: "value" is the prediction or the reference.
VALUE_BY_ID: Final = "value"

# Predictions only where no other name of a prediction is present.
PREDICTION_LAST: Final = frozenset({"answer", "caption"})
# Often the input of a model; a field called like the references is rather its prediction.
OFTEN_INPUT: Final = frozenset({"text", "result"})
# Labels of an item, or facts about it that are nobody's reference.
LABEL_NAMES: Final = frozenset({"label", "labels", "class", "category"})
# Labels that, in a question with options, name its topic.
TOPIC_NAMES: Final = frozenset({"class", "category"})
# Words in an unknown name that make it sound like the right answer, and those that do not.
GOLD_WORDS: Final = frozenset({"answer", "answers", "gold", "golden", "correct", "truth"})
OTHER_WORDS: Final = frozenset(
    {
        "model", "pred", "predicted", "prediction", "generated", "output", "raw", "llm", "type",
        "types", "id", "ids", "format", "category", "start", "end", "count", "length", "score",
        "confidence", "prob", "rate", "is", "time", "source", "topic",
        "explanation", "rationale", "reason", "reasoning",
    }
)  # fmt: skip
SAID_WORDS: Final = frozenset({"pred", "prediction", "predicted", "output", "response", "model"})
# Names that only a prediction has, and only references have.
PREDICTION_ONLY: Final = (
    frozenset(PREDICTION_NAMES) - frozenset(REFERENCE_NAMES) - PREDICTION_LAST - OFTEN_INPUT
)
REFERENCE_ONLY: Final = frozenset(REFERENCE_NAMES) - frozenset(PREDICTION_NAMES) - LABEL_NAMES

CAPTION_NAMES: Final = frozenset({"caption", "captions"})
CLASS_NAMES: Final = frozenset({"label", "class", "category"})
DOCUMENT_IDS: Final = ("questionId", "docId")
# What rows about documents have beside "questionId", and those of GQA, which are about photos.
DOCUMENT_FIELDS: Final = (
    "docId", "doc_id", "document", "document_id", "ucsf_document_id", "page", "pages", "page_ids",
    "page_number", "answer_page_idx", "ucsf_document_page_no", "image_local_name",
    "docvqa_question_types", "ocr",
)  # fmt: skip
GQA_FIELDS: Final = (
    "isBalanced", "semantic", "semanticStr", "types", "groups", "fullAnswer", "entailed",
    "equivalent",
)  # fmt: skip
SUMMARY_NAMES: Final = frozenset({"summary", "highlights"})
SUMMARISED: Final = ("document", "dialogue", "article")
QUESTION_IDS: Final = ("question_id", "qid")
CODE_NAMES: Final = ("entry_point",)
TEST_NAMES: Final = ("test", "tests", "test_list")
RESULT_NAMES: Final = ("passed", "correct", "is_correct")
LOG_PROBABILITIES: Final = (
    "logprobs", "token_logprobs", "log_probs", "log_likelihood", "loss", "losses", "nll",
    "prompt_logprobs",
)  # fmt: skip
LIKELIHOOD_RESULTS: Final = ("word_perplexity", "byte_perplexity", "bits_per_byte")
TOKEN_COUNTS: Final = ("n_tokens", "num_tokens", "token_count")
HEAT_MAPS: Final = ("heatmap", "heatmaps", "heat_map", "saliency", "attention_map")
MASKS: Final = ("mask", "masks", "boxes", "bboxes", "bbox")
VERDICTS: Final = ("winner", "preference")

RATIONALES: Final = (
    "rma",
    "relevant_mass",
    "relevant_mass_accuracy",
    "rationale_valid",
    "rationale",
)
# What stands for the predicted class where only its outcome was recorded, or nothing of it.
CLASS_OUTCOMES: Final = ("correct", "is_correct", *HEAT_MAPS, *RATIONALES)

# A longer text is no id: it is an image in base64.
LONGEST_ID: Final = 1_000
# A field that hardly any row fills is not what the file is about.
FILLED_SHARE: Final = 0.1
LETTER_SHARE: Final = 0.8
CAPTION_WORDS: Final = 5
LONG_TEXT_WORDS: Final = 20
MOST_CLASSES: Final = 50
CLASS_SHARE: Final = 0.1
# Rows whose references are parsed as documents before the rest is believed.
PARSED_ROWS: Final = 300

TASKS: Final = (
    "captioning", "vqa", "docqa", "grounding", "freeform", "text", "classification", "choice",
    "code", "language_modeling", "rationality", "preference",
)  # fmt: skip
WITHOUT_REFERENCES: Final = frozenset({"code", "language_modeling", "rationality", "preference"})
WITHOUT_PREDICTIONS: Final = frozenset({"language_modeling", "rationality", "preference"})
