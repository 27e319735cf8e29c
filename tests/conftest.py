"""Fixtures that many tests share."""

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session")
def root():
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def shared():
    """Real data that lies beside the repository on development machines and is never shipped."""
    if not SHARED.is_dir():
        pytest.skip("the shared data folder is not beside this repository")
    return SHARED


@pytest.fixture(scope="session")
def java():
    """The path of a Java, for the original tools."""
    found = shutil.which("java")
    if found is None:
        pytest.skip("no java on this machine; golden values stand in for the live comparison")
    return found
