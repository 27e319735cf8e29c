"""What the rules ask of a sentence: its objects, its phrases with prepositions, its subjects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from vlmeval_cli.scenes.native.categories import COLORS
from vlmeval_cli.scenes.native.habits import with_habits
from vlmeval_cli.scenes.native.sentence import Sentence, Word
from vlmeval_cli.scenes.native.words import word_set

_PRONOUNS = word_set(
    "he him his she her hers it its they them their himself herself itself themselves"
)
_PARTS = frozenset({"compound", "amod", "npadvmod", "nmod"})  # roles of nouns that are no objects
_NAMED = frozenset({"amod", "npadvmod"})  # roles of nouns that are no objects but have attributes
_SUBJECTS = frozenset({"nsubj", "nsubjpass", "ROOT"})
# "in front of" and the like are one preposition; so are these adverbs with what follows them.
_PLACES = {("in", "front"), ("on", "top")}
_ADVERBS = frozenset({"next", "outside", "away", "near"})
# A phrase after a verb's object, or after another phrase, belongs to that noun when it begins with
# one of these: "holds a goat in his arms" has a goat in arms, but "throws a ball into a lake" a
# throw into a lake. Counted in the official tuples; each holds in more than half of its cases.
_LOW_AFTER_OBJECT = word_set("in on near of over above between against under")
_LOW_AFTER_PHRASE = (
    _LOW_AFTER_OBJECT
    | word_set("with at for toward towards along behind inside around")
    | {"in front of", "on top of"}
)
# With these the official parser chooses now the noun, now the verb: both get the phrase.
_EITHER_AFTER_OBJECT = frozenset({"in", "on", "over"})
_EITHER_AFTER_PHRASE = frozenset({"with"})
_WORN = frozenset({"in", "with", "on"})  # "a man in shorts running": it is the man who runs


class Phrase(NamedTuple):
    """A preposition and the word that it governs."""

    preposition: str
    word: Word


@dataclass(frozen=True, slots=True)
class Reading:
    """A sentence and its phrases.

    Attributes:
        sentence: as the official parser would have read it.
        phrases: place of a noun or verb → the phrases that belong to it.
    """

    sentence: Sentence
    phrases: Mapping[int, list[Phrase]]

    @classmethod
    def of(cls, sentence: Sentence) -> Reading:
        """Read a parsed sentence."""
        given = with_habits(sentence)
        return cls(given, _attached(given))

    def objects(self) -> list[Word]:
        """The nouns that stand for objects, in order."""
        return [word for word in self.sentence.words if is_object(word)]

    def verbs(self) -> list[Word]:
        """The verbs of actions, those of relative clauses left out."""
        return [
            word
            for word in self.sentence.words
            if word.is_verb and word.lemma != "be" and word.role not in {"amod", "relcl"}
        ]

    def names(self, word: Word) -> list[str]:
        """The objects that a word and those coordinated with it stand for."""
        every = map(self.name, self.sentence.with_others(word))
        return [name for name in every if name is not None]

    def name(self, word: Word) -> str | None:
        """The object that a word stands for, a pronoun for an object before it; None for others."""
        if word.text in _PRONOUNS:
            before = [one for one in self.objects() if one.place < word.place]
            first = [one for one in before if one.role in _SUBJECTS] or before
            return first[0].lemma if first else None
        is_named = is_object(word) or (word.is_noun and word.role in _NAMED)
        return word.lemma if is_named else None

    def names_of(self, word: Word, *roles: str) -> list[str]:
        """The objects among the dependents of ``word`` in these roles."""
        return [name for one in self.sentence.having(word, *roles) for name in self.names(one)]

    def subjects(self, verb: Word) -> list[str]:
        """The objects that do what a verb says; none of a passive."""
        sentence = self.sentence
        is_bare = verb.tag == "VBG" and not any(sentence.having(verb, "aux"))
        if is_bare and verb.role == "ROOT" and not sentence.is_finished:
            return []  # "dog running": without a full stop this is one noun to the official parser
        own = self.names_of(verb, "nsubj")
        head = sentence.head(verb)
        if own:
            return own
        if verb.role == "conj":
            return self._shared(verb)
        if verb.role == "acl":
            return self._described(verb, head)
        if verb.role == "advcl" and is_bare and not any(sentence.having(verb, "mark")):
            return self._beside(verb, head)
        return []

    def _shared(self, verb: Word) -> list[str]:
        """The subject of the first verb before this one, in a coordination, that has one."""
        sentence = self.sentence
        while verb.role == "conj":
            verb = sentence.head(verb)
            own = self.names_of(verb, "nsubj")
            if own or verb.role == "acl" or not (verb.is_verb or verb.lemma == "be"):
                return own
        return self.subjects(verb)

    def _described(self, verb: Word, noun: Word) -> list[str]:
        """The subject of a participle after a noun."""
        sentence = self.sentence
        noun = sentence.first_of(noun)
        if noun.role == "ROOT" and verb.tag == "VBG" and not sentence.is_finished:
            return []
        nouns = [noun]
        if noun.role == "pobj" and sentence.is_finished:
            above = sentence.head(sentence.head(noun))
            if above.is_noun:
                preposition = sentence.head(noun).text
                nouns = [above] if preposition in _WORN else nouns
                nouns = [noun, above] if preposition == "of" else nouns
        return [name for one in nouns if (name := self.name(one)) is not None]

    def _beside(self, verb: Word, head: Word) -> list[str]:
        """The subject of a participle beside a verb: before it that verb's, after it the noun."""
        if verb.place < head.place:
            return self.names_of(head, "nsubj")
        before = self.sentence.words[verb.place - 1]
        return [before.lemma] if is_object(before) else []


def is_object(word: Word) -> bool:
    """Whether a word stands for an object; so do "one" and, after a preposition, colours."""
    if word.text == "one":
        return word.role in {"nsubj", "nsubjpass", "dobj", "pobj", "conj"}
    is_color = word.tag == "JJ" and word.role in {"pobj", "dobj"} and word.text in COLORS
    return is_color or (word.is_noun and word.role not in _PARTS)


def _attached(sentence: Sentence) -> dict[int, list[Phrase]]:
    """The phrases of each word, given to the nouns or verbs that the official parser gives them."""
    found: dict[int, list[Phrase]] = {}
    for head in sentence.words:
        is_action = head.is_verb and head.lemma != "be"
        objects = [Phrase("", one) for one in sentence.having(head, "dobj") if is_action]
        before: Phrase | None = None
        for phrase in sorted([*objects, *_phrases(sentence, head)], key=lambda one: one.word.place):
            if phrase.preposition:
                for owner in _owners(phrase, head, before if is_action else None):
                    found.setdefault(owner.place, []).append(phrase)
            before = phrase
    return found


def _owners(phrase: Phrase, head: Word, before: Phrase | None) -> list[Word]:
    """What a phrase belongs to: its head, the noun before it, or both."""
    if before is None or not is_object(before.word):
        return [head]
    low, either = (
        (_LOW_AFTER_PHRASE, _EITHER_AFTER_PHRASE)
        if before.preposition
        else (_LOW_AFTER_OBJECT, _EITHER_AFTER_OBJECT)
    )
    if phrase.preposition in either:
        return [head, before.word]
    return [before.word if phrase.preposition in low else head]


def _phrases(sentence: Sentence, head: Word) -> Iterator[Phrase]:
    """The phrases that the parser gives to a word."""
    governor = sentence.head(head)
    is_place = head.role == "pobj" and (governor.text, head.text) in _PLACES
    for preposition in sentence.having(head, "prep", "dative"):
        if is_place and preposition.text == "of":
            continue  # "in front of" is one preposition, of what governs "in"
        yield from _ends(sentence, preposition, preposition.text)
    for adverb in sentence.having(head, "advmod"):
        for preposition in sentence.having(adverb, "prep"):
            start = f"{adverb.text} " if adverb.text in _ADVERBS else ""
            yield from _ends(sentence, preposition, f"{start}{preposition.text}")


def _ends(sentence: Sentence, preposition: Word, name: str) -> Iterator[Phrase]:
    """What a preposition governs, through "in front of" and "out of"."""
    left = [(preposition, name)]
    while left:
        one, so_far = left.pop()
        for word in sentence.having(one, "pobj"):
            inner = [
                Phrase(f"{so_far} {word.text} of", place)
                for of in sentence.having(word, "prep")
                if (so_far, word.text) in _PLACES and of.text == "of"
                for place in sentence.having(of, "pobj")
            ]
            yield from inner or [Phrase(so_far, word)]
        left += [(next_, f"{so_far} {next_.text}") for next_ in sentence.having(one, "prep")]
