"""Makes vqa.json: what lmms-eval 0.7.3 and LAVIS 1.0.2 say about seeded answers.

Both packages drag in torch, so they are unpacked, not installed, and only the functions named here
are taken out of their files and run:

    pip download --no-deps lmms-eval==0.7.3 salesforce-lavis==1.0.2
    for wheel in *.whl; do unzip -qo $wheel -d originals; done
    python tests/golden/make_vqa.py originals > tests/golden/vqa.json
"""

import ast
import json
import random
import re
import statistics
import sys
from pathlib import Path

SEED = 20240311
WORDS = [
    "yes", "no", "a", "an", "the", "none", "two", "ten", "Ten", "cat", "dogs", "dont", "dont've",
    "somebody'd", "twas", "well-lit", "U.S.A.", "a.m.", "3.", ".5", "1,000", "10:30", "$5", "50%",
    "x.y", "hello,world", "T-shirt", "macy's", "what?", "(red)", "black/white", "½", "naïve",
    "İzmir", "straße", "１,０", "\u00a0wide", "日本", "5.0", "Im", "[none]", "o'clock", "you'dve",
]  # fmt: skip
NUMBERS = [
    "0",
    "1",
    "-1",
    "10",
    "10.4",
    "10.5",
    "10.6",
    "5%",
    "0.05",
    "50",
    "1e3",
    "1,000",
    "nan",
    "inf",
    "1_0",
]


def functions(path, names, **known):
    """The functions called ``names`` of a file, without running the rest of it."""
    tree = ast.parse(path.read_text("utf-8"))
    wanted = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name in names]
    for function in wanted:
        function.decorator_list = []
    exec(compile(ast.Module(wanted, []), str(path), "exec"), known)
    return known


def originals(folder):
    tasks = folder / "lmms_eval" / "tasks"
    processor = {"re": re}
    exec((tasks / "_task_utils" / "vqa_eval_metric.py").read_text("utf-8"), processor)
    known = {"EvalAIAnswerProcessor": processor["EvalAIAnswerProcessor"], "statistics": statistics}
    found = functions(tasks / "vqav2" / "utils.py", ["vqav2_process_results"], **known)
    found |= functions(tasks / "textvqa" / "utils.py", ["textvqa_process_results"], **known)
    found |= functions(tasks / "chartqa" / "utils.py", ["relaxed_correctness"])
    found |= functions(
        folder / "lmms_eval" / "api" / "metrics.py", ["levenshtein_distance", "anls"]
    )
    lavis = {}
    source = (folder / "lavis" / "common" / "vqa_tools" / "vqa_eval.py").read_text("utf-8")
    exec(source, lavis)
    return found | {"VQAEval": lavis["VQAEval"]}


class Loaded:
    """What LAVIS's evaluator expects of a loaded file."""

    def __init__(self, qa):
        self.qa = qa

    def getQuesIds(self):
        return list(self.qa)


def records(answers):
    return [{"answer": answer, "answer_id": place} for place, answer in enumerate(answers)]


def official2015(found, prediction, answers):
    question = {"answers": records(answers), "question_type": "what", "answer_type": "other"}
    evaluator = found["VQAEval"](Loaded({1: question}), Loaded({1: {"answer": prediction}}), n=12)
    evaluator.updateProgress = lambda progress: None
    out, sys.stdout = sys.stdout, sys.stderr
    evaluator.evaluate()
    sys.stdout = out
    return evaluator.accuracy["overall"] / 100


def item(found, prediction, answers):
    lmms = found["vqav2_process_results"](
        {"answers": records(answers), "question_id": 1}, [prediction]
    )
    m4c = found["textvqa_process_results"]({"answers": [*answers], "question_id": 1}, [prediction])
    return {
        "prediction": prediction,
        "answers": answers,
        "official2015": official2015(found, prediction, answers),
        "lmms": lmms["exact_match"],
        "m4c": m4c["exact_match"],
        "anls": found["anls"](answers, [prediction])["anls"],
        "relaxed": max(found["relaxed_correctness"](prediction, answer) for answer in answers),
    }


def phrase(rng):
    text = rng.choice([" ", " ", ", ", " - ", "\n"]).join(rng.choices(WORDS, k=rng.randint(1, 3)))
    return rng.choice([str, str, str, str.upper, " {}\t".format, "{}.".format])(text)


def annotators(rng):
    number = rng.choice([10] * 8 + [1, 2, 3, 5])
    pool = [phrase(rng) for _ in range(rng.choice([1, 2, 3]))]
    answers = rng.choices(pool, k=number)
    return rng.choice([*answers, *answers, phrase(rng)]), answers


def main(folder):
    found = originals(Path(folder))
    rng = random.Random(SEED)
    evaluator = found["VQAEval"](Loaded({}), Loaded({}))
    m4c = found["vqav2_process_results"].__globals__["EvalAIAnswerProcessor"]()
    texts = [*WORDS, *evaluator.contractions, "." * 40, ". ." * 20, "", "a", " ,", "well - lit"]
    texts += [phrase(rng) for _ in range(200)]
    items = [item(found, *annotators(rng)) for _ in range(200)]
    items += [item(found, rng.choice(NUMBERS), [rng.choice(NUMBERS)]) for _ in range(80)]
    golden = {
        "tool": "lmms-eval 0.7.3 and salesforce-lavis 1.0.2",
        "command": "python tests/golden/make_vqa.py originals > tests/golden/vqa.json",
        "tolerance": 1e-12,
        "texts": [
            {
                "text": text,
                "official": evaluator.processDigitArticle(evaluator.processPunctuation(text)),
                "m4c": m4c(text),
            }
            for text in texts
        ],
        "items": items,
    }
    json.dump(golden, sys.stdout, indent=0)
    print()


if __name__ == "__main__":
    main(*sys.argv[1:])
