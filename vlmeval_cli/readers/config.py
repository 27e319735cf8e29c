"""The configuration file of ``--config``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, cast, get_args

from vlmeval_cli.core.config import (
    By,
    Correction,
    FieldChoice,
    JoinPolicy,
    MetricSpec,
    ModelPolicy,
    ParsePolicy,
    RunConfig,
    StatisticsPolicy,
    Study,
    Test,
)
from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.core.gate import GateConfig
from vlmeval_cli.core.metric import Scalar
from vlmeval_cli.core.metric_spec import parse_metric_spec, split_metric_list
from vlmeval_cli.readers.gate_config import fail_on_of, rules_of
from vlmeval_cli.readers.setting_values import (
    Reader,
    confidence,
    flag_of,
    integer,
    items_of,
    mapping_of,
    number,
    one_of,
    seconds,
    section,
    text_by_field,
    text_of,
    texts_of,
)
from vlmeval_cli.readers.yaml_tree import Setting, load_yaml


class LoadedConfig(NamedTuple):
    """What a configuration file says.

    Attributes:
        run: the choices of the run; what the file does not name has its default.
        output: what to write and show, by the names of the command line's options.
        given: keys that the file names, with their section: ``task``, ``join.missing``.
        gate: rules and baseline; without rules where the file has none.
        compare: what the section ``compare`` says, by the names of the command line's options.
    """

    run: RunConfig
    output: Mapping[str, Any]
    given: frozenset[str]
    gate: GateConfig = GateConfig()
    compare: Mapping[str, Any] = MappingProxyType({})


def load_config(path: str) -> LoadedConfig:
    """Read a configuration file.

    Raises:
        UsageError: the file is not there, is no YAML, or has a key or value that is unknown; the
            message names file, line and key.
    """
    tree = load_yaml(path)
    values = section(_KEYS)(tree)
    given = frozenset(
        f"{key}.{name}" if key in _SECTIONS else key
        for key, value in values.items()
        for name in (value if key in _SECTIONS else [""])
    )
    output, gate = values.pop("output", {}), _gate(values)
    compare = values.pop("compare", {})
    return LoadedConfig(RunConfig(**_built(values)), output, given, gate, compare)


def _gate(values: dict[str, Any]) -> GateConfig:
    """The gate; what it alone reads is taken out of ``values``."""
    own: dict[str, Any] = {key: values.pop(key) for key in _GATE if key in values}
    if "correction" in values.get("statistics", {}):
        own["correction"] = values["statistics"].pop("correction")
    return GateConfig(**own)


def _built(values: dict[str, Any]) -> dict[str, Any]:
    """Sections as the policies they describe."""
    return {key: _POLICIES[key](**v) if key in _POLICIES else v for key, v in values.items()}


def _groupings(setting: Setting) -> tuple[By, ...]:
    """Fields that group, each on its own; a list among them crosses its fields."""
    items = items_of(setting)
    return tuple(_crossing(one) if isinstance(one.value, list) else text_of(one) for one in items)


def _crossing(setting: Setting) -> tuple[str, ...]:
    names = texts_of(setting)
    if len(names) < 2:
        raise setting.wrong("a text, or a list of fields that are crossed")
    return names


def _rules_by_field(setting: Setting) -> dict[str, dict[str, Scalar]]:
    """Field → rule; a bare name such as ``date`` says only how it is compared."""
    return {name: _rule(name, entry) for name, entry in mapping_of(setting).items()}


def _rule(name: str, setting: Setting) -> dict[str, Scalar]:
    from vlmeval_cli.text.document_rules import settings_of  # few configurations have rules

    if isinstance(setting.value, Mapping):
        rule = {key: _option(entry) for key, entry in setting.value.items()}
    else:
        rule = {"compare": text_of(setting)}
    try:
        settings_of({name: rule})
    except UsageError as error:
        place = f"{setting.file}:{setting.line}"
        hint = error.hint or "Rules of fields are told in docs/tasks/freeform.md."
        raise UsageError(f"{place}: {error.message}", hint=hint) from error
    return rule


def _metrics(setting: Setting) -> tuple[MetricSpec, ...]:
    return tuple(spec for item in items_of(setting) for spec in _metric(item))


def _metric(setting: Setting) -> list[MetricSpec]:
    """``cider``, ``bleu:variant=nltk`` or ``{name: bleu, variant: nltk, as: smoothed}``."""
    if isinstance(setting.value, Mapping):
        return [_metric_with_options(setting)]
    try:
        return [parse_metric_spec(text) for text in split_metric_list(text_of(setting))]
    except UsageError as error:
        place = f"{setting.file}:{setting.line}"
        raise UsageError(f"{place}: {error.message}", hint=error.hint) from error


def _metric_with_options(setting: Setting) -> MetricSpec:
    entries = dict(mapping_of(setting))
    if "name" not in entries:
        raise setting.wrong('the key "name" and options beside it, {name: bleu, variant: nltk}')
    name = text_of(entries.pop("name"))
    label = text_of(entries.pop("as")) if "as" in entries else None
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
    "models": ModelPolicy,
}
_GATE = ("rules", "baseline", "fail_on")
_SECTIONS = frozenset(_POLICIES) | {"output", "compare"}

_KEYS: Mapping[str, Reader] = {
    "task": text_of,
    "metrics": _metrics,
    "fields": section({"id": text_of, "prediction": text_of, "references": text_of}),
    "join": section(
        {
            "missing": one_of("error", "worst", "skip"),
            "fix_ids": flag_of,
            "on_bad_row": one_of("error", "skip"),
        }
    ),
    "parse": section(
        {
            "reasoning": one_of("strip", "keep", "lmms-eval"),
            "box_format": text_of,
            "schema": text_of,
            "field_rules": _rules_by_field,
            "labels": one_of("find", "exact"),
            "run_tests": flag_of,
            "test_timeout": seconds,
            "test_memory": integer(64),
            "model": text_of,
        }
    ),
    "statistics": section(
        {
            "resamples": integer(0),
            "confidence": confidence,
            "seed": integer(0),
            "cluster_by": text_of,
            "correction": one_of("none", "holm"),
        }
    ),
    "compare": section(
        {
            "baseline": text_of,
            "full": text_of,
            "intersect": flag_of,
            "force": flag_of,
            "study": one_of(*get_args(Study)),
            "brittle_below": number,
            "moves": integer(0),
            "floors": flag_of,
            "test": one_of(*get_args(Test)),
            "trials": integer(0),
            "correction": one_of(*get_args(Correction)),
            "margin": number,
        }
    ),
    "models": section(
        {
            "device": one_of("auto", "cpu", "cuda", "mps"),
            "dtype": one_of("float32", "bf16", "fp16"),
            "batch_size": integer(1),
            "cache": flag_of,
            "offline": flag_of,
            "images": text_of,
            "fetch_images": flag_of,
            "workers": integer(1),
        }
    ),
    "by": _groupings,
    "slices": flag_of,
    "where": text_by_field,
    "limit": integer(1),
    "compat": text_of,
    "explain_diff": flag_of,
    "output": section(
        {
            "json": text_of,
            "csv": text_of,
            "markdown": text_of,
            "samples": text_of,
            "dir": text_of,
            "percent": flag_of,
            "worst": integer(1),
            "junit": text_of,
        }
    ),
    "rules": rules_of,
    "baseline": text_of,
    "fail_on": fail_on_of,
}
