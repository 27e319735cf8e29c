"""The official results, read once."""

import pytest
from scenes.native import official_results


@pytest.fixture(scope="session")
def official(shared):
    return official_results.read(shared)
