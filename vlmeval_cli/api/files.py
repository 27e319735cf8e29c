"""What files hold, in other forms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from vlmeval_cli.api.scoring import DEFAULTS, SILENT
from vlmeval_cli.core.config import RunConfig
from vlmeval_cli.core.keywords import path_text
from vlmeval_cli.core.progress import Progress
from vlmeval_cli.runs.converting import Converted
from vlmeval_cli.runs.converting import convert as convert_files
from vlmeval_cli.runs.gathering import Gathered, gather
from vlmeval_cli.runs.inspecting import how_read as how_read
from vlmeval_cli.runs.perturbing import PerturbConfig, Perturbed
from vlmeval_cli.runs.perturbing import perturb as perturb_file

if TYPE_CHECKING:
    pass


def inspect(
    predictions: str | Path,
    references: str | Path | None = None,
    config: RunConfig = DEFAULTS,
    progress: Progress = SILENT,
) -> Gathered:
    """What the files hold and how they join, without scoring; missing predictions are counted."""
    config = replace(config, join=replace(config.join, missing="skip"))
    return gather(str(predictions), path_text(references), config, progress, must_be_scorable=False)


def convert(
    predictions: str | Path,
    references: str | Path | None = None,
    config: RunConfig = DEFAULTS,
    progress: Progress = SILENT,
) -> Converted:
    """Files of any layout as rows of one form: id, prediction, references, question, options, …."""
    return convert_files(str(predictions), path_text(references), config, progress)


def perturb(
    path: str | Path,
    *,
    kinds: str | Sequence[str] | None = None,
    severities: int | Sequence[int] | None = None,
    field: str | None = None,
    id_field: str | None = None,
    synonyms: str | Path | None = None,
    seed: int = 12345,
) -> Perturbed:
    """Noisy copies of what a model is asked, as ``vlmeval perturb`` makes them.

    Args:
        path: questions, or references with questions, of any layout.
        kinds: such as "typos" or a list; None makes all of them.
        severities: from 1 to 5; None makes all of them.
        field: field of the text, instead of the recognised one.
        id_field: field that identifies items, instead of the recognised one.
        synonyms: a table of synonyms: lines ``couch, sofa, settee``, or JSON.
        seed: of the noise.

    Returns:
        The copies; ``rows`` gives for each row of the file a list of them.

    Raises:
        VlmevalError: what the command line would tell.
    """
    config = PerturbConfig(field=field, id_field=id_field, synonyms=path_text(synonyms), seed=seed)
    if kinds is not None:
        config = replace(config, kinds=(kinds,) if isinstance(kinds, str) else tuple(kinds))
    if severities is not None:
        numbers = (severities,) if isinstance(severities, int) else tuple(severities)
        config = replace(config, severities=numbers)
    return perturb_with(path, config)


def perturb_with(path: str | Path, config: PerturbConfig) -> Perturbed:
    """Noisy copies with choices already put together; see :func:`perturb`."""
    return perturb_file(str(path), config)
