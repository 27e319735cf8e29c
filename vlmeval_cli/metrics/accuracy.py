"""Accuracy: the share of items whose predicted class is right, with its floors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from vlmeval_cli.core.batch import Array, Batch
from vlmeval_cli.core.metric import (
    Metric,
    MetricInfo,
    MetricStatistics,
    Notice,
    Output,
    Statistics,
    Table,
)
from vlmeval_cli.metrics.classes import (
    NEEDS,
    Classes,
    as_rows,
    class_facts,
    classes_of,
    counts_in,
    pairs_of,
)
from vlmeval_cli.text.labels import UNREAD

_IMBALANCE = 4.0  # times as often as the average class
_FEW = 20  # items of which no warning is given


@dataclass(frozen=True, slots=True)
class Accuracy(Metric[Classes]):
    """Share of items whose predicted class is an accepted one.

    Input: the class read from each prediction, and one accepted class an item or several, any of
    which is right.

    Output: ``accuracy``, right among all items; ``accuracy_parsed``, right among the items whose
    prediction names a class; ``unparsed_rate``, the share of all other items. Fractions from 0 to
    1; higher is better for the first two, lower for the last. ``accuracy`` is ``accuracy_parsed``
    times (1 − ``unparsed_rate``). The table ``floors`` holds what blind guesses get on the same
    references.

    Edge cases: an answer that is missing, is empty, names no class, several, or a negated one is
    wrong for ``accuracy`` and left out of ``accuracy_parsed``, which is unknown where nothing was
    read. A class that no reference has is wrong. Items without a reference are skipped.

    Source: ``accuracy`` as scikit-learn's ``accuracy_score`` with unread answers as a label of
    their own.

    Example:
        >>> from vlmeval_cli.core.batch import singles
        >>> from vlmeval_cli.text.labels import LabelColumn
        >>> names = ("cat", "dog")
        >>> columns = {
        ...     "prediction.labels": LabelColumn(np.array([0, 1, -1]), singles(3), names),
        ...     "references.labels": LabelColumn(np.array([0, 0, 1]), singles(3), names),
        ... }
        >>> batch = Batch(["a", "b", "c"], [], [], prepared=columns)
        >>> rows = Accuracy().measure(batch, None).values
        >>> {name: round(float(x), 3) for name, x in Accuracy().finalize(rows.sum(axis=0)).items()}
        {'accuracy': 0.333, 'accuracy_parsed': 0.5, 'unparsed_rate': 0.333}
    """

    info: ClassVar[MetricInfo] = MetricInfo(
        name="accuracy",
        revision=2,
        title="share of items whose predicted class is right",
        use="classes that are about as frequent as each other; look at f1_macro or "
        "balanced_accuracy where they are not, and at the floors always",
        tasks=("classification",),
        needs=NEEDS,
        multi_reference="best",
        source="scikit-learn accuracy_score",
    )

    def outputs(self) -> tuple[Output, ...]:
        """Accuracy, accuracy of what could be read, and the share of what could not."""
        return (
            Output("accuracy", kind="binary", meaning=self.info.title),
            Output(
                "accuracy_parsed",
                kind="ratio",
                has_item_score=False,
                meaning="share of right ones among the predictions from which a class was read",
            ),
            Output(
                "unparsed_rate",
                higher_is_better=False,
                worst=1.0,
                kind="ratio",
                has_item_score=False,
                meaning="share of items from whose prediction no class could be read, missing "
                "ones among them; each is wrong for accuracy",
            ),
        )

    def fit(self, batch: Batch) -> Classes:
        """The classes of the references, for the floors."""
        return classes_of(batch)

    def measure(self, batch: Batch, context: Classes | None) -> Statistics:
        """Rows ``(right, read, not read, 1)``."""
        pairs = pairs_of(batch)
        is_read = pairs.predicted != UNREAD
        rows = as_rows(pairs.right, is_read, ~is_read, np.ones(len(batch)))
        skips = pairs.skips
        rows[list(skips)] = 0.0
        facts = {"right": int(rows[:, 0].sum()), **class_facts(batch)}
        return Statistics(rows, skips=skips, facts=facts)

    def finalize(self, totals: Array) -> dict[str, Array]:
        """Ratios of the sums."""
        right, is_read, unread, n = (totals[..., i] for i in range(4))
        with np.errstate(invalid="ignore"):
            return {
                "accuracy": right / n,
                "accuracy_parsed": right / is_read,
                "unparsed_rate": unread / n,
            }

    def worst_row(self) -> Array:
        """Wrong and not read, so that ``accuracy_parsed`` leaves it out."""
        return np.array([0.0, 0.0, 1.0, 1.0])

    def unknown(self, output: str, facts: Mapping[str, int]) -> str | None:
        """Only the accuracy of what was read can be unknown where there are items."""
        return "no prediction names a class" if output == "accuracy_parsed" else None

    def tables(self, found: MetricStatistics, context: Classes) -> Mapping[str, Table]:
        """What blind guesses get."""
        if not context.counts:
            return {}
        (name, most), *_ = sorted(context.counts.items(), key=lambda item: (-item[1], item[0]))
        with np.errstate(invalid="ignore"):
            own = float(self.finalize(found.values.sum(axis=0))["accuracy"])
        n_classes = len(context.counts)
        rows = (
            ("these predictions", None if np.isnan(own) else own),
            (f'always the most frequent class, "{name}"', most / context.n_items),
            (
                f"a class at random, of {n_classes:,}",
                context.n_accepted / (n_classes * context.n_items),
            ),
        )
        title = "Floors: accuracy without looking (a model must be well above both)"
        return {"floors": Table(title, ("guess", "accuracy"), rows)}

    def advise(self, facts: Mapping[str, int], n: int) -> tuple[Notice, ...]:
        """Classes that are far from equally frequent; accuracy no better than a blind guess."""
        counts = counts_in(facts)
        if n < _FEW or len(counts) < 2:
            return ()
        name, most = min(counts.items(), key=lambda item: (-item[1], item[0]))
        found = []
        if most >= _IMBALANCE * n / len(counts) or most >= 0.8 * n:
            found.append(
                Notice(
                    "imbalanced_classes",
                    f'"{name}" is the class of {most / n:.0%} of the items, of {len(counts):,} '
                    "classes: accuracy says little of the others; report f1_macro or "
                    "balanced_accuracy",
                )
            )
        if facts.get("right", 0) <= most:
            found.append(
                Notice(
                    "below_floor",
                    f"accuracy ({facts.get('right', 0) / n:.4f}) is not above that of always "
                    f'answering "{name}" ({most / n:.4f})',
                )
            )
        return tuple(found)


METRICS = (Accuracy,)
