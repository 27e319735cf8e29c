"""Golden values of code metrics, from CodeXGLUE's bleu.py and FuzzyWuzzy on python-Levenshtein.

Needs ``bleu.py`` of CodeXGLUE (Text-Code/text-to-code/evaluator, commit 534e5c0) in the folder that
is given, and FuzzyWuzzy and python-Levenshtein. It lists pairs of one program and its references.

Run: python tests/golden/make_code.py FOLDER > tests/golden/code.json
"""

import json
import sys
from importlib.metadata import version

PAIRS = [
    ["return a + b", ["return a + b"]],
    ["return a - b", ["return a + b", "return b + a"]],
    ["for x in items :\n    total += x", ["for item in items :\n    total += item"]],
    ["pass", ["raise ValueError ( 'no' )"]],
    ["", ["return None"]],
    ["def f ( x ) :\n    return x * x if x else 0", ["def f ( y ) :\n    return y ** 2"]],
    ["naïve = 'ß' + '日本'", ["naive = 'ss' + '日本'"]],
    ["a b c d e", ["v w x y z"]],
]


def main():
    sys.path.insert(0, sys.argv[1])
    import Levenshtein
    from bleu import compute_bleu
    from fuzzywuzzy import fuzz

    def smoothed(pairs):
        references = [[text.strip().split() for text in golds] for _, golds in pairs]
        return compute_bleu(references, [text.split() for text, _ in pairs], 4, True)[0]

    items = [pair for pair in PAIRS if pair[0]]
    report = {
        "tool": "CodeXGLUE bleu.py (commit 534e5c0), FuzzyWuzzy "
        f"{version('fuzzywuzzy')}, Levenshtein {version('levenshtein')}",
        "command": "python tests/golden/make_code.py FOLDER",
        "tolerance": 1e-12,
        "pairs": PAIRS,
        "corpus_bleu": smoothed(PAIRS),
        "item_bleu": [smoothed([pair]) if pair in items else None for pair in PAIRS],
        "fuzz_ratio": [max(fuzz.ratio(text, gold) for gold in golds) for text, golds in PAIRS],
        "levenshtein_ratio": [
            max(Levenshtein.ratio(text, gold) for gold in golds) for text, golds in PAIRS
        ],
    }
    json.dump(report, sys.stdout, ensure_ascii=False, indent=1)


if __name__ == "__main__":
    main()
