"""Where networks run, and with which numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from vlmeval_cli.core.config import ModelPolicy
from vlmeval_cli.core.errors import UsageError
from vlmeval_cli.core.optional import require

EXTRA = "neural"
_DTYPES = {"float32": "float32", "bf16": "bfloat16", "fp16": "float16"}


@dataclass(frozen=True, slots=True)
class Device:
    """A device and the numbers it computes with.

    Attributes:
        name: "cpu", "cuda" or "mps".
        dtype: "float32", "bf16" or "fp16".
    """

    name: str
    dtype: str

    @classmethod
    def of(cls, policy: ModelPolicy, user: str = "an embedding metric") -> Device:
        """The device that ``policy`` asks for.

        Raises:
            MissingExtraError: torch is not installed.
            UsageError: there is no such device here, or it lacks these numbers.
        """
        torch = require("torch", extra=EXTRA, user=user)
        there = _there(torch)
        name = there[0] if policy.device == "auto" else policy.device
        if name not in there:
            raise UsageError(
                f"--device {name}: there is none that torch {torch.__version__} can use here",
                hint=f"Here there is: {', '.join(there)}.",
            )
        return cls(name, policy.dtype)

    @property
    def torch_dtype(self) -> Any:  # noqa: ANN401  (torch is loaded late)
        """The numbers as torch names them."""
        import torch

        return getattr(torch, _DTYPES[self.dtype])

    @property
    def is_asynchronous(self) -> bool:
        """Whether copies to it can go on while it computes."""
        return self.name == "cuda"

    def put(self, tensor: Any) -> Any:  # noqa: ANN401  (a tensor)
        """The tensor on the device; from pinned memory and without waiting where that helps."""
        if self.is_asynchronous:
            return tensor.pin_memory().to(self.name, non_blocking=True)
        return tensor.to(self.name)

    @contextmanager
    def inference(self) -> Iterator[None]:
        """No gradients are kept."""
        import torch

        with torch.inference_mode():
            yield


def _there(torch: Any) -> list[str]:  # noqa: ANN401  (the module)
    found = ["cuda"] if torch.cuda.is_available() else []
    found += ["mps"] if torch.backends.mps.is_available() else []
    return [*found, "cpu"]
