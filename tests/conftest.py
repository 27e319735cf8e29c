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


@pytest.fixture(scope="session", autouse=True)
def empty_cache(tmp_path_factory):
    """A cache folder of the tests' own: what a user has compiled changes no test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VLMEVAL_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def meteor_cache(request):
    """A cache folder with METEOR's index, compiled once per checkout."""
    from vlmeval_cli.core.progress import NoProgress
    from vlmeval_cli.resources import meteor_index

    folder = str(request.config.cache.mkdir("vlmeval"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VLMEVAL_CACHE", folder)
        if not meteor_index.is_built() and meteor_index.sources() is None:
            pytest.skip("pycocoevalcap, which has METEOR's tables, is not installed")
        meteor_index.ensure_index(NoProgress())
    return folder


@pytest.fixture
def with_meteor(meteor_cache, monkeypatch):
    """A machine on which METEOR's tables are compiled."""
    monkeypatch.setenv("VLMEVAL_CACHE", meteor_cache)
    return meteor_cache


@pytest.fixture(scope="session")
def java():
    """The path of a Java, for the original tools."""
    found = shutil.which("java")
    if found is None:
        pytest.skip("no java on this machine; golden values stand in for the live comparison")
    return found
