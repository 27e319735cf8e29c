"""Best cosines between the tokens of pairs of texts, on the processor or on a device of torch."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from vlmeval_cli.core.batch import Ints
from vlmeval_cli.models.columns import VectorColumn, Vectors

Floats32 = npt.NDArray[np.float32]
_SHARE = 0.4  # of a device's free memory that the vectors of a run may take


class Chosen(NamedTuple):
    """Tokens of one side of a block of pairs.

    Attributes:
        places: rows of the vectors, shape (b, length).
        hidden: tokens that match nothing, as if their vector were zero; None hides none.
    """

    places: Ints
    hidden: npt.NDArray[np.bool_] | None


class Products(Protocol):
    """Best cosines of the tokens of pairs.

    Attributes:
        block_tokens: tokens of both sides that a block may have.
    """

    block_tokens: int

    def best(self, ours: Chosen, theirs: Chosen) -> tuple[Floats32, Floats32]:
        """The best cosine of each token with one of the other text, (b, length) of either side."""
        ...


class NumpyProducts:
    """Products on the processor.

    Args:
        ours: vectors of one side, of any length.
        theirs: vectors of the other side.
    """

    block_tokens = 1 << 11  # few enough for their vectors to stay in a processor's cache

    def __init__(self, ours: Vectors, theirs: Vectors) -> None:
        self._ours, self._theirs = ours, theirs

    def best(self, ours: Chosen, theirs: Chosen) -> tuple[Floats32, Floats32]:
        """See :class:`Products`."""
        mine, other = _units(self._ours, ours), _units(self._theirs, theirs)
        cosines = np.matmul(mine, other.transpose(0, 2, 1))
        return cosines.max(axis=2), cosines.max(axis=1)


def _units(vectors: Vectors, chosen: Chosen) -> Floats32:
    found = np.asarray(vectors[chosen.places], dtype=np.float32)
    norms = np.sqrt(np.einsum("bld,bld->bl", found, found))
    scale = np.float32(1.0) / np.maximum(norms, np.finfo(np.float32).tiny)
    if chosen.hidden is not None:
        scale[chosen.hidden] = 0.0
    found *= scale[:, :, None]
    return found


class TorchProducts:
    """Products on a device of torch, to which the vectors are copied once.

    Args:
        ours: vectors of one side, of any length.
        theirs: vectors of the other side.
        device: where.
    """

    block_tokens = 1 << 16

    def __init__(self, ours: Vectors, theirs: Vectors, device: str) -> None:
        self._device = device
        self._ours, self._theirs = self._copied(ours), self._copied(theirs)

    def best(self, ours: Chosen, theirs: Chosen) -> tuple[Floats32, Floats32]:
        """See :class:`Products`."""
        import torch

        with torch.inference_mode():
            mine, other = self._units(self._ours, ours), self._units(self._theirs, theirs)
            cosines = torch.bmm(mine, other.transpose(1, 2))
            return cosines.amax(2).cpu().numpy(), cosines.amax(1).cpu().numpy()

    def _copied(self, vectors: Vectors) -> Any:  # noqa: ANN401  (a tensor)
        import torch

        return torch.from_numpy(np.require(vectors, np.float32, "W")).to(self._device)

    def _units(self, vectors: Any, chosen: Chosen) -> Any:  # noqa: ANN401  (tensors)
        import torch

        found = vectors[torch.from_numpy(chosen.places).to(self._device)]
        found = torch.nn.functional.normalize(found, dim=2)
        if chosen.hidden is not None:
            found[torch.from_numpy(chosen.hidden).to(self._device)] = 0.0
        return found


def products(ours: VectorColumn, theirs: VectorColumn) -> Products:
    """Products on the device that made the vectors of both columns, where that is CUDA."""
    mine, other = ours.vectors, theirs.vectors
    if _is_on_cuda(ours) and _fits(mine.nbytes + other.nbytes):
        return TorchProducts(mine, other, "cuda")
    return NumpyProducts(mine, other)


def _is_on_cuda(column: VectorColumn) -> bool:
    """Whether the network of these vectors ran on CUDA in this process, so that torch is loaded."""
    import sys

    if (
        column.provenance.recorded.get("device") not in ("auto", "cuda")
        or "torch" not in sys.modules
    ):
        return False
    import torch

    return bool(torch.cuda.is_available())


def _fits(size: int) -> bool:
    import torch

    free, _ = torch.cuda.mem_get_info()
    return bool(size <= _SHARE * free)
