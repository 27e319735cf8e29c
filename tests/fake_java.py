"""A Java and a SPICE program that keep to the contract of the true ones, and fail on command.

``install`` writes the Java. Its program reads every word of a caption as an object. Of its results
it writes the last first. A caption with CRASH ends it with an exception, one with MEMORY for lack
of memory, and one with HANG never. A cache folder whose file says "damaged" ends it too.
"""

import json
import sys

from vlmeval_cli.scenes.official import program, scoring
from vlmeval_cli.scenes.official.home import Parts

SCRIPT = r"""
import json, os, pathlib, sys, time

HOME = pathlib.Path(__file__).resolve().parents[1]

def note(name, line):
    with (HOME / name).open("a") as file:
        file.write(line + "\n")

def fail(line, stream, code):
    print(line, file=stream, flush=True)
    sys.exit(code)

def look_at(caption):
    if "CRASH" in caption:
        fail("Exception in thread main java.lang.NullPointerException", sys.stderr, 1)
    if "MEMORY" in caption:
        fail("Terminating due to java.lang.OutOfMemoryError: Java heap space", sys.stdout, 3)
    if "HANG" in caption:
        time.sleep(600)

def cached(folder, captions):
    base = pathlib.Path(folder) / "data.mdb"
    if base.exists() and "damaged" in base.read_text():
        fail("org.fusesource.lmdbjni.LMDBException: MDB_INVALID", sys.stderr, 1)
    with base.open("a") as file:
        file.write("".join(caption + "\n" for caption in captions))

def tuples(words, others):
    return [{"tuple": [word], "truth_value": word in others} for word in sorted(words)]

def evaluation(ours, theirs):
    tp, fp, fn = len(ours & theirs), len(ours - theirs), len(theirs - ours)
    return {"tp": tp, "fp": fp, "fn": fn, "f": 2 * tp / (2 * tp + fp + fn) if tp else 0.0}

def scored(item):
    ours = set(item["test"].split())
    theirs = {word for text in item["refs"] for word in text.split()}
    none = {"tp": 0, "fp": 0, "fn": 0, "f": None}
    scores = dict.fromkeys(("Relation", "Attribute", "Color", "Cardinality", "Size"), none)
    scores |= dict.fromkeys(("All", "Object"), evaluation(ours, theirs))
    return {
        "image_id": item["image_id"],
        "scores": scores,
        "test_tuples": tuples(ours, theirs),
        "ref_tuples": tuples(theirs, ours),
    }

def answer(arguments):
    options = dict(zip(arguments[1::1], arguments[2::1]))
    items = json.loads(pathlib.Path(arguments[0]).read_text("ascii"))
    captions = [text for item in items for text in (item["test"], *item["refs"])]
    note("asked", json.dumps({"threads": options["-threads"], "captions": captions}))
    if "-cache" in options:
        cached(options["-cache"], captions)
    for caption in captions:
        look_at(caption)
    told = json.dumps([scored(item) for item in reversed(items)])
    pathlib.Path(options["-out"]).write_text(told, "utf-8")

if "-version" in sys.argv:
    fail('openjdk version "17.0.1" 2021-10-19', sys.stderr, 0)
started = {"arguments": sys.argv[1:], "folder": str(pathlib.Path.cwd()), "process": os.getpid()}
note("started", json.dumps(started))
if (HOME / "broken").exists():
    fail("Error: Could not find or load main class", sys.stderr, 1)
print("a warning of Java itself", flush=True)
for line in sys.stdin:
    answer(line.rstrip("\n").split("\t"))
    print("done", flush=True)
"""


class FakeJava:
    """The installed Java, and what it noted."""

    def __init__(self, home):
        self.home = home

    def _noted(self, name):
        path = self.home / name
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def started(self):
        """Arguments and folder of every start but those that ask for the version."""
        return self._noted("started")

    @property
    def asked(self):
        """Threads and captions of every question."""
        return self._noted("asked")


def install(home):
    """A Java in the folder ``home``, to be named in JAVA_HOME."""
    program = home / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!{sys.executable} -ES\n{SCRIPT}")
    program.chmod(0o755)
    return FakeJava(home)


def pretend(folder, monkeypatch):
    """Make this a machine that has the fake Java and all parts, and an empty cache."""
    found = install(folder / "java")
    (folder / "temporary").mkdir()
    monkeypatch.setenv("JAVA_HOME", str(folder / "java"))
    monkeypatch.setenv("VLMEVAL_CACHE", str(folder / "cache"))
    monkeypatch.setenv("TMPDIR", str(folder / "temporary"))
    monkeypatch.setattr("tempfile.tempdir", None)
    jar = folder / "spice-1.0.jar"
    jar.write_bytes(b"a program")
    whole = program.Program(jar, Parts((), "d1gest", "a test"))
    for module in (program, scoring):
        monkeypatch.setattr(module, "find_program", lambda: whole)
    monkeypatch.setattr(scoring, "has_lmdb", lambda: True)
    return found
