"""Columns are made once, from what they name."""

import numpy as np
import pytest

from vlmeval_cli.core.batch import Batch
from vlmeval_cli.core.errors import PluginError
from vlmeval_cli.engine.prepare import Preparer
from vlmeval_cli.text.tokenizers import tokenizer

BATCH = Batch(
    ids=["a", "b"],
    predictions=["add 1 1/2 cups", "a dog"],
    references=[["a cup and a half", "1 1/2 cups of milk"], ["the dog"]],
)
NEEDS = [
    f"{side}.tokens:{name}"
    for side in ("prediction", "references")
    for name in ("ptb", "ptb-space")
]


def words(column):
    strings = column.vocabulary.strings
    parts = np.split(column.tokens, column.offsets[1:-1])
    return [[strings[code] for code in part] for part in parts]


def test_rouge_sees_a_fraction_as_one_token_and_bleu_as_two():
    prepared = Preparer(NEEDS).prepare(BATCH)
    assert words(prepared.tokens("prediction.tokens:ptb-space"))[0] == ["add", "1\xa01/2", "cups"]
    assert words(prepared.tokens("prediction.tokens:ptb"))[0] == ["add", "1", "1/2", "cups"]


def test_derived_tokens_are_those_of_the_tokenizer_alone():
    alone = Preparer(["references.tokens:ptb"]).prepare(BATCH)
    together = Preparer(NEEDS).prepare(BATCH)
    assert words(alone.tokens("references.tokens:ptb")) == words(
        together.tokens("references.tokens:ptb")
    )


def test_both_sides_share_their_vocabulary():
    prepared = Preparer(NEEDS).prepare(BATCH)
    mine, theirs = (prepared.tokens(f"{side}.tokens:ptb") for side in ("prediction", "references"))
    assert mine.vocabulary is theirs.vocabulary


def test_references_are_told_apart_by_item():
    prepared = Preparer(["references.text"]).prepare(BATCH)
    assert prepared.text("references.text").item_offsets.tolist() == [0, 2, 3]


def test_an_unknown_column_is_the_plugins_fault():
    with pytest.raises(PluginError, match="nothing prepares"):
        Preparer(["prediction.boxes"]).prepare(BATCH)


@pytest.mark.parametrize("text", ["1 1/2 cups", "", "a", "call 555 123 4567 now", "x\xa0y"])
def test_standalone_ptb_breaks_at_spaces(text):
    from vlmeval_cli.core.batch import Vocabulary

    vocabulary = Vocabulary()
    tokens, _ = tokenizer("ptb").encode([text], vocabulary)
    found = [vocabulary.strings[code] for code in tokens]
    assert " ".join(found).split() == found
