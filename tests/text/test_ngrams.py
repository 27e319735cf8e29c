"""N-gram counts against dictionaries of tuples."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vlmeval_cli.core.batch import TokenColumn, Vocabulary, offsets_of
from vlmeval_cli.text import ngrams
from vlmeval_cli.text.lcs import lcs_lengths
from vlmeval_cli.text.ngrams import (
    clipped_matches,
    counted,
    gram_keys,
    pair_overlaps,
    predictions_with_references,
    references_alone,
)

texts = st.lists(st.sampled_from("abcdé"), max_size=9)
items = st.lists(st.tuples(texts, st.lists(texts, min_size=1, max_size=3)), max_size=5)
check = settings(deadline=None, max_examples=60)


def column(per_item, vocabulary):
    flat = [text for texts in per_item for text in texts]
    tokens = np.array([vocabulary[token] for text in flat for token in text], dtype=np.int32)
    lengths = offsets_of([len(text) for text in flat])
    return TokenColumn(tokens, lengths, offsets_of([len(texts) for texts in per_item]), vocabulary)


def both(found, vocabulary=None):
    vocabulary = Vocabulary() if vocabulary is None else vocabulary
    predictions = column([[prediction] for prediction, _ in found], vocabulary)
    return predictions, column([references for _, references in found], vocabulary)


def grams(text, n):
    return Counter(tuple(text[i : i + n]) for i in range(len(text) - n + 1))


def naive_lcs(one, other):
    row = [0] * (len(other) + 1)
    for a in one:
        before = row[:]
        for j, b in enumerate(other, start=1):
            row[j] = before[j - 1] + 1 if a == b else max(before[j], row[j - 1])
    return row[-1]


@check
@given(items)
def test_entries_are_the_counts_of_each_text(found):
    together = predictions_with_references(*both(found))
    in_order = [text for prediction, references in found for text in (prediction, *references)]
    for counts in counted(together, 3):
        starts = together.offsets[counts.text]
        held = [Counter() for _ in in_order]
        for text, at, count in zip(
            counts.text, counts.position - starts, counts.count, strict=True
        ):
            held[text][tuple(in_order[text][at : at + counts.order])] += int(count)
        assert held == [grams(text, counts.order) for text in in_order]


@check
@given(items)
def test_lone_ngrams_are_flagged_where_they_begin_and_the_others_stay(found):
    together = predictions_with_references(*both(found))
    in_order = [text for prediction, references in found for text in (prediction, *references)]
    for counts in counted(together, 4, lone_apart=True):
        everywhere = sum((grams(text, counts.order) for text in in_order), Counter())
        starts = together.offsets.tolist()
        for text, start in zip(in_order, starts, strict=False):
            for at in range(len(text)):
                gram = tuple(text[at : at + counts.order])
                is_lone = len(gram) == counts.order and everywhere[gram] == 1
                assert counts.is_lone[start + at] == is_lone
        assert counts.count.sum() == sum(n for n in everywhere.values() if n > 1)


@check
@given(items)
def test_clipped_matches_take_the_reference_that_has_most(found):
    matched = clipped_matches(predictions_with_references(*both(found)), 4)
    for n, column_of_n in enumerate(matched, start=1):
        expected = []
        for prediction, references in found:
            most = Counter()
            for reference in references:
                most |= grams(reference, n)
            expected.append((grams(prediction, n) & most).total())
        assert column_of_n.tolist() == expected


@check
@given(items)
def test_pair_overlaps_match_each_reference_alone(found):
    together = predictions_with_references(*both(found))
    for n, column_of_n in enumerate(pair_overlaps(together, 3), start=1):
        expected = [
            (grams(prediction, n) & grams(reference, n)).total()
            for prediction, references in found
            for reference in references
        ]
        assert column_of_n[~together.is_prediction].tolist() == expected


@check
@given(items)
def test_items_with_reference_are_document_frequencies(found):
    alone = references_alone(both(found)[1])
    together = predictions_with_references(*both(found))
    for lone, counts in zip(counted(alone, 3), counted(together, 3), strict=True):
        n = counts.order
        documents = Counter()
        for _, references in found:
            documents.update({gram for reference in references for gram in grams(reference, n)})
        assert sorted(lone.items_with_reference().tolist()) == sorted(documents.values())
        seen = counts.items_with_reference()
        assert sorted(seen[seen > 0].tolist()) == sorted(documents.values())


@pytest.mark.parametrize("limit", [1, 7])
def test_blocks_change_no_number(monkeypatch, limit):
    found = [(list("abcab"), [list("abc"), list("cab")]), ([], [list("b")]), (list("bb"), [[]])] * 3
    together = predictions_with_references(*both(found))
    whole = clipped_matches(together, 4)
    monkeypatch.setattr(ngrams, "BLOCK_TOKENS", limit)
    assert len(list(together.blocks())) > 1
    np.testing.assert_array_equal(clipped_matches(together, 4), whole)


def test_positions_that_do_not_fit_the_sort_key_are_sorted_apart(monkeypatch):
    found = [(list("abcabc"), [list("abcab"), list("cabcd")]), (list("ba"), [list("ab")])]
    together = predictions_with_references(*both(found))
    packed = clipped_matches(together, 4)
    monkeypatch.setattr(ngrams, "_SORTABLE_BITS", 3)
    np.testing.assert_array_equal(clipped_matches(together, 4), packed)


def test_keys_are_of_the_text_not_of_the_integers():
    found = [([], [list("abcde"), list("ab")])]
    other_numbers = Vocabulary()
    for token in "edcba":
        other_numbers[token]
    keys = []
    for vocabulary in (Vocabulary(), other_numbers):
        alone = references_alone(both(found, vocabulary)[1])
        keys.append([set(gram_keys(alone, c, vocabulary).tolist()) for c in counted(alone, 4)])
    assert keys[0] == keys[1]


def test_keys_tell_apart_order_and_length():
    vocabulary = Vocabulary()
    alone = references_alone(both([([], [list("abaab"), list("ba")])], vocabulary)[1])
    keys = [key for c in counted(alone, 4) for key in gram_keys(alone, c, vocabulary).tolist()]
    n_distinct = 2 + 3 + 3 + 2  # a b, ab ba aa, aba baa aab, abaa baab
    assert len(set(keys)) == len(keys) == n_distinct


def test_sums_by_text_do_not_depend_on_the_neighbours():
    generator = np.random.default_rng(0)
    long = [f"w{i}" for i in range(50)]
    values = generator.random(50)
    alone = predictions_with_references(*both([(long, [[]])]))
    beside = predictions_with_references(*both([(long, [long, long[:3]])]))
    everywhere, here = np.arange(103), np.arange(50)
    repeated = np.concatenate([values, values, values[:3]])
    sums = beside.sums_by_text(everywhere, repeated)
    assert sums[0] == sums[1] == alone.sums_by_text(here, values)[0]


@check
@given(items)
def test_lcs_equals_the_textbook_table(found):
    expected = [naive_lcs(p, reference) for p, references in found for reference in references]
    assert lcs_lengths(*both(found)).tolist() == expected


def test_lcs_of_more_words_than_unicode_has_characters():
    vocabulary = Vocabulary()
    tokens = np.array([0xD800, 5, 0x110000, 9, 0xDFFF], dtype=np.int32)
    predictions = TokenColumn(tokens, offsets_of([5]), offsets_of([1]), vocabulary)
    references = TokenColumn(tokens[[0, 2, 4]], offsets_of([3]), offsets_of([1]), vocabulary)
    assert lcs_lengths(predictions, references).tolist() == [3]


def test_surrogate_numbers_are_tokens_like_others():
    tokens = np.array([0xD7FF, 0xD800, 0xDFFF, 0xE000], dtype=np.int32)
    texts = TokenColumn(tokens, offsets_of([4]), offsets_of([1]), Vocabulary())
    assert lcs_lengths(texts, texts).tolist() == [4]
