"""The official VQA evaluation in plain Python: one question, one annotator, one mark at a time.

Written from the definition (metric-spec 9.1, rules of March 2021) and kept simple on purpose: tests
use it as the oracle of the fast metric, and the benchmark as its peer. As a program:

    python vqa_plain.py PREDICTIONS.json ANNOTATIONS.json    (VQA v2 result and annotation files)

It prints {"overall": …, "by_answer_type": …, "by_question_type": …, "questions": {id: …}} as JSON.
"""

import json
import re
import sys
from pathlib import Path

MARKS = [
    ";", "/", "[", "]", '"', "{", "}", "(", ")", "=", "+", "\\", "_", "-", ">", "<", "@", "`", ",",
    "?", "!",
]  # fmt: skip
NUMBERS = {
    "none": "0", "zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5",
    "six": "6", "seven": "7", "eight": "8", "nine": "9", "ten": "10",
}  # fmt: skip
ARTICLES = ["a", "an", "the"]
WITH_APOSTROPHE = """
    ain't aren't can't could've couldn't didn't doesn't don't hadn't hasn't haven't he'd he's how'd
    how'll how's I'm I've isn't it'd it'll ma'am mightn't might've mustn't must've needn't not've
    o'clock oughtn't shan't should've shouldn't somebody'll somebody's someone'd someone'll
    someone's something'd something'll that's there'd there're there's they'd they'll they're
    they've 'twas wasn't we've weren't what'll what're what's what've when's where'd where's
    where've who'd who'll who's who've why'll why're why's won't would've wouldn't y'all you'd
    you'll you're you've
"""
CONTRACTIONS = {written.replace("'", ""): written for written in WITH_APOSTROPHE.split()}
for person in (
    "he", "it", "she", "somebody", "someone", "something", "there", "they", "we", "who", "you", "I",
):  # fmt: skip
    CONTRACTIONS[person + "d've"] = CONTRACTIONS[person + "'dve"] = person + "'d've"
for verb in ("could", "had", "might", "should", "would"):
    CONTRACTIONS[verb + "nt've"] = CONTRACTIONS[verb + "n'tve"] = verb + "n't've"
for odd, meaning in [
    ("let's", "let's"), ("she's", "she's"), ("somebody'd", "somebodyd"), ("ow's'at", "'ow's'at"),
    ("'ows'at", "'ow's'at"), ("'ow'sat", "'ow's'at"), ("yall'll", "y'all'll"),
    ("y'allll", "y'all'll"), ("yall'd've", "y'all'd've"), ("y'alld've", "y'all'd've"),
    ("y'all'dve", "y'all'd've"),
]:  # fmt: skip
    CONTRACTIONS[odd] = meaning


def clean(text):
    return text.replace("\n", " ").replace("\t", " ").strip()


def process_punctuation(text):
    result = text
    for mark in MARKS:
        beside_space = mark + " " in text or " " + mark in text
        if beside_space or re.search(r"(\d)(,)(\d)", text) is not None:
            result = result.replace(mark, "")
        else:
            result = result.replace(mark, " ")
    return re.sub(r"\.(?!\d)", "", result, count=32)


def process_digit_article(text):
    words = []
    for word in text.lower().split():
        word = NUMBERS.get(word, word)
        if word not in ARTICLES:
            words.append(CONTRACTIONS.get(word, word))
    return " ".join(words)


def process(text):
    return process_digit_article(process_punctuation(text))


def accuracy(prediction, answers):
    """Score of one question under the rules of 2021."""
    answers = [clean(answer) for answer in answers]
    prediction = clean(prediction)
    if len(set(answers)) > 1:
        answers = [process(answer) for answer in answers]
        prediction = process(prediction)
    return leave_one_out(prediction, answers)


def leave_one_out(prediction, answers):
    scores = []
    for left_out in range(len(answers)):
        others = [answer for place, answer in enumerate(answers) if place != left_out]
        agreeing = [answer for answer in others if answer == prediction]
        scores.append(min(1, len(agreeing) / 3))
    return sum(scores) / len(scores)


def main(predictions_path, annotations_path):
    with Path(predictions_path).open(encoding="utf-8") as file:
        predictions = {row["question_id"]: row["answer"] for row in json.load(file)}
    with Path(annotations_path).open(encoding="utf-8") as file:
        annotations = json.load(file)["annotations"]
    questions, by_answer_type, by_question_type = {}, {}, {}
    for row in annotations:
        answers = [answer["answer"] for answer in row["answers"]]
        score = accuracy(predictions[row["question_id"]], answers)
        questions[row["question_id"]] = score
        by_answer_type.setdefault(row["answer_type"], []).append(score)
        by_question_type.setdefault(row["question_type"], []).append(score)

    def mean(scores):
        return sum(scores) / len(scores)

    json.dump(
        {
            "overall": mean(list(questions.values())),
            "by_answer_type": {kind: mean(scores) for kind, scores in by_answer_type.items()},
            "by_question_type": {kind: mean(scores) for kind, scores in by_question_type.items()},
            "questions": questions,
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
