"""Awkward answers, the option that each names, and why; nothing is ever guessed."""

import string
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vlmeval_cli.parsing.choices.letters import read_choice
from vlmeval_cli.parsing.choices.options import Options, cleaned, key

COLOURS = ["red", "blue", "green", "dark red"]
ANIMALS = ["a cat", "a dog", "a bird", "none of the above"]
NUMBERS = ["2", "12", "2.5", "-2"]
YES = ["yes", "no"]

# (answer, options, letter or None, why)
TABLE = [
    # A letter and nothing else, in any dress.
    ("B", COLOURS, "B", "a bare letter"),
    (" b ", COLOURS, "B", "case and spaces say nothing where the letter stands alone"),
    ("(b)", COLOURS, "B", "brackets"),
    ("[C]", COLOURS, "C", "square brackets"),
    ("B.", COLOURS, "B", "a full stop"),
    ("B)", COLOURS, "B", "half a bracket"),
    ("**C**", COLOURS, "C", "bold"),
    ("`C`", COLOURS, "C", "code"),
    ('"D"', COLOURS, "D", "quotes"),
    ("$\\boxed{C}$", COLOURS, "C", "LaTeX box"),
    ("\\boxed{\\text{B}}", COLOURS, "B", "LaTeX font in the box"),
    ("So it is red.\n\\boxed{B. blue}", COLOURS, "B", "the box is the final answer"),
    ("\\boxed{purple} or B", COLOURS, None, "the boxed answer counts alone, and is no option"),
    ("<answer>C</answer> though B fits", COLOURS, "C", "answer tags beat what is around them"),
    ("Ｂ", COLOURS, "B", "full-width letter"),
    ("（C）", COLOURS, "C", "full-width brackets"),
    ("\\(B\\)", COLOURS, "B", "LaTeX maths around the letter"),
    ("<b>B</b>", COLOURS, "B", "HTML"),
    # A label before the option's text.
    ("A. red", COLOURS, "A", "label and text"),
    ("B) blue", COLOURS, "B", "label with a bracket"),
    ("B: blue", COLOURS, "B", "label with a colon"),
    ("(D) dark red", COLOURS, "D", "bracketed label"),
    ("C - green", COLOURS, "C", "label with a dash"),
    ("B.blue", COLOURS, "B", "no space, the text confirms the label"),
    ("A. blue", COLOURS, None, "label and text contradict each other"),
    ("A. red\nB. blue\nC. green\nD. dark red", COLOURS, None, "the question read back"),
    ("A. red B. blue C. green", COLOURS, None, "the same on one line"),
    ("D because it barks", ANIMALS, "D", "a letter that a reason follows"),
    ("C, since it has wings", ANIMALS, "C", "the same after a comma"),
    ("A because it is small", ANIMALS, "A", "no article stands before because"),
    ("B is correct.", COLOURS, "B", "said to be correct"),
    ("B is wrong.", COLOURS, None, "said to be wrong"),
    # Stated.
    ("The answer is D because…", COLOURS, "D", "stated with a reason"),
    ("Answer: C", COLOURS, "C", "stated after a colon"),
    ("answer: c", COLOURS, "C", "lowercase at the end of the statement"),
    ("### Answer\n**B**", COLOURS, "B", "a heading, and the letter on the last line"),
    ("The correct answer is: **C. green**", COLOURS, "C", "bold label in a statement"),
    ("The answer is option (B): blue", COLOURS, "B", "stated with the word option"),
    ("The correct option is B", COLOURS, "B", "option is"),
    ("The answer is blue.", COLOURS, "B", "stated by its text"),
    ("The answer is dark red.", COLOURS, "D", "the longer of two options that contain each other"),
    ('{"answer": "B"}', COLOURS, "B", "JSON"),
    ("The answer is A. Wait, the answer is B.", COLOURS, "B", "of two statements the last counts"),
    ("(A) seems right at first. The answer is (C).", COLOURS, "C", "a statement beats a mention"),
    ("The answer is not A.", COLOURS, None, "denied, and nothing else said"),
    ("The answer isn't A, it is C.", COLOURS, "C", "what follows the denial"),
    ("The answer is A or B.", COLOURS, None, "two options"),
    ("The answer is a cat.", ANIMALS, "A", "an article: the text decides"),
    ("The answer is a dog.", ANIMALS, "B", "an article is no letter"),
    ("The answer is A dog.", ANIMALS, "B", "nor is a capital one"),
    ("I choose D because it looks like a dog barking loudly", ANIMALS, "D", "a choice"),
    ("I would go with B.", COLOURS, "B", "another way to choose"),
    ("Ans: D", COLOURS, "D", "short for answer"),
    ("答案是B", COLOURS, "B", "Chinese"),
    ("正确答案：C。因为是绿色", COLOURS, "C", "Chinese with a reason"),
    ("选D", COLOURS, "D", "Chinese, choose"),
    ("正解はBです", COLOURS, "B", "Japanese"),
    ("정답은 C", COLOURS, "C", "Korean"),
    ("La respuesta correcta es la B.", COLOURS, "B", "Spanish"),
    ("La bonne réponse est C", COLOURS, "C", "French"),
    ("Die richtige Antwort ist A.", COLOURS, "A", "German"),
    # Mentions.
    ("It shows a wall, so option B.", COLOURS, "B", "the word option"),
    ("option b", COLOURS, "B", "the word option with a small letter"),
    ("Looking closely, it must be (C)", COLOURS, "C", "one letter in brackets"),
    ("A cat. (B) is wrong, (C) right", COLOURS, "C", "the one that is not called wrong"),
    ("Either (A) or (C) could be right", COLOURS, None, "two letters"),
    ("It is clearly the second one, so B.", COLOURS, "B", "a conclusion"),
    ("It is a large animal.\nB", ANIMALS, "B", "the last line"),
    ("A\nB\nC", COLOURS, None, "a column of letters"),
    # Articles, persons, names.
    ("A man sits here.", COLOURS, None, "an article"),
    ("A man in red", COLOURS, "A", "an article; the text red decides"),
    ("I think this cannot be told.", [*"pqrstuvwxy"], None, "a person, not option I"),
    ("Vitamin C is healthy", COLOURS, None, "a letter of a name"),
    ("A-frame houses", COLOURS, None, "a letter of a word"),
    # Several.
    ("A or B", COLOURS, None, "two letters"),
    ("A, C", COLOURS, None, "two letters"),
    ("A/B", COLOURS, None, "two letters"),
    ("Both A and C", COLOURS, None, "two letters"),
    ("A B", COLOURS, None, "two letters"),
    ("red or blue", COLOURS, None, "two texts"),
    # The text of an option.
    ("Blue", COLOURS, "B", "case says nothing"),
    ("  dark   red. ", COLOURS, "D", "nor do spaces and a full stop"),
    ("It looks blue to me", COLOURS, "B", "contained once"),
    ("It is dark red", COLOURS, "D", "red is a part of dark red"),
    ("not red but blue", COLOURS, "B", "what is denied does not count"),
    ("It is not blue.", COLOURS, None, "denied, and nothing else said"),
    ("reddish", COLOURS, None, "part of a word"),
    ("None of the above.", ANIMALS, "D", "an option like any other"),
    ("None of the above.", COLOURS, None, "no such option"),
    ("12", NUMBERS, "B", "a number is the option's text"),
    ("2.5", NUMBERS, "C", "not 2"),
    ("It is 12.", NUMBERS, "B", "not 2 either"),
    ("-2", NUMBERS, "D", "with its sign"),
    ("3", NUMBERS, None, "no such number"),
    ("Yes, there is.", YES, "A", "the answer begins with the option"),
    ("There is no dog here", YES, None, "no is a word like any other in there"),
    ("notice", YES, None, "no is not in notice"),
    # Marks of models and of their prompts.
    ("<|begin_of_box|>D<|end_of_box|>", COLOURS, "D", "GLM's final answer"),
    ("Not (A). <|begin_of_box|>B. blue<|end_of_box|>", COLOURS, "B", "nothing else counts"),
    ("<answer><|begin_of_box|>C<|end_of_box|></answer>", COLOURS, "C", "marks in marks"),
    ("ASSISTANT: B", COLOURS, "B", "the name of the speaker"),
    ("USER: which? A. red B. blue ASSISTANT: C", COLOURS, "C", "a prompt that is repeated"),
    ("user\nA. red\nassistant\nB", COLOURS, "B", "a chat template that is decoded"),
    ("##B##", COLOURS, "B", "a heading that is closed"),
    ("I would say A", COLOURS, "A", "a statement"),
    ("I'd say (C).", COLOURS, "C", "a statement"),
    ("I would say A man sits here.", COLOURS, None, "an article"),
    ("A: red is not seen. B: blue is seen. Therefore B.", COLOURS, "B", "the conclusion"),
    ("(A) is dark, and (B) is light. Thus, it is (B)", COLOURS, "B", "the conclusion"),
    ("(A) or (B), so a cat", COLOURS, None, "an article concludes nothing"),
    # Several options named one after the other.
    ("red, blue", COLOURS, None, "a list of options"),
    ("blue; green", COLOURS, None, "a list of options"),
    ("red, not blue", COLOURS, "A", "the other is denied"),
    ("Yes, no doubt.", YES, "A", "a word that goes on is no option"),
    # Nothing, or too much.
    ("E", COLOURS, None, "beyond the options"),
    ("The answer is F.", COLOURS, None, "beyond the options"),
    ("", COLOURS, None, "empty"),
    ("I cannot tell.", COLOURS, None, "no option"),
    ("A: B", COLOURS, None, "a label for the answer, or option A? it cannot be told"),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "options", "letter", "why"), TABLE, ids=[t[0] for t in TABLE])
def test_awkward_answers(answer, options, letter, why):
    found = read_choice(answer, Options.of(options))
    assert found.letter == letter, why
    assert bool(found.reason) == (letter is None)


def test_the_table_is_as_long_as_it_says():
    assert len(TABLE) >= 60
    assert len({(row[0], tuple(row[1])) for row in TABLE}) == len(TABLE)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("A or B", "names several options: A, B"),
        ("E", "names E, and the options are A to D"),
        ("I cannot tell.", "the answer names no option"),
        ("\\boxed{purple}", "the final answer names no option"),
    ],
)
def test_reasons_say_what_was_found(answer, reason):
    assert read_choice(answer, Options.of(COLOURS)).reason == reason


def test_without_options_letters_a_to_j_can_be_meant():
    unknown = Options.of(None)
    assert read_choice("The answer is J", unknown).letter == "J"
    assert read_choice("K", unknown).reason == "names K, and the options are A to J"
    assert read_choice("red", unknown).letter is None


def test_a_letter_without_an_option_is_not_named():
    gap = Options.of(["red", None, "green"])
    assert read_choice("B", gap).reason == "names B, and the options are A, C"
    assert read_choice("C", gap).letter == "C"


def test_a_letter_that_is_another_options_text_is_ambiguous():
    assert read_choice("A", Options.of(["B", "A"])).reason == "names several options: A, B"
    assert read_choice("A", Options.of(["A", "B"])).letter == "A"
    assert read_choice("y.", Options.of(["x", "y"])).letter == "B"


def test_equal_options_cannot_be_told_by_their_text():
    assert read_choice("red", Options.of(["red", "red"])).reason == "names several options: A, B"
    assert read_choice("Red", Options.of(["red", "Red"])).letter == "B"


@pytest.mark.parametrize("phrase", ["The answer is ", "The answer is unclear. ", "option "])
def test_an_answer_caught_in_a_loop_is_read_soon(phrase):
    start = perf_counter()
    assert read_choice(phrase * 4_000, Options.of(COLOURS)).letter is None
    assert perf_counter() - start < 5  # 0.3 s here; time that grows with the square takes 10


def test_of_a_long_answer_only_the_last_sentence_is_searched():
    long = "The wall is red and the door has a handle. " * 6
    assert read_choice(long + "Overall it looks blue.", Options.of(COLOURS)).letter == "B"


@settings(deadline=None, max_examples=150)
@given(st.text(max_size=60), st.lists(st.text(max_size=8), min_size=2, max_size=6))
def test_any_text_gives_an_option_or_a_reason(text, options):
    found = read_choice(text, Options.of(options))
    assert (found.letter is None) == bool(found.reason)
    assert found.letter is None or found.letter in string.ascii_uppercase[: len(options)]


@settings(deadline=None, max_examples=60)
@given(st.sampled_from("ABCD"), st.sampled_from(["{}", "({})", "{}.", "**{}**", "Answer: {}"]))
def test_the_same_letter_is_read_whatever_its_dress(letter, dress):
    assert read_choice(dress.format(letter), Options.of(COLOURS)).letter == letter


def test_texts_are_compared_without_case_spaces_and_punctuation():
    assert key("**Two  Dogs**.") == key("two dogs")
    assert key("-5") != key("5")
    assert cleaned("`B`") == "B"
