"""Values of a configuration file: each reader takes a setting, or says what was expected."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from vlmeval_cli.core.errors import UsageError, did_you_mean, quoted
from vlmeval_cli.readers.yaml_tree import Setting

Reader = Callable[[Setting], Any]


def section(keys: Mapping[str, Reader]) -> Reader:
    """A mapping with known keys; a key without a value counts as not given."""

    def read(setting: Setting) -> dict[str, Any]:
        if setting.value is None:
            return {}
        values = {}
        for name, entry in mapping_of(setting).items():
            if name not in keys:
                place = f" in {quoted(setting.key)}" if setting.key else ""
                raise UsageError(
                    f"{entry.file}:{entry.line}: unknown key {quoted(name)}{place}",
                    hint=did_you_mean(name, list(keys)),
                )
            if entry.value is not None:
                values[name] = keys[name](entry)
        return values

    return read


def mapping_of(setting: Setting) -> Mapping[str, Setting]:
    """The settings by key; anything but a mapping is refused."""
    if not isinstance(setting.value, Mapping):
        raise setting.wrong("a mapping of keys to values")
    return setting.value


def items_of(setting: Setting) -> list[Setting]:
    """Settings of a list; a single value is a list of one."""
    if isinstance(setting.value, list):
        return setting.value
    if isinstance(setting.value, Mapping):
        raise setting.wrong("a list")
    return [setting]


def text_of(setting: Setting) -> str:
    """A scalar as it is written: ``no`` and ``007`` are names here, not False and 7."""
    if not setting.text or isinstance(setting.value, list | Mapping):
        raise setting.wrong("a text")
    return setting.text


def texts_of(setting: Setting) -> tuple[str, ...]:
    """A list of texts; a single one is a list of one."""
    return tuple(text_of(item) for item in items_of(setting))


def text_by_field(setting: Setting) -> dict[str, str]:
    """A mapping of names to texts."""
    return {name: text_of(entry) for name, entry in mapping_of(setting).items()}


def flag_of(setting: Setting) -> bool:
    """True or false."""
    if not isinstance(setting.value, bool):
        raise setting.wrong("true or false")
    return setting.value


def one_of(*choices: str) -> Reader:
    """A reader of one of ``choices``, as it is written."""

    def read(setting: Setting) -> str:
        if setting.text not in choices:
            raise setting.wrong(f"one of {', '.join(choices)}")
        return setting.text

    return read


def integer(lowest: int) -> Reader:
    """A reader of whole numbers from ``lowest``."""

    def read(setting: Setting) -> int:
        value = setting.value
        if not isinstance(value, int) or isinstance(value, bool) or value < lowest:
            raise setting.wrong(f"a whole number of at least {lowest}")
        return value

    return read


def confidence(setting: Setting) -> float:
    """A number between 0 and 1."""
    value = setting.value
    if not isinstance(value, int | float) or not 0 < value < 1:
        raise setting.wrong("a number between 0 and 1, such as 0.95")
    return float(value)


def number(setting: Setting) -> float:
    """A number; what it may be is said by what takes it."""
    value = setting.value
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise setting.wrong("a number")
    return float(value)


def seconds(setting: Setting) -> float:
    """A number above 0."""
    value = setting.value
    if not isinstance(value, int | float) or isinstance(value, bool) or value <= 0:
        raise setting.wrong("seconds above 0")
    return float(value)
