"""Noise changes what it may, the same way every time, and nothing else."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlmeval_cli.text.perturbations import KINDS, SEVERITIES, Words, edit_rate, perturbed, pieces
from vlmeval_cli.text.perturbations.phrases import SYNONYMS
from vlmeval_cli.text.perturbations.pieces import Role, clusters
from vlmeval_cli.text.perturbations.spelling import NEIGHBOURS

QUESTION = "What is the color of the large sofa in the picture next to the window?"
QUESTIONS = [
    f"{start} the {thing} {where} the {place}?"
    for start in ("Where is", "What color is", "How many people are near", "Is there a dog on")
    for thing in ("picture", "couch", "refrigerator", "bicycle", "old wooden table")
    for where in ("behind", "beside", "in front of")
    for place in ("window", "blue car", "train station")
]
PROTECTED = [
    "<image>", "<|image_1|>", "{ocr_tokens}", '{"name": {"first": "text"}}', "[IMG]", "`code here`",
    '"STOP here"', "‘STOP here’", "12", "3.5", "1,000", "2nd", "B12", "XIV", "user_name",
    "http://a.b/c", "someone@example.org", "$x + yz$", "👩‍👩‍👧", "東京タワー",
]  # fmt: skip
kinds = st.sampled_from(sorted(KINDS))
severities = st.sampled_from(SEVERITIES)
words = st.sampled_from(
    ["What", "is", "the", "colour", "of", "sofa", "naïve", "picture", "an", "not"]
)
texts = st.lists(st.one_of(words, st.sampled_from(PROTECTED)), max_size=12).map(" ".join)


def noisy(text, kind, severity=3, name=(7, "q1"), **known):
    return perturbed(text, kind, severity, name=name, words=Words(**known))


@given(st.text())
def test_pieces_joined_are_the_text(text):
    assert "".join(piece.text for piece in pieces(text)) == text


@given(st.text(), kinds, severities)
def test_any_text_is_taken_and_none_means_unchanged(text, kind, severity):
    first, second = (noisy(text, kind, severity) for _ in range(2))
    assert first == second
    assert first is None or first != ""


@given(texts, kinds, severities, st.integers(0, 5))
def test_protected_spans_stay_in_their_order(text, kind, severity, seed):
    out = noisy(text, kind, severity, name=(seed,)) or text
    place = 0
    for word in text.split(" "):
        if word in PROTECTED:
            place = out.index(word, place) + len(word)


@given(texts, kinds, severities)
def test_numbers_stay(text, kind, severity):
    out = noisy(text, kind, severity) or text
    assert re.findall(r"\d+", out) == re.findall(r"\d+", text)


@given(st.text(alphabet="aeé\u0301ñn\u0303o ̈ß", min_size=1), kinds, severities)
def test_marks_stay_with_their_letter(text, kind, severity):
    out = noisy(text, kind, severity) or text
    whole = {*clusters(text), *clusters(text.upper()), *clusters(text.lower())}
    added = {one for one in clusters(out) if len(one) > 1} - whole
    assert not added
    assert not unicodedata.category(out[0]).startswith("M") or out[0] == text[0]


@pytest.mark.parametrize("text", ["", "  \n ", "12 345", "<image>", "这是什么颜色?", "A", "?!"])
@pytest.mark.parametrize("kind", KINDS)
def test_where_nothing_may_change_nothing_does(kind, text):
    assert noisy(text, kind, 5) is None


@pytest.mark.parametrize("kind", KINDS)
def test_another_seed_item_or_kind_gives_other_noise(kind):
    by_seed = {noisy(QUESTION, kind, 3, name=(seed, "q1")) for seed in range(8)}
    by_item = {noisy(QUESTION, kind, 3, name=(1, f"q{i}")) for i in range(8)}
    assert len(by_seed) > 1
    assert len(by_item) > 1


@pytest.mark.parametrize("kind", KINDS)
def test_edits_grow_with_severity_on_average(kind):
    means = [
        sum(edit_rate(text, noisy(text, kind, s, name=(i,)) or text)
            for i, text in enumerate(QUESTIONS))
        for s in SEVERITIES
    ]  # fmt: skip
    assert means == sorted(means)
    assert means[-1] > 1.05 * means[0]


@given(st.sampled_from(QUESTIONS), st.integers(0, 50))
def test_a_higher_severity_adds_to_a_lower_one(text, seed):
    for kind in ("case", "dropped_words", "synonyms"):
        before = None
        for severity in SEVERITIES:
            out = (noisy(text, kind, severity, name=(seed,)) or text).split(" ")
            kept = [word for word in text.split(" ") if word in out]
            assert before is None or len(kept) <= before
            before = len(kept)


def test_listed_options_stay_and_the_question_does_not():
    text = "Which one is larger?\nA. the red picture\nB. the blue picture\nChoose carefully."
    for kind in KINDS:
        out = noisy(text, kind, 5) or text
        assert "\nA. the red picture\nB. the blue picture\n" in out
    assert noisy(text, "case", 5) == (
        "WHICH ONE IS LARGER?\nA. the red picture\nB. the blue picture\nCHOOSE CAREFULLY."
    )


def test_labels_that_a_prompt_needs_stay():
    text = "USER: <image>\nwhat is shown ASSISTANT:"
    assert noisy(text, "case", 5) == "USER: <image>\nWHAT IS SHOWN ASSISTANT:"


def test_case_leaves_letters_without_a_single_capital():
    assert noisy("die Straße", "case", 5) == "DIE STRAßE"
    assert noisy("какой цвет", "case", 5) == "КАКОЙ ЦВЕТ"
    assert noisy("NASA", "case", 5) == "nasa"


def test_dropped_words_are_those_a_telegram_leaves_out():
    assert noisy("What is the color of the car?", "dropped_words", 5) == "What color car?"
    assert noisy("Is the cat under the table?", "dropped_words", 5) == "cat under table?"


def test_negations_are_neither_misspelled_nor_dropped():
    text = "not without never"
    assert noisy(text, "typos", 5) is None
    assert noisy(text, "dropped_words", 5) is None


def test_something_is_left_when_all_words_could_be_dropped():
    assert noisy("is the", "dropped_words", 5) == "is"


def test_typos_avoid_other_words():
    taken = {"bat", "at", "ct", "caat", "cart"}
    spelled = {noisy("cat", "typos", 1, name=(i,), is_word=taken.__contains__) for i in range(200)}
    assert len(spelled & taken) < len(spelled) / 4


def test_neighbours_are_those_of_a_qwerty_keyboard():
    assert {*NEIGHBOURS["g"]} == set("ftyhvb")
    assert {*NEIGHBOURS["q"]} == set("wa")
    assert all(a in NEIGHBOURS[b] for a in NEIGHBOURS for b in NEIGHBOURS[a])


def test_typos_spare_the_first_letter_and_keep_capitals_in_place():
    for i in range(50):
        out = noisy("Colour HAT", "typos", 5, name=(i,))
        first, second = out.split(" ")
        assert first[0] == "C"
        assert second[0] == "H"
        assert second.isupper()


def test_filler_inserts_as_many_phrases_as_the_severity_where_there_is_room():
    text = "What is the color of the sofa in the picture at the window?"
    lengths = [len(noisy(text, "filler", s)) for s in SEVERITIES]
    assert lengths == sorted(set(lengths))
    assert noisy(text, "filler", 1).endswith(text)


def test_long_context_stands_after_the_image_and_before_the_text():
    out = noisy("<image>\nWhat is it?", "long_context", 1)
    assert out.startswith("<image>\n")
    assert out.endswith("\n\nWhat is it?")
    counts = [noisy("What is it?", "long_context", s).count(".") for s in SEVERITIES]
    assert counts == [4, 8, 16, 32, 64]


def test_synonyms_keep_capitals_and_fit_the_article():
    table = {"sofa": ("couch",), "picture": ("image", "photo")}
    assert noisy("Sofa SOFA sofa", "synonyms", 5, synonyms=table) == "Couch COUCH couch"
    for i in range(20):
        assert noisy("a picture", "synonyms", 5, name=(i,), synonyms=table) == "a photo"


def test_synonyms_spare_the_words_of_the_answer():
    kept = frozenset({"sofa"})
    assert noisy("Is it a sofa or a couch?", "synonyms", 5, kept=kept) == "Is it a sofa or a sofa?"


def test_the_table_of_synonyms_replaces_no_word_by_itself():
    assert all(word not in others for word, others in SYNONYMS.items())


def test_marks_of_punctuation_are_the_only_free_ones():
    roles = {piece.text: piece.role for piece in pieces("Mr. Smith, (the cat)!")}
    assert roles["."] is Role.MARK
    assert roles[","] is Role.MARK
    assert "(" in roles
    assert roles["("] is Role.FIXED


def test_the_edit_rate_counts_characters():
    assert edit_rate("kitten", "sitting") == pytest.approx(3 / 6)
    assert edit_rate("", "ab") == 2.0
