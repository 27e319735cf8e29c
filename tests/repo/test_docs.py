"""The docs say what the program does."""

import importlib.util
import re
from pathlib import Path

import pytest

from vlmeval_cli.registry import metrics

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])


def test_the_metrics_page_is_current():
    path = ROOT / "docs" / "make_metrics.py"
    spec = importlib.util.spec_from_file_location("make_metrics", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    written = (ROOT / "docs" / "metrics.md").read_text("utf-8")
    assert written == module.page(), "run: python docs/make_metrics.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    text = page.read_text("utf-8")
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (page.parent / target).exists(), target


def test_the_readme_names_every_metric():
    text = (ROOT / "README.md").read_text("utf-8")
    assert not [name for name in metrics() if f"`{name}`" not in text]
