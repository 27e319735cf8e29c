"""Slips of the fingers within a word: a neighbouring key, a swap, a letter lost or doubled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from vlmeval_cli.text.perturbations.draws import Draws
from vlmeval_cli.text.perturbations.phrases import GRAMMAR, KEYBOARD
from vlmeval_cli.text.perturbations.pieces import clusters

_ATTEMPTS: Final = 6
_NEAR: Final = 1.3  # widths of a key


def _neighbours() -> dict[str, str]:
    places = {
        key: (column + moved, float(row))
        for row, (keys, moved) in enumerate(KEYBOARD)
        for column, key in enumerate(keys)
    }
    return {
        key: "".join(
            other
            for other, (u, v) in places.items()
            if other != key and (x - u) ** 2 + (y - v) ** 2 < _NEAR**2
        )
        for key, (x, y) in places.items()
    }


NEIGHBOURS: Final = _neighbours()


def places_of(word: str) -> list[int]:
    """Which characters of a word may slip: letters, not the first, which readers go by."""
    return [i for i, cluster in enumerate(clusters(word)) if i and cluster[0].isalpha()]


def misspelled(
    word: str, places: Sequence[int], is_word: Callable[[str], bool], *name: object
) -> str:
    """``word`` with a slip at each of the places, which are not side by side.

    Another word is avoided, as far as some attempts go: "cat" shall not become "car".

    Args:
        word: letters of the Latin script.
        places: characters, counted from 0.
        is_word: whether a spelling is a word.
        name: of the stream of draws.
    """
    slipped = word
    for attempt in range(_ATTEMPTS):
        draws = Draws(*name, attempt)
        slipped = _with_slips(word, places, draws)
        spelling = slipped.lower()
        if slipped != word and spelling not in GRAMMAR and not is_word(spelling):
            break
    return slipped


def _with_slips(word: str, places: Sequence[int], draws: Draws) -> str:
    letters = clusters(word)
    for place in sorted(places, reverse=True):
        draws.one_of(_SLIPS)(letters, place, draws)
    return "".join(letters)


def _neighbour(letters: list[str], place: int, draws: Draws) -> None:
    near = _near(letters[place], draws)
    letters[place] = near or letters[place] * 2


def _insert(letters: list[str], place: int, draws: Draws) -> None:
    letters.insert(place + 1, _near(letters[place], draws) or letters[place])


def _double(letters: list[str], place: int, draws: Draws) -> None:
    letters.insert(place, letters[place])


def _drop(letters: list[str], place: int, draws: Draws) -> None:
    del letters[place]


def _swap(letters: list[str], place: int, draws: Draws) -> None:
    """With the letter before it, unless that is the first or an apostrophe."""
    other = place - 1
    if other < 1 or not letters[other][0].isalpha() or letters[other] == letters[place]:
        _neighbour(letters, place, draws)
    else:
        letters[other], letters[place] = letters[place], letters[other]


def _near(letter: str, draws: Draws) -> str:
    """A key beside it; nothing for a letter that the keyboard lacks."""
    keys = NEIGHBOURS.get(letter.lower())
    if keys is None:
        return ""
    key = draws.one_of(keys)
    return key.upper() if letter.isupper() else key


_SLIPS: Final = (_neighbour, _neighbour, _insert, _double, _drop, _swap, _swap)
