"""Imports point down the layers of the design, and files stay of a readable size."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "vlmeval_cli"
LAYERS = [
    {"__main__", "cli"},
    {"api", "__init__"},
    {"comparing", "gating"},
    {"runs"},
    {"tasks", "reports", "registry", "detection", "oracles"},
    {"readers", "joining", "parsing", "metrics", "stats", "engine"},
    {"text", "geometry", "models", "resources", "scenes"},
    {"core"},
]
RANK = {room: rank for rank, rooms in enumerate(LAYERS) for room in rooms}
SOURCES = sorted(PACKAGE.rglob("*.py"))


def room_of(parts):
    return parts[0].removesuffix(".py")


def imported_rooms(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            head, *rest = name.split(".")
            if head == "vlmeval_cli" and rest:
                yield rest[0]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path):
    room = room_of(path.relative_to(PACKAGE).parts)
    if room == "__init__":
        return  # the package's front door hands out names of every layer, late
    wrong = [other for other in imported_rooms(path) if RANK.get(other, 9) < RANK[room]]
    assert not wrong, f"{room} must not import {wrong}"


def test_every_folder_and_file_has_its_layer():
    rooms = {room_of(path.relative_to(PACKAGE).parts) for path in SOURCES}
    assert rooms <= set(RANK)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_files_have_at_most_400_lines(path):
    assert len(path.read_text("utf-8").splitlines()) <= 400


def body_lines(function):
    first = function.body[0]
    is_doc = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    body = function.body[1:] if is_doc else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_functions_have_at_most_40_lines(path):
    tree = ast.parse(path.read_text("utf-8"))
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
    long = {f.name: body_lines(f) for f in functions if body_lines(f) > 40}
    assert not long
