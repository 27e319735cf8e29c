"""The kinds of noise. Each takes the pieces of a text and gives them back with some changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from unicodedata import combining

from vlmeval_cli.text.perturbations import phrases
from vlmeval_cli.text.perturbations.draws import Draws
from vlmeval_cli.text.perturbations.pieces import Piece, Role, is_latin
from vlmeval_cli.text.perturbations.spelling import misspelled, places_of

SEVERITIES: Final = (1, 2, 3, 4, 5)
_LETTERS: Final = (0.03, 0.07, 0.12, 0.18, 0.25)  # of the letters that may slip
_EDGES: Final = (0.10, 0.25, 0.40, 0.60, 0.80)  # of the ends of words
_WORDS: Final = (0.20, 0.40, 0.60, 0.80, 1.00)  # of the words that a kind can change
_SENTENCES: Final = (4, 8, 16, 32, 64)
_SHORTEST: Final = 3  # letters of a word that is misspelled


@dataclass(frozen=True, slots=True)
class Words:
    """What is known about words.

    Attributes:
        synonyms: word in lower case → words for the same.
        is_word: whether a spelling in lower case is a word; misspellings avoid those.
        kept: words in lower case that synonyms must not replace, such as those of the answer.
    """

    synonyms: Mapping[str, Sequence[str]] = field(default_factory=lambda: phrases.SYNONYMS)
    is_word: Callable[[str], bool] = lambda word: False
    kept: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Request:
    """Noise of one severity for one text.

    Attributes:
        severity: from 1 to 5.
        name: of the stream of draws, without the severity: a higher one adds to a lower one.
        words: what is known about words.
    """

    severity: int
    name: tuple[object, ...]
    words: Words

    def of(self, levels: Sequence[float]) -> float:
        """The level that belongs to the severity."""
        return levels[self.severity - 1]


Noise = Callable[[Sequence[Piece], Request], "list[str] | None"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of noise.

    Attributes:
        apply: pieces and what is asked → the new text of each piece; None where nothing can change.
        meaning: what it does, in words.
        nothing: why a text stays as it is, where it does.
    """

    apply: Noise
    meaning: str
    nothing: str


def typos(given: Sequence[Piece], request: Request) -> list[str] | None:
    """Slips of the fingers in words of three letters and more."""
    draws = Draws(*request.name)
    places = [
        (i, place)
        for i in _latin_words(given)
        if len(given[i].text) >= _SHORTEST and given[i].text.lower() not in phrases.NEGATIONS
        for place in places_of(given[i].text)
    ]
    if not places:
        return None
    slips: dict[int, list[int]] = {}
    for i, place in draws.some(places, request.of(_LETTERS)):
        chosen = slips.setdefault(i, [])
        if all(abs(place - other) > 1 for other in chosen):
            chosen.append(place)
    out = [piece.text for piece in given]
    for i, chosen in slips.items():
        out[i] = misspelled(given[i].text, chosen, request.words.is_word, *request.name, i)
    return out


def case(given: Sequence[Piece], request: Request) -> list[str] | None:
    """Words in capitals; those that are in capitals already in small letters."""
    changed = {
        i: other
        for i, piece in enumerate(given)
        if piece.role is Role.WORD and (other := _other_case(piece.text)) != piece.text
    }
    return _replaced(given, changed, request)


def punctuation(given: Sequence[Piece], request: Request) -> list[str] | None:
    """Marks dropped, doubled, replaced or put where none belongs, at the ends of words."""
    draws = Draws(*request.name, "marks")
    changed: dict[int, str] = {}
    for i in _latin_words(given):
        after = given[i + 1] if i + 1 < len(given) else None
        if after is not None and after.role is Role.MARK:
            others = [mark for mark in phrases.MARKS if mark != after.text]
            changed[i + 1] = draws.one_of(["", after.text * 2, draws.one_of(others)])
        elif after is None or after.role is Role.SPACE:
            changed[i] = given[i].text + draws.one_of(phrases.MARKS)
    return _replaced(given, changed, request, _EDGES)


def filler(given: Sequence[Piece], request: Request) -> list[str] | None:
    """Phrases that say nothing, as many as the severity: an opening, a close, some between."""
    slots = [i for i in _latin_words(given) if i == 0 or given[i - 1].role is Role.SPACE]
    if not slots:
        return None
    draws = Draws(*request.name)
    out = [piece.text for piece in given]
    between = [i for i in slots[1:] if given[i].text.lower() in phrases.DROPPABLE]
    asked = draws.shuffled([*between, len(given)] if _ends_a_sentence(given) else between)
    interjections = draws.shuffled(phrases.INTERJECTIONS)
    out[slots[0]] = draws.one_of(phrases.OPENINGS) + out[slots[0]]
    closing = draws.one_of(phrases.CLOSINGS)
    for number, i in enumerate(asked[: request.severity - 1]):
        if i == len(given):
            out[_last_piece(given)] += closing
        else:
            out[i] = interjections[number] + out[i]
    return out


def long_context(given: Sequence[Piece], request: Request) -> list[str] | None:
    """A paragraph about something else before the text, after placeholders that stand first."""
    if not _latin_words(given):
        return None
    draws = Draws(*request.name)
    wanted = int(request.of(_SENTENCES))
    sentences: list[str] = []
    while len(sentences) < wanted:
        sentences += draws.shuffled(phrases.CONTEXT)
    out = [piece.text for piece in given]
    first = next(i for i, piece in enumerate(given) if not _leads(piece))
    out[first] = f"{' '.join(sentences[:wanted])}\n\n{out[first]}"
    return out


def dropped_words(given: Sequence[Piece], request: Request) -> list[str] | None:
    """Articles, auxiliaries and the like left out, as in a telegram."""
    words = [i for i, piece in enumerate(given) if piece.role is Role.WORD]
    candidates = [i for i in words if given[i].text.lower() in phrases.DROPPABLE]
    if len(candidates) == len(words):
        candidates = candidates[1:]  # something must be left
    if not candidates:
        return None
    out = [piece.text for piece in given]
    for i in sorted(Draws(*request.name).some(candidates, request.of(_WORDS))):
        out[i] = ""
        _close_gap(given, out, i)
    return out


def synonyms(given: Sequence[Piece], request: Request) -> list[str] | None:
    """Words replaced by others that mean the same, by a table."""
    draws = Draws(*request.name, "synonyms")
    changed: dict[int, str] = {}
    for i in (i for i, piece in enumerate(given) if piece.role is Role.WORD):
        word = given[i].text
        others = request.words.synonyms.get(word.lower(), ())
        if word.lower() not in request.words.kept:
            others = [other for other in others if _fits_article(given, i, other)]
            if others:
                changed[i] = _dressed(draws.one_of(others), word)
    return _replaced(given, changed, request)


def _latin_words(given: Sequence[Piece]) -> list[int]:
    return [i for i, one in enumerate(given) if one.role is Role.WORD and is_latin(one.text)]


def _replaced(
    given: Sequence[Piece],
    changed: Mapping[int, str],
    request: Request,
    levels: Sequence[float] = _WORDS,
) -> list[str] | None:
    """The pieces with some of the possible changes made."""
    if not changed:
        return None
    out = [piece.text for piece in given]
    for i in Draws(*request.name).some([*changed], request.of(levels)):
        out[i] = changed[i]
    return out


def _other_case(word: str) -> str:
    """In capitals or, where it is already, in small letters; letters without a pair stay."""
    upper = "".join(map(_upper, word))
    return upper if upper != word else "".join(map(_lower, word))


def _upper(letter: str) -> str:
    upper = letter.upper()
    return upper if upper.lower() == letter else letter


def _lower(letter: str) -> str:
    lower = letter.lower()
    return lower if lower.upper() == letter else letter


def _ends_a_sentence(given: Sequence[Piece]) -> bool:
    last = given[_last_piece(given)]
    return last.role is Role.MARK and last.text[-1] in ".!?…"


def _last_piece(given: Sequence[Piece]) -> int:
    """The last piece that is no space."""
    return max(i for i, piece in enumerate(given) if piece.role is not Role.SPACE)


def _leads(piece: Piece) -> bool:
    """Whether a piece is a placeholder, the space after it, or a mark that belongs to none."""
    return piece.role is Role.SPACE or (
        piece.role is Role.FIXED and (piece.text[0] in "<[{" or combining(piece.text[0]) > 0)
    )


def _close_gap(given: Sequence[Piece], out: list[str], i: int) -> None:
    """Take one space away beside a word that was dropped; ends of lines stay."""
    before = next((j for j in reversed(range(i)) if out[j]), None)
    for j in (i + 1, before):
        if j is not None and j < len(given) and given[j].role is Role.SPACE:
            if "\n" not in out[j]:
                out[j] = ""
            return


def _fits_article(given: Sequence[Piece], i: int, other: str) -> bool:
    """Whether the article before a word, if there is one, is right for another."""
    if i < 2 or given[i - 2].text.lower() != "an":
        is_after_a = i >= 2 and given[i - 2].text.lower() == "a"
        return not is_after_a or other[:1].lower() not in "aeiou"
    return other[:1].lower() in "aeiou"


def _dressed(word: str, like: str) -> str:
    """``word`` with the capitals of ``like``."""
    if like.isupper():
        return word.upper()
    return word[:1].upper() + word[1:] if like[:1].isupper() else word


KINDS: Final[Mapping[str, Kind]] = {
    "typos": Kind(typos, "slips on the keyboard", "no word that may be misspelled"),
    "case": Kind(case, "words in capitals", "no word of letters that have capitals"),
    "punctuation": Kind(punctuation, "marks lost, doubled or added", "no word in Latin script"),
    "filler": Kind(filler, "phrases that say nothing", "no word in Latin script"),
    "long_context": Kind(
        long_context, "a paragraph about something else before it", "no word in Latin script"
    ),
    "dropped_words": Kind(
        dropped_words, "articles and auxiliaries left out", "no word that may be left out"
    ),
    "synonyms": Kind(synonyms, "other words for the same", "no word of the table"),
}
