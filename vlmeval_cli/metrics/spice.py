"""SPICE, by its own program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from vlmeval_cli.core.batch import Array, Batch
from vlmeval_cli.core.metric import Metric, MetricInfo, Notice, Output, Statistics
from vlmeval_cli.core.wording import number_of
from vlmeval_cli.metrics.scene_scores import scene_means, scene_outputs, scene_statistics
from vlmeval_cli.scenes.tuples import SceneColumn

_NAME = "spice"
_EXTRA = "extra_recorded"


@dataclass(frozen=True, slots=True)
class Spice(Metric[None]):
    """How well a caption names the objects, attributes and relations of its references.

    Each caption is parsed to a scene: objects ("dog"), attributes ("dog", "brown") and relations
    ("dog", "run on", "grass"). The scenes of all references of an item are merged. Of these tuples
    F is taken; a tuple matches one whose words are the same or synonyms.

    Input:
        Captions in English, as they are; with ``tokenizer=ptb`` as coco-caption hands them over:
        PTB tokens, without marks and capitals, which changes parses. So SPICE is in the tables of
        papers, and in ``--metrics coco``. It needs Java, pycocoevalcap and parts of Stanford
        CoreNLP (``vlmeval download spice``), or recorded results (``--spice-json``).

    Output:
        Fractions, 0 to 1, higher is better; published tables print them times 100. ``spice`` is the
        mean of the items' F of all tuples; ``spice_object``, ``spice_relation``,
        ``spice_attribute``, and of attributes ``spice_color``, ``spice_count`` and ``spice_size``
        are means over the items whose references have such tuples. Five references give .15 to .20,
        forty .03 to .07: only scores with as many references compare.

    Edge cases:
        An empty prediction, or references without any tuple, score 0. An item with a sentence of
        more than 150 words and marks is not parsed, and one that the parser fails on has no score;
        both are skipped with their reason. Line breaks and tabs are spaces to the parser.

    Differs from:
        SPICE 1.0 in pycocoevalcap 1.2: not in any number, since it is that program that runs. Its
        wrapper fails on today's Java, gives scores in another order than asked, and loses all of
        them to one overlong reference (docs/spice.md).

    Source:
        Anderson et al. 2016, arXiv:1607.08822.

    Example:
        >>> import numpy as np
        >>> column = SceneColumn(np.array([[[1, 1, 3], *[[0, 0, 0]] * 6]]), [None])
        >>> batch = Batch(["a"], [""], [[""]], prepared={"pair.spice": column})
        >>> float(Spice().measure(batch, None).values[0, 0])  # precision 1/2, recall 1/4
        0.3333333333333333
    """

    tokenizer: Literal["none", "ptb"] = "none"

    info: ClassVar[MetricInfo] = MetricInfo(
        name=_NAME,
        revision=1,
        title="objects, attributes and relations that prediction and references share (SPICE)",
        use="Whether captions name what is in the picture, whatever their wording; for comparing "
        "with papers. Needs Java and a download, and half an hour for 10,000 images the first "
        "time.",
        tasks=("captioning",),
        needs=("pair.spice",),
        multi_reference="pooled",
        source="arXiv:1607.08822; pycocoevalcap Spice",
        extra="reference",
        sees=frozenset({"partial", "endings", "synonyms", "order"}),
        texts_per_second=10,
    )

    def needs(self) -> tuple[str, ...]:
        """The compared scenes of the captions as they are, or of their tokens."""
        return ("pair.spice" if self.tokenizer == "none" else f"pair.spice:{self.tokenizer}",)

    def outputs(self) -> tuple[Output, ...]:
        """F of all tuples, and of each kind."""
        return scene_outputs(_NAME)

    def measure(self, batch: Batch, context: None) -> Statistics:
        """Rows of shape (n, 14): seven F, and which of them are known."""
        return scene_statistics(batch.column(self.needs()[0], SceneColumn))

    def finalize(self, totals: Array) -> dict[str, Array]:
        """Means over the items that have a value."""
        return scene_means(_NAME, totals)

    def advise(self, facts: Mapping[str, int], n: int) -> tuple[Notice, ...]:
        """Recorded results of no item."""
        extra = facts.get(_EXTRA, 0)
        if not extra:
            return ()
        told = number_of(extra, "recorded result of SPICE", "recorded results of SPICE")
        return (Notice("spice_extra", f"{told} left out: of no item"),)


METRICS = (Spice,)
