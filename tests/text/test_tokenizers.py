"""Tokenisers by name against the packages they are named after."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vlmeval_cli.core.batch import Vocabulary
from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.text.ptb import PtbTokenizer
from vlmeval_cli.text.tokenizers import tokenizer

HARD_WORDS = ["a", ".", ",", ".5", "\n", "x.", "1", "1/2", "The", "cannot", "😀", "<b", "b>"]
NAMES = ["ptb", "ptb-space", "whitespace", "lower", "rouge", "rouge-stem", "13a", "13a-lower"]
TEXTS = [
    "A man's dog runs, jumping over 1,000 well-known fences.",
    "",
    "It costs $5.99 -- &quot;cheap&quot; &amp; 1-2 <skipped> (e.g. U.S.).",
    "Ünïcode café 日本 don't\tstop\nnow 3.5-ish x. 5,a a,5",
    "1 1/2 cups, call (415) 555-1212 . . . ok?",
    "running runs flies dying news",
]


def words(name, texts):
    vocabulary = Vocabulary()
    tokens, offsets = tokenizer(name).encode(texts, vocabulary)
    strings = [vocabulary.strings[token] for token in tokens]
    return [strings[start:end] for start, end in pairwise(offsets)]


def test_13a_equals_sacrebleu():
    reference = pytest.importorskip("sacrebleu.tokenizers.tokenizer_13a").Tokenizer13a()
    assert words("13a", TEXTS) == [reference(text).split() for text in TEXTS]


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("ab Z.,-'5&;quotampl<>!?$#\n\t\xa0\x1c\u2028é٣{}[]~")))
def test_13a_equals_sacrebleu_on_any_text(text):
    reference = pytest.importorskip("sacrebleu.tokenizers.tokenizer_13a").Tokenizer13a()
    assert words("13a", [text]) == [reference(text).split()]


def test_13a_lower_equals_sacrebleu_with_lowercase():
    bleu = pytest.importorskip("sacrebleu").BLEU(lowercase=True)
    assert words("13a-lower", TEXTS) == [bleu._preprocess_segment(text).split() for text in TEXTS]


def test_13a_splits_words_of_any_length_alike():
    long = "no.5,000-ish;" * 9
    (short_tokens, long_tokens) = words("13a", [long[:13], long])
    assert long_tokens == short_tokens * 9


@pytest.mark.parametrize(("name", "stems"), [("rouge", False), ("rouge-stem", True)])
def test_rouge_equals_rouge_score(name, stems):
    tokenizers = pytest.importorskip("rouge_score.tokenizers")
    reference = tokenizers.DefaultTokenizer(use_stemmer=stems)
    assert words(name, TEXTS) == [reference.tokenize(text) for text in TEXTS]


def test_whitespace_keeps_case_and_lower_folds_it():
    assert words("whitespace", ["A  Dog\xa0Ran."]) == [["A", "Dog", "Ran."]]
    assert words("lower", ["A  Dog\xa0Ran."]) == [["a", "dog", "ran."]]


def test_hard_spaces_split_for_bleu_and_not_for_rouge_l():
    assert words("ptb", ["1 1/2 cups"]) == [["1", "1/2", "cups"]]
    assert words("ptb-space", ["1 1/2 cups"]) == [["1\xa01/2", "cups"]]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(st.sampled_from(HARD_WORDS)).map(" ".join)))
def test_columns_hold_the_tokens_of_each_caption(captions):
    plain = PtbTokenizer()
    assert words("ptb-space", captions) == [plain.tokenize_slowly(text) for text in captions]


def test_many_captions_are_encoded_in_portions():
    captions = ["a dog .", "no. 5 dogs", ""] * 6000
    encoded = words("ptb", captions)
    assert encoded[:3] == encoded[-3:] == [["a", "dog"], ["no.", "5", "dogs"], []]
    assert len(encoded) == 18000


def test_a_vocabulary_is_shared_between_calls_and_may_be_changed():
    ours, vocabulary, other = tokenizer("ptb"), Vocabulary(), Vocabulary()
    first = ours.encode(["a dog"], vocabulary).tokens
    again = ours.encode(["dog a"], vocabulary).tokens
    assert first.tolist() == again.tolist()[::-1]
    assert ours.encode(["dog"], other).tokens.tolist() == [0]


@pytest.mark.parametrize("name", NAMES)
def test_no_texts_give_no_tokens(name):
    tokens, offsets = tokenizer(name).encode([], Vocabulary())
    assert tokens.dtype == np.int32
    assert offsets.dtype == np.int64
    assert offsets.tolist() == [0]


@pytest.mark.parametrize("name", NAMES)
def test_a_tokenizer_knows_its_name(name):
    assert tokenizer(name).name == name


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(UsageError, match='unknown tokenizer "ptp"') as caught:
        tokenizer("ptp")
    assert 'Did you mean "ptb"?' in caught.value.hint
    assert all(name in caught.value.hint for name in NAMES)
