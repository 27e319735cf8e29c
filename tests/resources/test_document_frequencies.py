"""Saved document frequencies: written, read, and refused when they are not ours."""

import json

import pytest

from vlmeval_cli.core.errors import DataError, UsageError
from vlmeval_cli.resources.document_frequencies import (
    load_document_frequencies,
    save_document_frequencies,
)


def test_a_file_says_in_how_many_images_an_ngram_occurs(tmp_path):
    path = tmp_path / "df.json"
    save_document_frequencies(path, [["A dog.", "a a"], ["a cat"]])
    content = json.loads(path.read_text("utf-8"))
    assert content["documents"] == 2
    assert content["frequencies"] == {"a": 2, "a a": 1, "a cat": 1, "a dog": 1, "cat": 1, "dog": 1}


def test_equal_content_has_an_equal_digest(tmp_path):
    documents = [["a dog"], ["a cat"]]
    for name in ("one.json", "two.json.gz"):
        save_document_frequencies(tmp_path / name, documents)
    digests = {load_document_frequencies(path, "ptb").digest() for path in tmp_path.iterdir()}
    assert len(digests) == 1


def test_tokens_are_those_that_cider_looks_up(tmp_path):
    path = tmp_path / "df.json"
    save_document_frequencies(path, [["1 1/2 cups"]])  # one token to ROUGE-L, two to CIDEr
    assert {"1", "1/2", "1 1/2 cups"} < json.loads(path.read_text("utf-8"))["frequencies"].keys()


def test_frequencies_of_other_tokens_are_refused(tmp_path):
    path = tmp_path / "df.json"
    save_document_frequencies(path, [["A dog."]], tokenizer="whitespace")
    assert load_document_frequencies(path, "whitespace").n_documents == 1
    with pytest.raises(UsageError, match='of the tokenizer "whitespace", cider uses "ptb"'):
        load_document_frequencies(path, "ptb")


def test_a_missing_file_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="cannot read the document frequencies"):
        load_document_frequencies(tmp_path / "nothing.json", "ptb")


def ours(**changes):
    document = {"format": "vlmeval-document-frequencies", "version": 1, "documents": 2}
    document["tokenizer"] = "ptb"
    return document | {"frequencies": {"a": 1}} | changes


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ([1], "format"),
        (ours(format="x"), "format"),
        (ours(version=2), "version"),
        (ours(documents=0), "documents"),
        (ours(documents=True), "documents"),
        (ours(frequencies=[1]), "frequencies"),
        (ours(frequencies={"a": 3}), "expected 1 to 2"),
        (ours(frequencies={"a": 1.5}), "expected 1 to 2"),
        (ours(frequencies={"a  b": 1}), "two spaces"),
    ],
)
def test_other_json_is_refused_with_the_reason(tmp_path, document, complaint):
    path = tmp_path / "df.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(DataError, match=complaint):
        load_document_frequencies(path, "ptb")


@pytest.mark.parametrize("content", [b"\x80\x04}q\x00.", b"", b"\x1f\x8b\x08cut", b"\xff\xfe"])
def test_pickles_and_broken_files_are_refused(tmp_path, content):
    path = tmp_path / "df.p"
    path.write_bytes(content)
    with pytest.raises(DataError, match="not a file of document frequencies"):
        load_document_frequencies(path, "ptb")
