"""The Java of this machine, for programs of others that run on it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from vlmeval_cli.core.errors import ModelError, quoted

OLDEST = 8
HOW_TO_GET = (
    f"Install Java {OLDEST} or newer (Debian: apt-get install default-jre-headless), "
    "or name its folder in JAVA_HOME."
)
_VARIABLE = "JAVA_HOME"
_TIMEOUT_S = 30
_TOLD = re.compile(r'version "?(?:1\.)?(?P<main>\d+)[^"\s]*"?')


@dataclass(frozen=True, slots=True)
class Java:
    """A Java that runs.

    Attributes:
        path: the program ``java``.
        version: the main number, such as 8 or 17.
        line: what it says of itself.
    """

    path: Path
    version: int
    line: str


def find_java() -> Java:
    """The Java in ``JAVA_HOME``, or else the one on the PATH.

    Raises:
        ModelError: there is none, or it does not run, or is too old.
    """
    path = java_path()
    try:
        told = subprocess.run(
            [path, "-version"], capture_output=True, text=True, timeout=_TIMEOUT_S, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ModelError(f"{quoted(path)} does not run: {error}", hint=HOW_TO_GET) from error
    found = told_version(told.stderr + told.stdout)
    if found is None:
        raise ModelError(
            f"{quoted(path)} does not tell its version, got {quoted(told.stderr + told.stdout)}",
            hint=HOW_TO_GET,
        )
    version, line = found
    if version < OLDEST:
        raise ModelError(
            f"{quoted(path)} is too old: got Java {version}, expected {OLDEST} or newer",
            hint=HOW_TO_GET,
        )
    return Java(path, version, line)


def java_path() -> Path:
    """Where the program ``java`` is, whether it runs or not.

    Raises:
        ModelError: there is none.
    """
    home = os.environ.get(_VARIABLE)
    named = Path(home).expanduser() / "bin" if home else None
    for folder in (named, None) if named else (None,):
        found = shutil.which("java", path=None if folder is None else str(folder))
        if found is not None:
            return Path(found)
    looked = f"{named} ({_VARIABLE}) and the PATH" if named else "the PATH"
    raise ModelError(f"no java in {looked}", hint=HOW_TO_GET)


def told_version(text: str) -> tuple[int, str] | None:
    """The main number of a version that ``java -version`` tells, and the line that has it.

    >>> told_version('openjdk version "17.0.15" 2025-04-15')
    (17, 'openjdk version "17.0.15" 2025-04-15')
    >>> told_version('Picked up _JAVA_OPTIONS: -Xmx1g' + chr(10) + 'java version "1.8.0_401"')
    (8, 'java version "1.8.0_401"')
    """
    for line in text.splitlines():
        match = _TOLD.search(line)
        if match is not None:
            return int(match["main"]), line.strip()
    return None
