"""The configuration file of ``--config``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, cast

from vlmeval_cli.core.config import (
    By,
    FieldChoice,
    JoinPolicy,
    MetricSpec,
    ParsePolicy,
    RunConfig,
    StatisticsPolicy,
)
from vlmeval_cli.core.errors import UsageError, did_you_mean, quoted
from vlmeval_cli.core.metric import Scalar
from vlmeval_cli.core.metric_spec import parse_metric_spec, split_metric_list
from vlmeval_cli.readers.yaml_tree import Setting, load_yaml

Reader = Callable[[Setting], Any]


class LoadedConfig(NamedTuple):
    """What a configuration file says.

    Attributes:
        run: the choices of the run; what the file does not name has its default.
        output: what to write and show, by the names of the command line's options.
        given: keys that the file names, with their section: ``task``, ``join.missing``.
    """

    run: RunConfig
    output: Mapping[str, Any]
    given: frozenset[str]


def load_config(path: str) -> LoadedConfig:
    """Read a configuration file.

    Raises:
        UsageError: the file is not there, is no YAML, or has a key or value that is unknown; the
            message names file, line and key.
    """
    tree = load_yaml(path)
    values = _section(_KEYS)(tree)
    given = frozenset(
        f"{key}.{name}" if key in _SECTIONS else key
        for key, value in values.items()
        for name in (value if key in _SECTIONS else [""])
    )
    output = values.pop("output", {})
    return LoadedConfig(RunConfig(**_built(values)), output, given)


def _built(values: dict[str, Any]) -> dict[str, Any]:
    """Sections as the policies they describe."""
    return {key: _POLICIES[key](**v) if key in _POLICIES else v for key, v in values.items()}


def _section(keys: Mapping[str, Reader]) -> Reader:
    """A mapping with known keys; a key without a value counts as not given."""

    def read(setting: Setting) -> dict[str, Any]:
        if setting.value is None:
            return {}
        values = {}
        for name, entry in _mapping(setting).items():
            if name not in keys:
                place = f" in {quoted(setting.key)}" if setting.key else ""
                raise UsageError(
                    f"{entry.file}:{entry.line}: unknown key {quoted(name)}{place}",
                    hint=did_you_mean(name, list(keys)),
                )
            if entry.value is not None:
                values[name] = keys[name](entry)
        return values

    return read


def _mapping(setting: Setting) -> Mapping[str, Setting]:
    if not isinstance(setting.value, Mapping):
        raise setting.wrong("a mapping of keys to values")
    return setting.value


def _items(setting: Setting) -> list[Setting]:
    """Settings of a list; a single value is a list of one."""
    if isinstance(setting.value, list):
        return setting.value
    if isinstance(setting.value, Mapping):
        raise setting.wrong("a list")
    return [setting]


def _text(setting: Setting) -> str:
    """A scalar as it is written: ``no`` and ``007`` are names here, not False and 7."""
    if not setting.text or isinstance(setting.value, list | Mapping):
        raise setting.wrong("a text")
    return setting.text


def _groupings(setting: Setting) -> tuple[By, ...]:
    """Fields that group, each on its own; a list among them crosses its fields."""
    return tuple(
        _crossing(item) if isinstance(item.value, list) else _text(item) for item in _items(setting)
    )


def _crossing(setting: Setting) -> tuple[str, ...]:
    names = tuple(map(_text, _items(setting)))
    if len(names) < 2:
        raise setting.wrong("a text, or a list of fields that are crossed")
    return names


def _text_by_field(setting: Setting) -> dict[str, str]:
    return {name: _text(entry) for name, entry in _mapping(setting).items()}


def _flag(setting: Setting) -> bool:
    if not isinstance(setting.value, bool):
        raise setting.wrong("true or false")
    return setting.value


def _one_of(*choices: str) -> Reader:
    def read(setting: Setting) -> str:
        if setting.text not in choices:
            raise setting.wrong(f"one of {', '.join(choices)}")
        return setting.text

    return read


def _integer(lowest: int) -> Reader:
    def read(setting: Setting) -> int:
        value = setting.value
        if not isinstance(value, int) or isinstance(value, bool) or value < lowest:
            raise setting.wrong(f"a whole number of at least {lowest}")
        return value

    return read


def _confidence(setting: Setting) -> float:
    value = setting.value
    if not isinstance(value, int | float) or not 0 < value < 1:
        raise setting.wrong("a number between 0 and 1, such as 0.95")
    return float(value)


def _seconds(setting: Setting) -> float:
    value = setting.value
    if not isinstance(value, int | float) or isinstance(value, bool) or value <= 0:
        raise setting.wrong("seconds above 0")
    return float(value)


def _rules_by_field(setting: Setting) -> dict[str, dict[str, Scalar]]:
    """Field → rule; a bare name such as ``date`` says only how it is compared."""
    return {name: _rule(name, entry) for name, entry in _mapping(setting).items()}


def _rule(name: str, setting: Setting) -> dict[str, Scalar]:
    from vlmeval_cli.text.document_rules import settings_of  # few configurations have rules

    if isinstance(setting.value, Mapping):
        rule = {key: _option(entry) for key, entry in setting.value.items()}
    else:
        rule = {"compare": _text(setting)}
    try:
        settings_of({name: rule})
    except UsageError as error:
        place = f"{setting.file}:{setting.line}"
        hint = error.hint or "Rules of fields are told in docs/tasks/freeform.md."
        raise UsageError(f"{place}: {error.message}", hint=hint) from error
    return rule


def _metrics(setting: Setting) -> tuple[MetricSpec, ...]:
    return tuple(spec for item in _items(setting) for spec in _metric(item))


def _metric(setting: Setting) -> list[MetricSpec]:
    """``cider``, ``bleu:variant=nltk`` or ``{name: bleu, variant: nltk, as: smoothed}``."""
    if isinstance(setting.value, Mapping):
        return [_metric_with_options(setting)]
    try:
        return [parse_metric_spec(text) for text in split_metric_list(_text(setting))]
    except UsageError as error:
        place = f"{setting.file}:{setting.line}"
        raise UsageError(f"{place}: {error.message}", hint=error.hint) from error


def _metric_with_options(setting: Setting) -> MetricSpec:
    entries = dict(_mapping(setting))
    if "name" not in entries:
        raise setting.wrong('the key "name" and options beside it, {name: bleu, variant: nltk}')
    name = _text(entries.pop("name"))
    label = _text(entries.pop("as")) if "as" in entries else None
    return MetricSpec(name, {key: _option(entry) for key, entry in entries.items()}, label)


def _option(setting: Setting) -> Scalar:
    """A scalar, or a list of whole numbers or of texts."""
    if isinstance(setting.value, Mapping):
        raise setting.wrong("a value or a list of values")
    if not isinstance(setting.value, list):
        return cast("Scalar", setting.value)
    values = tuple(item.value for item in setting.value)
    if any(all(type(value) is kind for value in values) for kind in (int, str)):
        return cast("Scalar", values)
    raise setting.wrong("a list of whole numbers or of texts")


_POLICIES: Mapping[str, Callable[..., Any]] = {
    "fields": FieldChoice,
    "join": JoinPolicy,
    "parse": ParsePolicy,
    "statistics": StatisticsPolicy,
}
_SECTIONS = frozenset(_POLICIES) | {"output"}

_KEYS: Mapping[str, Reader] = {
    "task": _text,
    "metrics": _metrics,
    "fields": _section({"id": _text, "prediction": _text, "references": _text}),
    "join": _section(
        {
            "missing": _one_of("error", "worst", "skip"),
            "fix_ids": _flag,
            "on_bad_row": _one_of("error", "skip"),
        }
    ),
    "parse": _section(
        {
            "reasoning": _one_of("strip", "keep"),
            "box_format": _text,
            "schema": _text,
            "field_rules": _rules_by_field,
            "labels": _one_of("find", "exact"),
            "run_tests": _flag,
            "test_timeout": _seconds,
            "test_memory": _integer(64),
        }
    ),
    "statistics": _section(
        {
            "resamples": _integer(0),
            "confidence": _confidence,
            "seed": _integer(0),
            "cluster_by": _text,
        }
    ),
    "by": _groupings,
    "slices": _flag,
    "where": _text_by_field,
    "limit": _integer(1),
    "output": _section(
        {
            "json": _text,
            "csv": _text,
            "markdown": _text,
            "samples": _text,
            "dir": _text,
            "percent": _flag,
            "worst": _integer(1),
        }
    ),
}
