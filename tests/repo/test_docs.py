"""The docs say what the program does."""

import importlib.util
import os
import re
import subprocess
import sys
from contextlib import suppress
from dataclasses import fields
from pathlib import Path

import pytest

from vlmeval_cli.cli.compare_options import CompareOptions
from vlmeval_cli.cli.convert import ConvertOptions
from vlmeval_cli.cli.doctor import DoctorOptions
from vlmeval_cli.cli.download import DownloadOptions
from vlmeval_cli.cli.gate import GateOptions
from vlmeval_cli.cli.inspect import InspectOptions
from vlmeval_cli.cli.main import main
from vlmeval_cli.cli.metrics import MetricsOptions
from vlmeval_cli.cli.perturb import PerturbOptions
from vlmeval_cli.cli.power import PowerOptions
from vlmeval_cli.cli.score_options import ScoreOptions
from vlmeval_cli.cli.verify import DiffOptions, VerifyOptions
from vlmeval_cli.core.errors import MissingExtraError
from vlmeval_cli.core.metric_spec import parse_metric_spec
from vlmeval_cli.registry import build, metrics
from vlmeval_cli.tasks import NAMES
from vlmeval_cli.text.perturbations import KINDS

ROOT = Path(__file__).resolve().parents[2]
OTHER_PROGRAMS = {
    "--gpu",
    "--characters",
    "--strict",
    "--in-process",
    "--scaling",
    "--lengths",
}  # benchmarks, mypy
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
GUIDES = sorted((ROOT / "docs" / "tasks").glob("*.md"))
OPTIONS = (
    ScoreOptions, CompareOptions, GateOptions, PowerOptions, PerturbOptions,
    MetricsOptions, InspectOptions, ConvertOptions, DownloadOptions, DoctorOptions, VerifyOptions,
    DiffOptions,
)  # fmt: skip
MOST_LINES = 120


@pytest.fixture(scope="module")
def maker():
    path = ROOT / "docs" / "make_metrics.py"
    spec = importlib.util.spec_from_file_location("make_metrics", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_metrics_page_is_current(maker):
    written = (ROOT / "docs" / "metrics.md").read_text("utf-8")
    assert written == maker.page(), "run: python docs/make_metrics.py"


def test_made_tables_are_current(maker):
    for page in maker.FILLED_PAGES:
        written = page.read_text("utf-8")
        assert written == maker.filled(written), "run: python docs/make_metrics.py"
        assert "<!-- made: " in written


def test_every_task_has_a_guide():
    assert {page.stem for page in GUIDES} == set(NAMES)


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.name)
def test_a_guide_is_short(page):
    assert len(page.read_text("utf-8").splitlines()) <= MOST_LINES


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.name)
def test_a_guide_shows_what_the_command_prints(page, capfd):
    words, shown = shown_in(page)
    assert f"sample_data/{page.stem}/" in words
    assert main(words.split()) == 0
    printed = {*"".join(capfd.readouterr()).splitlines()}
    assert not [line for line in shown.splitlines() if line not in printed | {"…"}]


def shown_in(page):
    """Words of the first command on the page, and what stands under it."""
    text = page.read_text("utf-8")
    return re.search(r"```console\n\$ vlmeval (.*)\n([^`]*)```", text).groups()


def test_the_page_on_robustness_shows_what_the_command_prints(tmp_path):
    words, shown = shown_in(ROOT / "docs" / "robustness.md")
    (tmp_path / "sample_data").symlink_to(ROOT / "sample_data")
    done = subprocess.run(
        [sys.executable, "-m", "vlmeval_cli", *words.split()],
        capture_output=True, text=True, cwd=tmp_path, check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.stderr == shown
    text = (ROOT / "docs" / "robustness.md").read_text("utf-8")
    assert not [kind for kind in KINDS if f"`{kind}`" not in text]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    text = page.read_text("utf-8")
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (page.parent / target).exists(), target


def test_the_readme_shows_what_the_command_prints():
    words, shown = shown_in(ROOT / "README.md")
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
        "--from",  # a word of Python's, so the field has another name
        *(
            f"--{no}{field.name.replace('_', '-')}"
            for kind in OPTIONS
            for field in fields(kind)
            for no in ("", "no-")
        ),
    }
    lines = [line for line in page.read_text("utf-8").splitlines() if "pip " not in line]
    used = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", "\n".join(lines)))
    assert not used - known - OTHER_PROGRAMS


def test_the_readme_names_every_metric():
    text = (ROOT / "README.md").read_text("utf-8")
    assert not [name for name in metrics() if f"`{name}`" not in text]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_metrics_with_options_in_the_docs_can_be_built(page):
    text = page.read_text("utf-8")
    named = set(re.findall(r"(?<![\w./-])[a-z]\w+(?::[a-z_]+=[\w.+/-]+)+", text))
    for spec in named:
        if spec.partition(":")[0] in metrics():
            with suppress(MissingExtraError):  # its options are right, what it reads is not here
                build(parse_metric_spec(spec.rstrip(".")))
