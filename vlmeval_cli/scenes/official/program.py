"""The SPICE program, and how Java is called to run it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from hashlib import file_digest
from importlib.util import find_spec
from pathlib import Path
from platform import machine
from sys import platform

from vlmeval_cli.core.errors import MissingExtraError
from vlmeval_cli.core.optional import install_line
from vlmeval_cli.scenes.official.home import Parts, find_parts
from vlmeval_cli.scenes.official.java_home import Java
from vlmeval_cli.scenes.official.shipped import json_engine

LOOP = "vlmeval.ScoreLoop"
SCORER = "edu.anu.spice.SpiceScorer"
_JAR = "spice-1.0.jar"
_MODULES_SINCE = 9  # the Java that closed its inner packages
_OPENED = (
    "java.lang", "java.util", "java.math", "java.net", "java.text", "java.util.concurrent",
    "java.io", "java.nio", "sun.nio.ch",
)  # fmt: skip
_HAVE_LMDB = ("linux", "darwin")
_X86 = ("x86_64", "amd64")


@dataclass(frozen=True, slots=True)
class Program:
    """The program of this machine.

    Attributes:
        jar: the program itself, in the installed pycocoevalcap.
        parts: those of Stanford CoreNLP.
    """

    jar: Path
    parts: Parts

    def digest(self) -> str:
        """A hash of the program."""
        return _digest_of(self.jar)

    def command(self, java: Java, heap_mib: int) -> list[str]:
        """How Java is started, to read what it shall do from stdin.

        Args:
            java: the Java.
            heap_mib: the memory it may take.
        """
        jars = (self.jar, self.jar.parent / "lib" / "*", *self.parts.jars, json_engine())
        is_modular = java.version >= _MODULES_SINCE
        opened = [f"--add-opens=java.base/{name}=ALL-UNNAMED" for name in _OPENED]
        return [
            str(java.path.absolute()),  # it runs in a folder of its own
            "-XX:+IgnoreUnrecognizedVMOptions",  # older Javas lack some of those below
            f"-Xmx{heap_mib}m",
            "-XX:+ExitOnOutOfMemoryError",  # a parse that was given up must not count as empty
            "-XX:-UsePerfData",
            "-XX:-CreateCoredumpOnCrash",
            "-Dfile.encoding=UTF-8",
            "-Djava.io.tmpdir=.",
            "-Djava.awt.headless=true",
            *(opened if is_modular else ()),
            "-cp",
            os.pathsep.join(str(path.absolute()) for path in jars),
            LOOP,
            SCORER,
        ]


def find_program() -> Program:
    """The program in the installed pycocoevalcap, with its parts.

    Raises:
        MissingExtraError: pycocoevalcap is not installed, or lacks the program.
        ModelError: the parts are not here.
    """
    return Program(_find_jar(), find_parts())


def _find_jar() -> Path:
    package = find_spec("pycocoevalcap")
    for folder in (package.submodule_search_locations or ()) if package else ():
        jar = Path(folder) / "spice" / _JAR
        if jar.is_file():
            return jar
    raise MissingExtraError(
        f"spice needs {_JAR} of pycocoevalcap, which is not installed",
        hint=f"Run: {install_line('reference')}",
    )


def has_lmdb() -> bool:
    """Whether the library that the program keeps parses with exists for this machine."""
    return platform.startswith(_HAVE_LMDB) and machine().lower() in _X86


@cache
def _digest_of(path: Path) -> str:
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()[:16]
