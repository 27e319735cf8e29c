"""Whatever a parser says, the rules end, and make well-formed tuples."""

from hypothesis import given
from hypothesis import strategies as st

from vlmeval_cli.scenes.native.mending import hidden_verb, mended
from vlmeval_cli.scenes.native.rules import tuples_of
from vlmeval_cli.scenes.native.sentence import Sentence, Word

TEXTS = ["dog", "outside", "standing", "while", "brown", "and", "white", "runs", "one", "her", "be"]
TAGS = ["NN", "NNS", "JJ", "VBZ", "VBG", "VBN", "IN", "RB", "CD", "PRP$", "."]
ROLES = [
    "nsubj", "nsubjpass", "dobj", "pobj", "prep", "conj", "acl", "advcl", "relcl", "compound",
    "amod", "nummod", "poss", "agent", "prt", "aux", "auxpass", "acomp", "advmod", "npadvmod",
]  # fmt: skip


@st.composite
def trees(draw):
    """A tree over some words: each but the root depends on one that was put in before it."""
    n = draw(st.integers(0, 9))
    order = draw(st.permutations(range(n)))
    words = {}
    for i, place in enumerate(order):
        head = place if i == 0 else order[draw(st.integers(0, i - 1))]
        role = "ROOT" if i == 0 else draw(st.sampled_from(ROLES))
        text, tag = draw(st.sampled_from(TEXTS)), draw(st.sampled_from(TAGS))
        words[place] = Word(place, text, text, tag, role, head)
    return Sentence.of([words[place] for place in range(n)])


@given(trees())
def test_tuples_are_of_one_to_three_words_and_each_comes_once(sentence):
    found = tuples_of(sentence)
    assert len(set(found)) == len(found)
    assert {len(one) for one in found} <= {1, 2, 3}
    assert all(word for one in found for word in one)


@given(trees())
def test_a_caption_written_anew_has_one_word_more(sentence):
    place = hidden_verb(sentence)
    if place is not None:
        assert len(mended(sentence, place).split()) == len(sentence.words) + 1


def test_a_long_row_of_prepositions_is_one():
    words = [Word(0, "dog", "dog", "NN", "ROOT", 0)]
    words += [Word(i, "of", "of", "IN", "prep", i - 1) for i in range(1, 2_000)]
    words.append(Word(2_000, "cat", "cat", "NN", "pobj", 1_999))
    found = tuples_of(Sentence.of(words))
    assert ("dog", " ".join(["of"] * 1_999), "cat") in found


def test_long_coordinations_are_no_matter():
    words = [Word(0, "dog", "dog", "NN", "ROOT", 0)]
    words += [Word(i, "cat", "cat", "NN", "conj", i - 1) for i in range(1, 3_000)]
    assert set(tuples_of(Sentence.of(words))) == {("dog",), ("cat",)}
