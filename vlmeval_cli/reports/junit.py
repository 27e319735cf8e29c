"""A gate as JUnit XML: a test case for each rule, as CI servers show tests.

The elements and attributes are those that Jenkins' schema has (xunit-plugin, junit-10.xsd). It has
no properties of a test case: numbers stand in its ``system-out``, and, as ``1.value``, in the
properties of the suite.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from vlmeval_cli.core.gate import GateResult, RuleResult
from vlmeval_cli.reports.gate_summary import headline, why
from vlmeval_cli.reports.json_report import Provenance

# What XML 1.0 cannot hold, not even escaped.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CLASS = "vlmeval.gate"


def junit_xml(result: GateResult, provenance: Provenance) -> bytes:
    """The gate as one test suite."""
    counts = {
        "tests": str(len(result.rules)),
        "failures": str(len(result.failing)),
        "errors": "0",
    }
    root = Element("testsuites", {"name": "vlmeval", **counts})
    created = provenance.created.strftime("%Y-%m-%dT%H:%M:%S")
    skipped = str(sum(_is_skipped(one) for one in result.rules))
    suite = SubElement(
        root,
        "testsuite",
        {"name": "vlmeval gate", **counts, "skipped": skipped, "timestamp": created},
    )
    properties = SubElement(suite, "properties")
    for name, value in _properties(result, provenance):
        SubElement(properties, "property", {"name": _clean(name), "value": _clean(value)})
    for one in result.rules:
        _add_case(suite, one)
    SubElement(suite, "system-out").text = _clean(headline(result))
    indent(root)
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def _properties(result: GateResult, provenance: Provenance) -> Iterator[tuple[str, str]]:
    yield "vlmeval", provenance.version
    yield "verdict", result.verdict
    yield "task", result.run.task
    yield "fail_on", ", ".join(result.fail_on)
    if result.baseline is not None:
        yield "baseline", result.baseline.path
    for number, one in enumerate(result.rules, 1):
        for name, value in _numbers(one):
            yield f"{number}.{name}", value


def _numbers(one: RuleResult) -> Iterator[tuple[str, str]]:
    yield "rule", one.words
    yield "verdict", one.verdict
    numbers = {
        "value": one.value,
        "bound": one.bound,
        "baseline": one.baseline,
        "p_value": one.p_value,
        "n": one.n,
        "n_needed": one.n_needed,
    }
    yield from ((name, repr(value)) for name, value in numbers.items() if value is not None)


def _add_case(suite: Element, one: RuleResult) -> None:
    case = SubElement(suite, "testcase", {"classname": _CLASS, "name": _clean(one.words)})
    message = _clean(f"{one.verdict}: {why(one)}" if why(one) else one.verdict)
    if one.fails_build:
        failure = SubElement(case, "failure", {"type": one.verdict, "message": message})
        failure.text = _clean("\n".join([one.words, why(one), *one.ids]))
    elif _is_skipped(one):
        SubElement(case, "skipped", {"message": message})
    SubElement(case, "system-out").text = _clean(
        "\n".join(f"{name}: {value}" for name, value in (*_numbers(one), ("why", why(one))))
    )


def _is_skipped(one: RuleResult) -> bool:
    """Nothing was said, and that fails nothing."""
    return one.verdict == "undecided" and not one.fails_build


def _clean(text: str) -> str:
    return _NO_XML.sub("", text)
