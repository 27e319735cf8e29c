"""The metrics there are: those that ship, and those of installed plugins.

A module of ``vlmeval_cli.metrics``, or of the entry-point group ``vlmeval.metrics``, declares its
metrics in a tuple ``METRICS``. Nothing registers itself; this module looks and keeps a read-only
list.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, replace
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from types import MappingProxyType, ModuleType, NoneType, UnionType
from typing import Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

import vlmeval_cli.metrics as built_in
from vlmeval_cli.core.config import MetricSpec
from vlmeval_cli.core.errors import PluginError, UsageError, VlmevalError, did_you_mean, quoted
from vlmeval_cli.core.metric import Chosen, Metric, Scalar
from vlmeval_cli.core.metric_spec import parse_metric_spec

ENTRY_POINTS = "vlmeval.metrics"
NO_SETTINGS: Mapping[str, Mapping[str, Scalar]] = MappingProxyType({})


class NamedSet(NamedTuple):
    """Metrics that are published together.

    Attributes:
        title: what it is.
        metrics: as ``--metrics`` takes them, in the order of the published tables.
        outputs: those that are published.
        primary: the output that is looked at first.
    """

    title: str
    metrics: tuple[str, ...]
    outputs: tuple[str, ...]
    primary: str


# What ``--metrics`` takes in place of several names. What a machine lacks is left out with a note,
# and scores are printed as the tables print them, times 100.
SETS: Mapping[str, NamedSet] = MappingProxyType(
    {
        "coco": NamedSet(
            "the table of the COCO caption evaluation, all of it on PTB tokens",
            ("bleu", "meteor_1_5:tokenizer=ptb", "rouge_l", "cider", "spice:tokenizer=ptb"),
            ("bleu_1", "bleu_2", "bleu_3", "bleu_4", "meteor_1_5", "rouge_l", "cider", "spice"),
            primary="cider",
        )
    }
)
_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


class Option(NamedTuple):
    """An option of a metric, its default, and the values it can have where they are listed."""

    name: str
    default: Scalar
    choices: tuple[str, ...]


@cache
def metrics() -> Mapping[str, type[Metric[Any]]]:
    """Family name → metric class, sorted by name.

    Raises:
        PluginError: a plugin cannot be loaded, or two modules declare the same name.
    """
    found: dict[str, type[Metric[Any]]] = {}
    for module in (*_built_in_modules(), *_plugin_modules()):
        for metric in getattr(module, "METRICS", ()):
            other = found.setdefault(metric.info.name, metric)
            if other is not metric:
                raise PluginError(
                    f"two metrics are called {quoted(metric.info.name)}: one in "
                    f"{other.__module__}, one in {metric.__module__}",
                    hint="Rename or uninstall one of them.",
                )
    return MappingProxyType(dict(sorted(found.items())))


def _built_in_modules() -> Iterable[ModuleType]:
    for module in iter_modules(built_in.__path__, f"{built_in.__name__}."):
        yield import_module(module.name)


def _plugin_modules() -> Iterable[ModuleType]:
    from importlib.metadata import entry_points

    for entry in entry_points(group=ENTRY_POINTS):
        try:
            yield entry.load()
        except Exception as error:  # a plugin may fail in any way; the cause is kept
            raise PluginError(
                f"metric plugin {quoted(entry.value)} cannot be loaded: {error}",
                hint=f"Update or uninstall the package that provides {quoted(entry.name)}.",
            ) from error


def choose(
    specs: Iterable[MetricSpec], settings: Mapping[str, Mapping[str, Scalar]] = NO_SETTINGS
) -> tuple[Chosen, ...]:
    """Metrics with their options, and a name for every output that is unlike all others.

    Another formula has another name: with options that differ from the defaults an output is called
    ``bleu_4[variant=nltk]`` after them, or ``bleu_4[NAME]`` after its label.

    Args:
        specs: what is asked for.
        settings: metric → options that come with the data; what a spec says goes before them.

    Raises:
        UsageError: an unknown metric or option, a wrong value, or the same output asked for twice.
    """
    taken: set[str] = set()
    chosen = []
    for spec, only in _members(specs):
        metric, wanted = _resolve(spec, settings)
        wanted = tuple(name for name in wanted if only is None or name in only)
        if not wanted:  # all of it is asked for by itself, beside a set
            continue
        names = {name: _free_name(name, metric, spec, taken) for name in wanted}
        taken.update(names.values())
        chosen.append(Chosen(metric, names))
    return tuple(chosen)


def _members(
    specs: Iterable[MetricSpec],
) -> Iterator[tuple[MetricSpec, tuple[str, ...] | None]]:
    """What is asked for, named sets replaced by their metrics, of which some outputs are wanted.

    What is asked for by itself beside the set is not there twice.
    """
    specs = tuple(specs)
    known = {spec.name for spec in specs if not (spec.options or spec.label)}
    for spec in specs:
        if spec.name not in SETS:
            yield spec, None
            continue
        if spec.options or spec.label:
            raise UsageError(
                f"{spec.name}: got options, and it is a set of metrics that has none",
                hint=f"Its metrics take theirs: {', '.join(families(spec.name))}.",
            )
        only = tuple(name for name in SETS[spec.name].outputs if name not in known)
        for one in map(parse_metric_spec, SETS[spec.name].metrics):
            if one.options and one not in specs:  # a variant with a name of its own
                yield one, SETS[spec.name].outputs
            elif not one.options and one.name not in known:
                yield one, only


def families(name: str) -> tuple[str, ...]:
    """The metrics of a named set, in its order.

    >>> families("coco")
    ('bleu', 'meteor_1_5', 'rouge_l', 'cider', 'spice')
    """
    return tuple(parse_metric_spec(one).name for one in SETS[name].metrics)


def options(family: type[Metric[Any]]) -> tuple[Option, ...]:
    """The options of a metric in the order they are declared."""
    hints = get_type_hints(family)
    return tuple(
        Option(name, default, _choices(hints[name])) for name, default in family().options().items()
    )


def _choices(hint: Any) -> tuple[str, ...]:  # noqa: ANN401  (any option type)
    if hint is bool:
        return ("true", "false")
    if get_origin(hint) is tuple:
        return _choices(get_args(hint)[0])
    return tuple(map(str, get_args(hint))) if get_origin(hint) is Literal else ()


def build(spec: MetricSpec) -> Metric[Any]:
    """The metric that ``spec`` asks for, with its options."""
    return _resolve(spec, NO_SETTINGS)[0]


def _resolve(
    spec: MetricSpec, settings: Mapping[str, Mapping[str, Scalar]]
) -> tuple[Metric[Any], tuple[str, ...]]:
    """The metric, and the outputs of it that were asked for."""
    family = _near_by(spec.name) or metrics().get(spec.name) or _outputs().get(spec.name)
    family, chosen = (family, {}) if family else _by_options(spec.name)
    if family is None:
        raise UsageError(
            f"unknown metric {quoted(spec.name)}. {did_you_mean(spec.name, _names())}",
            hint="See: vlmeval metrics",
        )
    given = {**settings.get(family.info.name, {}), **chosen, **spec.options}
    metric = _with_options(family, replace(spec, options=given))
    outputs = tuple(output.name for output in metric.outputs())
    if spec.name == family.info.name:
        return metric, outputs
    if spec.name not in outputs:
        raise UsageError(
            f"{family.info.name} with these options has no output {quoted(spec.name)}, "
            f"only {', '.join(outputs)}",
            hint=f"See: vlmeval metrics {family.info.name}",
        )
    return metric, (spec.name,)


@cache
def _outputs() -> Mapping[str, type[Metric[Any]]]:
    """Output name with default options → its family."""
    return {out.name: family for family in metrics().values() for out in family().outputs()}


def _by_options(name: str) -> tuple[type[Metric[Any]] | None, Mapping[str, Scalar]]:
    """The family that gives the output ``name`` with other than its default options, and those."""
    for family in metrics().values():
        options = family.options_for(name)
        if options is not None:
            return family, options
    return None, {}


def _near_by(name: str) -> type[Metric[Any]] | None:
    """The metric called ``name`` in the built-in module of that name, or of its beginning.

    This finds ``rouge_l`` in ``rouge.py`` without importing all the others.
    """
    module = name if name.isidentifier() else ""
    while module and find_spec(f"{built_in.__name__}.{module}") is None:
        module = module.rpartition("_")[0]
    if not module:
        return None
    declared = getattr(import_module(f"{built_in.__name__}.{module}"), "METRICS", ())
    return next((family for family in declared if family.info.name == name), None)


def _names() -> list[str]:
    return sorted({*metrics(), *_outputs(), *SETS})


def _free_name(name: str, metric: Metric[Any], spec: MetricSpec, taken: set[str]) -> str:
    changed = sorted(metric.changed_options().items())
    detail = spec.label or ",".join(f"{key}={_written(value)}" for key, value in changed)
    full = f"{name}[{detail}]" if detail else name
    if full in taken:
        raise UsageError(
            f"{quoted(full)} is asked for twice",
            hint=f"Name one of them apart: {spec.name}:as=NAME",
        )
    return full


def _written(value: Scalar) -> str:
    """An option's value as the command line takes it."""
    if isinstance(value, bool):
        return str(value).lower()
    return "+".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _with_options(family: type[Metric[Any]], spec: MetricSpec) -> Metric[Any]:
    name = family.info.name
    hints = get_type_hints(family)
    known = [f.name for f in fields(family)]  # type: ignore[arg-type]  # metrics are dataclasses
    values = {}
    for option, value in spec.options.items():
        if option not in known:
            raise UsageError(
                f"{name} has no option {quoted(option)}. {did_you_mean(option, known)}",
                hint=f"See: vlmeval metrics {name}",
            )
        values[option] = _coerced(value, hints[option], f"{name}:{option}")
    try:
        return family(**values)
    except VlmevalError:
        raise
    except (TypeError, ValueError) as error:
        raise UsageError(f"{name}: {error}", hint=f"See: vlmeval metrics {name}") from error


def _coerced(value: Any, hint: Any, where: str) -> Any:  # noqa: ANN401  (any option type)
    """``value`` as the type that the option declares; text is converted, nothing else is."""
    if get_origin(hint) is UnionType:  # of a type and None, which is no value that one can write
        if value is None:
            return None
        (hint,) = (one for one in get_args(hint) if one is not NoneType)
    if get_origin(hint) is Literal:
        # What is none of them stays as it is, for the metric to refuse.
        return next((choice for choice in get_args(hint) if str(choice) == str(value)), value)
    if get_origin(hint) is tuple:
        parts = value.split("+") if isinstance(value, str) else value
        parts = parts if isinstance(parts, list | tuple) else [parts]
        return tuple(_coerced(part, get_args(hint)[0], where) for part in parts)
    if hint is bool:
        return _flag(value, where)
    if hint is int and isinstance(value, float) and not value.is_integer():
        raise _wrong(where, value, "a whole number")
    if hint in (int, float) and not isinstance(value, bool):
        try:
            return hint(value)
        except (TypeError, ValueError):
            raise _wrong(where, value, "a whole number" if hint is int else "a number") from None
    if not isinstance(value, str):
        raise _wrong(where, value, "a number" if hint in (int, float) else "text")
    return value


def _flag(value: object, where: str) -> bool:
    text = str(value).lower()
    if text not in (*_TRUE, *_FALSE):
        raise _wrong(where, value, "true or false")
    return text in _TRUE


def _wrong(where: str, value: object, expected: str) -> UsageError:
    return UsageError(f"option {where}: got {quoted(value)}, expected {expected}")
