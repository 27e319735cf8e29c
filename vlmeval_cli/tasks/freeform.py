"""Freeform structured text: JSON, YAML or CSV that a model wrote about a document or picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from vlmeval_cli.core.config import RunConfig
from vlmeval_cli.core.errors import DataError, UsageError
from vlmeval_cli.core.metric import Scalar
from vlmeval_cli.core.results import Diagnosis, Score
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
from vlmeval_cli.tasks.base import Defaults, Facts, Settings, Task, value
from vlmeval_cli.text.document_compare import diff
from vlmeval_cli.text.document_rules import read_rules, settings_of
from vlmeval_cli.text.document_similarity import explained

_METRICS = ("field_f1", "format_valid", "schema_valid", "anls_star", "rouge_l_f1", "bleu_4")
_INFERRED = (
    "without --schema, one is inferred from the references: their types, the keys that all have, "
    "and no other keys"
)
_GAP = 0.1
_NEAR_GAP = 0.15
_BROKEN = 0.05
_LOW = 0.7


def _defaults(_: Facts) -> Defaults:
    return Defaults(_METRICS, primary="field_f1")


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


def _diagnose(scores: Mapping[str, Score]) -> Sequence[Diagnosis]:
    return [*_of_format(scores), *_of_schema(scores), *_of_fields(scores)]


def _of_format(scores: Mapping[str, Score]) -> list[Diagnosis]:
    strict, extracted, repaired = (
        value(scores, f"format_valid_{stage}") for stage in ("strict", "extracted", "repaired")
    )
    if strict is None or extracted is None or repaired is None:
        return []
    found = []
    if extracted > strict + _GAP:
        found.append(
            Diagnosis(
                pattern=f"{strict:.0%} of the answers are valid as they stand, {extracted:.0%} "
                "once taken out of what is around them",
                meaning="many answers are wrapped in prose or fences",
                advice="take the fence away in post-processing, ask for the document alone, or "
                "use constrained decoding",
            )
        )
    if repaired > extracted + _BROKEN:
        found.append(
            Diagnosis(
                pattern=f"{repaired - extracted:.0%} of the answers can only be read after repair",
                meaning="their syntax is broken: trailing commas, Python literals, other quotes, "
                "or an answer that was cut off",
                advice="raise the limit of new tokens if they are cut off; else show one example "
                "in the prompt, or use constrained decoding",
            )
        )
    if repaired < 1 - _BROKEN:
        found.append(
            Diagnosis(
                pattern=f"{1 - repaired:.0%} of the answers hold no document at all",
                meaning="all their fields count as missing",
                advice="look at the outcomes (missing, empty, refused, truncated, unparsed) and "
                "the reasons in samples.jsonl",
            )
        )
    return found


def _of_schema(scores: Mapping[str, Score]) -> list[Diagnosis]:
    valid, readable = value(scores, "schema_valid"), value(scores, "format_valid_repaired")
    if valid is None or readable is None or valid >= readable - _GAP:
        return []
    return [
        Diagnosis(
            pattern=f"{readable:.0%} of the answers can be read, {valid:.0%} follow the schema",
            meaning="keys or types are not what they should be",
            advice='the table "schema" says which; name the keys and their types in the prompt, '
            "or decode with the schema",
        )
    ]


def _of_fields(scores: Mapping[str, Score]) -> list[Diagnosis]:
    f1, valid, near = (value(scores, name) for name in ("field_f1", "schema_valid", "anls_star"))
    precision, recall = value(scores, "field_precision"), value(scores, "field_recall")
    found = []
    if f1 is not None and near is not None and near > f1 + _NEAR_GAP:
        found.append(
            Diagnosis(
                pattern=f"ANLS* ({near:.2f}) is far above field F1 ({f1:.2f})",
                meaning="many values are a few characters off: misread letters, spaces, formats "
                "of dates or amounts",
                advice="compare such fields by a rule (parse: field_rules: date, number, anls) if "
                "the difference does not matter; raise the image resolution if it does",
            )
        )
    elif f1 is not None and valid is not None and valid >= 1 - _GAP and f1 < _LOW:
        found.append(
            Diagnosis(
                pattern=f"{valid:.0%} of the answers follow the schema, field F1 is {f1:.2f}",
                meaning="the form is right and the values are wrong",
                advice='the table "fields" says which; the model misreads the page, not the '
                "instruction",
            )
        )
    if precision is not None and recall is not None and abs(precision - recall) > _GAP:
        few, many = recall < precision, f"precision {precision:.2f}, recall {recall:.2f}"
        found.append(
            Diagnosis(
                pattern=f"fields: {many}",
                meaning="fields are left out" if few else "fields are made up",
                advice='the table "fields" counts '
                + ("missing" if few else "extra and hallucinated")
                + " ones by path",
            )
        )
    return found


TASK = Task(
    name="freeform",
    defaults=_defaults,
    has_right_answers=True,
    free_groups=(),
    diagnose=_diagnose,
    reads=frozenset({"schema", "field_rules"}),
    read_predictions=prediction_values,
    read_references=reference_values,
    parse=_parse,
    with_references=_with_references,
    settings=_settings,
    detail=_detail,
)
