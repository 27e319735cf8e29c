"""The docs say what the program does."""

import importlib.util
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from vlmeval_cli.cli.score_options import ScoreOptions
from vlmeval_cli.registry import metrics

ROOT = Path(__file__).resolve().parents[2]
OTHER_PROGRAMS = {
    "--characters",
    "--strict",
    "--in-process",
    "--scaling",
}  # benchmarks/ptb_agreement.py, mypy
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


def shown_in_readme():
    text = (ROOT / "README.md").read_text("utf-8")
    return re.search(r"```console\n\$ vlmeval (.*)\n([^`]*)```", text).groups()


def test_the_readme_shows_what_the_command_prints():
    words, shown = shown_in_readme()
    done = subprocess.run(
        [sys.executable, "-m", "vlmeval_cli", *words.split()],
        capture_output=True, text=True, cwd=ROOT, check=True,
    )  # fmt: skip
    for part in shown.split("…\n"):
        assert part in done.stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_options_in_the_docs_exist(page):
    known = {
        "--install-completion",
        "--help",
        "--version",
        *(f"--{field.name.replace('_', '-')}" for field in fields(ScoreOptions)),
    }
    lines = [line for line in page.read_text("utf-8").splitlines() if "pip " not in line]
    used = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", "\n".join(lines)))
    assert not used - known - OTHER_PROGRAMS


def test_the_readme_names_every_metric():
    text = (ROOT / "README.md").read_text("utf-8")
    assert not [name for name in metrics() if f"`{name}`" not in text]
