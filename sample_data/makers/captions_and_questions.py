"""Captioning and VQA: invented scenes, what people might say of them, and a model's answers.

Every sentence is put together from the word lists below.
"""

from __future__ import annotations

import random
from pathlib import Path

from makers.rows import write

N_SCENES = 120

SUBJECTS = {
    "dog": ["dog", "puppy", "brown dog", "small dog"],
    "cat": ["cat", "kitten", "grey cat", "cat"],
    "boy": ["boy", "child", "young boy", "kid"],
    "girl": ["girl", "child", "little girl", "young girl"],
    "man": ["man", "guy", "man in a red shirt", "person"],
    "woman": ["woman", "lady", "woman in a blue coat", "person"],
    "bird": ["bird", "small bird", "bird", "parrot"],
    "horse": ["horse", "white horse", "pony", "horse"],
}
ACTIONS = {
    "running": ["is running", "runs", "is racing", "sprints"],
    "sleeping": ["is sleeping", "sleeps", "is taking a nap", "lies asleep"],
    "jumping": ["is jumping", "jumps", "leaps", "hops"],
    "eating": ["is eating", "eats", "is having a snack", "eats something"],
    "playing with a ball": [
        "is playing with a ball", "plays with a ball", "is chasing a ball", "has a ball",
    ],
    "standing": ["is standing", "stands", "stands still", "is waiting"],
}  # fmt: skip
PLACES = {
    "on the beach": ["on the beach", "at the shore", "near the sea", "on the sand"],
    "in a park": ["in a park", "in the park", "on the grass", "outdoors"],
    "on a street": ["on a street", "in the street", "on the road", "in the city"],
    "in a kitchen": ["in a kitchen", "in the kitchen", "indoors", "next to the fridge"],
    "in the snow": ["in the snow", "on a snowy field", "in winter", "in deep snow"],
    "by a river": ["by a river", "next to the water", "beside a stream", "near a lake"],
}
COLOURS = ("red", "blue", "green", "yellow", "black", "white")
ARTICLES = ("A", "The", "One")


def caption(rng: random.Random, scene: dict[str, str]) -> str:
    """A sentence a person might write."""
    subject = rng.choice(SUBJECTS[scene["subject"]])
    words = f"{rng.choice(ARTICLES[:2])} {subject} {rng.choice(ACTIONS[scene['action']])}"
    words += f" {rng.choice(PLACES[scene['place']])}"
    if rng.random() < 0.3:
        words += f", wearing a {scene['colour']} hat" if rng.random() < 0.5 else ", all alone"
    return words + rng.choice([".", ".", "", " ."])


def model_caption(rng: random.Random, scene: dict[str, str]) -> str:
    """What a middling model says: one word in four is from another scene, some add detail."""
    seen = dict(scene)
    for part, choices in (("subject", SUBJECTS), ("action", ACTIONS), ("place", PLACES)):
        if rng.random() < 0.22:
            seen[part] = rng.choice(list(choices))
    words = f"a {seen['subject']} {ACTIONS[seen['action']][0]} {seen['place']}"
    return f"The image shows {words}." if rng.random() < 0.1 else words.capitalize()


def questions(rng: random.Random, scene: dict[str, str]) -> list[tuple[str, str, str]]:
    """(question, its type, the answer) for a scene."""
    place = scene["place"].split()[-1]
    number = rng.randint(1, 5)
    return [
        (f"Is the {scene['subject']} {scene['action']}?", "yes/no", rng.choice(["yes", "no"])),
        (f"How many people are {scene['place']}?", "number", str(number)),
        ("What colour is the hat?", "other", scene["colour"]),
        (f"Where is the {scene['subject']}?", "other", place),
    ]


def annotators(rng: random.Random, answer: str, kind: str) -> list[str]:
    """Ten answers of people who mostly agree and do not spell alike."""
    words = {"1": "one", "2": "two", "3": "three", "4": "four", "5": "five"}
    others = {"yes/no": ["yes", "no"], "number": list(words), "other": [*COLOURS, "outside", "?"]}
    doubt = rng.choice([0.0, 0.1, 0.3])
    given = []
    for _ in range(10):
        said = rng.choice(others[kind]) if rng.random() < doubt else answer
        if rng.random() < 0.15:
            said = rng.choice([said.capitalize(), words.get(said, f"the {said}"), f"{said}."])
        given.append(said)
    return given


def model_answer(rng: random.Random, answer: str, kind: str) -> str:
    """A model that is right in two of three answers, and sometimes talks too much."""
    if rng.random() < 0.3:
        answer = rng.choice({"yes/no": ["yes", "no"], "number": ["1", "2", "3"]}.get(kind, COLOURS))
    style = rng.random()
    if style < 0.08:
        return f"The answer is {answer}."
    return answer.capitalize() if style < 0.4 else answer


def make(folder: Path) -> None:
    """Write both tasks into ``folder``."""
    rng = random.Random(2026)
    captions, captioned, asked, answered = [], [], [], []
    for number in range(1, N_SCENES + 1):
        scene = {
            "subject": rng.choice(list(SUBJECTS)),
            "action": rng.choice(list(ACTIONS)),
            "place": rng.choice(list(PLACES)),
            "colour": rng.choice(COLOURS),
        }
        image = f"scene_{number:03}.png"
        captions.append({"id": image, "captions": [caption(rng, scene) for _ in range(5)]})
        captioned.append({"id": image, "caption": model_caption(rng, scene)})
        for question, kind, answer in rng.sample(questions(rng, scene), 2):
            name = 1000 + len(asked)
            asked.append(
                {
                    "question_id": name,
                    "image": image,
                    "question": question,
                    "answer_type": kind,
                    "answers": annotators(rng, answer, kind),
                }
            )
            answered.append({"question_id": name, "prediction": model_answer(rng, answer, kind)})
    write(folder / "captioning" / "refs.jsonl", captions)
    write(folder / "captioning" / "preds.jsonl", captioned)
    write(folder / "vqa" / "refs.jsonl", asked)
    write(folder / "vqa" / "preds.jsonl", answered)
