"""Write docs/metrics.md, and the tables of other pages, from what metrics and tasks declare.

Run: python docs/make_metrics.py

Of README.md, choosing-metrics.md, files.md and diagnosis.md what stands between
``<!-- made: NAME -->`` and ``<!-- end -->`` is replaced; the rest is written by hand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from inspect import getdoc
from pathlib import Path

from vlmeval_cli.cli.metric_pages import SIGHTS, better, scale, span
from vlmeval_cli.core.metric import Metric
from vlmeval_cli.detection import rules
from vlmeval_cli.readers.opening import DOCUMENT_RULES, ROW_RULES
from vlmeval_cli.readers.rules import DocumentRule, RowRule
from vlmeval_cli.registry import metrics, options
from vlmeval_cli.tasks import task
from vlmeval_cli.tasks.compat import tools
from vlmeval_cli.tasks.guidance import BANDS, GUIDES, NO_THRESHOLD, choices, others
from vlmeval_cli.tasks.patterns.changes import ANY_TASK, CHANGES
from vlmeval_cli.tasks.patterns.rules import Pattern, Patterns
from vlmeval_cli.tasks.patterns.wording import WORDS

FOLDER = Path(__file__).parent
PAGE = FOLDER / "metrics.md"
FILLED_PAGES = (
    FOLDER.parent / "README.md",
    *(FOLDER / f"{name}.md" for name in ("choosing-metrics", "files", "diagnosis", "compat")),
)
MADE = re.compile(r"(<!-- made: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_REASONING = {
    "keep": "are part of the answer",
    "lmms-eval": "are taken out, `<analysis>` too, and ends are stripped",
}
MULTI_REFERENCE = {
    "best": "the best reference of each item counts",
    "mean": "the mean over references counts",
    "pooled": "all references together are one target",
    "all": "all references are needed",
}


def page() -> str:
    """The whole page of metrics."""
    return "\n".join(_page()) + "\n"


def filled(text: str) -> str:
    """``text`` with every made part made anew."""
    return MADE.sub(lambda found: f"{found[1]}{PARTS[found[2]]()}{found[3]}", text)


def _page() -> Iterator[str]:
    yield "# Metrics"
    yield ""
    yield "Made by `python docs/make_metrics.py` from what each metric declares; do not edit. Which"
    yield "to look at, and how: [choosing-metrics.md](choosing-metrics.md)."
    yield ""
    yield "| metric | outputs | scale | better | what it measures |"
    yield "|---|---|---|---|---|"
    for name, family in metrics().items():
        outputs = family().outputs()
        names = ", ".join(f"`{output.name}`" for output in outputs)
        title = _cell(family.info.title)
        first = outputs[0]
        yield f"| [`{name}`](#{name}) | {names} | {scale(first)} | {better(first)} | {title} |"
    for family in metrics().values():
        yield from _section(family)


def _section(family: type[Metric]) -> Iterator[str]:
    info = family.info
    yield from ("", f"## {info.name}", "", "```text", getdoc(family) or "", "```", "")
    yield f"- **Use**: {info.use}"
    yield f"- **Tasks**: {', '.join(info.tasks)}"
    if info.sees is not None:
        seen = (word for sight, word in SIGHTS.items() if sight in info.sees)
        yield f"- **Notices in a text**: {', '.join(seen)}"
    yield f"- **Several references**: {MULTI_REFERENCE[info.multi_reference]}"
    yield f"- **Source**: {info.source}"
    yield f"- **Revision**: {info.revision}"
    declared = options(family)
    if declared:
        yield from ("", "| option | default | values |", "|---|---|---|")
    for option in declared:
        listed = ", ".join(f"`{choice}`" for choice in option.choices) or "any"
        yield f"| `{option.name}` | `{option.default}` | {listed} |"


def _tasks() -> str:
    rows = [
        (
            f"[{name}](docs/tasks/{name}.md)",
            _names([choices(name)[0].primary]),
            _names(dict.fromkeys(one for choice in choices(name) for one in choice.families)),
            _names(others(name)),
        )
        for name in GUIDES
    ]
    return _table(("task", "primary", "metrics scored", "also"), rows)


def _defaults() -> str:
    rows = [
        (
            f"[{name}](tasks/{name}.md)",
            case.when,
            _names([case.primary]),
            _names(case.beside),
            _names(case.networks),
        )
        for name in GUIDES
        for case in choices(name)
    ]
    return _table(("task", "data", "primary", "beside it", "too where its model is on disk"), rows)


def _matrix() -> str:
    infos = [family.info for family in metrics().values() if family.info.sees is not None]
    rows = [
        (
            f"`{info.name}`",
            *("yes" if sight in info.sees else "–" for sight in SIGHTS),
            f"{info.texts_per_second:,}",
            info.extra or "core",
        )
        for info in infos
    ]
    return _table(("metric", *SIGHTS.values(), "captions a second", "needs"), rows)


def _bands() -> str:
    rows = [(f"`{band.output}`", span(band), band.reading, band.source) for band in BANDS]
    return f"{NO_THRESHOLD}\n\n" + _table(("output", "value", "often read as", "source"), rows)


def _traps() -> str:
    by_trap: dict[str, list[str]] = {}
    for name, guide in GUIDES.items():
        for trap in guide.traps:
            by_trap.setdefault(trap, []).append(name)
    lines = [f"- {trap} *({', '.join(names)})*\n" for trap, names in by_trap.items()]
    return "".join(lines)


def _compat() -> str:
    found: dict[tuple[str, ...], list[str]] = {}
    for tool in tools().values():
        for name, coverage in tool.tasks.items():
            for one in coverage.numbers:
                data = ", ".join(one.benchmarks)
                row = tool.name, data, one.called, f"`{one.metric}`", one.rule
                found.setdefault(row, []).append(name)
            for gone in coverage.missing:
                row = tool.name, "", gone.called, "missing", gone.reason
                found.setdefault(row, []).append(name)
    rows = [(row[0], ", ".join(names), *row[1:]) for row, names in found.items()]
    return _table(("tool", "tasks", "data sets", "its number", "here", "rule"), rows)


def _compat_differs() -> str:
    found: dict[tuple[str, str], list[str]] = {}
    for tool in tools().values():
        for name, coverage in tool.tasks.items():
            for text in coverage.differs:
                found.setdefault((tool.name, text), []).append(name)
    rows = [(tool, ", ".join(tasks), text) for (tool, text), tasks in found.items()]
    return _table(("tool", "tasks", "with"), rows)


def _compat_checked() -> str:
    rows = [
        (tool.name, tool.version, _REASONING[tool.reasoning], tool.checked)
        for tool in tools().values()
    ]
    return _table(("tool", "what was reproduced", "`<think>` blocks", "checked against"), rows)


def _layouts() -> str:
    known = {(rule.name, rule.evidence): rule for rule in (*DOCUMENT_RULES, *ROW_RULES)}.values()
    rows = [
        (f"`{rule.name}`", rule.evidence, rule.side or "either", _task_of(rule))
        for rule in sorted(known, key=lambda rule: (rule.task or "~", rule.name))
    ]
    return _table(("layout", "known by", "holds", "task"), rows)


def _task_of(rule: RowRule | DocumentRule) -> str:
    return rule.task or ""


def _candidates() -> str:
    rows = [
        ("id", _names(rules.ID_NAMES)),
        ("prediction", _names(rules.PREDICTION_NAMES)),
        ("references", _names(rules.REFERENCE_NAMES)),
        ("question", _names(rules.QUESTION_NAMES)),
        ("options", f"{_names(rules.OPTION_NAMES)}, or columns A, B, C…"),
        ("image", _names(rules.IMAGE_NAMES)),
    ]
    return _table(("what", "names, in the order in which they are tried"), rows)


def _fields() -> str:
    rows = [
        (f"[{name}](tasks/{name}.md)", _names(task(name).fields), _names(task(name).free_groups))
        for name in GUIDES
    ]
    return _table(("task", "fields it reads beside those", "scores by these come for free"), rows)


def _patterns() -> str:
    parts = [_of_patterns("Every task of texts", WORDS)]
    for name in GUIDES:
        own = task(name).diagnose
        if isinstance(own, Patterns):
            parts.append(_of_patterns(f"[{name}](tasks/{name}.md)", own))
    return "\n".join(parts)


def _changes() -> str:
    shared = {*map(id, ANY_TASK)}
    parts = [_of_patterns("Every task", ANY_TASK)]
    for name in GUIDES:
        own = [one for one in CHANGES.get(name, ()) if id(one) not in shared]
        if own:
            parts.append(_of_patterns(f"[{name}](tasks/{name}.md)", own))
    return "\n".join(parts)


def _of_patterns(title: str, patterns: Iterable[Pattern]) -> str:
    """The patterns as a table, and why their thresholds stand where they stand."""
    known = [*patterns]
    rows = [(_seen(one), _when(one), one.meaning, one.advice) for one in known]
    reasons: dict[str, dict[str, None]] = {}
    for one in known:
        for rule in one.when:
            reasons.setdefault(rule.bound.why, {})[rule.words()] = None
    told = "".join(f"- {', '.join(words)}: {why}\n" for why, words in reasons.items())
    table = _table(("what is seen", "when", "what it means", "what to do"), rows)
    return f"### {title}\n\n{table}\nWhy these thresholds:\n\n{told}"


def _seen(one: Pattern) -> str:
    return re.sub(r"\{[^}]*\}", "…", one.seen)


def _when(one: Pattern) -> str:
    parts = [" and ".join(rule.words() for rule in one.when)]
    if one.unless:
        parts.append("unless " + " or ".join(rule.words() for rule in one.unless))
    if one.least_items > 1:
        parts.append(f"from {one.least_items} items on")
    return ", ".join(parts)


PARTS = {
    "patterns": _patterns,
    "changes": _changes,
    "layouts": _layouts,
    "candidates": _candidates,
    "fields": _fields,
    "tasks": _tasks,
    "defaults": _defaults,
    "matrix": _matrix,
    "bands": _bands,
    "traps": _traps,
    "compat": _compat,
    "compat_differs": _compat_differs,
    "compat_checked": _compat_checked,
}


def _table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heading, ["---"] * len(heading), *(map(_cell, row) for row in rows)]
    return "".join(
        "|".join(["", *(f" {cell} ".replace("  ", " ") for cell in cells), "\n"]) for cells in lines
    )


def _names(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    for path in FILLED_PAGES:
        path.write_text(filled(path.read_text("utf-8")), encoding="utf-8")
