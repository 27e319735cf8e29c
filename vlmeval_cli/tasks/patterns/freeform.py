"""Patterns in the scores of documents: their format, their schema, their fields."""

from __future__ import annotations

from typing import Final

from vlmeval_cli.tasks.patterns.rules import (
    Bound,
    Condition,
    Pattern,
    Patterns,
    ahead,
    at_least,
    below,
)

GAP: Final = Bound(0.1, "one answer in ten")
_NEAR: Final = Bound(0.15, "15 points of credit for values that are nearly right")
_BROKEN: Final = Bound(0.05, "one answer in twenty: more than a rare slip")
_NEARLY_ALL: Final = Bound(0.95, "one answer in twenty is not: more than a rare slip")
_VALID: Final = Bound(0.9, "nine answers in ten")
_LOW: Final = Bound(0.7, "three fields in ten are wrong or lacking")
_LIKE: Final = Bound(0.2, "20 points: the words agree where the fields do not")
_FEW_WHOLE: Final = Bound(0.5, "half of the share of right fields; errors that fall together "
                          "leave more documents whole")  # fmt: skip
_GOOD: Final = Bound(0.8, "four fields in five are right")

STRICT, EXTRACTED, REPAIRED = (
    f"format_valid_{stage}" for stage in ("strict", "extracted", "repaired")
)

_FORMAT: Final = (
    Pattern(
        seen="{format_valid_strict:.0%} of the answers are valid as they stand, "
        "{format_valid_extracted:.0%} once taken out of what is around them",
        when=(ahead(EXTRACTED, STRICT, GAP),),
        meaning="many answers are wrapped in prose or fences",
        advice="take the fence away in post-processing, ask for the document alone, or "
        "use constrained decoding",
    ),
    Pattern(
        seen="{format_valid_extracted:.0%} of the answers are valid, "
        "{format_valid_repaired:.0%} once they are repaired",
        when=(ahead(REPAIRED, EXTRACTED, _BROKEN),),
        meaning="their syntax is broken: trailing commas, Python literals, other quotes, "
        "or an answer that was cut off",
        advice="raise the limit of new tokens if they are cut off; else show one example "
        "in the prompt, or use constrained decoding",
    ),
    Pattern(
        seen="a document can be read from {format_valid_repaired:.0%} of the answers, even after "
        "repair",
        when=(below(REPAIRED, _NEARLY_ALL),),
        meaning="all fields of the others count as missing",
        advice="look at the outcomes (missing, empty, refused, truncated, unparsed) and "
        "the reasons in samples.jsonl",
    ),
)
_SCHEMA: Final = (
    Pattern(
        seen="{format_valid_repaired:.0%} of the answers can be read, {schema_valid:.0%} follow "
        "the schema",
        when=(Condition(REPAIRED, ">", GAP, "schema_valid"),),
        meaning="keys or types are not what they should be",
        advice='the table "schema" says which; name the keys and their types in the prompt, '
        "or decode with the schema",
    ),
)
_FIELDS: Final = (
    Pattern(
        seen="ANLS* ({anls_star:.2f}) is far above field F1 ({field_f1:.2f})",
        when=(ahead("anls_star", "field_f1", _NEAR),),
        meaning="many values are a few characters off: misread letters, spaces, formats "
        "of dates or amounts",
        advice="compare such fields by a rule (parse: field_rules: date, number, anls) if "
        "the difference does not matter; raise the image resolution if it does",
    ),
    Pattern(
        seen="{schema_valid:.0%} of the answers follow the schema, field F1 is {field_f1:.2f}",
        when=(at_least("schema_valid", _VALID), below("field_f1", _LOW)),
        unless=(ahead("anls_star", "field_f1", _NEAR),),
        meaning="the form is right and the values are wrong",
        advice='the table "fields" says which; the model misreads the page, not the instruction',
    ),
    Pattern(
        seen="{format_valid_strict:.0%} of the answers are valid as they stand, field F1 is "
        "{field_f1:.2f}",
        when=(at_least(STRICT, _NEARLY_ALL), below("field_f1", _LOW)),
        unless=(
            at_least("schema_valid", _VALID),
            ahead("anls_star", "field_f1", _NEAR),
            ahead(REPAIRED, "schema_valid", GAP),
        ),
        meaning="the format is valid and the fields are wrong: other keys, or other values",
        advice='the table "fields" tells missing from wrong ones; give a schema (--schema) to '
        "see which keys or types differ",
    ),
    Pattern(
        seen="{field_f1:.2f} of the fields are right and {field_accuracy:.0%} of the documents",
        when=(
            at_least("field_f1", _GOOD),
            Condition("field_accuracy", "<", _FEW_WHOLE, "field_f1", is_factor=True),
        ),
        meaning="most documents have a field or two that is wrong",
        advice='if the same fields fail (the table "fields"), fix these; a pipeline without review '
        "needs field_accuracy, not field F1",
    ),
    Pattern(
        seen="ROUGE-L ({rouge_l_f1:.2f}) is far above field F1 ({field_f1:.2f})",
        when=(ahead("rouge_l_f1", "field_f1", _LIKE),),
        unless=(ahead("anls_star", "field_f1", _NEAR),),
        meaning="the texts share their keys and their frame, not the values: n-grams count what "
        "every document of the kind has",
        advice="judge by field F1; n-gram metrics say little of documents",
    ),
    Pattern(
        seen="fields: precision {field_precision:.2f}, recall {field_recall:.2f}",
        when=(ahead("field_precision", "field_recall", GAP),),
        meaning="fields are left out",
        advice='the table "fields" counts missing ones by path',
    ),
    Pattern(
        seen="fields: precision {field_precision:.2f}, recall {field_recall:.2f}",
        when=(ahead("field_recall", "field_precision", GAP),),
        meaning="fields are made up",
        advice='the table "fields" counts extra and hallucinated ones by path',
    ),
    Pattern(
        seen="{consistency:.0%} of the answers have the same keys, and field F1 is low "
        "({field_f1:.2f})",
        when=(at_least("consistency", _VALID), below("field_f1", _LOW)),
        unless=(at_least("schema_valid", _VALID), ahead("anls_star", "field_f1", _NEAR)),
        meaning="one form is filled in whatever the page: its keys may be those of the prompt's "
        "example and not those that are asked for",
        advice='compare the keys with the references (the table "fields"); name the keys in the '
        "prompt, or take its example away",
    ),
)

PATTERNS: Final = Patterns((*_FORMAT, *_SCHEMA, *_FIELDS))
