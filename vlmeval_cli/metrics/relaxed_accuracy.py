"""Relaxed accuracy of ChartQA: numbers may be off by five percent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from vlmeval_cli.core.batch import Array, Batch
from vlmeval_cli.core.errors import UsageError, quoted
from vlmeval_cli.core.metric import (
    MeanMetric,
    MetricInfo,
    Notice,
    Output,
    Statistics,
    mean_statistics,
)
from vlmeval_cli.metrics.answers import NEEDS, Answers, Flags
from vlmeval_cli.text.normalize import as_it_is

_PADDED = "padded"


@dataclass(frozen=True, slots=True)
class RelaxedAccuracy(MeanMetric[None]):
    """1 if the prediction is a number near an accepted one, or the same text; else 0.

    Input: the predicted text and any number of accepted answers. A text is a number if Python's
    ``float`` reads it; "12%" is 0.12.

    Output: per item 0 or 1; the corpus score is their mean, a fraction from 0 to 1, higher is
    better. Items without an accepted answer are skipped. ChartQA reports the mean of its human and
    its augmented half: score them as groups and average.

    Edge cases: where both are numbers and the accepted one is not 0, the prediction is right if it
    is off by at most ``tolerance`` of it, bound included. Otherwise the lowercase texts must be
    equal: an accepted "0" demands "0", "1,000" is no number, and "50%" (0.5) does not match "50".

    Options:
        tolerance: largest relative error.
        strip: strip the prediction before texts are compared, as Qwen-VL and VLMEvalKit do; the
            original and lmms-eval do not, so that "Yes " is wrong for "Yes".

    Source: Masry et al. 2022 (ChartQA), section 5.1; Methani et al. 2020; the rule of pix2struct.

    Example:
        >>> from vlmeval_cli.core.batch import Batch, TextColumn
        >>> prediction = TextColumn(["10.4", "Yes "], np.array([0, 1, 2]))
        >>> answers = TextColumn(["10", "yes"], np.array([0, 1, 2]))
        >>> columns = {"prediction.text": prediction, "references.text": answers}
        >>> batch = Batch(["q1", "q2"], prediction.texts, [["10"], ["yes"]], prepared=columns)
        >>> RelaxedAccuracy().measure(batch, None).values.tolist()
        [[1.0, 1.0], [0.0, 1.0]]
        >>> RelaxedAccuracy(strip=True).measure(batch, None).values.tolist()
        [[1.0, 1.0], [1.0, 1.0]]
    """

    tolerance: float = 0.05
    strip: bool = False

    info: ClassVar[MetricInfo] = MetricInfo(
        name="relaxed_accuracy",
        revision=1,
        title="share of predictions that are within 5 % of an accepted number, or the same text",
        use="questions about charts (ChartQA), where values are read off an axis",
        tasks=("vqa",),
        needs=NEEDS,
        multi_reference="best",
        source="Masry et al. 2022 (arXiv:2203.10244)",
        sees=frozenset({"order"}),
        texts_per_second=100_000,
    )

    def check(self) -> None:
        """Refuse a negative tolerance."""
        if not self.tolerance >= 0.0:
            raise UsageError(
                f"option relaxed_accuracy:tolerance: got {quoted(self.tolerance)}, "
                "expected 0 or more",
                hint="The usual tolerance is 0.05.",
            )

    def outputs(self) -> tuple[Output, ...]:
        """One number, the accuracy."""
        return (Output("relaxed_accuracy", kind="binary", meaning=self.info.title),)

    def measure(self, batch: Batch, context: None) -> Statistics:
        """Rows ``(1 if right else 0, 1)``."""
        answers = Answers.of(batch)
        stripped = answers.normalized(str.strip, as_it_is)
        if self.strip:
            return mean_statistics(self._right(stripped), skips=stripped.skips)
        right = self._right(answers)
        padded = np.count_nonzero(self._right(stripped) > right)
        return mean_statistics(right, skips=answers.skips, facts={_PADDED: int(padded)})

    def _right(self, answers: Answers) -> Array:
        """1 for each item with an accepted answer that is near or the same, else 0."""
        lowercase = answers.normalized(str.lower)
        near = _near(_numbers(answers.texts), answers, self.tolerance)
        matches = np.where(near.decides, near.within, lowercase.agree())
        return (answers.total(matches) > 0).astype(np.float64)

    def advise(self, facts: Mapping[str, int], n: int) -> tuple[Notice, ...]:
        """Predictions that are wrong only for the spaces around them."""
        padded = facts.get(_PADDED, 0)
        if not padded:
            return ()
        return (
            Notice(
                "padded_predictions",
                f"{padded:,} of {n:,} predictions are wrong only because of spaces or line feeds "
                "around them; relaxed_accuracy:strip=true takes these off, as Qwen-VL and "
                "VLMEvalKit do",
            ),
        )


class _Numbers(NamedTuple):
    """Texts read as numbers.

    Attributes:
        values: the numbers, 0 where a text is none.
        numeric: whether it is one; "nan" is.
    """

    values: Array
    numeric: Flags


class _Near(NamedTuple):
    """Accepted answers compared with their prediction as numbers, shape (n_references,).

    Attributes:
        decides: both are numbers and the accepted one is not 0, so that the values decide.
        within: they are within the tolerance.
    """

    decides: Flags
    within: Flags


def _numbers(texts: Sequence[str]) -> _Numbers:
    parsed = [_number(text) for text in texts]
    values = np.array([number or 0.0 for number in parsed], dtype=np.float64)
    return _Numbers(values, np.array([number is not None for number in parsed], dtype=np.bool_))


def _number(text: str) -> float | None:
    """The number that ``text`` is, or None.

    >>> _number("12%"), _number("1e3"), _number("1,000")
    (0.12, 1000.0, None)
    """
    try:
        return float(text.rstrip("%")) / 100 if text.endswith("%") else float(text)
    except ValueError:
        return None


def _near(numbers: _Numbers, answers: Answers, tolerance: float) -> _Near:
    predicted, accepted = answers.spread(answers.predictions), answers.references
    values, numeric = numbers
    decides = numeric[predicted] & numeric[accepted] & (values[accepted] != 0)
    with np.errstate(all="ignore"):  # infinities and nan can be read, and are near nothing
        error = np.abs(values[predicted] - values[accepted]) / np.abs(values[accepted])
        return _Near(decides, error <= tolerance)


METRICS = (RelaxedAccuracy,)
