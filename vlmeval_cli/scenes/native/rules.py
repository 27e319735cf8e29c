"""The rules that make tuples of a parsed caption, those of the SPICE paper's section 3.1.

An object is ("dog",), an attribute ("dog", "brown"), a relation ("dog", "run on", "grass"). Each
rule is a function from a reading of the sentence to tuples; :data:`RULES` lists them all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from vlmeval_cli.scenes.native.reading import Reading, is_object
from vlmeval_cli.scenes.native.sentence import Sentence, Word

Tuple = tuple[str, ...]

# "a couple of men": to the official rules the amount is an object and the men are an attribute "a".
_AMOUNTS = frozenset({"couple", "lot", "bunch", "number", "plenty"})
_COMPOUND = frozenset({"compound", "nmod"})
_NOT_INTRANSITIVE = ("dobj", "prep", "agent")
# Participles that the official lemmatiser takes for verbs before nouns; others stay as they are.
_FORMS = {"swimming": "swim", "bowling": "bowl", "living": "live", "painted": "paint"} | {
    "colored": "color", "coloured": "colour", "sized": "size",
}  # fmt: skip


def tuples_of(sentence: Sentence) -> tuple[Tuple, ...]:
    """The different tuples of a caption, in the order of the rules."""
    reading = Reading.of(sentence)
    return tuple(dict.fromkeys(one for rule in RULES for one in rule(reading)))


def objects(reading: Reading) -> Iterator[Tuple]:
    """dog: every noun that is no part of a compound."""
    for word in reading.objects():
        yield (word.lemma,)


def adjectives(reading: Reading) -> Iterator[Tuple]:
    """A brown and white dog: (dog, brown), (dog, white)."""
    for word in reading.sentence.words:
        name = _name_of_whole(reading, word) if word.role == "amod" else None
        if name is not None:
            for one in reading.sentence.with_others(word):
                yield (name, _form(one))


def compounds(reading: Reading) -> Iterator[Tuple]:
    """A tennis ball: (ball, tennis), and no object "tennis"."""
    for word in reading.sentence.words:
        name = _name_of_whole(reading, word) if word.role in _COMPOUND else None
        if name is not None:
            yield (name, _form(word))


def numbers(reading: Reading) -> Iterator[Tuple]:
    """Two dogs: (dog, two). "One" is left out."""
    for word in reading.sentence.words:
        name = _name_of_whole(reading, word) if word.role == "nummod" else None
        if name is not None and word.text != "one":
            yield (name, word.text)


def amounts(reading: Reading) -> Iterator[Tuple]:
    """A couple of men: (man, a)."""
    for word in reading.objects():
        for phrase in reading.phrases.get(word.place, ()):
            if _is_amount(word, phrase.preposition):
                yield from ((name, "a") for name in reading.names(phrase.word))


def possessives(reading: Reading) -> Iterator[Tuple]:
    """The dog's ball, her ball: (dog, have, ball)."""
    for word in reading.sentence.words:
        if word.role == "poss":
            owner, name = reading.name(word), reading.name(reading.sentence.head(word))
            if owner is not None and name is not None:
                yield (owner, "have", name)


def prepositions(reading: Reading) -> Iterator[Tuple]:
    """A dog on the grass: (dog, on, grass)."""
    for word in reading.objects():
        for phrase in reading.phrases.get(word.place, ()):
            if not _is_amount(word, phrase.preposition):
                for name in reading.names(phrase.word):
                    yield (word.lemma, phrase.preposition, name)


def actions(reading: Reading) -> Iterator[Tuple]:
    """A dog picks up a ball: (dog, pick up, ball)."""
    for verb in reading.verbs():
        for subject in reading.subjects(verb):
            for name in reading.names_of(verb, "dobj"):
                yield (subject, _called(reading, verb), name)


def verb_phrases(reading: Reading) -> Iterator[Tuple]:
    """A dog runs on the grass: (dog, run on, grass). A passive with a phrase gives nothing."""
    for verb in reading.verbs():
        if not _is_passive(reading, verb):
            for subject in reading.subjects(verb):
                for phrase in reading.phrases.get(verb.place, ()):
                    for name in reading.names(phrase.word):
                        yield (subject, f"{_called(reading, verb)} {phrase.preposition}", name)


def intransitives(reading: Reading) -> Iterator[Tuple]:
    """A dog runs: (dog, run)."""
    for verb in reading.verbs():
        if not _is_passive(reading, verb) and _stands_alone(reading, verb):
            for subject in reading.subjects(verb):
                yield (subject, verb.lemma)


def agents(reading: Reading) -> Iterator[Tuple]:
    """A ball is held by a man: (man, hold, ball); a ball held by a man: (ball, hold by, man)."""
    for verb in reading.verbs():
        for by in reading.sentence.having(verb, "agent"):
            for agent in reading.names_of(by, "pobj"):
                yield from ((agent, verb.lemma, one) for one in reading.names_of(verb, "nsubjpass"))
                if verb.role == "acl":
                    yield from ((one, f"{verb.lemma} by", agent) for one in reading.subjects(verb))


def copulas(reading: Reading) -> Iterator[Tuple]:
    """A dog is wet and in a lake: (dog, wet), (dog, in, lake)."""
    for verb in reading.sentence.words:
        if verb.lemma == "be" and verb.role not in {"aux", "auxpass", "relcl"}:
            for subject in reading.subjects(verb):
                for adjective in reading.sentence.having(verb, "acomp"):
                    for one in reading.sentence.with_others(adjective):
                        yield (subject, one.lemma)
                for phrase in reading.phrases.get(verb.place, ()):
                    for name in reading.names(phrase.word):
                        yield (subject, phrase.preposition, name)


RULES: tuple[Callable[[Reading], Iterator[Tuple]], ...] = (
    objects, adjectives, compounds, numbers, amounts, possessives, prepositions,
    actions, verb_phrases, intransitives, agents, copulas,
)  # fmt: skip


def _name_of_whole(reading: Reading, word: Word) -> str | None:
    """The object that a word describes: of a red brick building the building, not the brick."""
    head = reading.sentence.head(word)
    while head.role in _COMPOUND:
        head = reading.sentence.head(head)
    return reading.name(head)


def _form(word: Word) -> str:
    """An attribute as the official output has it: adjectives and participles as they stand."""
    if word.text in _FORMS:
        return _FORMS[word.text]
    return word.text if word.tag[:2] in {"VB", "JJ", "RB"} else word.lemma


def _is_amount(word: Word, preposition: str) -> bool:
    return preposition == "of" and word.lemma in _AMOUNTS and is_object(word)


def _called(reading: Reading, verb: Word) -> str:
    """A verb with its particles: "pick up"."""
    particles = (one.text for one in reading.sentence.having(verb, "prt"))
    return " ".join((verb.lemma, *particles))


def _is_passive(reading: Reading, verb: Word) -> bool:
    return any(reading.sentence.having(verb, "nsubjpass", "auxpass"))


def _stands_alone(reading: Reading, verb: Word) -> bool:
    """Whether a verb has nothing that would make a relation or a clause without a verb of it."""
    sentence = reading.sentence
    particles = () if verb.role == "advcl" else ("prt",)
    is_bare = verb.tag == "VBG" and verb.role == "ROOT" and not any(sentence.having(verb, "aux"))
    has_more = any(sentence.having(verb, *_NOT_INTRANSITIVE, *particles))
    is_bare = is_bare or verb.role == "acl"
    return not (is_bare or has_more or reading.phrases.get(verb.place) or verb.lemma == "have")
