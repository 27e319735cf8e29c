"""Fixtures that many tests share."""

import shutil
import socket
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "data"


class NetworkUsed(AssertionError):
    """Something asked the network."""


def _is_here(host):
    return host in (None, "", "localhost", "::1") or str(host).startswith("127.")


@pytest.fixture(autouse=True, scope="session")
def no_network():
    """The whole suite runs with sockets blocked: only this machine can be reached."""
    patch = pytest.MonkeyPatch()
    for name in ("connect", "connect_ex"):
        real = getattr(socket.socket, name)

        def connect(self, address, real=real):
            is_internet = self.family in (socket.AF_INET, socket.AF_INET6)
            if is_internet and not _is_here(address[0]):
                raise NetworkUsed(f"a connection to {address}")
            return real(self, address)

        patch.setattr(socket.socket, name, connect)
    find = socket.getaddrinfo

    def getaddrinfo(host, *arguments, **options):
        if not _is_here(host):
            raise NetworkUsed(f"a look-up of {host}")
        return find(host, *arguments, **options)

    patch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield
    patch.undo()


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
        patch.delenv("VLMEVAL_SPICE_HOME", raising=False)
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
