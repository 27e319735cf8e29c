"""Document QA: ANLS against a plain script, and chrF against sacrebleu.

    python benchmarks/docqa.py                  both
    python benchmarks/docqa.py --only anls      one of anls, chrf

The questions are the recorded DocVQA outputs of shared/data beside the repository, copied with a
number in every text until there are enough rows, so that texts seldom repeat.
"""

import argparse
import gzip
import json
import sys
from itertools import cycle, islice
from pathlib import Path
from time import perf_counter

from vqa import batch_of

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"
NAMES = ("qwen2_vl_7b_instruct", "qwen2_vl_2b_instruct", "llama_scout")
TOLERANCE = 1e-12


def recorded():
    """(question, prediction, accepted answers) of the three recorded models."""
    for name in NAMES:
        with gzip.open(DATA / "docvqa" / f"{name}.json.gz", "rt", encoding="utf-8") as file:
            for row in json.load(file):
                yield row["question"], row["predicted_answer"], row["ground_truth"]


def make_items(n):
    rows = list(recorded())
    for number, (question, prediction, answers) in enumerate(islice(cycle(rows), n)):
        copy = number // len(rows)
        mark = f" {copy}" if copy else ""
        yield question + mark, prediction + mark, [answer + mark for answer in answers]


def plain_anls(prediction, answers):
    """The rule of the RRC script, with Levenshtein's recurrence in plain Python."""
    least = 1.0
    for answer in answers:
        one, other = (" ".join(text.strip().lower().split()) for text in (answer, prediction))
        longer = max(len(answer.upper()), len(prediction.upper()))
        least = min(least, plain_distance(one, other) / longer if longer else 0.0)
    return 1 - least if 1 - least >= 0.5 else 0.0


def plain_distance(one, other):
    row = list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        above, row[0] = row[0], i
        for j, right in enumerate(other, 1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (left != right))
    return row[-1]


def fastest(function, repeats):
    """Best seconds of some calls, and what the last gave."""
    best, found = float("inf"), None
    for _ in range(repeats):
        start = perf_counter()
        found = function()
        best = min(best, perf_counter() - start)
    return best, found


def anls(repeats):
    from vlmeval_cli.metrics.anls import Anls

    items = list(recorded())
    predictions, answers = [row[1] for row in items], [row[2] for row in items]
    theirs, expected = fastest(
        lambda: [plain_anls(*pair) for pair in zip(predictions, answers, strict=True)], 1
    )
    ours, found = fastest(
        lambda: Anls().measure(batch_of(predictions, answers), None).values[:, 0], repeats
    )
    assert max(abs(a - b) for a, b in zip(expected, found, strict=True)) <= TOLERANCE
    print(f"ANLS of {len(items):,} questions, every item equal to {TOLERANCE}")
    print(f"  plain script {theirs:.3f} s, metric {ours:.4f} s: {theirs / ours:.0f}x (aim: 20)")


def chrf(repeats):
    import sacrebleu

    from vlmeval_cli.engine.prepare import Preparer
    from vlmeval_cli.metrics.chrf import Chrf

    with (DATA / "flickr8k" / "refs.jsonl").open(encoding="utf-8") as lines:
        references = [json.loads(line)["references"] for line in lines]
    predictions = [accepted[0] for accepted in references]
    answers = [accepted[1:] for accepted in references]
    for word_order, name in ((0, "chrF"), (2, "chrF++")):
        metric, peer = Chrf(word_order=word_order), sacrebleu.CHRF(word_order=word_order)
        streams = [list(stream) for stream in zip(*answers, strict=True)]
        theirs, expected = fastest(lambda: peer.corpus_score(predictions, streams), 1)  # noqa: B023  (called at once)

        def score():
            batch = Preparer(metric.needs()).prepare(batch_of(predictions, answers))  # noqa: B023  (called at once)
            rows = metric.measure(batch, None).values  # noqa: B023  (called at once)
            return float(metric.finalize(rows.sum(axis=0))["chrf"])  # noqa: B023  (called at once)

        ours, found = fastest(score, repeats)
        assert abs(expected.score / 100 - found) <= TOLERANCE
        print(f"{name} of {len(predictions):,} captions x {len(answers[0])} references, equal")
        print(f"  sacrebleu {theirs:.3f} s, metric {ours:.3f} s: {theirs / ours:.1f}x")


def write(folder, n):
    folder.mkdir()
    with (
        (folder / "preds.jsonl").open("w", encoding="utf-8") as preds,
        (folder / "refs.jsonl").open("w", encoding="utf-8") as refs,
    ):
        for number, (question, prediction, answers) in enumerate(make_items(n)):
            ours_row = {"questionId": number, "answer": prediction}
            row = {
                "questionId": number,
                "question": question,
                "image": f"documents/page_{number}.png",
                "answers": answers,
            }
            preds.write(json.dumps(ours_row) + "\n")
            refs.write(json.dumps(row) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=("anls", "chrf"))
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    if not DATA.exists():
        sys.exit("the shared data folder is not beside this repository")
    if options.only in (None, "anls"):
        anls(options.repeats)
    if options.only in (None, "chrf"):
        chrf(options.repeats)


if __name__ == "__main__":
    main()
