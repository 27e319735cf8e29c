"""Makes donut.json: tree edit accuracies with the distance of Zhang and Shasha by zss.

    pip install zss==1.2.0 numpy six
    python tests/golden/make_donut.py > tests/golden/donut.json

The normalisation and the costs are written here from the description of Donut's evaluation; the
distance is that of the package.
"""

import json
import random
import sys

WORDS = ["tea", "teas", "milk", "a", "b", "", " ab ", 0, 1, 12, 2.5, None, True, False, "12.50"]


def normalized(value):
    if not value:
        return {}
    if isinstance(value, dict):
        found = {}
        for key in sorted(value, key=lambda key: (len(key), key)):
            own = normalized(value[key])
            if own:
                found[key] = own if isinstance(own, list) else [own]
        return found
    if isinstance(value, list):
        if all(isinstance(entry, dict) for entry in value):
            return [own for own in map(normalized, value) if own]
        texts = [str(entry).strip() for entry in value if type(entry) in (str, int, float)]
        return [text for text in texts if text]
    return [str(value).strip()]


def tree(value, label="<root>"):
    import zss

    node = zss.Node((label, False))
    children = value.items() if isinstance(value, dict) else (("<subtree>", own) for own in value)
    for key, own in children:
        node.addkid(zss.Node((own, True)) if isinstance(own, str) else tree(own, key))
    return node


def cost(node):
    label, is_text = node.label
    return len(label) if is_text else 1


def change(one, other):
    (label, is_text), (other_label, other_is_text) = one.label, other.label
    if is_text and other_is_text:
        return edits(label, other_label)
    if is_text or other_is_text:
        return 1 + len(label if is_text else other_label)
    return int(label != other_label)


def edits(left, right):
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        previous, row[0] = row[0], i
        for j, b in enumerate(right, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (a != b))
    return row[-1]


def distance(one, other):
    import zss

    return zss.distance(one, other, zss.Node.get_children, cost, cost, change)


def accuracy(prediction, reference):
    expected = tree(normalized(reference))
    nothing = distance(tree({}), expected)
    found = distance(tree(normalized(prediction)), expected)
    return max(0.0, 1 - found / nothing) if nothing else 0.0


def document(rng, depth):
    dice = rng.random()
    if depth == 0 or dice < 0.25:
        return rng.choice(WORDS)
    keys = rng.choices(["a", "b", "cc", "name", "menu"], k=rng.randint(0, 4))
    if dice < 0.7:
        return {key: document(rng, depth - 1) for key in keys}
    if dice < 0.85:
        return [document(rng, 0) for _ in keys]
    return [{key: document(rng, depth - 1) for key in keys[:3]} for _ in keys]


def changed(rng, value):
    if rng.random() < 0.15:
        return document(rng, 2)
    if isinstance(value, dict):
        kept = {key: changed(rng, own) for key, own in value.items() if rng.random() < 0.9}
        return {key if rng.random() < 0.9 else key + "x": own for key, own in kept.items()}
    if isinstance(value, list):
        kept = [changed(rng, own) for own in value if rng.random() < 0.9]
        if rng.random() < 0.3:
            rng.shuffle(kept)
        return kept
    return value if rng.random() < 0.7 else rng.choice(WORDS)


def main():
    rng = random.Random(7)
    items = []
    for _ in range(80):
        keys = rng.sample(["a", "b", "cc", "name", "menu"], rng.randint(1, 4))
        reference = {key: document(rng, 3) for key in keys}
        prediction = changed(rng, reference)
        found = accuracy(prediction, reference)
        items.append({"prediction": prediction, "reference": reference, "accuracy": found})
    golden = {
        "tool": "zss",
        "version": "1.2.0",
        "command": "python tests/golden/make_donut.py",
        "tolerance": 1e-12,
        "items": items,
    }
    json.dump(golden, sys.stdout, separators=(",", ":"))


if __name__ == "__main__":
    main()
