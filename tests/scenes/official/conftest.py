"""A machine on which SPICE runs, in appearance."""

import fake_java
import pytest

from vlmeval_cli.scenes.official import scoring
from vlmeval_cli.scenes.official.home import Parts
from vlmeval_cli.scenes.official.program import Program


class Told:
    """A listener that keeps what it is told."""

    def __init__(self):
        self.lines, self.phases, self.steps = [], [], 0

    def start(self, label, total):
        self.phases.append((label, total))

    def advance(self, n):
        self.steps += n

    def done(self):
        pass

    def tell(self, line):
        self.lines.append(line)


@pytest.fixture
def told():
    return Told()


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A Java that imitates the SPICE program, on a machine with an empty cache."""
    found = fake_java.install(tmp_path / "java")
    (tmp_path / "temporary").mkdir()
    for name, folder in (
        ("JAVA_HOME", "java"),
        ("VLMEVAL_CACHE", "cache"),
        ("TMPDIR", "temporary"),
    ):
        monkeypatch.setenv(name, str(tmp_path / folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    jar = tmp_path / "spice-1.0.jar"
    jar.write_bytes(b"a program")
    program = Program(jar, Parts((), "d1gest", "a test"))
    monkeypatch.setattr(scoring, "find_program", lambda: program)
    monkeypatch.setattr(scoring, "has_lmdb", lambda: True)
    return found
