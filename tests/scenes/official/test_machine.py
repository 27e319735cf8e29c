"""The program takes what the machine, or its container, has."""

import pytest

from vlmeval_cli.scenes.official.captions import as_text, longest_sentence
from vlmeval_cli.scenes.official.machine import heap_mib, memory_bytes, threads_for

GIB = 2**30


@pytest.mark.parametrize(
    ("memory", "heap"), [(None, 2048), (8 * GIB, 2048), (20 * GIB, 5120), (999 * GIB, 8192)]
)
def test_the_heap_is_a_quarter_from_2_to_8_gib(memory, heap):
    assert heap_mib(memory) == heap


def test_the_heap_leaves_a_small_machine_some_memory():
    assert heap_mib(1 * GIB) == 768


def test_the_limit_of_a_container_counts(tmp_path):
    limit, none = tmp_path / "memory.max", tmp_path / "none"
    limit.write_text("1073741824\n")
    assert memory_bytes((none, limit)) == 1 * GIB
    limit.write_text("max\n")
    assert memory_bytes((limit,)) == memory_bytes(())


def test_a_limit_above_the_machine_is_none(tmp_path):
    limit = tmp_path / "limit"
    limit.write_text(f"{2**63 - 4096}")
    assert memory_bytes((limit,)) == memory_bytes(())


def test_long_sentences_are_parsed_by_fewer_threads():
    threads = [threads_for(length, 16, 4096) for length in (10, 60, 100, 150)]
    assert threads == sorted(threads, reverse=True)
    assert threads[0] == 16
    assert threads_for(150, 16, 1024) == 1


def test_the_longest_sentence_counts():
    assert longest_sentence("") == 0
    assert longest_sentence("one two. three four five!") == 4
    assert longest_sentence("3.5 dogs") == 4  # no end of a sentence inside a number


def test_halves_of_characters_are_replaced():
    assert as_text("\ud83d dog \udc36") == "\ufffd dog \ufffd"
    assert as_text("\U0001f436\n\0|||") == "\U0001f436\n\0|||"
