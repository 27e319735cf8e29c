"""Tokenisers by name: texts in, columns of integers out.

A score is only comparable with others of the same tokeniser, so every metric names its own.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain, islice
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from vlmeval_cli.core.batch import Ints, Vocabulary, offsets_of
from vlmeval_cli.core.errors import UsageError, did_you_mean, quoted
from vlmeval_cli.text.ptb import PtbTokenizer, Tokens

Codes = npt.NDArray[np.int32]

_BREAK = 0  # number of the mark between two texts
_UNKNOWN = -1  # token of a word that the full lexer must see in its caption
_TEXTS_AT_ONCE = 8192
_LONGEST_REMEMBERED = 64


class Encoded(NamedTuple):
    """Tokens of texts as integers of a vocabulary.

    Attributes:
        tokens: all tokens, text after text, int32, shape (total,).
        offsets: shape (n_texts + 1,); text ``t`` owns ``tokens[offsets[t]:offsets[t+1]]``.
    """

    tokens: Codes
    offsets: Ints


class Tokenizer(Protocol):
    """Turns texts into integers; one instance serves a whole run and may remember words."""

    @property
    def name(self) -> str:
        """What stands in signatures."""

    def encode(self, texts: Sequence[str], vocabulary: Vocabulary) -> Encoded:
        """Encode ``texts``, adding new tokens to ``vocabulary``."""


class SplitTokenizer:
    """A tokeniser that is a function from a text to its tokens."""

    def __init__(self, name: str, split: Callable[[str], list[str]]) -> None:
        self.name = name
        self.split = split

    def encode(self, texts: Sequence[str], vocabulary: Vocabulary) -> Encoded:
        """Encode ``texts``, adding new tokens to ``vocabulary``."""
        lists = list(map(self.split, texts))
        offsets = offsets_of(np.fromiter(map(len, lists), np.int64, len(lists)))
        codes = map(vocabulary.__getitem__, chain.from_iterable(lists))
        return Encoded(np.fromiter(codes, np.int32, int(offsets[-1])), offsets)


class _Words(dict[str, int]):
    """Word between spaces → its number, given on first sight, and the tokens of every number.

    Number 0 is the mark between two texts, which has no tokens. A word whose neighbours may matter
    has the one token ``_UNKNOWN``.
    """

    def __init__(self, tokens_of: Callable[[str], Tokens | None], vocabulary: Vocabulary) -> None:
        super().__init__({"\n": _BREAK})
        self.vocabulary = vocabulary
        self._tokens_of = tokens_of
        self._codes: list[int] = []
        self._ends = [0]

    def __missing__(self, word: str) -> int:
        """Number ``word`` and keep its tokens."""
        tokens = self._tokens_of(word)
        known = self.vocabulary.__getitem__
        self._codes.extend([_UNKNOWN] if tokens is None else map(known, tokens))
        self._ends.append(len(self._codes))
        self[word] = number = len(self._ends) - 1
        return number

    def tokens(self, numbers: Codes) -> Encoded:
        """Tokens of words in their order; the offsets are those of the words."""
        starts = np.array([0, *self._ends[:-1]])
        sizes = np.array(self._ends) - starts
        offsets = offsets_of(sizes[numbers])
        places = np.repeat(starts[numbers] - offsets[:-1], sizes[numbers])
        places += np.arange(len(places))
        return Encoded(np.array(self._codes, np.int32)[places], offsets)


class PtbEncoder:
    """The tokens of coco-caption (:class:`~vlmeval_cli.text.ptb.PtbTokenizer`) as integers.

    All texts are split at spaces in one go, and each word is looked up once; only captions with a
    word that depends on its neighbours are tokenised one by one.

    A token may hold a space (U+00A0 of phone numbers and fractions), as ROUGE-L sees it.
    """

    name = "ptb-space"

    def __init__(self) -> None:
        self._tokenizer = PtbTokenizer()
        self._words = _Words(self._tokenizer.tokens_of_word, Vocabulary())

    def encode(self, texts: Sequence[str], vocabulary: Vocabulary) -> Encoded:
        """Encode ``texts``, adding new tokens to ``vocabulary``."""
        if self._words.vocabulary is not vocabulary:
            self._words = _Words(self._tokenizer.tokens_of_word, vocabulary)
        parts = [self._encode_some(some) for some in _portions(texts, _TEXTS_AT_ONCE)]
        lengths = [np.diff(part.offsets) for part in parts]
        no_tokens = np.zeros(0, np.int32)
        return Encoded(
            np.concatenate([no_tokens, *(part.tokens for part in parts)]),
            offsets_of(np.concatenate([np.zeros(0, np.int64), *lengths])),
        )

    def _encode_some(self, texts: Sequence[str]) -> Encoded:
        joined = " \n ".join(texts)
        if joined.count("\n") > len(texts) - 1:
            joined = " \n ".join(text.replace("\n", " ") for text in texts)
        words = joined.split(" ")
        numbers = np.fromiter(map(self._words.__getitem__, words), np.int32, len(words))
        tokens, starts = self._words.tokens(numbers)
        breaks = starts[np.flatnonzero(numbers == _BREAK)]
        return self._with_the_rest(texts, Encoded(tokens, np.r_[0, breaks, len(tokens)]))

    def _with_the_rest(self, texts: Sequence[str], encoded: Encoded) -> Encoded:
        """``encoded`` with the texts that hold unknown words encoded one by one."""
        tokens, offsets = encoded
        unknown = np.flatnonzero(tokens == _UNKNOWN)
        if not len(unknown):
            return encoded
        lengths = np.diff(offsets)
        pieces: list[Codes] = []
        done = 0
        owners = np.searchsorted(offsets, unknown, side="right") - 1
        for number in dict.fromkeys(owners.tolist()):
            codes = self._encode_one(texts[number])
            pieces += [tokens[done : offsets[number]], codes]
            lengths[number], done = len(codes), offsets[number + 1]
        return Encoded(np.concatenate([*pieces, tokens[done:]]), offsets_of(lengths))

    def _encode_one(self, text: str) -> Codes:
        tokens = self._tokenizer.tokenize(text)
        return np.array([self._words.vocabulary[token] for token in tokens], np.int32)


class Derivation(NamedTuple):
    """How the tokens of a tokeniser are made from those of another, in the same vocabulary."""

    base: str
    derive: Callable[[Encoded, Vocabulary], Encoded]


class CharacterTokenizer:
    """Every character that ``bare`` leaves of a text is a token; case is kept."""

    def __init__(self, name: str, bare: Callable[[str], str]) -> None:
        self.name = name
        self._bare = bare

    def encode(self, texts: Sequence[str], vocabulary: Vocabulary) -> Encoded:
        """Encode ``texts``, adding new tokens to ``vocabulary``."""
        bare = [*map(self._bare, texts)]
        joined = "".join(bare).encode("utf-32-le", "surrogatepass")
        points = np.frombuffer(joined, dtype="<u4")
        codes = np.zeros(int(points.max(initial=0)) + 1, np.int32)
        codes[points] = 1
        used = np.flatnonzero(codes)
        codes[used] = [vocabulary[chr(point)] for point in used.tolist()]
        return Encoded(codes[points], offsets_of([*map(len, bare)]))


class DerivedTokenizer:
    """A tokeniser that changes the tokens of another."""

    def __init__(self, name: str, derivation: Derivation) -> None:
        self.name = name
        self._base = tokenizer(derivation.base)
        self._derive = derivation.derive

    def encode(self, texts: Sequence[str], vocabulary: Vocabulary) -> Encoded:
        """Encode ``texts``, adding new tokens to ``vocabulary``."""
        return self._derive(self._base.encode(texts, vocabulary), vocabulary)


def broken_at_spaces(encoded: Encoded, vocabulary: Vocabulary) -> Encoded:
    """Tokens that hold white space as several tokens, as ``str.split`` of the line makes them."""
    words = vocabulary.strings
    if len(" ".join(words).split()) == len(words):
        return encoded
    parts = {code: word.split() for code, word in enumerate(words) if word.split() != [word]}
    n_parts = np.ones(len(words), np.int64)
    n_parts[list(parts)] = [*map(len, parts.values())]
    starts = offsets_of(n_parts[encoded.tokens])
    tokens = np.repeat(encoded.tokens, n_parts[encoded.tokens])
    for code, pieces in parts.items():
        places = starts[:-1][encoded.tokens == code]
        for k, piece in enumerate(pieces):
            tokens[places + k] = vocabulary[piece]
    return Encoded(tokens, starts[encoded.offsets])


DERIVATIONS: Mapping[str, Derivation] = {"ptb": Derivation("ptb-space", broken_at_spaces)}


def _portions(texts: Sequence[str], size: int) -> Iterator[list[str]]:
    remaining = iter(texts)
    while portion := list(islice(remaining, size)):
        yield portion


def tokenizer(name: str) -> Tokenizer:
    """The tokeniser called ``name``, with nothing remembered yet.

    ``ptb`` and ``ptb-space`` are coco-caption's as BLEU and CIDEr, and as ROUGE-L, see its tokens;
    ``rouge`` and ``rouge-stem`` rouge-score's; ``13a`` sacrebleu's, ``13a-lower`` the same in lower
    case; ``whitespace`` splits at any white space and keeps case; ``space`` at each single space,
    so that two of them have an empty token between; ``lower`` folds case first; ``characters`` are
    all but white space, ``characters-no-spaces`` all but spaces and what stands at the ends, and
    ``chrf-words`` chrF++'s words.

    Raises:
        UsageError: there is none of that name.

    Example:
        >>> tokens, offsets = tokenizer("ptb").encode(["A dog.", "a cat"], words := Vocabulary())
        >>> tokens.tolist(), offsets.tolist(), words.strings
        ([0, 1, 0, 2], [0, 2, 4], ['a', 'dog', 'cat'])
    """
    if name not in _MAKERS:
        raise UsageError(
            f"unknown tokenizer {quoted(name)}", hint=did_you_mean(name, list(_MAKERS))
        )
    return _MAKERS[name]()


def _mteval_13a() -> SplitTokenizer:
    """mteval-v13a's tokens, as sacrebleu makes them: case kept, symbols apart.

    After line breaks are mended, its rules ask of a neighbour only whether it is a digit, so that
    words between spaces do not depend on each other, and each short one is split once.
    """
    remembered = cache(_split_word_13a)

    def tokens_of(word: str) -> list[str]:
        return remembered(word) if len(word) <= _LONGEST_REMEMBERED else _split_word_13a(word)

    def split(text: str) -> list[str]:
        words = text.replace("<skipped>", "").replace("-\n", "").split()
        return list(chain.from_iterable(map(tokens_of, words)))

    return SplitTokenizer("13a", split)


def _mteval_13a_lower() -> SplitTokenizer:
    """The same in lower case, as sacrebleu with ``lowercase``."""
    split = _mteval_13a().split
    return SplitTokenizer("13a-lower", lambda text: split(text.lower()))


def _split_word_13a(word: str) -> list[str]:
    for entity, char in (("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">")):
        word = word.replace(entity, char)
    word = _SYMBOL_13A.sub(r" \1 ", f" {word} ")
    word = _STOP_AFTER_OTHER.sub(r"\1 \2 ", word)
    word = _STOP_BEFORE_OTHER.sub(r" \1 \2", word)
    return _DASH_AFTER_DIGIT.sub(r"\1 \2 ", word).split()


_SYMBOL_13A = re.compile(r"([{-~[-` -&(-+:-@/])")
_STOP_AFTER_OTHER = re.compile(r"([^0-9])([.,])")
_STOP_BEFORE_OTHER = re.compile(r"([.,])([^0-9])")
_DASH_AFTER_DIGIT = re.compile(r"([0-9])(-)")
_NOT_ROUGE = re.compile(r"[^a-z0-9]+")


def _split_at_spaces(text: str) -> list[str]:
    return text.split(" ")


def _without_white_space(text: str) -> str:
    return "".join(text.split())


def _without_spaces(text: str) -> str:
    return text.strip().replace(" ", "")


def _split_lower(text: str) -> list[str]:
    return text.lower().split()


def _split_rouge(text: str) -> list[str]:
    return _NOT_ROUGE.sub(" ", text.lower()).split()


def _split_chrf(text: str) -> list[str]:
    """Words, an ASCII punctuation mark at the end of one apart, or else one at its start."""
    words: list[str] = []
    for word in text.split():
        if len(word) > 1 and word[-1] in string.punctuation:
            words += (word[:-1], word[-1])
        elif len(word) > 1 and word[0] in string.punctuation:
            words += (word[0], word[1:])
        else:
            words.append(word)
    return words


def _rouge_with_stems() -> SplitTokenizer:
    from vlmeval_cli.text.porter import PorterStemmer

    stem = PorterStemmer().stem
    stem_of = cache(lambda word: stem(word) if len(word) > 3 else word)
    return SplitTokenizer("rouge-stem", lambda text: list(map(stem_of, _split_rouge(text))))


_MAKERS: Mapping[str, Callable[[], Tokenizer]] = {
    "ptb": lambda: DerivedTokenizer("ptb", DERIVATIONS["ptb"]),
    "ptb-space": PtbEncoder,
    "whitespace": lambda: SplitTokenizer("whitespace", str.split),
    "space": lambda: SplitTokenizer("space", _split_at_spaces),
    "lower": lambda: SplitTokenizer("lower", _split_lower),
    "rouge": lambda: SplitTokenizer("rouge", _split_rouge),
    "rouge-stem": _rouge_with_stems,
    "13a": _mteval_13a,
    "13a-lower": _mteval_13a_lower,
    "characters": lambda: CharacterTokenizer("characters", _without_white_space),
    "characters-no-spaces": lambda: CharacterTokenizer("characters-no-spaces", _without_spaces),
    "chrf-words": lambda: SplitTokenizer("chrf-words", _split_chrf),
}
