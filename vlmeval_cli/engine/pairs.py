"""Columns ``pair.bleurt:MODEL``: a network rates each prediction with each reference of its item.

Both texts are read together, so that pairs are what is rated once, over all runs of a comparison.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from vlmeval_cli.core.batch import Column, TextColumn
from vlmeval_cli.core.config import ModelPolicy
from vlmeval_cli.core.errors import PluginError, quoted
from vlmeval_cli.core.progress import Progress

if TYPE_CHECKING:
    from vlmeval_cli.models.pair_scores import PairColumn

SOURCES = ("prediction.text", "references.text")
_PREFIX = "pair.bleurt:"
_USER = "bleurt"


def is_of_pairs(need: str) -> bool:
    """Whether ``need`` is a column of ratings of pairs."""
    return need.startswith(_PREFIX)


class Rater:
    """Makes columns of ratings, and keeps every rating for runs that have the same pairs."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, ModelPolicy], dict[tuple[str, str], tuple[float, bool]]] = {}

    def column(
        self, need: str, made: Mapping[str, Column], policy: ModelPolicy, progress: Progress
    ) -> PairColumn:
        """The ratings that ``need`` asks for, of the texts in ``made``.

        Raises:
            PluginError: the items have no texts.
            ModelError: the checkpoint cannot be had or used.
        """
        from vlmeval_cli.models.bleurt import Bleurt
        from vlmeval_cli.models.devices import Device
        from vlmeval_cli.models.pair_scores import PairColumn, different_pairs

        predictions, references = (made.get(source) for source in SOURCES)
        if not (isinstance(predictions, TextColumn) and isinstance(references, TextColumn)):
            raise PluginError(
                f"a metric needs the column {quoted(need)}, and the items are no texts",
                hint=f"It is made of {' and '.join(SOURCES)}.",
            )
        Device.check(policy, _USER)
        model = Bleurt.called(need.removeprefix(_PREFIX), policy, progress=progress)
        pairs, which = different_pairs(predictions, references)
        known = self._known.setdefault((need, policy), {})
        fresh = [pair for pair in pairs if pair not in known]
        scores, cut = model.scores([pair[0] for pair in fresh], [pair[1] for pair in fresh])
        known.update(zip(fresh, zip(scores.tolist(), cut.tolist(), strict=True), strict=True))
        found = [known[pair] for pair in pairs]
        return PairColumn(
            scores=np.array([score for score, _ in found], dtype=np.float64)[which],
            cut=np.array([is_cut for _, is_cut in found], dtype=bool)[which],
            item_offsets=references.item_offsets,
            provenance=model.provenance(),
        )
