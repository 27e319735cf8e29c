"""Sentences written by hand: word/TAG/role/head, the head by its place from 0.

A word may give its base form after "=": "dogs=dog/NNS/nsubj/2".
"""

from vlmeval_cli.scenes.native.rules import tuples_of
from vlmeval_cli.scenes.native.sentence import Sentence, Word


def sentence(text):
    words = []
    for place, token in enumerate(text.split()):
        form, tag, role, head = token.rsplit("/", 3)
        form, _, lemma = form.partition("=")
        words.append(Word(place, form, lemma or form, tag, role, int(head)))
    return Sentence.of(words)


def tuples(text):
    return set(tuples_of(sentence(text)))
