"""The repository carries nothing of the machine it was made on, and its lists are in order."""

import re
import subprocess
from pathlib import Path

import pytest

import vlmeval_cli

ROOT = Path(__file__).resolve().parents[2]


def tracked_files():
    listed = subprocess.run(["git", "ls-files"], capture_output=True, text=True, cwd=ROOT)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\n") if name]


def test_public_names_are_sorted_and_exist():
    names = vlmeval_cli.__all__
    assert names == sorted(names)
    assert all(hasattr(vlmeval_cli, name) for name in names)


def test_no_machine_paths():
    here = re.compile(r"/(?:work|root)/|/tmp/bash|[.]pyenv")
    for path in tracked_files():
        if path != Path(__file__) and path.suffix in {".py", ".md", ".toml", ".yaml", ".txt", ""}:
            found = here.search(path.read_text("utf-8", errors="ignore"))
            assert not found, f"{path}: {found[0]}"


def test_no_package_file_is_stray_in_the_tree():
    assert not [path for path in tracked_files() if "__pycache__" in path.parts]


def test_print_is_called_only_by_the_console():
    for path in (ROOT / "vlmeval_cli").rglob("*.py"):
        if path.name != "console.py":
            code = path.read_text("utf-8")
            assert not re.search(r"^\s*print\(", code, re.MULTILINE), path
