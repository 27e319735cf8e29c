"""Write docs/metrics.md from what the metrics declare of themselves.

Run: python docs/make_metrics.py
"""

from __future__ import annotations

from collections.abc import Iterator
from inspect import getdoc
from pathlib import Path

from vlmeval_cli.core.metric import Metric, Output
from vlmeval_cli.registry import metrics, options

PAGE = Path(__file__).with_name("metrics.md")
MULTI_REFERENCE = {
    "best": "the best reference of each item counts",
    "mean": "the mean over references counts",
    "pooled": "all references together are one target",
    "all": "all references are needed",
}


def page() -> str:
    """The whole page."""
    return "\n".join(_page()) + "\n"


def _page() -> Iterator[str]:
    yield "# Metrics"
    yield ""
    yield "Made by `python docs/make_metrics.py` from what each metric declares; do not edit."
    yield ""
    yield "| metric | outputs | scale | better | what it measures |"
    yield "|---|---|---|---|---|"
    for name, family in metrics().items():
        outputs = family().outputs()
        names = ", ".join(f"`{output.name}`" for output in outputs)
        better = "higher" if outputs[0].higher_is_better else "lower"
        title = _cell(family.info.title)
        yield f"| [`{name}`](#{name}) | {names} | {_scale(outputs[0])} | {better} | {title} |"
    for family in metrics().values():
        yield from _section(family)


def _section(family: type[Metric]) -> Iterator[str]:
    info = family.info
    yield from ("", f"## {info.name}", "", "```text", getdoc(family) or "", "```", "")
    yield f"- **Use**: {info.use}"
    yield f"- **Tasks**: {', '.join(info.tasks)}"
    yield f"- **Several references**: {MULTI_REFERENCE[info.multi_reference]}"
    yield f"- **Source**: {info.source}"
    yield f"- **Revision**: {info.revision}"
    declared = options(family)
    if declared:
        yield from ("", "| option | default | values |", "|---|---|---|")
    for option in declared:
        choices = ", ".join(f"`{choice}`" for choice in option.choices) or "any"
        yield f"| `{option.name}` | `{option.default}` | {choices} |"


def _scale(output: Output) -> str:
    low, high = ("…" if end is None else f"{end:g}" for end in output.range)
    return f"{low} to {high}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
