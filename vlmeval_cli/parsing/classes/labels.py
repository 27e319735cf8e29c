"""The one class that an answer names; an answer that names none, or several, is not read.

Nothing is guessed: of two classes neither is taken, and a negated class ("not a cat") is none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from vlmeval_cli.core.config import Labels
from vlmeval_cli.text.labels import label_words

Words = tuple[str, ...]
Index = Mapping[object, int]

AMBIGUOUS = -1  # several labels are alike in this form

_ARTICLES = frozenset({"a", "an", "the"})
_ARTICLE = max(map(len, _ARTICLES))
_NEGATIONS = frozenset({"not", "no", "never", "neither", "nor", "without", "cannot", "non", "than"})
_REACH = 3  # words before a label in which a negation means it
# One word that says there is no answer is no class of its own.
_NO_ANSWER = frozenset(
    {
        "unknown", "none", "neither", "nothing", "unclear", "unsure", "uncertain", "undetermined",
        "maybe", "sorry", "na", "nan", "null", "idk", "invalid", "error", "both", "either",
        "indeterminate", "ambiguous",
    }
)  # fmt: skip
_FINAL = re.compile(r"(?:final\s+answer\s*\W{0,4}(?:is\b|[:=])|\\boxed\s*\{)", re.IGNORECASE)
_PHRASE = re.compile(
    r"\b(?:answer|label|class|category|classification|sentiment|prediction|rating)"
    r"\s*[\"'*`]{0,3}\s*(?:is\b|[:=])",
    re.IGNORECASE,
)
# Of a sentence, a line, a value in braces, or a value of a JSON object.
_SENTENCE_END = re.compile(r"""[.!?](?=\s|$)|[\n}]|,(?=\s*["'][^"']*["']\s*:)""")
_YES_NO = re.compile(r"\W*(yes|no)\s*,", re.IGNORECASE)
_HUGGING_FACE = re.compile(r"LABEL_(\d+)")


class Reading(NamedTuple):
    """A label, or why there is none."""

    label: str | None
    reason: str = ""


class _Mention(NamedTuple):
    """Words ``start`` to ``stop`` of a text that are the label ``code``."""

    code: int
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class LabelSet:
    """The classes of a data set, in the forms in which answers spell them.

    Attributes:
        labels: the classes.
        by_text: label as it is written → its place.
        by_words: its words → its place; :data:`AMBIGUOUS` where several labels share them.
        by_letters: its words without spaces → as above.
        by_number: the number that it is → as above.
        starts: first word of a label → the words of those labels, the longest first. Labels of one
            letter are left out: "a" and "I" stand in every text.
        has_letters: there are labels of one letter.
        longest: letters of the longest label with an article before it.
    """

    labels: Sequence[str]
    by_text: Index
    by_words: Index
    by_letters: Index
    by_number: Index
    starts: Mapping[str, Sequence[Words]]
    has_letters: bool
    longest: int

    @classmethod
    def of(cls, labels: Sequence[str]) -> LabelSet:
        """The forms of ``labels``."""
        words = [label_words(label) for label in labels]
        letters = {own for own in words if len("".join(own)) == 1 and own[0] != own[0].upper()}
        starts: dict[str, list[Words]] = {}
        for own in sorted(set(words) - letters, key=len, reverse=True):
            if own:
                starts.setdefault(own[0], []).append(own)
        return cls(
            labels=labels,
            by_text={label: code for code, label in enumerate(labels)},
            by_words=_index(words),
            by_letters=_index("".join(own) for own in words),
            by_number=_index(map(_number, labels)),
            starts=starts,
            has_letters=bool(letters),
            longest=max(map(len, map("".join, words)), default=0) + _ARTICLE,
        )

    def read(self, text: str) -> Reading:
        """The class that ``text`` is, or the only one that it names."""
        code = self._named(text)
        if isinstance(code, str) and (code != _NONE or self.has_letters):
            code = self._said(text, code)
        return self._reading(code)

    def whole(self, text: str) -> Reading:
        """The class that ``text`` is."""
        code = self._same(text, label_words(text))
        return self._reading(_NONE if code is None else code)

    def _reading(self, code: int | str) -> Reading:
        if isinstance(code, str):
            return Reading(None, code)
        return Reading(self.labels[code]) if code >= 0 else Reading(None, _ALIKE)

    def _same(self, text: str, words: Words) -> int | None:
        """The label that ``text`` is, :data:`AMBIGUOUS` if it may be several, None if none."""
        exact = self.by_text.get(text, self.by_text.get(text.strip()))
        if exact is not None or not words:
            return exact
        letters = "".join(words)
        if len(words) > 1 and len(letters) > self.longest:
            return None
        bare = words[1:] if words[0] in _ARTICLES else words
        forms: tuple[tuple[Index, object], ...] = (
            (self.by_words, words),
            (self.by_words, bare),
            (self.by_letters, letters),
            (self.by_number, _number(text)),
        )
        return next((index[form] for index, form in forms if form and form in index), None)

    def _said(self, text: str, otherwise: str) -> int | str:
        """The label that a longer text gives as its answer, else why none could be read."""
        final = [text[match.end() :] for match in _FINAL.finditer(text)]
        rests = final or [text[match.end() :] for match in _PHRASE.finditer(text)]
        answers = [found for rest in rests if (found := self._named(_sentence(rest))) != _NONE]
        if answers:
            return answers[0] if len(set(answers)) == 1 else _CONTRADICTION
        bare = self._alone(text)
        return otherwise if bare is None else bare

    def _alone(self, text: str) -> int | None:
        """The only label that stands alone as the first or the last sentence or line."""
        parts = [part for part in _SENTENCE_END.split(text) if part and not part.isspace()]
        found = [self._same(part, label_words(part)) for part in parts]
        labels = {code for code in found if code is not None}
        if len(labels) == 1 and (found[0] is not None or found[-1] is not None):
            return labels.pop()
        match = _YES_NO.match(text)
        if labels or match is None or ("yes",) not in self.by_words or ("no",) not in self.by_words:
            return None
        said = match[1].lower()
        is_taken_back = said == "no" and "yes" in label_words(text[match.end() :])
        return None if is_taken_back else self.by_words[(said,)]

    def _named(self, text: str) -> int | str:
        """The only label among the words of ``text``, or why there is none."""
        words = label_words(text)
        whole = self._same(text, words)
        if whole is not None:
            return whole
        mentions = self._mentions(words)
        codes = {mention.code for mention in mentions}
        if len(codes) != 1:
            return _several(self.labels[code] for code in codes) if codes else _NONE
        code = codes.pop()
        if _is_one_of_several_numbers(words, mentions):
            return _NUMBERS
        if code >= 0 and _is_negated(words, mentions):
            return f'"{self.labels[code]}" is negated in it'
        return code

    def _mentions(self, words: Words) -> list[_Mention]:
        """Labels from left to right; the longest where several begin, and none inside another."""
        found, at = [], 0
        while at < len(words):
            own = next(
                (one for one in self.starts.get(words[at], ()) if words[at : at + len(one)] == one),
                None,
            )
            if own is not None:
                found.append(_Mention(self.by_words[own], at, at + len(own)))
            at += 1 if own is None else len(own)
        return found


_ALIKE = "it may be several classes whose names differ in case or punctuation alone"
_NONE = "it names none of the classes"
_NUMBERS = "it holds several numbers"
_CONTRADICTION = "it gives several answers that differ"


def reader(labels: LabelSet, how: Labels, *, are_labels: bool) -> Callable[[str], Reading]:
    """How texts become labels.

    A text that names no class of the references is a class of its own where it can be nothing else:
    one word, such as "zebra" or "n02391049", or whatever a classifier wrote.

    Args:
        labels: the classes of the references.
        how: "find" the class that a text names, or take the "exact" text as the class.
        are_labels: the texts are a classifier's labels and no sentences; none is looked for inside
            another one ("tiger" in "tiger shark").
    """
    if how == "exact":
        return lambda text: Reading(text) if text else Reading(None, "it is empty")
    is_numbered = bool(labels.labels) and all(label.isdecimal() for label in labels.labels)

    def read(text: str) -> Reading:
        reading = labels.whole(text) if are_labels else labels.read(text)
        if reading.reason != _NONE:
            return reading
        plain = text.strip()
        numbered = _HUGGING_FACE.fullmatch(plain) if is_numbered else None
        if numbered and numbered[1] in labels.by_text:
            return Reading(numbered[1])
        words = label_words(text)
        is_word = len(plain.split()) == 1 and "".join(words) not in _NO_ANSWER
        return Reading(plain) if words and (is_word or are_labels) else reading

    return read


def _index(forms: Iterable[object]) -> dict[object, int]:
    """Form → the place of the label that has it, :data:`AMBIGUOUS` where several have."""
    places: dict[object, int] = {}
    for code, form in enumerate(forms):
        if form is not None:
            places[form] = AMBIGUOUS if form in places else code
    return places


def _number(text: str) -> str | None:
    """One spelling for each number; text, so that no number equals False or an empty form.

    >>> _number("1.0"), _number(" 01"), _number("1e0"), _number("one")
    ('1.0', '1.0', None, None)
    """
    plain = text.strip().rstrip(".")
    is_number = re.fullmatch(r"[-+]?\d{1,15}(?:\.\d{1,15})?", plain, re.ASCII)
    return repr(float(plain)) if is_number else None


def _sentence(text: str) -> str:
    """``text`` up to its first end of a sentence or line."""
    return _SENTENCE_END.split(text.lstrip(), maxsplit=1)[0]


def _is_negated(words: Words, mentions: Sequence[_Mention]) -> bool:
    """Whether a negation that is no label itself stands shortly before one of them."""
    labels = {at for mention in mentions for at in range(mention.start, mention.stop)}
    return any(
        words[at] in _NEGATIONS or words[at].endswith("n't")
        for mention in mentions
        for at in range(max(0, mention.start - _REACH), mention.start)
        if at not in labels
    )


def _is_one_of_several_numbers(words: Words, mentions: Sequence[_Mention]) -> bool:
    """Whether a label that is a number stands among other numbers, as in "1 of 5"."""
    first = mentions[0]
    own = words[first.start : first.stop]
    if len(own) != 1 or _number(own[0]) is None:
        return False
    return len({word for word in words if _number(word) is not None}) > 1


def _several(labels: Iterable[str]) -> str:
    shown = [f'"{label[:40]}"' for label in sorted(labels)]
    more = f" and {len(shown) - 3} more" if len(shown) > 3 else ""
    return f"it names several classes: {', '.join(shown[:3])}{more}"
