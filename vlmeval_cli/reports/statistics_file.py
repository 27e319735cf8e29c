"""``statistics.npz``: what comparisons, groups and intervals are computed from again.

An ordinary zip of ``.npy`` arrays, with fixed times so that equal runs give equal bytes. Ids are
UTF-8 text in one array of bytes with offsets: an array of numpy strings would drop NULs at the
end of an id, and one long id would cost its length in every row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import IO, Any
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import numpy as np
import numpy.typing as npt

from vlmeval_cli.core.batch import Ints, offsets_of
from vlmeval_cli.core.metric import MetricStatistics
from vlmeval_cli.core.results import RunResult

_FIXED_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class StoredStatistics:
    """Statistics of a saved run.

    Attributes:
        ids: of the items.
        metrics: rows and context digest of every metric.
        clusters: cluster of every item, None where items are resampled alone.
    """

    ids: Sequence[str]
    metrics: Mapping[str, MetricStatistics]
    clusters: Ints | None = None


def write_statistics(file: IO[bytes], result: RunResult) -> None:
    """Write the statistics of every metric of ``result`` to a seekable file.

    Arrays: ``id_bytes``, ``id_offsets`` (n + 1), ``metrics`` and ``contexts`` (names and digests;
    an empty digest: nothing was learned from the references), ``clusters`` (n,) where items are
    resampled together, and for metric number ``j``
    ``values_j`` (m, k), ``skip_items_j`` with ``skip_reasons_j``, ``fact_names_j`` with
    ``fact_counts_j``, and ``items_j`` (m,) unless row ``i`` is item ``i``.
    """
    with ZipFile(file, "w", ZIP_STORED, allowZip64=True) as archive:
        for name, array in _arrays(result).items():
            with archive.open(ZipInfo(f"{name}.npy", _FIXED_TIME), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def read_statistics(file: IO[bytes]) -> StoredStatistics:
    """Read what :func:`write_statistics` wrote."""
    with np.load(file, allow_pickle=False) as arrays:
        names, contexts = arrays["metrics"].tolist(), arrays["contexts"].tolist()
        return StoredStatistics(
            ids=_texts(arrays["id_bytes"], arrays["id_offsets"]),
            metrics={
                name: MetricStatistics(
                    values=arrays[f"values_{j}"],
                    item=arrays.get(f"items_{j}"),
                    skips=_pairs(arrays[f"skip_items_{j}"], arrays[f"skip_reasons_{j}"]),
                    facts=_pairs(arrays[f"fact_names_{j}"], arrays[f"fact_counts_{j}"]),
                    context_digest=context or None,
                )
                for j, (name, context) in enumerate(zip(names, contexts, strict=True))
            },
            clusters=arrays.get("clusters"),
        )


def _arrays(result: RunResult) -> dict[str, npt.NDArray[Any]]:
    encoded = [name.encode("utf-8", "surrogatepass") for name in result.items.ids]
    arrays: dict[str, npt.NDArray[Any]] = {
        "id_bytes": np.frombuffer(b"".join(encoded), dtype=np.uint8),
        "id_offsets": offsets_of([len(name) for name in encoded]),
        "metrics": np.array(list(result.statistics), dtype=np.str_),
        "contexts": np.array(
            [found.context_digest or "" for found in result.statistics.values()], dtype=np.str_
        ),
    }
    if result.clusters is not None:
        arrays["clusters"] = np.asarray(result.clusters)
    for j, found in enumerate(result.statistics.values()):
        arrays[f"values_{j}"] = np.asarray(found.values)
        if found.item is not None:
            arrays[f"items_{j}"] = np.asarray(found.item)
        arrays[f"skip_items_{j}"] = np.array(list(found.skips), dtype=np.int64)
        arrays[f"skip_reasons_{j}"] = np.array(list(found.skips.values()), dtype=np.str_)
        arrays[f"fact_names_{j}"] = np.array(list(found.facts), dtype=np.str_)
        arrays[f"fact_counts_{j}"] = np.array(list(found.facts.values()), dtype=np.int64)
    return arrays


def _pairs(keys: npt.NDArray[Any], values: npt.NDArray[Any]) -> dict[Any, Any]:
    return dict(zip(keys.tolist(), values.tolist(), strict=True))


def _texts(content: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64]) -> list[str]:
    whole, bounds = content.tobytes(), offsets.tolist()
    return [whole[start:stop].decode("utf-8", "surrogatepass") for start, stop in pairwise(bounds)]
