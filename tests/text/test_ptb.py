"""The PTB tokeniser against the definition's probes, the Java program, and its own lexer."""

import importlib.util
import json
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vlmeval_cli.text.ptb import PtbTokenizer

# Inputs and outputs of metric-spec 5.3, made with pycocoevalcap 1.2.
PROBES = [
    ("A man's dog can't gonna cannot", "a man 's dog ca n't gon na can not"),
    (
        "It costs $5.99 (about 4€) or £3 — 50% off!",
        "it costs $ 5.99 -lrb- about 4 $ -rrb- or # 3 50 % off",
    ),
    (
        "U.S. and Mr. Smith vs. Dr. Jones at 5 p.m. today",
        "u.s. and mr. smith vs. dr. jones at 5 p.m. today",
    ),
    ("etc. etc... and so on... what???!!!", "etc. etc. and so on what ???!!!"),
    ("half-way 5'10\" tall 6-ft 6ft.", "half-way 5 10 tall 6-ft 6ft"),
    ("dogs' bowls James's it`s it’s", "dogs bowls james 's it s it 's"),
    ("cat/dog he/she w/ w/o", "cat/dog he/she w / w/o"),
    ("1 1/2 cups", "1\xa01/2 cups"),
    ("a b.c foo.bar Then.next v2.0 3.14.", "a b.c foo.bar then.next v2 .0 3.14"),
    ("100% #1 No. 1 5¢ rock&roll R&D", "100 % # 1 no. 1 5 cents rock & roll r&d"),
    ("_under_ emoji 😀 dog", "_ under _ emoji dog"),
    ("\"mcdonald's\" / \"McDonald's\", 80's, '90s", "mcdonald 's / mcdonald 's 80 's '90s"),
    ("A.M. Jr. Inc. Co. Ave.", "a.m. jr. inc. co. ave."),
]

PIECES = """
    . .. ... . .5 , ! ? - -- ( ) [ ] < > <a <a> b> ' '' " ` ’ “ ” & @ # $ % * / | ~ _ 5 12 345 3456
    1/2 ½ 1 5' '50 '50s a A I x. T. The It U.S. u.s. no. No. no.' fig. Inc. inc. etc. Mr. St. wash.
    Wash. sat. a.m. p.m. Co. ltd dog dog. dog, dogs' dog's can't cannot gonna 'tis 'em o'clock
    O'Neil y'all café café. 日本 t-shirt t-shirt. R&D 3-year-old a/b foo.com a@b.c http://a.b/c.
    www.a.bc :) :( ;) ^_^ (x_x) (415) 555-1212 +1 non-U.S. Σ ΑΣ 😀 ☕ ₂No.
"""


@pytest.fixture(scope="module")
def tokenizer():
    return PtbTokenizer()


@pytest.fixture(scope="module")
def agreement(root):
    """The benchmark that runs the Java program."""
    path = root / "benchmarks" / "ptb_agreement.py"
    spec = importlib.util.spec_from_file_location("ptb_agreement", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def java_tokens(java, agreement):
    pytest.importorskip("pycocoevalcap", reason="pycocoevalcap carries the Java tokenizer")
    return agreement.java_tokens


def captions_by_pieces():
    piece = st.sampled_from(PIECES.split()) | st.text(max_size=3)
    gap = st.sampled_from(["", " ", " ", " ", "  ", "\xa0", "\n"])
    return st.lists(st.tuples(piece, gap), max_size=8).map(
        lambda pairs: "".join(piece + gap for piece, gap in pairs)
    )


@pytest.mark.parametrize(("caption", "expected"), PROBES)
def test_probes_of_the_definition(tokenizer, caption, expected):
    assert " ".join(tokenizer.tokenize(caption)) == expected


def test_captions_of_the_java_program(tokenizer, root):
    golden = json.loads((root / "tests/golden/ptb.json").read_text(encoding="utf-8"))
    differing = [
        (row["caption"], row["tokens"], ours)
        for row in golden["captions"]
        if (ours := " ".join(tokenizer.tokenize(row["caption"]))) != row["tokens"]
    ]
    assert differing == []


def test_real_captions_equal_java_live(tokenizer, java_tokens, agreement, shared):
    captions = agreement.read_captions(shared / "flickr8k")
    captions += [agreement.glue(caption) for caption in captions]
    ours = [" ".join(tokenizer.tokenize(caption)) for caption in captions]
    assert ours == java_tokens(captions)


def test_mutated_captions_equal_java_live(tokenizer, java_tokens, agreement):
    mutator = agreement.Mutator(seed=11)
    plain = "Two men 's dogs chase a black-and-white ball in the snow , by the U.S. flag ."
    captions = [mutator.mutate(plain) for _ in range(3000)]
    ours = [" ".join(tokenizer.tokenize(caption)) for caption in captions]
    assert ours == java_tokens(captions)


def test_every_kind_of_character_equals_java_live(tokenizer, java_tokens, agreement):
    captions = agreement.character_captions()[::23]
    ours = [" ".join(tokenizer.tokenize(caption)) for caption in captions]
    assert ours == java_tokens(captions)


@settings(max_examples=600, deadline=None)
@given(captions_by_pieces())
def test_words_looked_up_equal_words_lexed(caption):
    tokenizer = PtbTokenizer()
    assert tokenizer.tokenize(caption) == tokenizer.tokenize_slowly(caption)


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(codec=None)))
def test_any_text_is_tokenised(text):
    tokens = PtbTokenizer().tokenize(text)
    assert all(" " not in token for token in tokens)


@pytest.mark.parametrize(
    "odd", ["\0", "a\0b", "\ud800", "x\udc00y", "\ud83d\ude00", "http://a.b/\ud800"]
)
def test_odd_characters_never_raise(tokenizer, odd):
    assert isinstance(tokenizer.tokenize(odd), list)


@pytest.mark.parametrize("empty", ["", " ", "\n", ". , !", "''"])
def test_nothing_left_is_no_token(tokenizer, empty):
    assert tokenizer.tokenize(empty) == []


@pytest.mark.parametrize("line_break", ["\n", "\r", "\r\n", "\v", "\f", "\x85", "\u2028", "\u2029"])
def test_line_breaks_count_as_spaces(tokenizer, line_break):
    assert tokenizer.tokenize(f"a dog{line_break}runs") == ["a", "dog", "runs"]


def test_the_next_caption_has_no_influence(tokenizer):
    # After "the plan a.", the Java program prints "a" before a line "The dog", "a." before "a dog".
    assert tokenizer.tokenize("the plan a.") == ["the", "plan", "a."]


@pytest.mark.parametrize("unit", ["a,", "a.1", "U.S.1", "www.1-", "a@.", "<!a", '<a b="<c', "1&a"])
def test_a_long_text_takes_linear_time(tokenizer, unit):
    started = perf_counter()
    tokens = tokenizer.tokenize(f"@-> {unit * 20_000}")
    assert len(tokens) >= 20_000
    assert perf_counter() - started < 20  # a scan to the end from every place would take minutes
