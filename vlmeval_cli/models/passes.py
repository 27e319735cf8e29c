"""Token ids through a text network, batch by batch, and on several devices at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Lock
from typing import Any, Literal

import numpy as np

from vlmeval_cli.core.batch import Ints, offsets_of
from vlmeval_cli.core.errors import ModelError
from vlmeval_cli.models.batching import OutOfMemory, encode_in_batches
from vlmeval_cli.models.columns import Vectors
from vlmeval_cli.models.devices import Copies, Device, in_threads
from vlmeval_cli.models.loading import Located
from vlmeval_cli.models.networks import network_of

Pooling = Literal["tokens", "mean", "cls"]
Deliver = Callable[[Ints, Vectors], None]
_BUDGET = {"cpu": 1_024, "mps": 8_192, "cuda": 65_536}  # tokens of a batch
_WORTH_SPREADING = 200_000  # tokens; below, a second process starts longer than it helps


@dataclass(frozen=True, slots=True)
class Pass:
    """What goes through which network.

    Attributes:
        located: the weights.
        layer: after which vectors are taken; None is the last.
        pooling: "tokens" gives a vector for each token; "mean" and "cls" one for each text.
        batch_size: texts at a time; None fills batches to a number of tokens.
        user: what needs it, for messages.
    """

    located: Located
    layer: int | None
    pooling: Pooling
    batch_size: int | None
    user: str

    def run(
        self, ids: Sequence[Sequence[int]], devices: Sequence[Device], deliver: Deliver
    ) -> None:
        """Compute the vectors of texts.

        Args:
            ids: tokens of each text, at least one.
            devices: where; a process each where there are several and enough to do.
            deliver: takes places of texts and their vectors, one text's after the other's.

        Raises:
            ModelError: the device has no memory for one text.
        """
        lengths = np.fromiter(map(len, ids), np.int64, len(ids))
        if len(devices) > 1 and int(lengths.sum()) >= _WORTH_SPREADING:
            self._spread(ids, lengths, devices, deliver)
        else:
            self._run_here(ids, lengths, devices[0], deliver)

    def _run_here(
        self, ids: Sequence[Sequence[int]], lengths: Ints, device: Device, deliver: Deliver
    ) -> None:
        network = network_of(self.located, self.layer, device, self.user)
        budget = (self.batch_size or 0) * int(lengths.max(initial=1)) or _BUDGET[device.kind]
        stopped = Event()

        def run_share(share: Ints) -> None:
            copies = Copies(device, deliver)

            def encode(some: Ints) -> None:
                places = share[some]
                if not stopped.is_set():
                    with device.inference():
                        rows = self._rows(network, device, ids, places, lengths[places])
                        copies.add(places, rows)

            encode_in_batches(lengths[share], budget, encode, self.batch_size)
            copies.finish()

        try:
            with device.workers(int(lengths.sum()) // budget) as workers:
                in_threads(run_share, _dealt(lengths, workers), stopped)
        except OutOfMemory as error:
            raise ModelError(
                f"{self.user}: {device.name} has no memory for {self.located.name} and one text",
                hint="Take --device cpu, --dtype bf16, or a smaller model.",
            ) from error

    def _rows(
        self,
        network: Any,  # noqa: ANN401  (a torch module)
        device: Device,
        ids: Sequence[Sequence[int]],
        places: Ints,
        lengths: Ints,
    ) -> Any:  # noqa: ANN401  (a tensor)
        """Vectors of a batch on the device, padding left out."""
        import torch

        inside = np.arange(int(lengths.max())) < lengths[:, None]
        padded = np.full(inside.shape, _padding(network), dtype=np.int64)
        padded[inside] = np.concatenate([np.asarray(ids[place]) for place in places.tolist()])
        mask = None if inside.all() else device.put(torch.from_numpy(inside))
        given = {} if mask is None else {"attention_mask": mask.long()}
        states = network(input_ids=device.put(torch.from_numpy(padded)), **given)[0]
        if self.pooling == "cls":
            return states[:, 0]
        if self.pooling == "tokens":
            return states.flatten(0, 1) if mask is None else states[mask]
        kept = states.float() if mask is None else states.float() * mask[:, :, None]
        return kept.sum(1) / device.put(torch.from_numpy(lengths))[:, None]

    def _spread(
        self,
        ids: Sequence[Sequence[int]],
        lengths: Ints,
        devices: Sequence[Device],
        deliver: Deliver,
    ) -> None:
        """Deal the texts out by length, a process for each device."""
        shares = _dealt(lengths, len(devices))
        context = get_context("spawn")  # CUDA does not outlive a fork
        with (
            TemporaryDirectory(prefix="vlmeval-") as folder,
            ProcessPoolExecutor(len(devices), mp_context=context) as pool,
        ):
            running = [
                pool.submit(_share, self, [ids[i] for i in share.tolist()], device, Path(folder), n)
                for n, (share, device) in enumerate(zip(shares, devices, strict=True))
            ]
            for share, future in zip(shares, running, strict=True):
                deliver(share, np.load(future.result(), mmap_mode="r"))


def _dealt(lengths: Ints, hands: int) -> list[Ints]:
    """Places of texts dealt out by length, so that each hand has as much to do."""
    order = np.argsort(-lengths, kind="stable")
    return [order[i::hands] for i in range(hands)]


def _share(
    one: Pass, ids: Sequence[Sequence[int]], device: Device, folder: Path, number: int
) -> Path:
    """The vectors of some texts, in a file; runs in a process of its own."""
    lengths = np.fromiter(map(len, ids), np.int64, len(ids))
    rows = lengths if one.pooling == "tokens" else np.ones(len(ids), dtype=np.int64)
    gathered = Gathered(rows)
    replace(one).run(ids, [device], gathered.take)
    path = folder / f"{number}.npy"
    np.save(path, gathered.vectors)
    return path


class Gathered:
    """Rows of texts that come in any order, put in the order of the texts.

    Args:
        rows: how many each text has.
        held: bytes of vectors that stay beside these.
    """

    def __init__(self, rows: Ints, held: int = 0) -> None:
        self.offsets = offsets_of(rows)
        self._held = held
        self.vectors: Vectors = np.zeros((0, 0), dtype=np.float32)
        self._making_room = Lock()

    def take(self, places: Ints, vectors: Vectors) -> None:
        """Rows of the texts at ``places``, one text's after the other's."""
        from vlmeval_cli.models.columns import room

        with self._making_room:  # threads bring rows at the same time
            if not self.vectors.size:
                self.vectors = room(int(self.offsets[-1]), vectors.shape[1], self._held)
        start = 0
        for place in places.tolist():
            begin, end = int(self.offsets[place]), int(self.offsets[place + 1])
            self.vectors[begin:end] = vectors[start : start + end - begin]
            start += end - begin


def _padding(network: Any) -> int:  # noqa: ANN401  (a torch module)
    found = getattr(network.config, "pad_token_id", None)
    return found if isinstance(found, int) and found >= 0 else 0
