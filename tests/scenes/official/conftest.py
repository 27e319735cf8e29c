"""A machine on which SPICE runs, in appearance."""

import fake_java
import pytest


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
    return fake_java.pretend(tmp_path, monkeypatch)
