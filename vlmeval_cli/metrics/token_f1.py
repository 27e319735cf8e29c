"""Token F1 of SQuAD: the words that a prediction shares with an accepted answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import ClassVar, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from vlmeval_cli.core.batch import Array, Batch, Ints, offsets_of
from vlmeval_cli.core.metric import (
    MeanMetric,
    MetricInfo,
    Notice,
    Output,
    Statistics,
    mean_statistics,
)
from vlmeval_cli.metrics.answers import (
    NEEDS,
    Answers,
    numbering,
    vanished_items,
    vanished_notice,
    without_vanished,
)

Version = Literal["v1", "v2", "torchmetrics"]
_TOKENS_AT_A_TIME = 1 << 22  # bounds the memory, however long the texts are


@dataclass(frozen=True, slots=True)
class TokenF1(MeanMetric[None]):
    """Harmonic mean of word precision and recall against the best accepted answer.

    Input: the predicted text and any number of accepted answers. Both are normalised by SQuAD's
    rule (lowercase, no ASCII punctuation, no articles) and split at white space; a word counts as
    often as it occurs.

    Output: per item the F1 of the best answer; the corpus score is the mean of the items, a
    fraction from 0 to 1, higher is better. Items without an accepted answer are skipped.

    Edge cases: where both sides normalise to nothing the F1 is 0 in ``v1`` and 1 in the others.
    Languages written without spaces are one word per phrase.

    Options:
        version: ``v2`` follows SQuAD's v2.0 script: answers that normalise to nothing are left out
            if the item has others, and two empty sides agree. ``v1`` follows v1.1.
            ``torchmetrics`` (its ``SQuAD``) keeps all answers, and two empty sides agree.

    Differs from: the scripts print percent; v2.0 leaves missing predictions out of the total.

    Source: Rajpurkar et al. 2016, section 6.1; 2018.

    Example:
        >>> from vlmeval_cli.core.batch import Batch, TextColumn
        >>> prediction = TextColumn(["the cat sat"], np.array([0, 1]))
        >>> answers = TextColumn(["cat sat down", "dog"], np.array([0, 2]))
        >>> columns = {"prediction.text": prediction, "references.text": answers}
        >>> batch = Batch(["q1"], prediction.texts, [answers.texts], prepared=columns)
        >>> TokenF1().measure(batch, None).values.tolist()
        [[0.8, 1.0]]
    """

    version: Version = "v2"

    info: ClassVar[MetricInfo] = MetricInfo(
        name="token_f1",
        revision=1,
        title="words shared with the best accepted answer: harmonic mean of precision and recall",
        use="short answers of several words, beside exact_match; a high F1 with a low exact match "
        "means answers hold the right words among others. SQuAD v1.1: token_f1:version=v1",
        tasks=("vqa", "docqa"),
        needs=NEEDS,
        multi_reference="best",
        source="Rajpurkar et al. 2016 (SQuAD)",
        sees=frozenset({"partial"}),
        texts_per_second=100_000,
    )

    def outputs(self) -> tuple[Output, ...]:
        """One number, the F1."""
        return (Output("token_f1", meaning=self.info.title),)

    def measure(self, batch: Batch, context: None) -> Statistics:
        """Rows ``(F1 of the best answer, 1)``."""
        raw = Answers.of(batch)
        answers = Answers.squad(batch)
        pairs = answers.pairs()
        f1 = _f1(answers.texts, pairs.prediction, pairs.reference, both_empty=self._both_empty)
        of_answers = f1[pairs.of_reference]
        if self.version == "v2":
            of_answers = np.where(without_vanished(answers), of_answers, 0.0)
        facts = {"vanished": vanished_items(raw, answers)}
        return mean_statistics(answers.best(of_answers), skips=answers.skips, facts=facts)

    @property
    def _both_empty(self) -> float:
        return 0.0 if self.version == "v1" else 1.0

    def advise(self, facts: Mapping[str, int], n: int) -> tuple[Notice, ...]:
        """Answers that are nothing but articles and punctuation."""
        return vanished_notice(facts, n)


class _Bags(NamedTuple):
    """Words of each text as integers, no integer twice in a text.

    Attributes:
        tokens: all words, text after text.
        offsets: shape (n_texts + 1,).
        size: integers are below this.
    """

    tokens: npt.NDArray[np.int32]
    offsets: Ints
    size: int


def _f1(texts: Sequence[str], left: Ints, right: Ints, *, both_empty: float) -> Array:
    """F1 of pairs of normalised texts, given by their places in ``texts``."""
    bags = _bags(texts)
    lengths = np.diff(bags.offsets)
    words = lengths[left] + lengths[right]
    shared = np.where(left == right, lengths[left], 0)
    unclear = np.flatnonzero((left != right) & (lengths[left] * lengths[right] > 1))
    for part in _blocks(words[unclear]):
        chosen = unclear[part]
        shared[chosen] = _overlaps(bags, left[chosen], right[chosen])
    scores: Array = np.where(words > 0, 2 * shared / np.maximum(words, 1), both_empty)
    return scores


def _bags(texts: Sequence[str]) -> _Bags:
    number_of = numbering()
    words = [text.split() for text in texts]
    offsets = offsets_of([*map(len, words)])
    numbers = map(number_of.__getitem__, chain.from_iterable(words))
    tokens = np.fromiter(numbers, dtype=np.int32, count=int(offsets[-1]))
    return _told_apart(_Bags(tokens, offsets, len(number_of)))


def _told_apart(bags: _Bags) -> _Bags:
    """Texts whose repeated words have another integer each time.

    So the words that two texts share, each as often as both have it, are the integers they share.
    """
    text = np.repeat(np.arange(len(bags.offsets) - 1), np.diff(bags.offsets))
    keys = text * max(bags.size, 1) + bags.tokens
    order = np.argsort(keys, kind="stable")
    starts = np.flatnonzero(np.diff(keys[order], prepend=-1))
    if len(starts) == len(keys):
        return bags
    times = np.arange(len(keys)) - np.repeat(starts, np.diff(starts, append=len(keys)))
    tokens = bags.tokens.astype(np.int64)
    tokens[order] += times * bags.size
    distinct, dense = np.unique(tokens, return_inverse=True)
    return _Bags(dense.astype(np.int32), bags.offsets, len(distinct))


def _blocks(words: Ints) -> Iterator[slice]:
    """Consecutive pairs whose words fit into memory together; a larger pair stands alone."""
    block = np.cumsum(words) // _TOKENS_AT_A_TIME
    edges = [0, *(np.flatnonzero(np.diff(block)) + 1).tolist(), len(words)]
    for start, stop in pairwise(edges):
        yield slice(start, stop)


def _overlaps(bags: _Bags, left: Ints, right: Ints) -> Ints:
    """How many words each pair shares: keys (pair, word) that both sides have."""
    keys = np.sort(np.concatenate([_keys(bags, left), _keys(bags, right)]))
    shared = keys[1:][keys[1:] == keys[:-1]]
    return np.bincount(shared // max(bags.size, 1), minlength=len(left))


def _keys(bags: _Bags, texts: Ints) -> Ints:
    lengths = np.diff(bags.offsets)[texts]
    pair = np.repeat(np.arange(len(texts)), lengths)
    within = np.arange(len(pair)) - np.repeat(offsets_of(lengths)[:-1], lengths)
    tokens = bags.tokens[np.repeat(bags.offsets[texts], lengths) + within]
    keys: Ints = pair * max(bags.size, 1) + tokens
    return keys


METRICS = (TokenF1,)
