"""YAML as a tree that remembers where everything stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vlmeval_cli.core.errors import DataError, UsageError, VlmevalError, quoted
from vlmeval_cli.readers.content import open_text

if TYPE_CHECKING:
    from yaml.nodes import MappingNode, Node, ScalarNode

_DEEPEST = 12  # no setting lies deeper; also ends an alias that holds itself
_HINT = "Ready files to start from are in the folder configs/ of the repository."

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Setting:
    """A value of a configuration file.

    Attributes:
        file: name of the file.
        line: where the value begins.
        key: path of keys, such as ``join.missing``; empty for the whole file.
        value: a scalar, the settings of a list, or the settings by key.
        text: a scalar as it is written.
    """

    file: str
    line: int
    key: str
    value: Scalar | Sequence[Setting] | Mapping[str, Setting]
    text: str = ""

    def wrong(self, expected: str) -> UsageError:
        """The error that this value is not what is expected."""
        name = f"{quoted(self.key)} is {self._kind()}" if self.key else f"is {self._kind()}"
        return UsageError(f"{self.file}:{self.line}: {name}, expected {expected}", hint=_HINT)

    def _kind(self) -> str:
        if isinstance(self.value, Mapping):
            return "a mapping"
        if isinstance(self.value, str | int | float | bool | None):
            return quoted(self.text) if self.value is not None else "empty"
        return f"a list of {len(self.value)}"


def load_yaml(path: str) -> Setting:
    """Read a YAML file.

    Args:
        path: the file; ``-`` is standard input.

    Returns:
        The tree; a file without content is an empty mapping.

    Raises:
        UsageError: there is no such file, it is not YAML, or a key is there twice.
    """
    import yaml

    try:
        text = open_text(path).read_all().decode("utf-8")
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        if root is None:
            return Setting(path, 1, "", {})
        return _setting(path, root, "", 0)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise UsageError(f"{path}:{line}: not YAML: {error.problem}", hint=_HINT) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not YAML in UTF-8: {error}", hint=_HINT) from error
    except DataError as error:
        raise _as_usage(error) from error


def _as_usage(error: VlmevalError) -> UsageError:
    """A configuration that cannot be read is wrong usage, not bad data."""
    return UsageError(error.message.replace("JSONL, JSON, CSV or TSV", "YAML"), hint=_HINT)


def _setting(path: str, node: Node, key: str, depth: int) -> Setting:
    from yaml.nodes import MappingNode, ScalarNode, SequenceNode

    line = node.start_mark.line + 1
    if depth > _DEEPEST:
        raise UsageError(f"{path}:{line}: {quoted(key)} is nested too deeply", hint=_HINT)
    if isinstance(node, ScalarNode):
        return Setting(path, line, key, _scalar(node), node.value)
    if isinstance(node, SequenceNode):
        items = [
            _setting(path, item, f"{key}[{number}]", depth + 1)
            for number, item in enumerate(node.value, 1)
        ]
        return Setting(path, line, key, items)
    if isinstance(node, MappingNode):
        return Setting(path, line, key, _entries(path, node, key, depth))
    raise UsageError(f"{path}:{line}: {quoted(key)} is of an unknown kind", hint=_HINT)


def _entries(path: str, node: MappingNode, key: str, depth: int) -> dict[str, Setting]:
    from yaml.nodes import ScalarNode

    entries: dict[str, Setting] = {}
    for name_node, value_node in node.value:
        line = name_node.start_mark.line + 1
        if not isinstance(name_node, ScalarNode):
            raise UsageError(f"{path}:{line}: a key is no text", hint=_HINT)
        name = name_node.value
        if name in entries:
            raise UsageError(
                f"{path}:{line}: {quoted(name)} is there twice, first in line {entries[name].line}",
                hint="Keep one of them.",
            )
        full = f"{key}.{name}" if key else name
        entries[name] = _setting(path, value_node, full, depth + 1)
    return entries


def _scalar(node: ScalarNode) -> Scalar:
    """A scalar as YAML types it; dates stay text."""
    import yaml

    # A plain loader as the constructor: aliases and objects cannot reach it from a scalar.
    value = yaml.SafeLoader("").construct_object(node)
    return value if isinstance(value, str | int | float | bool | None) else node.value
