"""The choices of a run as plain values, for reports, and back again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from vlmeval_cli.core.config import MetricSpec, RunConfig

_DEFAULTS = RunConfig()


def recorded(config: RunConfig) -> dict[str, Any]:
    """What differs from the defaults, as JSON has it.

    >>> recorded(RunConfig(task="vqa", limit=10))
    {'task': 'vqa', 'limit': 10}
    """
    return _changed(config, _DEFAULTS)


def restored(values: Mapping[str, Any]) -> RunConfig:
    """The choices that :func:`recorded` wrote.

    >>> restored({"task": "vqa", "limit": 10}).limit
    10

    Raises:
        TypeError: a choice is not known, as in a report of a later version.
    """
    return replace(_DEFAULTS, **{name: _value(name, value) for name, value in values.items()})


def _changed(part: Any, default: Any) -> dict[str, Any]:  # noqa: ANN401  (any part of a configuration)
    found = {}
    for one in fields(part):
        value, usual = getattr(part, one.name), getattr(default, one.name)
        if value != usual:
            nested = is_dataclass(usual) and is_dataclass(value)
            found[one.name] = _changed(value, usual) if nested else _plain(value)
    return found


def _plain(value: Any) -> Any:  # noqa: ANN401  (any value of a configuration)
    if isinstance(value, MetricSpec):
        options = {name: _plain(option) for name, option in value.options.items()}
        return {"name": value.name, "options": options, "label": value.label}
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    return [*map(_plain, value)] if isinstance(value, tuple | list) else value


def _value(name: str, value: Any) -> Any:  # noqa: ANN401  (any value of a configuration)
    usual = getattr(_DEFAULTS, name, None)
    if name == "metrics":
        return tuple(
            MetricSpec(one["name"], _tuples(one["options"]), one["label"]) for one in value
        )
    if is_dataclass(usual) and not isinstance(usual, type):
        return replace(usual, **value)
    return _tuple(value)


def _tuples(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _tuple(value) for name, value in options.items()}


def _tuple(value: Any) -> Any:  # noqa: ANN401  (any value of a configuration)
    return tuple(map(_tuple, value)) if isinstance(value, list) else value
