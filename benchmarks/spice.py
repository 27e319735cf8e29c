"""SPICE of this package against its program called once for all, as whole processes.

    VLMEVAL_SPICE_HOME=FOLDER python benchmarks/spice.py [--captions FOLDER] [--images N] [--split]

The wrapper of pycocoevalcap does not run on today's Java, so that the program itself is the peer:
one Java for all images, without a cache. Ours starts with an empty cache; then comes the same
again, and then the predictions exchanged, so that every item is new and no caption is.
Scores must be equal. With ``--split`` the peer also runs as one Java for each half of the images
with one thread each, which shows what several processes would gain.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CAPTIONS = Path(__file__).resolve().parents[2] / "shared" / "data" / "flickr8k"
TOLERANCE = 1e-9


def rows(path: Path, n: int) -> list[dict]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line, _ in zip(lines, range(n), strict=False)]


def write(path: Path, items: list[dict]) -> None:
    path.write_text("".join(json.dumps(item) + "\n" for item in items))


def the_program() -> tuple[list[str], list[str]]:
    """How Java is started for the program."""
    from vlmeval_cli.scenes.official.home import find_parts
    from vlmeval_cli.scenes.official.java_home import find_java
    from vlmeval_cli.scenes.official.program import find_program
    from vlmeval_cli.scenes.official.shipped import json_engine

    jar = find_program().jar
    jars = [jar, jar.parent / "lib" / "*", *find_parts().jars, json_engine()]
    path = os.pathsep.join(map(str, jars))
    java = [str(find_java().path), "-Xmx4G", "-Dfile.encoding=UTF-8", "-cp", path]
    return [*java, "edu.anu.spice.SpiceScorer"], ["-subset", "-detailed", "-silent"]


def start(items: list[dict], folder: Path, name: str, *more: str) -> subprocess.Popen:
    command, options = the_program()
    given = folder / f"{name}.json"
    given.write_text(json.dumps(items))
    out = ["-out", str(folder / f"{name}-out.json")]
    return subprocess.Popen(
        [*command, str(given), *out, *options, *more], stderr=subprocess.DEVNULL, cwd=folder
    )


def theirs(preds: list[dict], refs: list[dict], folder: Path, parts: int) -> tuple[float, dict]:
    """Seconds of the program, in one Java or several, and the F of every image."""
    items = [
        {"image_id": ref["id"], "test": pred["prediction"], "refs": ref["references"]}
        for pred, ref in zip(preds, refs, strict=True)
    ]
    more = ("-threads", "1") if parts > 1 else ()
    started = time.perf_counter()
    running = [start(items[i::parts], folder, f"part{i}", *more) for i in range(parts)]
    if any(process.wait() for process in running):
        sys.exit("the program failed")
    seconds = time.perf_counter() - started
    found = [
        item
        for i in range(parts)
        for item in json.loads((folder / f"part{i}-out.json").read_text())
    ]
    return seconds, {item["image_id"]: item["scores"]["All"]["f"] for item in found}


def ours(preds: Path, refs: Path, folder: Path) -> tuple[float, dict]:
    """Seconds of ``vlmeval score``, and the F of every image."""
    samples = folder / "samples.jsonl"
    command = [sys.executable, "-m", "vlmeval_cli", "score", str(preds), str(refs)]
    options = ["--metrics", "spice", "--samples", str(samples), "--quiet"]
    started = time.perf_counter()
    subprocess.run(
        [*command, *options],
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "VLMEVAL_CACHE": str(folder / "cache")},
    )
    seconds = time.perf_counter() - started
    found = [json.loads(line) for line in samples.read_text().splitlines()]
    return seconds, {item["id"]: item["scores"]["spice"] for item in found}


def shifted(preds: list[dict]) -> list[dict]:
    """The predictions of other images."""
    texts = [pred["prediction"] for pred in preds]
    return [
        {**pred, "prediction": text}
        for pred, text in zip(preds, [*texts[1:], texts[0]], strict=True)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--captions", type=Path, default=CAPTIONS)
    parser.add_argument("--images", type=int, default=100)
    parser.add_argument("--split", action="store_true")
    options = parser.parse_args()
    preds, refs = (
        rows(options.captions / f"{side}.jsonl", options.images) for side in ("preds", "refs")
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for path, items in (("preds", preds), ("refs", refs), ("other", shifted(preds))):
            write(folder / f"{path}.jsonl", items)
        seconds, expected = theirs(preds, refs, folder, 1)
        print(f"the program, one Java: {seconds:.1f} s")
        if options.split:
            print(
                f"the program, two Javas of one thread: {theirs(preds, refs, folder, 2)[0]:.1f} s"
            )
        for what, path in (("first run", "preds"), ("again", "preds"), ("exchanged", "other")):
            taken, found = ours(folder / f"{path}.jsonl", folder / "refs.jsonl", folder)
            print(f"ours, {what}: {taken:.1f} s, {seconds / taken:.1f} times faster")
            largest = max(abs(found[one] - expected[one]) for one in expected)
            if path == "preds" and largest > TOLERANCE:
                sys.exit(f"scores differ by up to {largest}")


if __name__ == "__main__":
    main()
