"""Freeform structured text: JSON, YAML or CSV that a model wrote about a document or picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from vlmeval_cli.core.config import RunConfig
from vlmeval_cli.core.errors import DataError, UsageError
from vlmeval_cli.core.metric import Scalar
from vlmeval_cli.parsing.documents.bounds import NotADocument
from vlmeval_cli.parsing.documents.reading import (
    document_of,
    parse_documents,
    prediction_values,
    reference_values,
    with_references,
)
from vlmeval_cli.parsing.documents.syntax import read_json
from vlmeval_cli.parsing.items import Items, Parsed
from vlmeval_cli.readers.content import open_text
from vlmeval_cli.tasks.base import Defaults, Facts, Settings, Task
from vlmeval_cli.tasks.patterns.freeform import PATTERNS
from vlmeval_cli.text.document_compare import diff
from vlmeval_cli.text.document_rules import read_rules, settings_of
from vlmeval_cli.text.document_similarity import explained

_METRICS = ("field_f1", "format_valid", "schema_valid", "anls_star", "rouge_l_f1", "bleu_4")
_INFERRED = (
    "without --schema, one is inferred from the references: their types, the keys that all have, "
    "and no other keys"
)


def _defaults(_: Facts) -> Defaults:
    return Defaults(_METRICS, primary="field_f1", networks=("bert_score",))


def _parse(items: Items, config: RunConfig) -> Parsed:
    parsed = parse_documents(items)
    if config.parse.field_rules:
        rules = {path: dict(rule) for path, rule in config.parse.field_rules.items()}
        parsed = replace(parsed, decided={**parsed.decided, "field_rules": rules})
    names = [spec.name for spec in config.metrics] or _METRICS
    infers = config.parse.schema is None and "schema_valid" in names
    return replace(parsed, notes=(*parsed.notes, _INFERRED)) if infers else parsed


def _with_references(
    references: Sequence[Sequence[Any]], items: Items, parsed: Parsed, config: RunConfig
) -> Parsed:
    return with_references(references, parsed)


def _settings(config: RunConfig) -> Settings:
    """The schema that the user named, and the rules of fields."""
    found: dict[str, Mapping[str, Scalar]] = {}
    if config.parse.field_rules:
        found["field_f1"] = {"rules": settings_of(config.parse.field_rules)}
    if config.parse.schema is not None:
        found["schema_valid"] = {"schema": _schema(config.parse.schema)}
    return found


def _schema(path: str) -> str:
    """The schema in a file, as the metric takes it.

    Raises:
        UsageError: there is no such file, or it holds no JSON Schema.
    """
    from vlmeval_cli.metrics.json_schemas import canonical, refuse_invalid

    try:
        contents = read_json(open_text(path).read_all().decode("utf-8")).value
    except (NotADocument, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path}: not a JSON Schema: {error}",
            hint="A schema is a JSON file. Without --schema one is inferred from the references.",
        ) from error
    except DataError as error:
        raise UsageError(error.message, hint=error.hint) from error
    refuse_invalid(contents, path)
    return canonical(contents)


def _detail(config: RunConfig) -> Callable[[Any, Sequence[Any]], Mapping[str, Any] | None]:
    """The fields of an item that are not right, and how near each key comes."""
    rules = read_rules(settings_of(config.parse.field_rules))
    named = (spec.options for spec in config.metrics if spec.name == "anls_star")
    threshold = float(str(next(named, {}).get("threshold", 0.5)))

    def tell(document: Any, references: Sequence[Any]) -> Mapping[str, Any] | None:  # noqa: ANN401
        accepted = [*map(document_of, references)]
        found = diff(document, accepted, rules)
        if not found:
            return None
        if document is None:
            return {"diff": found}
        near = explained(document, accepted, threshold)
        return {"diff": found, "anls_star": {"closest": near.closest, "keys": near.keys}}

    return tell


TASK = Task(
    name="freeform",
    defaults=_defaults,
    has_right_answers=True,
    free_groups=(),
    diagnose=PATTERNS,
    reads=frozenset({"schema", "field_rules"}),
    read_predictions=prediction_values,
    read_references=reference_values,
    parse=_parse,
    with_references=_with_references,
    settings=_settings,
    detail=_detail,
)
