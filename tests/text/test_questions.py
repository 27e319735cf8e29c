import pytest

from vlmeval_cli.text.questions import question_type, script


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Is the cat on the mat?", "yes/no"),
        ("Aren't they red?", "yes/no"),
        ("How many dogs are there?", "how many"),
        ("How old is he?", "how"),
        ("What colour is the hat?", "what color"),
        ("What is the color of the bus?", "what color"),
        ("what type of animal is this", "what kind"),
        ("What's the time?", "what time"),
        ("What does the sign say?", "what"),
        ("In which year was it built?", "which"),
        ("Who is this?", "who"),
        ("Describe the picture.", "other"),
        ("", "other"),
        ("<image>\nWhere is the dog?\nAnswer with one word.", "where"),
        ("Look at the image.\nHow much is it?", "how much"),
    ],
)
def test_the_first_words_say_what_is_asked(text, found):
    assert question_type(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("two dogs", "Latin"),
        ("два собаки", "Cyrillic"),
        ("两只狗", "Han"),
        ("犬が二匹います", "Japanese"),
        ("개 두 마리", "Hangul"),
        ("كلبان", "Arabic"),
        ("दो कुत्ते", "Devanagari"),
        ("42 %", "no letters"),
        ("", "no letters"),
        ("42€", "no letters"),
    ],
)
def test_a_text_has_the_script_of_most_of_its_letters(text, found):
    assert script(text) == found
