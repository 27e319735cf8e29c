"""Where networks run, and with which numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from threading import Event
from typing import Any, TypeVar

from vlmeval_cli.core.config import ModelPolicy
from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.core.optional import require
from vlmeval_cli.models.batching import OutOfMemory
from vlmeval_cli.models.loading import EXTRA

T = TypeVar("T")
_DTYPES = {"float32": "float32", "bf16": "bfloat16", "fp16": "float16"}
_NO_ROOM = ("out of memory", "can't allocate memory")  # what MPS and the CPU say


@dataclass(frozen=True, slots=True)
class Device:
    """A device and the numbers it computes with.

    Attributes:
        name: as torch names it: "cpu", "cuda:0", "mps".
        dtype: "float32", "bf16" or "fp16".
    """

    name: str
    dtype: str

    @classmethod
    def of(cls, policy: ModelPolicy, user: str = "an embedding metric") -> Device:
        """The first device that ``policy`` asks for; :meth:`all_of` gives every one."""
        return cls.all_of(policy, user)[0]

    @classmethod
    def all_of(cls, policy: ModelPolicy, user: str = "an embedding metric") -> tuple[Device, ...]:
        """Every device of the kind that ``policy`` asks for: of CUDA there may be several.

        Raises:
            MissingExtraError: torch is not installed.
            UsageError: there is no such device here.
        """
        torch = require("torch", extra=EXTRA, user=user)
        there = _there(torch)
        kind = next(iter(there)) if policy.device == "auto" else policy.device
        if kind not in there:
            raise UsageError(
                f"--device {kind}: there is none that torch {torch.__version__} can use here",
                hint=f"Here there is: {', '.join(there)}.",
            )
        return tuple(cls(name, policy.dtype) for name in there[kind])

    @classmethod
    def check(cls, policy: ModelPolicy, user: str) -> None:
        """Refuse a device that is not here, even where a cache has all that it would compute.

        Raises:
            UsageError: there is no such device here.
        """
        if policy.device not in ("auto", "cpu"):
            cls.all_of(policy, user)

    @property
    def kind(self) -> str:
        """The device without its number: "cpu", "cuda" or "mps"."""
        return self.name.partition(":")[0]

    @property
    def torch_dtype(self) -> Any:  # noqa: ANN401  (torch is loaded late)
        """The numbers as torch names them."""
        import torch

        return getattr(torch, _DTYPES[self.dtype])

    def put(self, tensor: Any) -> Any:  # noqa: ANN401  (a tensor)
        """The tensor on the device; from pinned memory and without waiting on CUDA."""
        if self.kind == "cuda":
            return tensor.pin_memory().to(self.name, non_blocking=True)
        return tensor.to(self.name)

    @contextmanager
    def workers(self, most: int) -> Iterator[int]:
        """How many threads are to run batches side by side, at most ``most`` and at least one.

        On a CPU a thread of its own for each batch wastes less than all threads on one batch, which
        wait for each other at every step.
        """
        import torch

        every = torch.get_num_threads()
        count = max(min(every, most), 1) if self.kind == "cpu" else 1
        if count == 1:
            yield 1
            return
        torch.set_num_threads(max(every // count, 1))
        try:
            yield count
        finally:
            torch.set_num_threads(every)

    @contextmanager
    def inference(self) -> Iterator[None]:
        """No gradients are kept, and float32 is float32; a lack of memory is one signal.

        Raises:
            OutOfMemory: the device has no memory for what is computed.
        """
        import torch

        lacks_room = False
        try:
            with torch.inference_mode(), self._exact(torch):
                yield
        except RuntimeError as error:  # torch.OutOfMemoryError is one
            lacks_room = any(words in str(error) for words in _NO_ROOM)
            if not lacks_room:
                raise
        if lacks_room:  # only now the tensors of the failed batch are free
            if self.kind == "cuda":
                torch.cuda.empty_cache()
            raise OutOfMemory(self.name)

    def _exact(self, torch: Any) -> AbstractContextManager[Any]:  # noqa: ANN401  (the module)
        """On CUDA no float32 is cut to TF32; the flag is the whole process's, not a thread's."""
        if self.kind != "cuda":
            return nullcontext()
        found: AbstractContextManager[Any] = torch.backends.cudnn.flags(
            enabled=True, allow_tf32=False
        )
        return found


def in_threads(work: Callable[[T], None], shares: Sequence[T], stopped: Event) -> None:
    """Do ``work`` on every share, side by side; one share needs no thread.

    Args:
        work: of one share; it is to do nothing more once ``stopped`` is set.
        shares: what is to be done.
        stopped: set as soon as one share failed, or the user interrupts.
    """
    if len(shares) == 1:
        work(shares[0])
        return
    with ThreadPoolExecutor(len(shares)) as pool:
        running = [pool.submit(work, share) for share in shares]
        try:
            for done in as_completed(running):
                done.result()
        finally:
            stopped.set()


class Copies:
    """Hands on what a device computed; on CUDA while the next batch is being computed.

    Args:
        device: where it is computed.
        deliver: takes the places of values and their rows.
    """

    def __init__(self, device: Device, deliver: Any) -> None:  # noqa: ANN401  (a function of arrays)
        self._device, self._deliver = device, deliver
        self._pending: Any = None

    def add(self, places: Any, rows: Any) -> None:  # noqa: ANN401  (an array, a tensor)
        """Take the rows of a batch, a tensor on the device; the batch before is handed on."""
        import torch

        if self._device.kind != "cuda":
            self._deliver(places, rows.float().cpu().numpy())
            return
        host = torch.empty(rows.shape, dtype=torch.float32, pin_memory=True)
        host.copy_(rows.float(), non_blocking=True)
        copied = torch.cuda.Event()
        copied.record(torch.cuda.current_stream(rows.device))
        self.finish()
        self._pending = places, host, copied

    def finish(self) -> None:
        """Hand on the last batch."""
        if self._pending is not None:
            places, host, copied = self._pending
            self._pending = None
            copied.synchronize()
            self._deliver(places, host.numpy())


def _there(torch: Any) -> dict[str, list[str]]:  # noqa: ANN401  (the module)
    found = {}
    if torch.cuda.is_available():
        found["cuda"] = [f"cuda:{i}" for i in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        found["mps"] = ["mps"]
    return {**found, "cpu": ["cpu"]}
