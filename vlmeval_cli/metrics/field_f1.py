"""Field F1: which fields of a document are right, missing, made up, or in the wrong place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar, Literal, NamedTuple

import numpy as np

from vlmeval_cli.core.batch import Array, Batch
from vlmeval_cli.core.metric import (
    SETTING,
    Metric,
    MetricInfo,
    MetricStatistics,
    Notice,
    Output,
    Statistics,
    Table,
)
from vlmeval_cli.metrics.documents import NEEDS, beside_references, without_references
from vlmeval_cli.text.document_compare import Outcome, closest, counted
from vlmeval_cli.text.document_rules import paths_without_fields, read_rules
from vlmeval_cli.text.document_trees import Field, Planter, fields_of

Nulls = Literal["value", "absent"]

_PREDICTED, _KNOWN = "predicted", "known"
_UNDATED = ("undated reference", "undated prediction")
_SHOWN = 25
_MOST_STRAY_PATHS = 200


@dataclass(frozen=True, slots=True)
class FieldF1(Metric[None]):
    """Precision, recall and F1 over the fields of documents, each compared by its own rule.

    Input: the predicted document and any number of accepted ones (JSON values). A field is a text,
    number, boolean or null at a path such as ``items[].price``; it is right if the prediction has
    an equal value at the same path. Entries of lists are paired so that as much as possible agrees;
    their order means nothing. Among several references the best counts.

    Output: fractions from 0 to 1, higher is better. ``field_f1`` is 2 right / (predicted fields +
    reference fields), ``field_precision`` right / predicted fields, ``field_recall`` right /
    reference fields, all summed over the items first, so that long documents count more;
    ``field_f1_macro`` is the mean of the items' F1; ``field_accuracy`` is the share of documents
    with every field right and none added. Fields count by their weight. Items without a reference
    are skipped.

    The table ``fields`` counts, per path, what became of the reference's fields (``right``,
    ``wrong``, ``missing``, ``wrong type``, ``swapped``: these exclude each other and add up to
    ``reference``) and of those that were added (``extra``; ``hallucinated`` where no reference of
    any item has such a path: these exclude each other too). ``wrong`` is another value of the same
    type; ``wrong type`` a value of another type, or an object or a list in place of a value;
    ``swapped`` a wrong value that another path of the same reference has; ``missing`` means that
    nothing stands there.

    Edge cases: a prediction that is missing or could not be read has no fields, so that all fields
    of the reference are missing. Empty objects and lists have no fields. Two documents without
    fields agree (1). Where one side has none, the other's are errors, and an undefined precision or
    recall is 0. A null is a value of its own, which a missing field does not equal (``nulls``).
    Without a rule, texts are compared without regard to case and white space, numbers by value to
    nine decimals, and a text that is a plain numeral counts as a number: "12.50" equals 12.5,
    "007" does not equal 7.

    Options:
        nulls: ``value``: a field that is null must be predicted as null; ``absent``: a field that
            is null counts as not there, on both sides.
        rules: how single fields are compared, as the section ``parse: field_rules`` of a
            configuration makes them.

    Differs from: Donut's F1 (``donut``), which forgets which entry of a list a field belongs to,
    and drops 0 and false.

    Source: F1 over key-value pairs as for SROIE (Huang et al. 2019), with paths for nested
    documents; best pairing after Kuhn 1955.

    Example:
        >>> from vlmeval_cli.core.batch import Batch, ValueColumn
        >>> prediction = ValueColumn([{"total": "12.50", "date": "May"}], np.array([0, 1]))
        >>> reference = ValueColumn([{"total": 12.5, "date": "June"}], np.array([0, 1]))
        >>> columns = {"prediction.documents": prediction, "references.documents": reference}
        >>> batch = Batch(["a"], prediction.values, [reference.values], prepared=columns)
        >>> FieldF1().measure(batch, None).values.tolist()
        [[1.0, 2.0, 2.0, 0.5, 0.0, 1.0]]
    """

    nulls: Nulls = "value"
    rules: tuple[str, ...] = field(default=(), metadata=SETTING)

    info: ClassVar[MetricInfo] = MetricInfo(
        name="field_f1",
        revision=1,
        title="fields of a document that are right, among those predicted and those expected",
        use="the first number for extracted documents; the table beside it says which fields fail "
        "and how. For texts that may differ a little look at anls_star too",
        tasks=("freeform",),
        needs=NEEDS,
        multi_reference="best",
        source="key-value F1 as for SROIE (arXiv:2103.10213), extended to nested documents",
    )

    def check(self) -> None:
        """Refuse rules that make no sense."""
        read_rules(self.rules)

    def outputs(self) -> tuple[Output, ...]:
        """F1, precision and recall over all fields, mean F1, and share of perfect documents."""
        return (
            Output("field_f1", kind="ratio", meaning=self.info.title),
            Output(
                "field_precision",
                kind="ratio",
                meaning="share of the predicted fields that is right",
            ),
            Output(
                "field_recall", kind="ratio", meaning="share of the expected fields that was found"
            ),
            Output("field_f1_macro", meaning="mean of the documents' F1"),
            Output(
                "field_accuracy",
                kind="binary",
                meaning="share of documents whose fields are all right, with none added",
            ),
        )

    def measure(self, batch: Batch, context: None) -> Statistics:
        """Rows ``(right, predicted, expected, F1, all right, 1)``, the first three as weights."""
        rules = read_rules(self.rules)
        has_dates = any(rule.compare == "date" for rule in rules.values())
        planter = Planter(rules, keeps_nulls=self.nulls == "value")
        tally: Counter[tuple[str, str]] = Counter()
        values = np.zeros((len(batch), 6))
        skips = without_references(batch)
        for item, (prediction, references) in enumerate(beside_references(batch)):
            if item in skips:
                continue
            outcomes = closest(planter, prediction, references).outcomes()
            counts = counted(outcomes)
            is_perfect = counts.right == counts.predicted == counts.expected
            values[item] = (*counts, counts.f1, is_perfect, 1.0)
            _count(tally, outcomes)
            if has_dates:
                _count_undated(tally, outcomes)
            if len(references) > 1:
                paths = {own.path for one in references for own in fields_of(planter.tree(one))}
                tally.update((_KNOWN, path) for path in paths)
        facts = {f"{kind}:{path}": number for (kind, path), number in tally.items()}
        return Statistics(values, skips=skips, facts=facts)

    def finalize(self, totals: Array) -> dict[str, Array]:
        """Ratios of sums, and means."""
        right, predicted, expected, f1, perfect, n = np.moveaxis(totals, -1, 0)
        nothing = np.where((predicted + expected == 0) & (n > 0), 1.0, 0.0)
        known = np.where(n > 0, 1.0, np.nan)
        return {
            "field_f1": known * _ratio(2 * right, predicted + expected, nothing),
            "field_precision": known * _ratio(right, predicted, nothing),
            "field_recall": known * _ratio(right, expected, nothing),
            "field_f1_macro": f1 / n,
            "field_accuracy": perfect / n,
        }

    def supposed(self, values: Array, *, right: bool) -> Array:
        """All expected fields, or none of any."""
        expected, n = values[:, 2], values[:, 5]
        found, is_right = (expected, n) if right else (0 * expected, n * (expected == 0))
        return np.column_stack([found, found, expected, is_right, is_right, n])

    def tables(self, found: MetricStatistics, context: None) -> Mapping[str, Table]:
        """Counts per path."""
        paths = _by_path(found.facts)
        known = [path for path, own in paths.items() if own.is_known]
        stray = sorted(
            (path for path, own in paths.items() if not own.is_known),
            key=lambda path: (-paths[path].count("extra"), path),
        )
        rows = [paths[path].row(path) for path in (*sorted(known), *stray[:_MOST_STRAY_PATHS])]
        rest = stray[_MOST_STRAY_PATHS:]
        if rest:
            others = _Path(Counter())
            for path in rest:
                others.counts.update(paths[path].counts)
            rows.append(others.row(f"({len(rest):,} other paths)"))
        columns = (
            "path", "reference", "right", "wrong", "missing", "wrong type", "swapped", "extra",
            "hallucinated", "precision", "recall", "F1",
        )  # fmt: skip
        return {"fields": Table("Fields by path (counts)", columns, rows, shown=_SHOWN)}

    def advise(self, facts: Mapping[str, int], n: int) -> tuple[Notice, ...]:
        """References without fields, and rules whose path no field has."""
        rules = read_rules(self.rules)
        paths = _by_path(facts)
        if n and not any(own.is_known for own in paths.values()):
            return (
                Notice(
                    "nothing_compared",
                    "no reference has a field that is compared, so field_f1 is 1 wherever nothing "
                    "is predicted either; look at the rules that ignore fields",
                ),
            )
        compared = {path: rule for path, rule in rules.items() if rule.compare != "ignore"}
        idle = paths_without_fields(compared, list(paths))
        if not idle:
            return _undated(paths)
        return (
            Notice(
                "idle_field_rules",
                f"field_rules: no field stands at {', '.join(idle)}; the table of fields lists "
                "the paths there are (entries of lists are written items[].price)",
            ),
            *_undated(paths),
        )


class _Path(NamedTuple):
    """What was counted at one path."""

    counts: Counter[str]

    def count(self, *kinds: str) -> int:
        return sum(self.counts[kind] for kind in kinds)

    @property
    def expected(self) -> int:
        return self.count("right", "wrong", "missing", "wrong_type", "swapped")

    @property
    def is_known(self) -> bool:
        """Whether any reference has the path."""
        return self.expected > 0 or self.counts[_KNOWN] > 0

    def row(self, path: str) -> tuple[str | float | int | None, ...]:
        right, predicted, expected = self.count("right"), self.count(_PREDICTED), self.expected
        extra = self.count("extra")
        return (
            path, expected, right, self.count("wrong"), self.count("missing"),
            self.count("wrong_type"), self.count("swapped"),
            extra if self.is_known else 0, 0 if self.is_known else extra,
            right / predicted if predicted else None,
            right / expected if expected else None,
            2 * right / (predicted + expected) if predicted + expected else None,
        )  # fmt: skip


def _count(tally: Counter[tuple[str, str]], outcomes: Sequence[Outcome]) -> None:
    tally.update((one.kind, one.path) for one in outcomes)
    tally.update((_PREDICTED, one.path) for one in outcomes if one.got is not None)


def _count_undated(tally: Counter[tuple[str, str]], outcomes: Sequence[Outcome]) -> None:
    for one in outcomes:
        for kind, own in zip(_UNDATED, (one.expected, one.got), strict=True):
            if own is not None and own.rule.compare == "date" and not _is_date(own):
                tally[kind, one.path] += 1


def _is_date(own: Field) -> bool:
    """Whether a field that is compared as a date holds one; a null is no value to be read."""
    return own.value is None or isinstance(own.key, date)


def _by_path(facts: Mapping[str, int]) -> dict[str, _Path]:
    found: dict[str, _Path] = {}
    for fact, number in facts.items():
        kind, _, path = fact.partition(":")
        found.setdefault(path, _Path(Counter())).counts[kind] += number
    return found


def _undated(paths: Mapping[str, _Path]) -> tuple[Notice, ...]:
    """Values that are compared as dates and are none."""
    theirs, ours = (sum(own.count(kind) for own in paths.values()) for kind in _UNDATED)
    if not theirs and not ours:
        return ()
    at = [path for path, own in paths.items() if own.count(*_UNDATED)]
    return (
        Notice(
            "undated_values",
            f"compare: date: {theirs:,} values of references and {ours:,} of predictions are no "
            f"dates that can be read, and are compared as texts (at {', '.join(at[:3])}"
            f"{', …' if len(at) > 3 else ''})",
        ),
    )


def _ratio(part: Array, whole: Array, otherwise: Array) -> Array:
    """``part / whole``, and ``otherwise`` where there is no whole."""
    found: Array = np.where(whole > 0, part / np.where(whole > 0, whole, 1.0), otherwise)
    return found


METRICS = (FieldF1,)
