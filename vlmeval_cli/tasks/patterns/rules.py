"""What a pattern is: conditions on scores, and the words for them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from string import Formatter
from types import MappingProxyType
from typing import Any, Final, Literal

from vlmeval_cli.core.results import Diagnosis, Score

Values = Mapping[str, float]  # known values by the name of their output
Sign = Literal["<", "≤", ">", "≥"]
_SIGNS: Final[Mapping[Sign, Callable[[float, float], bool]]] = MappingProxyType(
    {"<": operator.lt, "≤": operator.le, ">": operator.gt, "≥": operator.ge}
)
_ROUNDING: Final = 1e-12  # 0.5 + 0.15 is not above 0.65


class Bound(float):
    """A threshold, and why it stands where it stands."""

    __slots__ = ("why",)

    def __new__(cls, value: float, why: str) -> Bound:
        """``value`` with its reason."""
        made = super().__new__(cls, value)
        made.why = why
        return made

    why: str


NONE: Final = Bound(0.0, "anything at all")


@dataclass(frozen=True, slots=True)
class Condition:
    """``output`` compared with a number, or with another output.

    Attributes:
        output: name of the output on the left.
        sign: how it must stand to the right side.
        bound: the right side; added to ``other`` if there is one, unless it is a factor.
        other: name of the output on the right.
        is_factor: the right side is ``bound`` × ``other``.
    """

    output: str
    sign: Sign
    bound: Bound
    other: str | None = None
    is_factor: bool = False

    @property
    def needs(self) -> tuple[str, ...]:
        """Outputs that must be known."""
        return (self.output,) if self.other is None else (self.output, self.other)

    def holds(self, values: Values) -> bool:
        """Whether it is known and true."""
        if not all(name in values for name in self.needs):
            return False
        limit = float(self.bound)
        if self.other is not None:
            other = values[self.other]
            limit = other * self.bound if self.is_factor else other + self.bound
        if abs(values[self.output] - limit) < _ROUNDING:
            return self.sign in ("≤", "≥")
        return _SIGNS[self.sign](values[self.output], limit)

    def words(self) -> str:
        """As documentation writes it."""
        return f"`{self.output}` {self.sign} {self._right()}"

    def _right(self) -> str:
        if self.other is None:
            return f"{self.bound:g}"
        if self.is_factor:
            return f"{self.bound:g} × `{self.other}`"
        if not self.bound:
            return f"`{self.other}`"
        return f"`{self.other}` {'+' if self.bound > 0 else '-'} {abs(self.bound):g}"


def above(output: str, bound: Bound) -> Condition:
    """``output`` is above a number."""
    return Condition(output, ">", bound)


def at_least(output: str, bound: Bound) -> Condition:
    """``output`` is a number or more."""
    return Condition(output, "≥", bound)


def below(output: str, bound: Bound) -> Condition:
    """``output`` is below a number."""
    return Condition(output, "<", bound)


def ahead(output: str, other: str, by: Bound) -> Condition:
    """``output`` is more than ``by`` above ``other``."""
    return Condition(output, ">", by, other)


def not_ahead(output: str, other: str, by: Bound) -> Condition:
    """``output`` is at most ``by`` above ``other``."""
    return Condition(output, "≤", by, other)


def short_of(output: str, other: str, factor: Bound) -> Condition:
    """``output`` is less than ``factor`` × ``other``."""
    return Condition(output, "<", factor, other, is_factor=True)


def times(output: str, other: str, factor: Bound) -> Condition:
    """``output`` is more than ``factor`` × ``other``."""
    return Condition(output, ">", factor, other, is_factor=True)


class _Words(Formatter):
    """Fills the values in; names of outputs may hold brackets, which are no look-ups here."""

    def get_field(self, field_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:  # noqa: ANN401  (of Formatter)
        return kwargs[field_name], field_name


_WORDS: Final = _Words()


@dataclass(frozen=True, slots=True)
class Pattern:
    """Scores that say something together.

    Attributes:
        seen: what is seen, with the values as ``{output:.2f}``.
        when: conditions that all must hold; an output that was not scored holds none.
        meaning: what it means.
        advice: what to do.
        unless: conditions of which none may hold; one with an unknown output does not.
        least_items: items from which on it is said.
    """

    seen: str
    when: tuple[Condition, ...]
    meaning: str
    advice: str
    unless: tuple[Condition, ...] = ()
    least_items: int = 1

    @property
    def needs(self) -> frozenset[str]:
        """Outputs that must be known: those of the conditions, and those that are told."""
        told = (name for _, name, _, _ in _WORDS.parse(self.seen) if name)
        return frozenset([*told, *(name for one in self.when for name in one.needs)])

    def fits(self, values: Values) -> bool:
        """Whether it is what ``values`` show."""
        return (
            self.needs <= values.keys()
            and all(one.holds(values) for one in self.when)
            and not any(one.holds(values) for one in self.unless)
        )

    def told(self, values: Values) -> Diagnosis:
        """The finding, with its values."""
        return Diagnosis(_WORDS.vformat(self.seen, (), values), self.meaning, self.advice)


@dataclass(frozen=True, slots=True)
class Patterns:
    """The patterns of a task, which find what scores say together."""

    patterns: tuple[Pattern, ...]

    def __call__(self, scores: Mapping[str, Score]) -> Sequence[Diagnosis]:
        """What ``scores`` say."""
        values = values_of(scores)
        return [
            one.told(values)
            for one in self.patterns
            if one.fits(values) and _items(one.needs, scores) >= one.least_items
        ]

    def __iter__(self) -> Iterator[Pattern]:
        """In the order in which they are told."""
        return iter(self.patterns)

    def among(self, values: Values) -> Sequence[Diagnosis]:
        """What values that are no scores say, such as changes between two runs."""
        return [one.told(values) for one in self.patterns if one.fits(values)]


def values_of(scores: Mapping[str, Score]) -> dict[str, float]:
    """Known values; one that was scored in variants alone stands for its best variant."""
    known = {name: one.value for name, one in scores.items() if one.value is not None}
    found: dict[str, float] = {}
    for name, number in known.items():
        base = name.partition("[")[0]
        better = max if scores[name].output.higher_is_better else min
        found[base] = better(found.get(base, number), number)
    return {**found, **known}


def _items(names: frozenset[str], scores: Mapping[str, Score]) -> int:
    """Items of the score among ``names`` that has fewest."""
    return min((scores[name].n for name in names if name in scores), default=1)
