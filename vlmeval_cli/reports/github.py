"""Marks that GitHub Actions reads from the output of a step, and its summary."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from vlmeval_cli.core.gate import GateResult, RuleResult
from vlmeval_cli.reports.blocks import visible
from vlmeval_cli.reports.gate_summary import why

_DOUBTFUL = ("failed", "regressed", "undecided")


def annotation_lines(result: GateResult) -> Iterator[str]:
    """A line for each rule that fails the build, then for each that might have.

    They stand at the rule's line in the configuration file.
    """
    for one in result.failing:
        yield _annotation("error", one)
    for one in result.rules:
        if not one.fails_build and one.verdict in _DOUBTFUL:
            yield _annotation("warning", one)


def error_line(message: str) -> str:
    """A line that says that nothing was judged."""
    title = property_text("vlmeval gate: nothing was judged")
    return f"::error title={title}::{message_text(visible(message))}"


def _annotation(kind: str, one: RuleResult) -> str:
    file, _, line = one.rule.place.rpartition(":")
    where = {"file": file, "line": line} if file and file != "-" else {}
    values = {**where, "title": f"vlmeval gate: {one.verdict}"}
    properties = ",".join(f"{name}={property_text(value)}" for name, value in values.items())
    message = f"{one.words}: {why(one)}" if why(one) else one.words
    return f"::{kind} {properties}::{message_text(visible(message))}"


def message_text(text: str) -> str:
    r"""``text`` as the message of a workflow command.

    >>> message_text("100 %\n")
    '100 %25%0A'
    """
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def property_text(text: str) -> str:
    """``text`` as the value of a property of a workflow command.

    >>> property_text("a: b, c")
    'a%3A b%2C c'
    """
    return message_text(text).replace(":", "%3A").replace(",", "%2C")


def append_summary(path: str, markdown: bytes) -> bool:
    """Add to the summary of the step; whether that could be done."""
    try:
        with Path(path).open("ab") as file:
            file.write(markdown)
    except OSError:
        return False
    return True
