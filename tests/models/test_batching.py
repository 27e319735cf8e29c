"""Batches hold texts of like length, and shrink when memory runs out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlmeval_cli.models.batching import OutOfMemory, encode_in_batches

LENGTHS = st.lists(st.integers(0, 40), max_size=50).map(lambda x: np.array(x, dtype=np.int64))


@given(LENGTHS, st.integers(1, 200), st.none() | st.integers(1, 9))
def test_every_text_comes_once_within_the_budget(lengths, budget, most):
    seen = []
    encode_in_batches(lengths, budget, seen.append, most)
    places = np.concatenate(seen) if seen else np.zeros(0, dtype=np.int64)
    assert sorted(places.tolist()) == list(range(len(lengths)))
    for batch in seen:
        assert len(batch) == 1 or len(batch) * lengths[batch].max() <= budget
        assert most is None or len(batch) <= most
    in_order = lengths[places]
    assert (np.diff(in_order) <= 0).all()


@given(LENGTHS, st.integers(1, 400), st.integers(40, 100))
def test_after_running_out_of_memory_every_text_still_comes_once(lengths, budget, memory):
    seen, failed = [], []

    def encode(places):
        if len(places) * max(int(lengths[places].max()), 1) > memory:
            failed.append(places)
            raise OutOfMemory
        seen.append(places)

    left = encode_in_batches(lengths, budget, encode)
    assert sorted(np.concatenate(seen).tolist() if seen else []) == list(range(len(lengths)))
    assert left == budget if not failed else left <= max(budget // 2, 1)
    assert len(failed) <= 9  # it halves, and does not try the same again


def test_one_text_that_is_too_much_is_told():
    def encode(places):
        raise OutOfMemory

    with pytest.raises(OutOfMemory):
        encode_in_batches(np.array([5, 3]), 100, encode)


def test_texts_of_one_length_keep_their_order():
    seen = []
    encode_in_batches(np.array([3, 3, 3, 3]), 6, lambda places: seen.append(places.tolist()))
    assert seen == [[0, 1], [2, 3]]


@given(LENGTHS, st.integers(1, 200), st.lists(st.booleans(), max_size=30))
def test_memory_that_runs_out_at_any_time_loses_and_repeats_no_text(lengths, budget, luck):
    seen, alone, left = [], [], iter(luck)

    def encode(places):
        if next(left, True):
            seen.extend(places.tolist())
        else:
            alone.append(len(places) == 1)
            raise OutOfMemory

    try:
        encode_in_batches(lengths, budget, encode)
    except OutOfMemory:
        assert alone[-1]
    else:
        assert sorted(seen) == list(range(len(lengths)))
    assert len(seen) == len(set(seen))
    assert not any(alone[:-1])
