"""The JSON Schema of configuration files, for editors."""

from __future__ import annotations

from importlib.resources import files

_NAME = "config.schema.json"


def schema_text() -> str:
    """The schema as it ships."""
    return (files("vlmeval_cli.resources") / "data" / _NAME).read_text("utf-8")
