"""The Java of a machine: the one that is named, else the one on the PATH; its version; none."""

import sys

import pytest

from vlmeval_cli.core.errors import ModelError
from vlmeval_cli.scenes.official.java_home import find_java, told_version

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the programs here are scripts")


@pytest.fixture(autouse=True)
def nothing(tmp_path, monkeypatch):
    """A machine without Java."""
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "on the path"))


@pytest.fixture
def put(tmp_path):
    """Put a program that tells a version into a folder; gives the program."""

    def program(folder, line, status=0):
        path = tmp_path / folder / "java"
        path.parent.mkdir(parents=True)
        path.write_text(f"#!/bin/sh\necho '{line}' >&2\nexit {status}\n")
        path.chmod(0o755)
        return path

    return program


# As the programs of these makers tell it.
TOLD = [
    ('java version "1.8.0_401"', 8),
    ('openjdk version "1.8.0_392"', 8),
    ('openjdk version "9"', 9),
    ('openjdk version "11.0.22" 2024-01-16 LTS', 11),
    ('openjdk version "17.0.15" 2025-04-15', 17),
    ('java version "21" 2023-09-19 LTS', 21),
    ('openjdk version "24-ea" 2025-03-18', 24),
    ('java version "1.7.0_80"', 7),
]


@pytest.mark.parametrize(("line", "version"), TOLD)
def test_versions_are_read_in_the_old_style_and_the_new(line, version):
    assert told_version(f"Picked up JAVA_TOOL_OPTIONS: -Xmx1g\n{line}\n") == (version, line)


def test_the_java_of_java_home_goes_first(put, tmp_path, monkeypatch):
    put("on the path", 'openjdk version "11.0.22"')
    named = put("home/bin", 'openjdk version "17.0.1"')
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "home"))
    found = find_java()
    assert (found.path, found.version) == (named, 17)


def test_the_path_serves_where_java_home_has_none(put, tmp_path, monkeypatch):
    path = put("on the path", 'openjdk version "1.8.0_392"')
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "gone"))
    assert (find_java().path, find_java().version) == (path, 8)


@pytest.mark.parametrize("is_named", [True, False])
def test_a_machine_without_java_is_told_what_to_install(is_named, tmp_path, monkeypatch):
    if is_named:
        monkeypatch.setenv("JAVA_HOME", str(tmp_path / "gone"))
    with pytest.raises(ModelError, match="no java in") as caught:
        find_java()
    assert caught.value.exit_code == 4
    assert "Java 8 or newer" in caught.value.hint
    assert ("JAVA_HOME" in caught.value.message) == is_named


def test_a_java_that_is_too_old_is_refused(put):
    put("on the path", 'java version "1.7.0_80"')
    with pytest.raises(ModelError, match="got Java 7, expected 8 or newer"):
        find_java()


@pytest.mark.parametrize(("line", "status"), [("no JVM could be created", 1), ("hello", 0)])
def test_a_java_that_does_not_work_is_refused(line, status, put):
    put("on the path", line, status)
    with pytest.raises(ModelError, match="java"):
        find_java()


def test_a_file_that_is_no_program_is_refused(put):
    put("on the path", "").write_bytes(b"\x7fELF")
    with pytest.raises(ModelError, match="does not run"):
        find_java()
