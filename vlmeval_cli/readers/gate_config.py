"""The gate's keys of a configuration file: ``rules``, ``baseline``, ``fail_on``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import isfinite
from typing import Any, get_args

from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.core.gate import CAN_FAIL, Check, GateRule
from vlmeval_cli.readers.setting_values import (
    Reader,
    items_of,
    mapping_of,
    one_of,
    section,
    text_of,
)
from vlmeval_cli.readers.yaml_tree import Setting

_HINT = "How rules are written is told in docs/gate.md."
_WHOLE = ("n", "newly_wrong")  # counted, never a share
_LEAST = ("format_valid", "n")  # more is better: they have a min
_CHECKS: tuple[str, ...] = get_args(Check)


def rules_of(setting: Setting) -> tuple[GateRule, ...]:
    """The rules of a gate."""
    if not isinstance(setting.value, list):
        raise setting.wrong('a list of rules, such as "- {metric: anls, min: 0.8}"')
    if not setting.value:
        raise setting.wrong("at least one rule")
    return tuple(_rule(item) for item in setting.value)


def fail_on_of(setting: Setting) -> tuple[str, ...]:
    """The verdicts that fail the build."""
    read = one_of(*CAN_FAIL)
    return tuple(read(item) for item in items_of(setting))


def _rule(setting: Setting) -> GateRule:
    entries = mapping_of(setting)
    if ("metric" in entries) == ("check" in entries):
        raise setting.wrong('either the key "metric" or the key "check"')
    values = section(_METRIC_KEYS if "metric" in entries else _CHECK_KEYS)(setting)
    place = f"{setting.file}:{setting.line}"
    rule = _metric_rule(values, place) if "metric" in values else _check_rule(values, place)
    if rule.least is not None and rule.most is not None and rule.least > rule.most:
        raise _unfit(rule, "min is above max, so that nothing can pass")
    return rule


def _metric_rule(values: Mapping[str, Any], place: str) -> GateRule:
    rule = GateRule(
        metric=values["metric"],
        by=values.get("by", {}),
        least=values.get("min"),
        most=values.get("max"),
        max_drop=values.get("max_drop"),
        max_drop_relative=values.get("max_drop_relative"),
        is_tested=values.get("test") == "paired",
        margin=values.get("margin"),
        place=place,
    )
    if rule.least is None and rule.most is None and not rule.compares:
        raise _unfit(
            rule, "asks for nothing; expected min, max, max_drop, max_drop_relative or test"
        )
    if rule.margin is not None and not rule.is_tested:
        raise _unfit(rule, "a margin needs test: paired")
    return rule


def _check_rule(values: Mapping[str, Any], place: str) -> GateRule:
    check = values["check"]
    bound = "min" if check in _LEAST else "max"
    rule = GateRule(check=check, by=values.get("by", {}), place=place)
    other = {"min": "max", "max": "min"}[bound]
    if bound not in values or other in values:
        raise _unfit(rule, f"expected the key {bound}, and no other bound")
    value, is_share = _amount(values[bound], rule)
    ends = (value, None) if bound == "min" else (None, value)
    return replace(rule, least=ends[0], most=ends[1], is_share=is_share)


def _amount(setting: Setting, rule: GateRule) -> tuple[float, bool]:
    """A bound of a check, and whether it is a share: decimals and percent are, whole are counts."""
    is_share = rule.check not in _WHOLE
    is_count = rule.check != "format_valid"
    value = _percent_or_number(setting)
    if is_count and isinstance(value, int) and value >= 0:
        return float(value), False
    if is_share and value is not None and 0.0 <= value <= 1.0:
        return float(value), True
    kinds = ["a whole number of items"] if is_count else []
    kinds += ["a share between 0 and 1, such as 0.02 or 2%"] if is_share else []
    raise setting.wrong(", or ".join(kinds))


def _number(setting: Setting) -> float:
    value = _plain_number(setting)
    if value is None:
        raise setting.wrong("a number in the metric's own scale")
    return float(value)


def _size(setting: Setting) -> float:
    value = _number(setting)
    if value < 0:
        raise setting.wrong("a number of at least 0")
    return value


def _fraction(setting: Setting) -> float:
    """``0.02`` or ``2%``."""
    value = _percent_or_number(setting)
    if value is None or not 0.0 <= value <= 1.0:
        raise setting.wrong("a fraction between 0 and 1, such as 0.02 or 2%")
    return float(value)


def _percent_or_number(setting: Setting) -> int | float | None:
    if not setting.text.endswith("%"):
        return _plain_number(setting)
    try:
        return float(setting.text.removesuffix("%")) / 100.0
    except ValueError:
        return None


def _plain_number(setting: Setting) -> int | float | None:
    value = setting.value
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return None
    return value


def _groups(setting: Setting) -> dict[str, str | None]:
    """``{answer_type: number}``, or ``answer_type`` for each of its groups."""
    if isinstance(setting.value, Mapping):
        return {name: text_of(entry) for name, entry in setting.value.items()}
    return {text_of(item): None for item in items_of(setting)}


def _as_it_is(setting: Setting) -> Setting:
    return setting


def _unfit(rule: GateRule, what: str) -> UsageError:
    return UsageError(f"{rule.place}: rule on {rule.subject}: {what}", hint=_HINT)


_METRIC_KEYS: Mapping[str, Reader] = {
    "metric": text_of,
    "by": _groups,
    "min": _number,
    "max": _number,
    "max_drop": _size,
    "max_drop_relative": _fraction,
    "test": one_of("paired", "none"),
    "margin": _size,
}
_CHECK_KEYS: Mapping[str, Reader] = {
    "check": one_of(*_CHECKS),
    "by": _groups,
    "min": _as_it_is,
    "max": _as_it_is,
}
