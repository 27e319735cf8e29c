"""What a comparison is asked to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vlmeval_cli.comparing.naming import NamedRun
from vlmeval_cli.core.config import ComparePolicy, PairPolicy, RunConfig


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be compared, and how.

    Attributes:
        runs: names and paths, at least two.
        references: file of the references; None where each file holds them, or runs are saved.
        config: how each run is scored.
        policy: what is compared with what.
        pairs: how differences are tested.
    """

    runs: Sequence[NamedRun]
    references: str | None
    config: RunConfig
    policy: ComparePolicy
    pairs: PairPolicy
