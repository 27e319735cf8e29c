from datetime import date

import pytest

from vlmeval_cli.text.dates import day_of

FIFTH_OF_MARCH = date(2018, 3, 5)


@pytest.mark.parametrize(
    "text",
    [
        "2018-03-05", "2018/3/5", "2018.03.05", "20180305", "2018-03-05T10:00:00Z",
        "2018-03-05 10:00", "05/03/2018", "5/3/18", "05-03-18", "05.03.2018", "5 3 2018",
        "05/03/2018 11:45:12 PM", "5 March 2018", "5 Mar 18", "5-MAR-2018", "05MAR2018",
        "March 5, 2018", "Mar. 5th, 2018", "5th of March 2018", "Monday, 5 March 2018",
        "Mon 05/03/18", "5 Mar '18",
    ],
)  # fmt: skip
def test_forms_of_a_day(text):
    assert day_of(text) == FIFTH_OF_MARCH


def test_the_order_of_day_and_month_is_a_choice():
    assert day_of("03/05/2018", "month") == FIFTH_OF_MARCH
    assert day_of("03/05/2018", "day") == date(2018, 5, 3)


@pytest.mark.parametrize("order", ["day", "month"])
def test_a_number_above_twelve_is_no_month(order):
    assert day_of("25/03/2018", order) == day_of("03/25/2018", order) == date(2018, 3, 25)


def test_years_of_two_digits_are_1969_to_2068():
    assert day_of("01/01/69") == date(1969, 1, 1)
    assert day_of("01/01/68") == date(2068, 1, 1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "31/02/2018",
        "2018",
        "5 March",
        "13/13/2018",
        "2018-03/05",
        "٠٥/٠٣/٢٠١٨",
        "1" * 99,
    ],
)
def test_what_is_no_day(text):
    assert day_of(text) is None
