"""How fields of documents are compared: the rules users write, checked, and what they mean.

A rule gives every value a *key*; equal keys are right. Only comparisons with a tolerance look at
the two values themselves. So most comparing is looking up keys, each made once.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, Literal, get_args, get_type_hints

from rapidfuzz.distance import Levenshtein

from vlmeval_cli.core.errors import UsageError, did_you_mean, quoted
from vlmeval_cli.core.metric import Scalar
from vlmeval_cli.text.dates import Order, day_of
from vlmeval_cli.text.document_paths import flatten
from vlmeval_cli.text.normalize import single_spaced_lowercase

Comparator = Literal["value", "exact", "text", "number", "date", "anls", "set", "ignore"]

_DECIMALS = 9
_LONGEST_AMOUNT = 64
_NUMERAL = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?", re.ASCII)
# 1,234.50 with a sign, a currency or a unit of up to four letters before or after it.
_AMOUNT = re.compile(
    r"(?P<minus>[-\u2212(]?)\s*(?:[^\W\d_]{1,4}[.]?)?\s*[^\w\s.,+()-]?\s*(?P<sign>[-+\u2212]?)"
    r"(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d*\.?\d+)\.?\s*[^\w\s.,+()-]?\s*[^\W\d_]{0,4}\s*\)?",
)
_ENTRY_NUMBER = re.compile(r"\[(?:\d+|\*)\]|\.\*|^\*")
_TAKES: Mapping[str, tuple[Comparator, ...]] = {
    "tolerance": ("number",),
    "relative_tolerance": ("number",),
    "threshold": ("anls", "set"),
    "order": ("date",),
}


@dataclass(frozen=True, slots=True, eq=False)  # told apart by identity, which is quick
class FieldRule:
    """How one field is compared.

    Attributes:
        compare: ``value``: texts without regard to case and white space, numbers by value to nine
            decimals, where a text that is a plain decimal numeral counts as the number and "true"
            and "false" as booleans; ``exact``: same type, same value; ``text``: what is written,
            without regard to case and white space; ``number``: numbers in texts too ("RM 1,234.50",
            "5 %"); ``date``: days, in the forms of :mod:`vlmeval_cli.text.dates`; ``anls``:
            1 - edits / length of the longer text is at least ``threshold``; ``set``: a list is one
            field, its order and repeats mean nothing; ``ignore``: not looked at. What is no number
            or date is compared as by ``value``. A rule holds for all that stands below its path,
            but for what has a rule of its own.
        tolerance: largest difference of numbers that counts as equal.
        relative_tolerance: the same as a share of the reference.
        weight: how much the field counts.
        threshold: least similarity (``anls``, 0.5) or share of common values among all (``set``, 1)
            that is right; negative: that default.
        order: whether 03/04/2024 is a day in April (``day``) or in March (``month``).
    """

    compare: Comparator = "value"
    tolerance: float = 0.0
    relative_tolerance: float = 0.0
    weight: float = 1.0
    threshold: float = -1.0
    order: Order = "day"

    @property
    def is_near(self) -> bool:
        """Whether values with different keys can be equal."""
        return (
            self.compare == "anls"
            or (self.compare == "set" and 0.0 <= self.threshold < 1.0)
            or (self.compare == "number" and (self.tolerance > 0 or self.relative_tolerance > 0))
        )


PLAIN = FieldRule()
Rules = Mapping[str, FieldRule]


def settings_of(field_rules: Mapping[str, Mapping[str, Scalar]]) -> tuple[str, ...]:
    """Rules as the option ``rules`` of ``field_f1`` takes them, checked.

    Args:
        field_rules: path → ``compare``, ``tolerance``, ``relative_tolerance``, ``weight``,
            ``threshold``, ``order``, as in the section ``parse`` of a configuration.

    Raises:
        UsageError: an unknown comparison or key, or a value of the wrong kind.

    >>> settings_of({"total": {"compare": "number", "tolerance": 0.01}})
    ('{"path":"total","compare":"number","tolerance":0.01}',)
    """
    return tuple(_written(path, _checked(path, rule)) for path, rule in sorted(field_rules.items()))


@lru_cache(maxsize=256)
def read_rules(settings: tuple[str, ...]) -> Rules:
    """Path → rule, from what :func:`settings_of` wrote.

    Raises:
        UsageError: a setting that is no rule.
    """
    rules = {}
    for text in settings:
        try:
            entry = json.loads(text)
            path = entry.pop("path")
        except (ValueError, KeyError, AttributeError, TypeError):
            raise UsageError(
                f"rule of a field: got {quoted(text)}, expected an object such as "
                '{"path": "total", "compare": "number"}',
                hint="Rules are best written in a configuration file, under parse: field_rules.",
            ) from None
        rules[path] = _checked(path, entry)
    return rules


def _written(path: str, rule: FieldRule) -> str:
    changed = {
        f.name: getattr(rule, f.name) for f in fields(rule) if getattr(rule, f.name) != f.default
    }
    return json.dumps({"path": path, **changed}, ensure_ascii=False, separators=(",", ":"))


def _checked(path: str, entries: Mapping[str, Any]) -> FieldRule:
    where = f"field_rules: {quoted(path)}"
    if not isinstance(path, str) or _ENTRY_NUMBER.search(path):
        raise UsageError(
            f"{where}: entries of a list have one path, got a number or *, expected []",
            hint="The prices of all items are items[].price; all fields are $.",
        )
    known = [f.name for f in fields(FieldRule)]
    for key in entries:
        if key not in known:
            raise UsageError(
                f"{where}: unknown key {quoted(key)}, expected {', '.join(known)}. "
                f"{did_you_mean(key, known)}".strip()
            )
    compare = entries.get("compare", "value")
    for key, value in entries.items():
        _check_value(f"{where}: {key}", key, value)
        if key in _TAKES and compare not in _TAKES[key]:
            raise UsageError(
                f"{where}: {key} is for compare: {' or '.join(_TAKES[key])}, got {quoted(compare)}"
            )
    numbers = {key: float(value) for key, value in entries.items() if type(value) in (int, float)}
    return FieldRule(**{**entries, **numbers})


def _check_value(where: str, key: str, value: object) -> None:
    choices = get_args(get_type_hints(FieldRule)[key])
    if choices:
        if value not in choices:
            raise UsageError(f"{where}: got {quoted(value)}, expected one of {', '.join(choices)}")
        return
    most = 1.0 if key == "threshold" else math.inf
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0.0 <= float(value) <= most or math.isinf(value):  # type: ignore[arg-type]  # is_number
        bounds = "from 0 to 1" if key == "threshold" else "of at least 0"
        raise UsageError(f"{where}: got {quoted(value)}, expected a number {bounds}")


def key_of(rule: FieldRule, value: Any) -> Hashable:  # noqa: ANN401  (any JSON value)
    """What two values share when ``rule`` calls them equal."""
    match rule.compare:
        case "exact":
            return (type(value) is bool, value) if isinstance(value, bool | float | int) else value
        case "text" | "anls":
            return single_spaced_lowercase(str(value)) if _is_written(value) else plain_key(value)
        case "number":
            number = amount_of(value)
            return plain_key(value) if number is None else round(number, _DECIMALS)
        case "date":
            day = day_of(value, rule.order) if isinstance(value, str) else None
            return plain_key(value) if day is None else day
        case "set":
            return frozenset(map(_entry_key, value if isinstance(value, list) else [value]))
        case _:
            return plain_key(value)


def plain_key(value: Any) -> Hashable:  # noqa: ANN401  (any JSON value)
    """The key of a value that no rule speaks of.

    >>> plain_key("12.50") == plain_key(12.5), plain_key("Ltd.  CO") == plain_key("ltd. co")
    (True, True)
    >>> plain_key("007") == plain_key(7), plain_key(True) == plain_key(1)
    (False, False)
    """
    if isinstance(value, str):
        text = single_spaced_lowercase(value)
        if _NUMERAL.fullmatch(text):
            return _number_key(text)
        return (text == "true",) if text in ("true", "false") else text
    if isinstance(value, bool):
        return (value,)
    if isinstance(value, float):
        return round(value, _DECIMALS) if math.isfinite(value) else str(value)
    return value if value is None or isinstance(value, int) else _entry_key(value)


def _number_key(numeral: str) -> int | float:
    """Whole numbers stay whole, so that long ones keep all their digits."""
    if "." in numeral:
        return round(float(numeral), _DECIMALS)
    return int(numeral) if len(numeral) <= 4_000 else float(numeral)


def _entry_key(value: Any) -> Hashable:  # noqa: ANN401  (any JSON value)
    """The key of one value of a set, which may be a document of its own."""
    if isinstance(value, dict | list):
        return frozenset((path, plain_key(own)) for path, own in flatten(value))
    return plain_key(value)


def is_near(rule: FieldRule, prediction: Any, reference: Any) -> bool:  # noqa: ANN401
    """Whether two values with different keys are close enough for ``rule``."""
    match rule.compare:
        case "anls":
            return _are_similar(prediction, reference, _or(rule.threshold, 0.5))
        case "number":
            return _are_close(amount_of(prediction), amount_of(reference), rule)
        case "set":
            ours, theirs = (
                frozenset(map(_entry_key, value if isinstance(value, list) else [value]))
                for value in (prediction, reference)
            )
            return len(ours & theirs) >= _or(rule.threshold, 1.0) * len(ours | theirs)
        case _:
            return False


def amount_of(value: Any) -> float | None:  # noqa: ANN401  (any JSON value)
    """The number that a value is, or that a text holds; None where there is none.

    >>> [amount_of(text) for text in ("RM 1,234.50", "$9.90", "-5 %", "12 kg", "about 5 or 6")]
    [1234.5, 9.9, -5.0, 12.0, None]
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return _finite(value)
    if not isinstance(value, str) or len(value) > _LONGEST_AMOUNT:
        return None
    found = _AMOUNT.fullmatch(value.strip())
    if found is None:
        return None
    number = _finite(found["digits"].replace(",", ""))
    is_negative = found["minus"] or found["sign"] in ("-", "\u2212")
    return -number if is_negative and number is not None else number


def _finite(value: str | float) -> float | None:
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _are_close(prediction: float | None, reference: float | None, rule: FieldRule) -> bool:
    if prediction is None or reference is None:
        return False
    allowed = max(rule.tolerance, rule.relative_tolerance * abs(reference))
    # 10.01 - 10.00 is a little more than 0.01 in binary; no rounding may decide here.
    return abs(prediction - reference) <= allowed * (1 + 1e-9) + 1e-12


def _are_similar(prediction: Any, reference: Any, threshold: float) -> bool:  # noqa: ANN401
    if not (_is_written(prediction) and _is_written(reference)):
        return False
    ours, theirs = single_spaced_lowercase(str(prediction)), single_spaced_lowercase(str(reference))
    longer = max(len(ours), len(theirs), 1)
    return 1 - Levenshtein.distance(ours, theirs) / longer >= threshold


def _is_written(value: Any) -> bool:  # noqa: ANN401  (any JSON value)
    return isinstance(value, str | int | float)


def _or(threshold: float, usual: float) -> float:
    return usual if threshold < 0 else threshold


def paths_without_fields(rules: Rules, paths: Sequence[str]) -> list[str]:
    """Paths of rules that no field stands at or below."""
    return [
        rule
        for rule in rules
        if rule != "$"
        and not any(path == rule or path.startswith((f"{rule}.", f"{rule}[")) for path in paths)
    ]
