"""Ours beside the original: both values, the largest difference of an item, and the speed ratio."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from vlmeval_cli.core.batch import Array
from vlmeval_cli.core.metric import Metric, Table
from vlmeval_cli.core.optional import is_installed
from vlmeval_cli.oracles import coco, english
from vlmeval_cli.oracles.base import Original, Scored, Texts, Unavailable

COLUMNS = (
    "output", "ours", "original", "largest item difference", "speed ratio", "package",
)  # fmt: skip


class Ours(NamedTuple):
    """What we found for one metric.

    Attributes:
        metric: with its options.
        names: output → its name in this run.
        corpus: output → score.
        items: output → item scores, shape (n,).
        seconds: time of measuring, with the share of preparing texts.
    """

    metric: Metric[Any]
    names: Mapping[str, str]
    corpus: Mapping[str, float | None]
    items: Mapping[str, Array]
    seconds: float


def table(found: Sequence[Ours], texts: Texts) -> Table:
    """A row per output; outputs whose original cannot be run say why in the last column."""
    rows: list[Sequence[str | float | int | None]] = []
    for ours in found:
        rows.extend(_rows(ours, texts))
    return Table("Ours beside the original packages", COLUMNS, rows)


def note(found: Table) -> tuple[str, ...]:
    """One line if no output of the table could be compared, which tells why."""
    if any(row[COLUMNS.index("original")] is not None for row in found.rows):
        return ()
    reasons = dict.fromkeys(str(row[-1]) for row in found.rows)
    return (f"nothing was compared with an original package: {'; '.join(reasons)}",)


def _rows(ours: Ours, texts: Texts) -> list[Sequence[str | float | int | None]]:
    original = original_of(ours.metric)
    if original is None:
        return [_absent(ours, "no package has this metric with these options")]
    if not is_installed(original.module):
        hint = f'{original.package} is not installed: pip install "vlmeval-cli[reference]"'
        return [_absent(ours, hint)]
    started = perf_counter()
    try:
        theirs = original.run(texts)
    except Unavailable as reason:
        return [_absent(ours, f"{original.package}: {reason}")]
    except Exception as error:  # foreign code may fail in any way; our scores stand without it
        return [_absent(ours, f"{original.package} failed: {type(error).__name__}: {error}")]
    ratio = (perf_counter() - started) / max(ours.seconds, 1e-9)
    return [
        _row(name, ours, scored, original, ratio)
        for name, scored in theirs.items()
        if name in ours.corpus
    ]


def _row(
    name: str, ours: Ours, theirs: Scored, original: Original, ratio: float
) -> Sequence[str | float | int | None]:
    scale = original.scale
    largest = float(np.nanmax(np.abs(ours.items[name] - theirs.items * scale), initial=0.0))
    return (
        ours.names[name],
        ours.corpus[name],
        theirs.corpus * scale,
        largest,
        ratio,
        _version(original),
    )


def _absent(ours: Ours, reason: str) -> Sequence[str | float | int | None]:
    return (", ".join(ours.names.values()), None, None, None, None, reason)


def _version(original: Original) -> str:
    from importlib.metadata import version

    return f"{original.package} {version(original.package)}"


def original_of(metric: Metric[Any]) -> Original | None:
    """The original implementation of ``metric`` with its options, if a package has it."""
    options = metric.options()
    match metric.info.name:
        case "bleu" if options["variant"] == "coco" and options["tokenizer"] in ("", "ptb"):
            return Original("pycocoevalcap", "pycocoevalcap", coco.bleu)
        case "bleu" if options["variant"] == "nltk":
            run = english.bleu(
                str(options["tokenizer"]) or "whitespace",
                str(options["smoothing"]),
                len(metric.outputs()),
            )
            return Original("nltk", "nltk", run)
        case "meteor_1_5":
            return Original("pycocoevalcap", "pycocoevalcap", coco.meteor)
        case "rouge_l":
            return Original("pycocoevalcap", "pycocoevalcap", coco.rouge_l)
        case "cider" if options["variant"] == "d" and options["df"] == "references":
            return Original("pycocoevalcap", "pycocoevalcap", coco.cider)
        case "meteor" if options["wordnet"]:
            parameters = {key: options[key] for key in ("alpha", "beta", "gamma")}
            run = english.meteor(str(options["tokenizer"]), parameters)
            return Original("nltk", "nltk", run)
        case "rouge":
            return Original("rouge-score", "rouge_score", english.rouge(bool(options["stemmer"])))
        case "sacrebleu":
            run = english.sacrebleu(str(options["smoothing"]), bool(options["effective_order"]))
            return Original("sacrebleu", "sacrebleu", run, scale=0.01)
    return None
