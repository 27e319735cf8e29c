"""Makes harnesses.json: what lmms-eval 0.7.3 and ms-vlmeval 0.0.20 say about seeded answers.

ms-vlmeval is VLMEvalKit's code as it is on PyPI. Both drag in torch, so they are unpacked, not
installed, and only the functions named here are taken out of their files and run. The captions also
need pycocoevalcap 1.2:

    pip download --no-deps lmms-eval==0.7.3 ms-vlmeval==0.0.20
    for wheel in *.whl; do unzip -qo $wheel -d originals; done
    python tests/golden/make_harnesses.py originals > tests/golden/harnesses.json
"""

import ast
import contextlib
import copy
import json
import os
import random
import string
import sys
import typing
from pathlib import Path

import numpy as np

SEED = 20261129
WORDS = [
    "yes", "Yes.", "no", "the", "two", "ten", "none", "cat", "dogs", "dont", "U.S.A.", "3.", ".5",
    "1,000", "10:30", "$5", "50%", "T-shirt", "macy's", "what?", "(red)", "black/white", "naïve",
    "  wide ", "ß", "tab\tbed", "line\nend", "5.0", "No. 3.",
]  # fmt: skip
TAGGED = [
    "<think>why</think>\n{}", "{} ", "\n{}\n", "<think>open {}", "closed</think> {}",
    "<analysis>x</analysis>{}", "<think>a</think><think>b</think> {}", "<THINK>no</THINK> {}", "{}",
    "<think>a<think>b</think>c</think> {}", "<answer>{}</answer>",
]  # fmt: skip
OPTIONS = ["a red car", "blue", "DNA", "Paris", "two dogs"]
SAID = [
    "{}", "({})", "{}.", "The answer is {}.", "answer is {}", "I think {} because it is", "**{}**",
    "{} {}", "A dog in {}", "it is {} and not {} at all in this picture of mine", "Z", "", "none",
    "So the right one would be ({}), since all others are wrong", "{}: yes", "of DNA", "b",
    "my answer is {}, though the correct answer is {} and DNA", "The best choice is {}) or {})",
    "{}: no. The correct option is ({}).", "選 {}", "答案是{}。", "I pick b, not {}", '"{}"', "DAB",
    "Cannot determine the answer", "The correct answer is {} here, as one can see at once",
]  # fmt: skip
CAPTIONS = ["A man", "riding", "a horse.", "on the beach,", "Two dogs", " run", "the", "a  red", ""]


def functions(path, names, **known):
    """The functions called ``names`` of a file, without running the rest of it."""
    tree = ast.parse(path.read_text("utf-8"))
    wanted = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name in names]
    for function in wanted:
        function.decorator_list = []
    known |= {"List": list, "Optional": typing.Optional}
    exec(compile(ast.Module(wanted, []), str(path), "exec"), known)
    return known


def answers(rng):
    items = []
    for _ in range(400):
        own = [" ".join(rng.choices(WORDS, k=rng.randint(1, 2))) for _ in range(rng.randint(1, 4))]
        prediction = rng.choice(own) if rng.random() < 0.6 else rng.choice(WORDS)
        if rng.random() < 0.3:
            prediction = f" {prediction.title()}  "
        items.append({"prediction": prediction, "references": own})
    return items


def of_lmms(folder, items):
    root = folder / "lmms_eval"
    strip = functions(root / "api" / "reasoning.py", ["strip_reasoning_tags"])
    strip = strip["strip_reasoning_tags"]
    found = functions(root / "api" / "metrics.py", ["levenshtein_distance", "anls"])
    found = functions(
        root / "api" / "metrics.py", ["exact_match_hf_evaluate"], np=np, string=string, **found
    )
    found |= functions(root / "tasks" / "chartqa" / "utils.py", ["relaxed_correctness"])
    tags = [["<think>", "</think>"], ["<analysis>", "</analysis>"]]
    texts = [form.format(word) for form in TAGGED for word in ("cat", "two dogs")]
    rows = []
    for item in items:
        text, own = strip(item["prediction"], tags), item["references"]
        rows.append(
            {
                "anls": found["anls"](own, [text])["anls"],
                "gqa": float(
                    found["exact_match_hf_evaluate"](
                        [text], own[:1], ignore_case=True, ignore_punctuation=True
                    )["exact_match"]
                ),
                "chartqa": float(found["relaxed_correctness"](text, own[0])),
            }
        )
    return {"reasoning": [{"text": text, "answer": strip(text, tags)} for text in texts],
            "rows": rows}  # fmt: skip


def of_vlmevalkit(folder, items):
    path = folder / "vlmeval" / "dataset" / "utils" / "vqa_eval.py"
    known = functions(folder / "vlmeval" / "smp" / "misc.py", ["process_punctuation"])
    known |= {"np": np, "istype": lambda text, kind: text.startswith("["), "listinstr": listinstr}
    names = ["_process_digit_article", "hit_calculate", "relaxed_correctness", "anls_compute",
             "levenshtein_distance", "process_answer", "process_line"]  # fmt: skip
    known = functions(path, names, **known)
    sets = {"TextVQA": "vqa_score", "ChartQA": "relaxed_accuracy", "OCRVQA": "accuracy",
            "DocVQA": "anls"}  # fmt: skip
    rows = []
    for item in items:
        line = {"answer": repr(item["references"]), "prediction": item["prediction"]}
        rows.append(
            {
                name: float(known["hit_calculate"]([known["process_line"](line, method)], name)[0])
                for name, method in sets.items()
            }
        )
    return rows


def listinstr(names, text):
    return any(name in text for name in names)


def choices(rng):
    return [
        {
            "prediction": rng.choice(SAID).format(*rng.choices("ABCDE", k=2)),
            "options": rng.sample(OPTIONS, k=rng.randint(2, 5)),
        }
        for _ in range(400)
    ]


def of_choices(folder, items):
    path = folder / "vlmeval" / "utils" / "matching_util.py"
    names = ["can_infer_option", "can_infer_text", "can_infer"]
    infer = functions(path, names, os=os, cp=copy, string=string)["can_infer"]
    path = folder / "lmms_eval" / "tasks" / "_task_utils" / "mmmu_mcq_utils.py"
    drawn = random.Random()
    drawn.choice = lambda options: "drawn"
    parse = functions(path, ["parse_mmmu_multi_choice_response"], np=np, random=drawn)
    parse = parse["parse_mmmu_multi_choice_response"]
    path = folder / "lmms_eval" / "tasks" / "_task_utils" / "mcq_extract.py"
    extract = {}
    exec(path.read_text("utf-8"), extract)
    found = []
    for item in items:
        named = dict(zip("ABCDE", item["options"], strict=False))
        inferred = infer(item["prediction"], dict(named)) or "Z"
        found.append(
            {
                "ms-vlmeval": inferred,
                "lmms": parse(item["prediction"], list(named), named),
                "lmms-mcq": extract["extract_mcq_answer"](item["prediction"], list("ABCD")),
            }
        )
    return found


def captions(rng):
    return [
        {
            "prediction": " ".join(rng.choices(CAPTIONS, k=rng.randint(1, 6))),
            "references": [
                " ".join(rng.choices(CAPTIONS, k=rng.randint(2, 7)))
                for _ in range(rng.randint(1, 4))
            ],
        }
        for _ in range(60)
    ]


def of_captions(items):
    """As VLMEvalKit's COCO_Caption_Scorer: the scorers on texts that no tokenizer has seen."""
    from pycocoevalcap.bleu.bleu import Bleu
    from pycocoevalcap.cider.cider import Cider
    from pycocoevalcap.rouge.rouge import Rouge

    mine = {str(i): [item["prediction"]] for i, item in enumerate(items)}
    theirs = {str(i): item["references"] for i, item in enumerate(items)}
    with contextlib.redirect_stdout(sys.stderr):
        bleu, _ = Bleu(4).compute_score(theirs, mine)
        rouge, _ = Rouge().compute_score(theirs, mine)
        cider, _ = Cider().compute_score(theirs, mine)
    return {**{f"bleu_{n}": score for n, score in enumerate(bleu, 1)}, "rouge_l": float(rouge),
            "cider": float(cider)}  # fmt: skip


def main():
    folder, rng = Path(sys.argv[1]), random.Random(SEED)
    some_answers, some_choices, some_captions = answers(rng), choices(rng), captions(rng)
    document = {
        "tool": "lmms-eval 0.7.3, ms-vlmeval 0.0.20, pycocoevalcap 1.2",
        "command": "python tests/golden/make_harnesses.py originals > tests/golden/harnesses.json",
        "tolerance": 1e-12,
        "answers": some_answers,
        "lmms": of_lmms(folder, some_answers),
        "vlmevalkit": of_vlmevalkit(folder, some_answers),
        "choices": some_choices,
        "of_choices": of_choices(folder, some_choices),
        "captions": some_captions,
        "of_captions": of_captions(some_captions),
    }
    print(json.dumps(document, ensure_ascii=False, indent=0))


if __name__ == "__main__":
    main()
