"""Metrics as they are written on the command line: ``bleu:variant=nltk:smoothing=method1``."""

from __future__ import annotations

from vlmeval_cli.core.config import MetricSpec
from vlmeval_cli.core.errors import UsageError, quoted

_HINT = 'Write NAME:option=value:option=value; values that hold ":" or "," stand in double quotes.'


def split_metric_list(text: str) -> list[str]:
    """Cut a list of metrics at the commas outside double quotes.

    >>> split_metric_list('cider, bleu:variant=nltk,clip:model="a,b"')
    ['cider', 'bleu:variant=nltk', 'clip:model="a,b"']

    Raises:
        UsageError: an element is empty, or a quote is not closed.
    """
    parts = [part.strip() for part in _split_outside_quotes(text, ",")]
    if not all(parts):
        raise UsageError(f"metrics: {quoted(text)} has an empty name between commas", hint=_HINT)
    return parts


def parse_metric_spec(text: str) -> MetricSpec:
    """Read one metric with its options; the values stay text.

    >>> parse_metric_spec("bleu:variant=nltk:as=smoothed")
    MetricSpec(name='bleu', options={'variant': 'nltk'}, label='smoothed')

    Raises:
        UsageError: the text does not have the form ``NAME:option=value:…``.
    """
    name, *settings = (part.strip() for part in _split_outside_quotes(text, ":"))
    if not name or "=" in name or '"' in name:
        raise UsageError(f"metric {quoted(text)} does not begin with a name", hint=_HINT)
    options: dict[str, str] = {}
    for setting in settings:
        option, value = _parse_option(text, setting)
        if option in options:
            raise UsageError(f"metric {quoted(text)} gives {quoted(option)} twice", hint=_HINT)
        options[option] = value
    label = options.pop("as", None)
    if label == "":
        raise UsageError(f'metric {quoted(text)}: "as" has no name', hint=_HINT)
    return MetricSpec(name, options, label)


def _parse_option(metric: str, setting: str) -> tuple[str, str]:
    option, equals, value = (part.strip() for part in setting.partition("="))
    if not option or not equals:
        raise UsageError(
            f"metric {quoted(metric)}: got {quoted(setting)}, expected option=value", hint=_HINT
        )
    if '"' not in value:
        return option, value
    if len(value) < 2 or value.count('"') != 2 or value[0] != '"' or value[-1] != '"':
        raise UsageError(
            f"metric {quoted(metric)}: the value of {quoted(option)} is quoted only in part",
            hint=_HINT,
        )
    return option, value[1:-1]


def _split_outside_quotes(text: str, separator: str) -> list[str]:
    """Every second piece between quotes is inside them, where separators are plain text."""
    pieces = text.split('"')
    if len(pieces) % 2 == 0:
        raise UsageError(f"metric {quoted(text)}: a double quote is not closed", hint=_HINT)
    parts = [""]
    for number, piece in enumerate(pieces):
        if number % 2:
            parts[-1] += f'"{piece}"'
            continue
        head, *rest = piece.split(separator)
        parts[-1] += head
        parts.extend(rest)
    return parts
