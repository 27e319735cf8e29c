"""METEOR as NLTK computes it, over the pairs of a batch at once.

A *pair* is a prediction and one of its references. A *cell* is a token in a pair: the tokens of a
prediction with four references are cells of four pairs. Equal words and equal stems are matched by
sorting integers; only words that have a synonym left in their pair are visited one by one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache, partial
from operator import itemgetter
from typing import ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from vlmeval_cli.core.batch import Array, Batch, Ints, TokenColumn, Vocabulary, offsets_of
from vlmeval_cli.core.errors import UsageError, quoted
from vlmeval_cli.core.metric import MeanMetric, MetricInfo, Output, Statistics, mean_statistics
from vlmeval_cli.resources.wordnet import WordNet, load_wordnet
from vlmeval_cli.text.porter import PorterStemmer

# Arrays of this many cells stay in the processor's cache and bound the memory of a batch. Sort keys
# need 17 bits for the pair and 17 for the cell then, which leaves 29 for the word.
BLOCK_CELLS = 1 << 17


@dataclass(frozen=True, slots=True)
class Meteor(MeanMetric[None]):
    """METEOR of NLTK: matched words, their order, and synonyms; the best reference counts.

    Words are matched in three stages, each on what the earlier ones left: equal words, equal Porter
    stems, and WordNet 3.0 synonyms. In each stage the prediction's words are visited from last to
    first, and each takes the last free reference word that fits. With *m* matches in *c* runs that
    are contiguous on both sides, P = m / |prediction| and R = m / |reference|,

        score = (1 - gamma (c/m)^beta) · P R / (alpha P + (1 - alpha) R)

    Input:
        Tokens of ``tokenizer``, lowercased here. Captioning uses PTB tokens; NLTK itself leaves
        tokenisation to its caller, and Hugging Face's ``evaluate`` calls ``word_tokenize``, so that
        its numbers differ.

    Output:
        Fraction, 0 to 1, higher is better; the corpus score is the mean over items. Even a perfect
        prediction stays below 1, because its one chunk costs gamma / m^beta: "the dog" against
        itself gives 0.9375, one word 0.5, six words 0.9977.

    Edge cases:
        An empty prediction or reference, or no match, scores 0. Case is ignored. Stage 3 looks up
        *stems*, as NLTK does: "flying" is looked up as "fli", which WordNet does not have. Synonyms
        of several words or with capitals ("Frisbee") never match.

    Differs from:
        ``nltk.translate.meteor_score.meteor_score`` of NLTK 3.9 and 3.10: not at all, given the
        same tokens and WordNet 3.0. METEOR 1.5, the Java program of coco-caption, is another
        formula with other numbers.

    Source:
        Banerjee and Lavie 2005; Lavie and Agarwal 2007 (formula and parameters); NLTK.

    Example:
        >>> vocabulary = Vocabulary()
        >>> tokens = np.array([vocabulary[word] for word in ["the", "dog"]], dtype=np.int32)
        >>> column = TokenColumn(tokens, np.array([0, 2]), np.array([0, 1]), vocabulary)
        >>> columns = {"prediction.tokens:ptb": column, "references.tokens:ptb": column}
        >>> batch = Batch(["a"], ["the dog"], [["the dog"]], prepared=columns)
        >>> Meteor().measure(batch, None).values.tolist()
        [[0.9375, 1.0]]

    Attributes:
        alpha: weight of recall against precision, 0 to 1.
        beta: how steeply the penalty rises with the number of chunks, at least 0.
        gamma: the highest penalty, 0 to 1.
        tokenizer: which tokens are compared.
        wordnet: whether synonyms match; False leaves out the third stage.
    """

    alpha: float = 0.9
    beta: float = 3.0
    gamma: float = 0.5
    tokenizer: str = "ptb"
    wordnet: bool = True

    info: ClassVar[MetricInfo] = MetricInfo(
        name="meteor",
        revision=1,
        title="matches of words, stems and synonyms, recall before precision, less a penalty "
        "for broken order (NLTK's METEOR)",
        use="Captions in other words than the references; a perfect sentence stays below 1. "
        "Not the METEOR 1.5 that captioning papers print.",
        tasks=("text", "captioning", "vqa"),
        needs=("prediction.tokens:ptb", "references.tokens:ptb"),
        multi_reference="best",
        source="Lavie and Agarwal 2007; nltk.translate.meteor_score",
        sees=frozenset({"partial", "endings", "synonyms", "order"}),
        texts_per_second=10_000,
    )

    def check(self) -> None:
        """Check the options.

        Raises:
            UsageError: a parameter is outside its range.
        """
        for name in ("alpha", "gamma"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise UsageError(
                    f"meteor: {name} is {quoted(value)}, expected a number from 0 to 1"
                )
        if not 0 <= self.beta < float("inf"):
            raise UsageError(f"meteor: beta is {quoted(self.beta)}, expected a number from 0 up")

    def needs(self) -> tuple[str, ...]:
        """Token columns of the chosen tokeniser."""
        return (f"prediction.tokens:{self.tokenizer}", f"references.tokens:{self.tokenizer}")

    def outputs(self) -> tuple[Output, ...]:
        """One number."""
        return (
            Output(
                "meteor",
                meaning="harmonic mean of matched words, recall weighing nine times as much as "
                "precision, less a penalty for broken order; mean over items",
            ),
        )

    def measure(self, batch: Batch, context: None) -> Statistics:
        """Rows of shape (n, 2): the score with the best reference, and 1."""
        predictions, references = (batch.tokens(need) for need in self.needs())
        item = np.repeat(np.arange(len(batch)), np.diff(references.item_offsets))
        best = np.zeros(len(batch))
        np.maximum.at(best, item, self._pair_scores(predictions, references, item))
        return mean_statistics(best)

    def _pair_scores(self, predictions: TokenColumn, references: TokenColumn, item: Ints) -> Array:
        """The score of every reference, given the item that it belongs to."""
        symbols = _symbols(predictions, references, load_wordnet() if self.wordnet else None)
        predicted, accepted = np.diff(predictions.offsets)[item], np.diff(references.offsets)
        matches, chunks = np.zeros((2, len(item)), dtype=np.int64)
        for block in _blocks(predicted + accepted):
            ours = _cells(predictions, item[block], symbols)
            theirs = _cells(references, np.arange(block.start, block.stop), symbols)
            partner = _align(ours, theirs, symbols)
            matches[block], chunks[block] = _count(ours.pair, partner, block.stop - block.start)
        return self._score(matches, chunks, predicted, accepted)

    def _score(self, matches: Ints, chunks: Ints, predicted: Ints, accepted: Ints) -> Array:
        """The formula; 0 where nothing matched."""
        with np.errstate(divide="ignore", invalid="ignore"):
            precision, recall = matches / predicted, matches / accepted
            mean = precision * recall / (self.alpha * precision + (1 - self.alpha) * recall)
            penalty = self.gamma * (chunks / matches) ** self.beta
            return np.where(matches > 0, (1 - penalty) * mean, 0.0)


METRICS = (Meteor,)


class Symbols(NamedTuple):
    """What the tokens of a batch mean to METEOR.

    Attributes:
        word: token → number of its lowercased text.
        stem: word number → number of its stem.
        n_stems: how many stems there are.
        synonyms: stem numbers; those that a prediction's stem ``s`` may match are
            ``synonyms[synonym_offsets[s]:synonym_offsets[s + 1]]``, without ``s`` itself.
        synonym_offsets: shape (n_stems + 1,).
    """

    word: Ints
    stem: Ints
    n_stems: int
    synonyms: Ints
    synonym_offsets: Ints


class Cells(NamedTuple):
    """One side of a block of pairs, pair after pair, word after word."""

    pair: Ints
    word: Ints


class Matches(NamedTuple):
    """Matched cells: the ``i``-th of one side belongs to the ``i``-th of the other."""

    ours: Ints
    theirs: Ints


@cache
def _stemmer() -> PorterStemmer:
    """One stemmer for all batches of a process: it remembers the words it has seen."""
    return PorterStemmer()


def _symbols(predictions: TokenColumn, references: TokenColumn, wordnet: WordNet | None) -> Symbols:
    """Tables for the tokens that occur in the two columns."""
    strings = predictions.vocabulary.strings
    predicted, accepted = np.zeros((2, len(strings)), dtype=bool)
    predicted[predictions.tokens] = True
    accepted[references.tokens] = True
    tokens = np.flatnonzero(predicted | accepted)
    words, stems = Vocabulary(), Vocabulary()
    word = np.zeros(len(strings), dtype=np.int64)
    word[tokens] = [words[strings[token].lower()] for token in tokens.tolist()]
    stem = np.array([stems[_stemmer().stem(text)] for text in words], dtype=np.int64)
    looked_up = set(stem[word[predicted]].tolist())
    synonyms = _synonyms(stems, looked_up, wordnet) if wordnet else [[]] * len(stems)
    flat = np.array([other for row in synonyms for other in row], dtype=np.int64)
    return Symbols(word, stem, len(stems), flat, offsets_of([*map(len, synonyms)]))


def _synonyms(stems: Vocabulary, looked_up: set[int], wordnet: WordNet) -> list[list[int]]:
    """For each stem, the other stems that are synonyms of it; nothing if it is not looked up."""
    return [
        [stems[name] for name in wordnet.synonyms(stem) if name in stems and name != stem]
        if number in looked_up
        else []
        for stem, number in stems.items()
    ]


def _blocks(cells: Ints) -> Iterator[slice]:
    """Consecutive pairs that have, together, about :data:`BLOCK_CELLS` cells."""
    # One more per pair, so that empty texts do not make blocks of endless pairs.
    block = np.cumsum(cells + 1) // BLOCK_CELLS
    starts = np.flatnonzero(np.diff(block, prepend=-1)).tolist()
    yield from map(slice, starts, [*starts[1:], len(cells)])


def _cells(column: TokenColumn, texts: Ints, symbols: Symbols) -> Cells:
    """The words of one side of a block, from the text that each pair has on that side."""
    starts = column.offsets[texts]
    lengths = column.offsets[texts + 1] - starts
    pair = np.repeat(np.arange(len(texts)), lengths)
    place = np.arange(len(pair)) + (starts - offsets_of(lengths)[:-1])[pair]
    return Cells(pair, symbols.word[column.tokens[place]])


def _align(ours: Cells, theirs: Cells, symbols: Symbols) -> Ints:
    """The reference cell that each prediction cell is matched with, -1 where there is none."""
    by_word = [side.pair * len(symbols.stem) + side.word for side in (ours, theirs)]
    by_stem = [side.pair * symbols.n_stems + symbols.stem[side.word] for side in (ours, theirs)]
    partner = np.full(len(ours.pair), -1, dtype=np.int64)
    is_free = np.ones(len(theirs.pair), dtype=bool)
    stages = (
        (_match_equal, by_word),
        (_match_equal, by_stem),
        (partial(_match_synonyms, symbols), by_stem),
    )
    for match, (our_keys, their_keys) in stages:
        left, right = np.flatnonzero(partner < 0), np.flatnonzero(is_free)
        mine, yours = match(our_keys[left], their_keys[right])
        partner[left[mine]] = right[yours]
        is_free[right[yours]] = False
    return partner


def _match_equal(ours: Ints, theirs: Ints) -> Matches:
    """Match equal keys, the last of one side with the last of the other, and so on backwards.

    Words compete only with equal words of their pair, so this is what visiting them one by one
    from last to first gives.
    """
    n_bits = (len(ours) + len(theirs)).bit_length()
    packed = np.concatenate([ours, theirs]) << n_bits | np.arange(len(ours) + len(theirs))
    packed.sort()
    cell, key = packed & ((1 << n_bits) - 1), packed >> n_bits
    # Of equal keys, our cells stand first, each side in its order.
    starts = np.flatnonzero(np.diff(key, prepend=-1))
    ends = np.append(starts[1:], len(key))[: len(starts)]
    ours_until = offsets_of((cell < len(ours)).astype(np.int64))
    middles = starts + ours_until[ends] - ours_until[starts]
    counts = np.minimum(middles - starts, ends - middles)
    back = np.arange(counts.sum()) - np.repeat(offsets_of(counts)[:-1], counts) + 1
    mine = cell[np.repeat(middles, counts) - back]
    yours = cell[np.repeat(ends, counts) - back] - len(ours)
    return Matches(mine, yours)


def _match_synonyms(symbols: Symbols, ours: Ints, theirs: Ints) -> Matches:
    """Match cells, visited from last to first, with the last free cell that is a synonym.

    Keys are ``pair * n_stems + stem``. Equal stems do not occur on both sides any more.
    """
    candidates = _candidates(symbols, ours, theirs)
    free: dict[int, list[int]] = {key: [] for keys in candidates.values() for key in keys}
    for cell, key in _cells_with(theirs, free):
        free[key].append(cell)
    mine, yours = [], []
    for cell, key in reversed(_cells_with(ours, candidates)):
        stacks = [free[other] for other in candidates[key] if free[other]]
        if stacks:
            mine.append(cell)
            yours.append(max(stacks, key=itemgetter(-1)).pop())
    return Matches(np.array(mine, dtype=np.int64), np.array(yours, dtype=np.int64))


def _candidates(symbols: Symbols, ours: Ints, theirs: Ints) -> dict[int, list[int]]:
    """Our keys → those of their keys that are synonyms in the same pair, where there are any."""
    n_synonyms = np.diff(symbols.synonym_offsets)
    ours = _distinct(ours[n_synonyms[ours % symbols.n_stems] > 0])
    stem = ours % symbols.n_stems
    counts = n_synonyms[stem]
    owner = np.repeat(np.arange(len(ours)), counts)
    place = np.arange(len(owner)) + (symbols.synonym_offsets[stem] - offsets_of(counts)[:-1])[owner]
    wanted = (ours - stem)[owner] + symbols.synonyms[place]
    found = np.flatnonzero(_is_in(_distinct(theirs), wanted))
    candidates: dict[int, list[int]] = {}
    for key, other in zip(ours[owner[found]].tolist(), wanted[found].tolist(), strict=True):
        candidates.setdefault(key, []).append(other)
    return candidates


def _cells_with(keys: Ints, wanted: Collection[int]) -> list[tuple[int, int]]:
    """Cell and key of every cell whose key is wanted, first to last."""
    members = np.sort(np.fromiter(wanted, dtype=np.int64, count=len(wanted)))
    cells = np.flatnonzero(_is_in(members, keys))
    return list(zip(cells.tolist(), keys[cells].tolist(), strict=True))


# Searches that go through a block pair by pair stay near each other: much faster than np.unique
# and np.isin, which hash.
def _distinct(keys: Ints) -> Ints:
    """The different keys, sorted."""
    keys = np.sort(keys)
    return keys[np.flatnonzero(np.diff(keys, prepend=-1))]


def _is_in(members: Ints, keys: Ints) -> npt.NDArray[np.bool_]:
    """Whether each key is one of the sorted ``members``."""
    if not len(members):
        return np.zeros(len(keys), dtype=bool)
    nearest = members[np.minimum(np.searchsorted(members, keys), len(members) - 1)]
    return np.equal(nearest, keys)


def _count(pair: Ints, partner: Ints, n_pairs: int) -> tuple[Ints, Ints]:
    """Matches and chunks of each pair.

    A match opens a new chunk unless the word before it is matched too, with the reference word
    before its own.
    """
    is_matched = partner >= 0
    follows = is_matched[1:] & is_matched[:-1] & (np.diff(partner) == 1) & (np.diff(pair) == 0)
    matches = np.bincount(pair[is_matched], minlength=n_pairs)
    return matches, matches - np.bincount(pair[1:][follows], minlength=n_pairs)
