"""Habits of the official parser: words that it takes for nouns where they follow one.

"A boy on a trampoline outside." is, to Stanford's parser, a boy on an outside of the trampoline
kind; the noun before is a part of a compound. Found by comparing the official tuples of a thousand
images' captions with their parses; each habit holds in more than half of the captions that have
its pattern.
"""

from __future__ import annotations

from collections.abc import Callable

from vlmeval_cli.scenes.native.categories import COLORS
from vlmeval_cli.scenes.native.sentence import Sentence, Word

_NOUN_COLORS = frozenset({"brown", "red", "tan"})
_OUTSIDE = frozenset({"outside", "outdoors"})
_OBJECTS = frozenset({"pobj", "dobj"})


def with_habits(sentence: Sentence) -> Sentence:
    """The sentence as the official parser would have read it."""
    sentence = _with_colored_pairs(_with_subjects(sentence))
    for before, word in zip(sentence.words, sentence.words[1:], strict=False):
        if before.is_noun and any(holds(sentence, before, word) for holds in _HABITS):
            return _swallowed(sentence, before, word)
        if before.is_noun and _children_playing(sentence, before, word):
            return _as_noun(sentence, word)
    return sentence


def _with_subjects(sentence: Sentence) -> Sentence:
    """Nouns that spaCy takes for parts of the verb after them are its subjects."""
    words = [
        word._replace(role="nsubj") if _is_part_of_verb(sentence, word) else word
        for word in sentence.words
    ]
    return Sentence.of(words)


def _is_part_of_verb(sentence: Sentence, word: Word) -> bool:
    head = sentence.head(word)
    is_part = word.is_noun and word.role in {"compound", "nmod", "npadvmod"}
    return is_part and head.tag in {"VBZ", "VBP"} and word.place < head.place


def _with_colored_pairs(sentence: Sentence) -> Sentence:
    """Two brown and black dogs: to the official parser two browns, and black dogs."""
    for color, and_, other in zip(
        sentence.words, sentence.words[1:], sentence.words[2:], strict=False
    ):
        noun = sentence.head(color)
        is_pair = color.text in _NOUN_COLORS and and_.text == "and" and other.text in COLORS
        if is_pair and noun.is_noun and noun.place == other.place + 1:
            before = sentence.words[color.place - 1] if color.place else None
            if before is None or before.tag in {"JJ", "CD"}:
                return _coordinated(sentence, color, noun)
    return sentence


def _coordinated(sentence: Sentence, color: Word, noun: Word) -> Sentence:
    """The colour takes the place of the noun and what stands before it; the noun is beside it."""
    head = color.place if noun.head == noun.place else noun.head
    changed = []
    for one in sentence.words:
        if one.place == color.place:
            one = color._replace(tag="NN", lemma=color.text, role=noun.role, head=head)
        elif one.place == noun.place:
            one = noun._replace(role="conj", head=color.place)
        elif one.head == noun.place and one.place < color.place:
            one = one._replace(head=color.place)
        elif one.head == color.place and one.place > color.place:
            one = one._replace(head=noun.place, role="amod")
        changed.append(one)
    return Sentence.of(changed)


def _ends_with_adverb(sentence: Sentence, noun: Word, word: Word) -> bool:
    """A boy on a trampoline outside."""
    return word.text in _OUTSIDE and _next(sentence, word) in {"", "."}


def _while_in(sentence: Sentence, noun: Word, word: Word) -> bool:
    """A man on a bed while in the air, whilst reading."""
    following = _next(sentence, word)
    return (word.text == "while" and following == "IN") or (
        word.text == "whilst" and following == "VBG"
    )


def _object_standing(sentence: Sentence, noun: Word, word: Word) -> bool:
    """A man in a hat standing ..."""
    return word.text == "standing" and noun.role in _OBJECTS


def _children_playing(sentence: Sentence, noun: Word, word: Word) -> bool:
    """Children playing in the sand, without a full stop."""
    return word.text == "playing" and noun.role == "ROOT" and not sentence.is_finished


_HABITS: tuple[Callable[[Sentence, Word, Word], bool], ...] = (
    _ends_with_adverb, _while_in, _object_standing,
)  # fmt: skip


def _is_above(sentence: Sentence, word: Word, noun: Word) -> bool:
    """Whether ``noun`` depends on ``word``, itself or by others."""
    while noun.head != noun.place and noun.place != word.place:
        noun = sentence.head(noun)
    return noun.place == word.place


def _next(sentence: Sentence, word: Word) -> str:
    """The tag of the following word; nothing after the last."""
    return sentence.words[word.place + 1].tag if word.place + 1 < len(sentence.words) else ""


def _swallowed(sentence: Sentence, noun: Word, word: Word) -> Sentence:
    """``word`` takes the place of ``noun``, which becomes a part of the compound."""
    if _is_above(sentence, word, noun):
        role, head = "dep", word.head  # it stays where it is
    else:
        role, head = noun.role, word.place if noun.head == noun.place else noun.head
    changed = []
    for one in sentence.words:
        if one.place == word.place:
            one = word._replace(tag="NN", lemma=word.text, role=role, head=head)
        elif one.place == noun.place:
            one = noun._replace(role="compound", head=word.place)
        elif one.head == noun.place:
            one = one._replace(head=word.place)
        changed.append(one)
    return Sentence.of(changed)


def _as_noun(sentence: Sentence, word: Word) -> Sentence:
    """``word`` is a noun of its own."""
    words = list(sentence.words)
    words[word.place] = word._replace(tag="NN", lemma=word.text, role="dep")
    return Sentence.of(words)
