"""The folder where vlmeval keeps what can be computed again."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_OWN = "vlmeval"
VARIABLE = "VLMEVAL_CACHE"


def cache_folder() -> Path:
    """The folder named by ``VLMEVAL_CACHE``, or the one that the platform has for caches."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named).expanduser()
    if os.environ.get("XDG_CACHE_HOME"):
        return Path(os.environ["XDG_CACHE_HOME"]).expanduser() / _OWN
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / _OWN
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return (Path(local) if local else Path.home() / "AppData" / "Local") / _OWN / "Cache"
    return Path.home() / ".cache" / _OWN
