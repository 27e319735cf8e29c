"""``vlmeval doctor``: what this machine can run, and the command that adds what is missing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from vlmeval_cli.cli.console import show

if TYPE_CHECKING:
    from vlmeval_cli.reports.blocks import Block

_DISTRIBUTION = "vlmeval-cli"
_REQUIREMENT = re.compile(r"^(?P<name>[\w.-]+)[^;]*(;.*extra\s*==\s*['\"](?P<extra>[\w-]+)['\"])?")
_NOT_FOR_USERS = ("dev", "all", "neural-reference")
_ADD_JAVA = (
    "Java 8 or newer, for spice and for the original programs under score --reference "
    "(Debian: apt-get install default-jre-headless)"
)


@dataclass(frozen=True, slots=True)
class DoctorOptions:
    """Tell what this machine can run and what is missing."""

    no_color: Annotated[bool, typer.Option("--no-color", help="No colour.")] = False
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False


@dataclass(frozen=True, slots=True)
class Requirement:
    """A package that vlmeval, or one of its extras, is built on; no version: not installed."""

    name: str
    extra: str | None
    version: str | None


def doctor(options: DoctorOptions) -> None:
    """Look around and print what was found."""
    requirements = list(_requirements())
    java, has_java = _java()
    missing = _missing(requirements, has_java=has_java)
    blocks = [_machine(java), _networks(), _packages(requirements), missing]
    show(blocks, no_color=options.no_color)


def _machine(java: str) -> Block:
    import platform

    from vlmeval_cli import __version__
    from vlmeval_cli.reports.blocks import Facts

    return Facts(
        (
            ("vlmeval", __version__),
            ("python", f"{platform.python_version()} ({platform.platform()})"),
            ("java", java),
            ("WordNet index", _wordnet()),
            ("METEOR 1.5 index", _meteor()),
            ("SPICE parts", _spice()),
            ("score --run-tests", _sandbox()),
        )
    )


def _networks() -> Block:
    """Where embedding metrics run, which models are on disk, and what the cache takes."""
    from vlmeval_cli.models.cache import cache_file, cache_size
    from vlmeval_cli.models.downloads import readable_size
    from vlmeval_cli.models.loading import hub_cache, models_on_disk
    from vlmeval_cli.reports.blocks import Facts

    return Facts(
        (
            ("device of networks", _device()),
            ("models on disk", ", ".join(models_on_disk()) or "none"),
            ("models are kept in", str(hub_cache())),
            ("cache of encodings", f"{cache_file()} ({readable_size(cache_size())})"),
        )
    )


def _device() -> str:
    """What --device auto takes here."""
    from vlmeval_cli.core.config import ModelPolicy
    from vlmeval_cli.core.optional import install_line, is_installed
    from vlmeval_cli.models.devices import Device
    from vlmeval_cli.models.loading import EXTRA

    if not is_installed("torch"):
        return f"torch is not installed: {install_line(EXTRA)}"
    try:
        found = Device.all_of(ModelPolicy())
    except Exception as error:  # a torch that does not fit this machine fails in many ways
        return f"torch does not load: {error}"
    return f"{', '.join(one.name for one in found)} (torch {_version('torch')})"


def _packages(requirements: Sequence[Requirement]) -> Block:
    from vlmeval_cli.reports.blocks import Grid, Heading

    rows = tuple(
        (found.name, found.version or "not installed", found.extra or "core")
        for found in requirements
    )
    return Grid("Packages", tuple(map(Heading, ("package", "version", "part"))), rows)


def _missing(requirements: Sequence[Requirement], *, has_java: bool) -> Block:
    from vlmeval_cli.reports.blocks import Paragraph

    extras = dict.fromkeys(r.extra for r in requirements if r.version is None)
    lines = [
        f'pip install "{_DISTRIBUTION}[{extra}]"' if extra else f"pip install {_DISTRIBUTION}"
        for extra in extras
    ]
    lines += [] if has_java else [_ADD_JAVA]
    return Paragraph("To add what is missing", tuple(lines) or ("nothing is missing",))


def _requirements() -> Iterator[Requirement]:
    """What the installed distribution says it needs, extra by extra."""
    from importlib.metadata import PackageNotFoundError, requires

    try:
        stated = requires(_DISTRIBUTION) or []
    except PackageNotFoundError:  # run from a source tree that was never installed
        stated = []
    for text in stated:
        match = _REQUIREMENT.match(text)
        if match is not None and match["extra"] not in _NOT_FOR_USERS:
            yield Requirement(match["name"], match["extra"], _version(match["name"]))


def _version(name: str) -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _java() -> tuple[str, bool]:
    """What the Java of this machine says of itself, or what is wrong; and whether it serves."""
    from vlmeval_cli.core.errors import ModelError
    from vlmeval_cli.scenes.official.java_home import find_java

    try:
        found = find_java()
    except ModelError as error:
        return error.message, False
    return f"{found.line} ({found.path})", True


def _wordnet() -> str:
    from importlib.resources import files

    folder = files("vlmeval_cli.resources").joinpath("data")
    names = [file.name for file in folder.iterdir()] if folder.is_dir() else []
    found = [name for name in names if "wordnet" in name.lower() and not name.endswith(".txt")]
    return f"present ({found[0]})" if found else "missing: meteor cannot match synonyms"


def _meteor() -> str:
    """Whether METEOR 1.5 can be scored here, and what is needed where it cannot."""
    from vlmeval_cli.resources.meteor_index import PACKAGE, index_path, sources, why_not_built

    reason = why_not_built()
    if reason is None:
        return f"present ({index_path()})"
    if sources() is None:
        return f"{reason}, and {PACKAGE} to compile it from is missing: no meteor_1_5 here"
    return f"{reason}: vlmeval download meteor does it, in half a minute"


def _spice() -> str:
    """Where the parts are that SPICE runs with, or how to get them."""
    from vlmeval_cli.core.errors import ModelError
    from vlmeval_cli.scenes.official.home import find_parts, installed_folder, is_named

    try:
        found = find_parts()
    except ModelError as error:
        is_wrong = is_named() or installed_folder().is_dir()
        return f"{error.message if is_wrong else 'missing'}. {error.hint}"
    return f"present ({found.jars[0].parent}, from {found.source})"


def _sandbox() -> str:
    """Whether programs can be judged by their unit tests here; tried with three known ones."""
    from vlmeval_cli.core.errors import VlmevalError
    from vlmeval_cli.resources.sandbox import Limits, run_programs

    try:
        is_alone = run_programs([], Limits()).is_alone
    except VlmevalError as error:
        return error.message
    return f"works; programs have {'no network' if is_alone else 'the network of this machine'}"
