"""Make the golden values of METEOR with NLTK and WordNet 3.0.

    python tests/golden/make_meteor.py /usr/share/wordnet

The folder holds WordNet's files as Debian's wordnet-base and wordnet-sense-index install them.
"""

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
C = "a dog leaps for a flying disc at the shore"
R = "a brown dog catches a frisbee on the beach"
R2 = "a dog playing with a disc on sandy ground"
PAIRS = [
    ("the dog", ["the dog"]),
    ("dog", ["dog"]),
    ("a big automobile", ["a large car"]),
    ("a car is parked", ["an auto is parking"]),
    ("The Dogs RUN", ["a dog runs", "dogs running fast"]),
    ("a a a b b", ["b a b a"]),
    ("two men are sitting on a couch", ["a pair of men sit on the sofa", "2 people sat"]),
    ("children play soccer", ["kids are playing football", "some youngsters play a game"]),
    ("a picture of a boat on the sea", ["a photo of a ship in the ocean"]),
    ("the small boy laughs loudly", ["a little lad is laughing aloud"]),
    ("big large big", ["large big large large", "huge big"]),
    ("a woman in a hat", [""]),
    ("", ["a woman in a hat"]),
    ("cats", ["dogs"]),
    ("an athlete throws a stone", ["the jock threw a rock", "a sportsman casts a stone"]),
]
WORDS = """
    dogs frisbee disc beach shore automobile cars fli ran better best geese men wives leaves
    attorneys_general ice_cream asleep abandoned bases axes oxen aids s es ing was is am a in i it
    photograph sofa couch kid kids child rock stone throw threw cast quickly fast big larger boxes
    watches dishes quizzes flies running runned sittinged xyzzy '' . 2 1000 don't t-shirt café
    İs Dogs LONDON alumnae well worse further lying dying news skies saw seen bus buses busses
"""


def install_corpus(wordnet, root):
    """Lay WordNet's files where NLTK looks for them."""
    corpus = root / "corpora" / "wordnet"
    corpus.mkdir(parents=True)
    for pattern in ("index.*", "data.*", "*.exc"):
        for path in wordnet.glob(pattern):
            shutil.copy(path, corpus)
    # Names of lexicographer files: NLTK wants 45, and METEOR does not look at them.
    rows = [f"{number:02d}\tname{number}\t1\n" for number in range(45)]
    (corpus / "lexnames").write_text("".join(rows))
    os.environ["NLTK_DATA"] = str(root)  # NLTK reads this when it is first imported


def write(name, key, values, tolerance):
    import nltk

    golden = {
        "tool": "nltk",
        "version": nltk.__version__,
        "data": "WordNet 3.0 (Debian wordnet-base)",
        "command": "python tests/golden/make_meteor.py /usr/share/wordnet",
        "tolerance": tolerance,
        key: values,
    }
    text = json.dumps(golden, ensure_ascii=False, indent=1)
    (HERE / name).write_text(text + "\n", encoding="utf-8")


def write_stems():
    from nltk.stem import PorterStemmer

    stem = PorterStemmer().stem
    words = [
        *WORDS.split(),
        *(word for pair in PAIRS for word in f"{pair[0]} {' '.join(pair[1])}".split()),
    ]
    write("meteor_porter.json", "stems", {word: stem(word) for word in sorted(words)}, 0)


def write_synonyms():
    from nltk.corpus import wordnet

    def names(word):
        found = {name for synset in wordnet.synsets(word) for name in synset.lemma_names()}
        return sorted(name for name in found if "_" not in name and name == name.lower())

    write(
        "meteor_wordnet.json", "synonyms", {word: names(word) for word in sorted(WORDS.split())}, 0
    )


def write_scores():
    from nltk.translate.meteor_score import meteor_score

    rows = []
    options = [
        {},
        {"alpha": 0.85, "beta": 0.2, "gamma": 0.6},
        {"alpha": 0.8, "beta": 2.5, "gamma": 0.4},
    ]
    for prediction, references in [(C, [R]), (C, [R, R2]), *PAIRS]:
        for chosen in options:
            score = meteor_score(
                [text.split() for text in references], prediction.split(), **chosen
            )
            rows.append(
                {"prediction": prediction, "references": references, **chosen, "score": score}
            )
    write("meteor_scores.json", "scores", rows, 1e-12)


def main():
    with tempfile.TemporaryDirectory() as root:
        install_corpus(Path(sys.argv[1]), Path(root))
        write_stems()
        write_synonyms()
        write_scores()


if __name__ == "__main__":
    main()
