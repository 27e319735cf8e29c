"""Samples of lm-eval and lmms-eval that hold something else than one answer an item."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container

from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.detection import rules
from vlmeval_cli.detection.sides import Side
from vlmeval_cli.joining.paths import as_text

_LAYOUT = "harness_samples"
_FILTER = "filter"


def refuse_several_filters(side: Side, selected: Container[str], *, is_one_file: bool) -> None:
    """Stop where every document has a row for each way in which its answer was taken out.

    Args:
        side: the predictions.
        selected: fields by which the user chose rows.
        is_one_file: whether rows of it can be chosen.

    Raises:
        UsageError: with the filters.
    """
    if side.layout.name != _LAYOUT or _FILTER in selected or _FILTER not in side.filled:
        return
    by_document: dict[str, set[str]] = defaultdict(set)
    for document, name in zip(side.values("doc_id"), side.values(_FILTER), strict=True):
        by_document[as_text(document)].add(as_text(name))
    names = sorted(set().union(*by_document.values()))
    if max(map(len, by_document.values())) < 2:
        return
    options = " or ".join(f"--where {_FILTER}={name}" for name in names)
    listed = ", ".join(f'"{name}"' for name in names)
    raise UsageError(
        f"{side.path}: each document has a row for every filter: {listed}",
        hint=f"Score one of them: {options}"
        if is_one_file
        else "Keep the rows of one of them, or score the file alone: its targets are in it.",
    )


def refuse_likelihoods(side: Side) -> None:
    """Stop where a model did not answer, but was asked how likely it held whole texts.

    Raises:
        UsageError: saying what can be scored instead.
    """
    names = side.present(rules.LIKELIHOOD_RESULTS)
    if side.layout.name != _LAYOUT or not names:
        return
    if not all(_is_number(value) for value in side.values("filtered_resps")):
        return
    raise UsageError(
        f'{side.path}: samples of lm-eval with "{names[0]}" hold the log-likelihood of each text, '
        "and no answers; perplexity by token needs the number of its tokens, which they lack",
        hint='Write rows such as {"id": 0, "nll": 120.5, "n_tokens": 40, "n_bytes": 180} and pass '
        "--task language_modeling; or take word_perplexity from lm-eval's results file.",
    )


def _is_number(value: object) -> bool:
    try:
        float(value)  # type: ignore[arg-type]  # any value is asked
    except (TypeError, ValueError):
        return False
    return True
