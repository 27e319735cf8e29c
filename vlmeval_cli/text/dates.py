"""Days as documents write them.

Read are 2024-03-05 (also with / or ., also followed by a time), 20240305, 05/03/2024 (also with
-, . or spaces, also with two digits for the year), 5 March 2024, 5-Mar-24, March 5, 2024, with
ordinals (5th) and the day of the week before them.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Literal

Order = Literal["day", "month"]

_LONGEST = 64
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAY = re.compile(r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*[.,]?\s+")
_MONTH = (
    r"(?P<name>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)[.,]?"
)
_YEAR = r"'?(?P<year>\d{4}|\d{2})"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_TIME = r"(?:[t,\s]\s*\d{1,2}:\d{2}.*)?"
_YEAR_FIRST = re.compile(
    rf"(?P<year>\d{{4}})(?:(?P<gap>[-/.])(?P<month>\d{{1,2}})(?P=gap)(?P<day>\d{{1,2}})"
    rf"|(?P<month2>\d{{2}})(?P<day2>\d{{2}})){_TIME}",
    re.ASCII,
)
_NUMBERS = re.compile(
    rf"(?P<one>\d{{1,2}})(?P<gap>[-/.]|\s)(?P<two>\d{{1,2}})(?P=gap){_YEAR}{_TIME}", re.ASCII
)
_NAMED = (
    re.compile(rf"{_DAY}[\s\-/.,]*(?:of\s+)?{_MONTH}[\s\-/.]*{_YEAR}{_TIME}", re.ASCII),
    re.compile(rf"{_MONTH}[\s\-/.]*{_DAY}[\s\-/.,]+{_YEAR}{_TIME}", re.ASCII),
)


def day_of(text: str, order: Order = "day") -> date | None:
    """The day that ``text`` writes; None where it writes none.

    Years of two digits are 1969 to 2068, as in POSIX. A number above 12 is no month, whatever
    ``order`` says.

    Args:
        text: a date.
        order: what comes first in 03/04/2024, the day or the month.

    >>> [str(day_of(text)) for text in ("5 Mar 18", "05/03/2018", "2018-03-05T10:00", "soon")]
    ['2018-03-05', '2018-03-05', '2018-03-05', 'None']
    """
    if len(text) > _LONGEST:
        return None
    written = _WEEKDAY.sub("", " ".join(text.lower().split()), count=1)
    found = _YEAR_FIRST.fullmatch(written)
    if found:
        return _day(found["year"], found["month"] or found["month2"], found["day"] or found["day2"])
    found = _NUMBERS.fullmatch(written)
    if found:
        day, month = found["one"], found["two"]
        if (order == "month" and int(day) <= 12) or int(month) > 12:
            day, month = month, day
        return _day(found["year"], month, day)
    for form in _NAMED:
        found = form.fullmatch(written)
        if found:
            return _day(found["year"], str(_MONTHS.index(found["name"][:3]) + 1), found["day"])
    return None


def _day(year: str, month: str, day: str) -> date | None:
    number = int(year)
    if len(year) == 2:
        number += 1900 if number >= 69 else 2000
    try:
        return date(number, int(month), int(day))
    except ValueError:
        return None
