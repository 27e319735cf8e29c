"""What a run is asked to do: the configuration file, then what the command line says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from vlmeval_cli.core.config import (
    ComparePolicy,
    MetricSpec,
    ModelPolicy,
    PairPolicy,
    RunConfig,
)
from vlmeval_cli.core.errors import UsageError, quoted
from vlmeval_cli.core.gate import GateConfig
from vlmeval_cli.core.metric_spec import parse_metric_spec, split_metric_list

if TYPE_CHECKING:
    from vlmeval_cli.cli.compare_options import CompareOptions
    from vlmeval_cli.cli.score_options import RunOptions
    from vlmeval_cli.readers.config import LoadedConfig

PartT = TypeVar("PartT")
PolicyT = TypeVar("PolicyT", ComparePolicy, PairPolicy)


class CompareChoices(NamedTuple):
    """What a comparison is asked to do, and the ``output`` section of the file."""

    config: RunConfig
    output: Mapping[str, object]
    policy: ComparePolicy
    pairs: PairPolicy


def choices(options: RunOptions) -> tuple[RunConfig, Mapping[str, object]]:
    """The configuration of the run, and the ``output`` section of the file.

    Raises:
        UsageError: an option or the file is wrong.
    """
    loaded = _from_file(options.config)
    config = _overridden(loaded.run, options)
    return config, _scaled(config, loaded.output)


def gate_choices(options: RunOptions) -> tuple[RunConfig, Mapping[str, object], GateConfig]:
    """As :func:`choices`, and the gate of the file.

    Raises:
        UsageError: an option or the file is wrong.
    """
    loaded = _from_file(options.config)
    config = _overridden(loaded.run, options)
    return config, _scaled(config, loaded.output), loaded.gate


def compare_choices(options: CompareOptions) -> CompareChoices:
    """As :func:`choices`, and how runs are compared.

    Raises:
        UsageError: an option or the file is wrong.
    """
    loaded = _from_file(options.config)

    def policy(kind: type[PolicyT]) -> PolicyT:
        named = {one.name: getattr(options, one.name, None) for one in fields(kind)}
        stated = {name: value for name, value in named.items() if value is not None}
        configured = {name: value for name, value in loaded.compare.items() if name in named}
        return kind(**(configured | stated))

    config = _overridden(loaded.run, options)
    output = _scaled(config, loaded.output)
    return CompareChoices(config, output, policy(ComparePolicy), policy(PairPolicy))


def _scaled(config: RunConfig, output: Mapping[str, object]) -> Mapping[str, object]:
    """The ``output`` section; a named set is printed as published tables are, unless it says no."""
    if not config.metrics:
        return output
    from vlmeval_cli.registry import SETS

    has_set = any(spec.name in SETS for spec in config.metrics)
    return {"percent": True, **output} if has_set else output


def _from_file(path: str | None) -> LoadedConfig:
    from vlmeval_cli.readers.config import LoadedConfig, load_config

    return LoadedConfig(RunConfig(), {}, frozenset()) if path is None else load_config(path)


def _overridden(config: RunConfig, options: RunOptions) -> RunConfig:
    return _with(
        config,
        task=options.task,
        metrics=_metrics(options.metrics),
        fields=_with(
            config.fields,
            id=options.id_field,
            prediction=options.prediction_field,
            references=options.reference_field,
        ),
        join=_with(
            config.join,
            missing=options.missing,
            fix_ids=options.fix_ids,
            on_bad_row=options.on_bad_row,
        ),
        parse=_with(
            config.parse,
            box_format=options.box_format,
            schema=options.schema,
            run_tests=options.run_tests,
            model=options.model,
        ),
        statistics=_with(
            config.statistics,
            resamples=options.resamples,
            confidence=options.confidence,
            seed=options.seed,
            cluster_by=options.cluster_by,
        ),
        by=tuple(options.by) if options.by else None,
        slices=options.slices,
        where=_where(options.where),
        limit=options.limit,
        compare_with_reference=getattr(options, "reference", None) or None,
        compat=getattr(options, "compat", None),
        explain_diff=getattr(options, "explain_diff", None),
        explain=tuple(getattr(options, "explain", None) or ()) or None,
        models=_models(config.models, options),
    )


def _models(policy: ModelPolicy, options: RunOptions) -> ModelPolicy:
    return _with(
        policy,
        device=options.device,
        dtype=options.dtype,
        batch_size=options.batch_size,
        cache=options.cache,
        offline=options.offline,
        images=options.images,
        fetch_images=options.fetch_images,
        workers=options.workers,
        spice_json=getattr(options, "spice_json", None),
    )


def _with(part: PartT, **given: Any) -> PartT:  # noqa: ANN401  (fields of any type)
    """``part`` with the values that were given; None leaves the file's or the default."""
    stated = {name: value for name, value in given.items() if value is not None}
    return replace(part, **stated)  # type: ignore[type-var]  # only dataclasses come here


def _metrics(texts: Sequence[str] | None) -> tuple[MetricSpec, ...] | None:
    if not texts:
        return None
    return tuple(parse_metric_spec(part) for text in texts for part in split_metric_list(text))


def _where(texts: Sequence[str] | None) -> Mapping[str, str] | None:
    if not texts:
        return None
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise UsageError(
                f"--where: got {quoted(text)}, expected FIELD=VALUE",
                hint="Such as --where split=val.",
            )
        if found.setdefault(name, value) != value:
            raise UsageError(
                f"--where asks for two values of {quoted(name)}, and an item has one",
                hint=f"To score each value apart: --by {name}",
            )
    return found
