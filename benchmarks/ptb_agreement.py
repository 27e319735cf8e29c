"""Count the captions on which our PTB tokens equal those of the Java program of pycocoevalcap.

    python benchmarks/ptb_agreement.py DATA [--mutations 20000] [--seed 0] [--show 20]
    python benchmarks/ptb_agreement.py --characters
    python benchmarks/ptb_agreement.py --golden tests/golden/ptb.json

DATA is a folder with captions in preds.jsonl and refs.jsonl (id, prediction; id, references).
Needs Java and pycocoevalcap. Every caption is followed by a line that no look-ahead rule can use
("zq"), because the Java program reads on into the next line.
"""

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from vlmeval_cli.text.ptb import PUNCTUATION, PtbTokenizer

NEUTRAL = "zq"
JAVA_CLASS = "edu.stanford.nlp.process.PTBTokenizer"
PUNCTUATION_MARKS = ".,;:!?\"')("
LINE_BREAKS = "\n\r\v\f\x85\u2028\u2029"


def _read_fragments():
    text = (Path(__file__).parent / "ptb_fragments.txt").read_text(encoding="utf-8")
    sections = (part.partition("]") for part in text.split("\n[") if part)
    return {name.strip("["): body.split() for name, _, body in sections}


FRAGMENTS = _read_fragments()
QUOTES = [
    '"{}"',
    "'{}'",
    "``{}''",
    "“{}”",
    "‘{}’",
    "«{}»",
    "„{}“",
    '"{},"',
    '"{}."',
    "'{}.'",
    '"{}',
    '{}"',
    "'{}",
    "{}'",
    "’{}",
    "‘{}",
    "&quot;{}&quot;",
    "`{}`",
    "'{}' ",
    "''{}''",
    "‹{}›",
]
BRACKETS = [
    "({})",
    "[{}]",
    "{{{}}}",
    "( {} )",
    "({}",
    "{})",
    "[{}",
    "{}]",
    "<{}>",
    "({}).",
    "({}),",
    "<b>{}</b>",
    "<{}",
    "{}>",
    "(({}))",
    "<<{}>>",
]


def java_tokens(captions):
    """The tokens that coco-caption's wrapper would keep, joined by spaces, one line per caption."""
    home = Path(find_spec("pycocoevalcap.tokenizer.ptbtokenizer").origin).parent
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", newline="", suffix=".txt") as file:
        file.write("".join(f"{caption}\n{NEUTRAL}\n" for caption in captions))
        file.flush()
        jar = next(home.glob("stanford-corenlp-*.jar"))
        command = ["java", "-cp", str(jar), JAVA_CLASS, "-preserveLines", "-lowerCase", file.name]
        done = subprocess.run(command, capture_output=True, check=True)
    lines = done.stdout.decode().split("\n")
    assert lines[1::2] == [NEUTRAL] * len(captions), "the Java program lost a line"
    return [
        " ".join(word for word in line.rstrip().split(" ") if word not in PUNCTUATION)
        for line in lines[: 2 * len(captions) : 2]
    ]


def read_captions(folder):
    """All predictions and references of a folder."""
    predictions, references = (
        [json.loads(line) for line in (folder / name).read_text(encoding="utf-8").splitlines()]
        for name in ("preds.jsonl", "refs.jsonl")
    )
    captions = [row["prediction"] for row in predictions]
    return captions + [text for row in references for text in row["references"]]


def glue(caption):
    """``caption`` without the spaces before its punctuation."""
    return re.sub(r"\s+([.,;:!?])", r"\1", caption)


class Mutator:
    """Puts what makes tokenisation hard into captions, by chance but repeatably."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.kinds = [
            self.insert_thing,
            self.insert_thing,
            self.insert_abbreviation,
            self.insert_number,
            self.wrap,
            self.suffix,
            self.prefix,
            self.change_case,
            self.join_words,
            self.end_sentence,
        ]

    def mutate(self, caption):
        """``caption`` with one to four changes."""
        words = (glue(caption) if self.random.random() < 0.6 else caption).split()
        for _ in range(self.random.randint(1, 4)):
            place = self.random.randrange(len(words)) if words else 0
            words = self.random.choice(self.kinds)(words or ["a"], place)
        return " ".join(words)

    def insert_thing(self, words, place):
        return words[:place] + self.some_of(FRAGMENTS["things"]) + words[place:]

    def insert_abbreviation(self, words, place):
        abbreviation = self.random.choice(FRAGMENTS["abbreviations"])
        follower = self.random.choice([[], [], self.random.sample(FRAGMENTS["starters"], 1), ["5"]])
        ending = self.random.choice(["", "", "", *PUNCTUATION_MARKS])
        return [*words[:place], abbreviation + ending, *follower, *words[place:]]

    def insert_number(self, words, place):
        numbers = FRAGMENTS["money"] + FRAGMENTS["times"]
        return words[:place] + self.some_of(numbers) + words[place:]

    def some_of(self, fragments):
        start = self.random.randrange(len(fragments))
        return fragments[start : start + self.random.choice([1, 1, 1, 2])]

    def wrap(self, words, place):
        end = min(len(words), place + self.random.randint(1, 3))
        form = self.random.choice(QUOTES + BRACKETS)
        return words[:place] + form.format(" ".join(words[place:end])).split(" ") + words[end:]

    def suffix(self, words, place):
        return [
            *words[:place],
            words[place] + self.random.choice(FRAGMENTS["suffixes"]),
            *words[place + 1 :],
        ]

    def prefix(self, words, place):
        return [
            *words[:place],
            self.random.choice(FRAGMENTS["prefixes"]) + words[place],
            *words[place + 1 :],
        ]

    def change_case(self, words, place):
        change = self.random.choice([str.upper, str.capitalize, str.lower])
        if self.random.random() < 0.3:
            return list(map(change, words))
        return [*words[:place], change(words[place]), *words[place + 1 :]]

    def join_words(self, words, place):
        joint = self.random.choice([*"-/_&'.,:;!?+*=~–—|@", "--", "...", "'n'", " & ", ", ", "-n-"])
        joined = joint.join(words[place : place + 2])
        return [*words[:place], joined, *words[place + 2 :]]

    def end_sentence(self, words, place):
        starter = self.random.choice(FRAGMENTS["starters"])
        return [
            *words[:place],
            words[place] + self.random.choice(".!?"),
            starter,
            *words[place + 1 :],
        ]


def compare(title, captions, show):
    """Print how many captions agree; return the share."""
    tokenizer = PtbTokenizer()
    differences = [
        (caption, theirs, ours)
        for caption, theirs in zip(captions, java_tokens(captions), strict=True)
        if theirs != (ours := " ".join(tokenizer.tokenize(caption)))
    ]
    for caption, theirs, ours in differences[:show]:
        print(f"  {caption!r}\n    java {theirs!r}\n    ours {ours!r}")
    share = 1 - len(differences) / len(captions)
    print(f"{title}: {len(captions) - len(differences)} of {len(captions)} agree ({share:.4%})")
    return share


def character_captions():
    """Every 16-bit character in places that tell its class."""
    skipped = {*map(ord, LINE_BREAKS), *range(0xD800, 0xE000)}
    codes = [code for code in range(0x10000) if code not in skipped]
    forms = ["x{}x", "{}", "5{}5", "o{}neil", "x {} x", "a-{}-b", "'{}ab"]
    return [form.format(chr(code)) for code in codes for form in forms]


def write_golden(path, seed):
    """Write the Java program's tokens of a few hundred hard captions."""
    mutator = Mutator(seed)
    kinds = ("things", "abbreviations", "money", "times")
    things = [thing for kind in kinds for thing in FRAGMENTS[kind]]
    plain = "A man and two dogs walk past the old store on a sunny day ."
    captions = [*things, *(mutator.mutate(plain) for _ in range(400))]
    content = {
        "tool": f"pycocoevalcap {version('pycocoevalcap')}, stanford-corenlp-3.4.1.jar",
        "command": "python benchmarks/ptb_agreement.py --golden tests/golden/ptb.json",
        "tolerance": "exact",
        "captions": [
            {"caption": caption, "tokens": tokens}
            for caption, tokens in zip(captions, java_tokens(captions), strict=True)
        ],
    }
    text = json.dumps(content, ensure_ascii=False, indent=1)
    path.write_text(text + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", nargs="?", type=Path)
    parser.add_argument("--mutations", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--show", type=int, default=20)
    parser.add_argument("--characters", action="store_true")
    parser.add_argument("--golden", type=Path)
    chosen = parser.parse_args()
    if chosen.golden:
        write_golden(chosen.golden, chosen.seed)
        return 0
    if chosen.characters:
        return compare("characters", character_captions(), chosen.show) < 1
    captions = read_captions(chosen.data)
    mutator = Mutator(chosen.seed)
    mutated = [mutator.mutate(mutator.random.choice(captions)) for _ in range(chosen.mutations)]
    as_they_are = compare("as they are", captions, chosen.show)
    glued = compare("without spaces before punctuation", list(map(glue, captions)), chosen.show)
    hard = compare("mutations", mutated, chosen.show)
    return not (as_they_are == glued == 1 and hard >= 0.999)


if __name__ == "__main__":
    sys.exit(main())
