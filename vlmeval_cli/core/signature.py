"""Fingerprints: what must be equal for two numbers to be comparable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from itertools import chain
from typing import Any

from vlmeval_cli.core.metric import Metric
from vlmeval_cli.core.results import Signature

_LONGEST_OPTION = 80


def digest(parts: Iterable[str]) -> str:
    """A 16-digit hash of texts in their order; a boundary between texts is part of it."""
    texts = list(parts)
    plain = "".join([f"{len(text)}:{text}" for text in texts])
    if plain.isascii():  # characters are bytes
        return blake2b(plain.encode(), digest_size=8).hexdigest()
    contents = (text.encode("utf-8", "surrogatepass") for text in texts)
    framed = b"".join(b"%d:%b" % (len(content), content) for content in contents)
    return blake2b(framed, digest_size=8).hexdigest()


def of_metric(
    metric: Metric[Any],
    context_digest: str | None,
    policy: Mapping[str, str],
    networks: Signature | None = None,
) -> Signature:
    """Name, revision, every option, what it learned from the references, and the join policy.

    With the hash of the weights of its networks, and beside it the versions of what ran them.
    """
    comparable: dict[str, Any] = {
        "name": metric.info.name,
        "revision": metric.info.revision,
        **{name: _short(value) for name, value in metric.options().items()},
    }
    if context_digest is not None:
        comparable["references"] = context_digest
    if networks is None:
        return Signature({**comparable, **policy})
    return Signature({**comparable, **networks.comparable, **policy}, networks.recorded)


def _short(value: object) -> object:
    """The value of an option; of a long one (a schema, rules of fields) its hash."""
    written = str(value)
    return value if len(written) <= _LONGEST_OPTION else f"hash:{digest([written])}"


def of_items(ids: Sequence[str], references: Sequence[Sequence[Any]]) -> str:
    """A hash of the reference items of a run: their ids and accepted answers, in any order."""
    if all(references) and set(map(type, chain.from_iterable(references))) <= {str}:
        rows = [
            "\0".join([name, *accepted]) for name, accepted in zip(ids, references, strict=True)
        ]
    else:
        rows = [
            f"{name}\0" + "\0".join(map(str, accepted))
            for name, accepted in zip(ids, references, strict=True)
        ]
    return digest(sorted(rows))
