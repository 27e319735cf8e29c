"""What vlmeval ships for the SPICE program: two files of its own, and how they are made.

    python -m vlmeval_cli.scenes.official.shipped jar          (needs javac)
    python -m vlmeval_cli.scenes.official.shipped stand-in     (needs java and the parts)

``json-engine.jar`` hands back the results that the program wants laid out by a JavaScript engine,
which Java has no more, and runs the program again and again in one Java. ``stand-in.ser.gz`` takes
the place of three large models of named entities that the program loads and never uses. The same
sources give the same bytes.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
from base64 import b64encode
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile, ZipInfo

from vlmeval_cli.scenes.official.recipe import data_file

_SOURCES = ("JsonEngineFactory.java", "ScoreLoop.java")
_SENTENCES = "stand-in.tsv"
_STAND_IN = "stand-in.ser.gz"
_CLASS = "vlmeval.JsonEngineFactory"
_SERVICE = "META-INF/services/javax.script.ScriptEngineFactory"
_MANIFEST = "META-INF/MANIFEST.MF"
_EARLIEST = (1980, 1, 1, 0, 0, 0)  # that a zip file can name
_COMPILE = ("javac", "--release", "8", "-Xlint:-options", "-g:none", "-encoding", "UTF-8")
_TRAIN = "-map word=0,answer=1 -maxLeft 1 -useClassFeature true -useWord true"


def json_engine() -> Path:
    """The jar to put on the class path, so that the program writes JSON on any Java, in a loop."""
    return data_file("json-engine.jar")


def stand_in() -> Path:
    """The model of named entities that takes the place of those that are never used."""
    return data_file(_STAND_IN)


def build_jar(target: Path) -> None:
    """Compile the engine and pack it; the same compiler gives the same bytes.

    Raises:
        CalledProcessError: the compiler refuses.
        FileNotFoundError: there is none.
    """
    with TemporaryDirectory() as folder:
        sources = [str(data_file(name)) for name in _SOURCES]
        subprocess.run([*_COMPILE, "-d", folder, *sources], check=True)
        classes = sorted(Path(folder).rglob("*.class"))
        packed = {str(path.relative_to(folder).as_posix()): path.read_bytes() for path in classes}
    manifest = (
        "Manifest-Version: 1.0\r\n"
        f"Build-Javac: {_javac_version()}\r\n"
        f"Source-SHA-256: {source_digest()}\r\n\r\n"
    )
    packed = {_MANIFEST: manifest.encode(), _SERVICE: f"{_CLASS}\n".encode(), **packed}
    with ZipFile(target, "w") as jar:
        for name, content in packed.items():
            jar.writestr(ZipInfo(name, _EARLIEST), content)


def source_digest() -> str:
    """The sum of the sources that stands in the jar's manifest, as jars write sums."""
    sources = b"".join(data_file(name).read_bytes() for name in _SOURCES)
    return b64encode(sha256(sources).digest()).decode("ascii")


def build_stand_in(target: Path) -> None:
    """Train the stand-in on the two sentences beside it.

    Raises:
        ModelError: the parts of SPICE or Java are not here.
        CalledProcessError: the training fails.
    """
    from vlmeval_cli.scenes.official.home import find_parts
    from vlmeval_cli.scenes.official.java_home import find_java

    path = os.pathsep.join((str(find_parts().jars[0]), *_libraries()))
    tool = [str(find_java().path), "-cp", path, "edu.stanford.nlp.ie.crf.CRFClassifier"]
    with TemporaryDirectory() as folder:  # the names of both files become parts of the model
        shutil.copy(data_file(_SENTENCES), folder)
        train = ["-trainFile", _SENTENCES, "-serializeTo", _STAND_IN, *_TRAIN.split()]
        subprocess.run([*tool, *train], check=True, cwd=folder)
        target.write_bytes((Path(folder) / _STAND_IN).read_bytes())


def _libraries() -> list[str]:
    """What CoreNLP needs beside itself, from the package that carries the program."""
    found = find_spec("pycocoevalcap")
    folders = (found.submodule_search_locations or ()) if found else ()
    return [str(Path(folder) / "spice" / "lib" / "*") for folder in folders]


def _javac_version() -> str:
    """The main number of the compiler's version."""
    told = subprocess.run(["javac", "-version"], capture_output=True, text=True, check=True)
    return (told.stdout or told.stderr).split()[-1].partition(".")[0]


def main() -> None:
    """Write one of the files into the package."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("jar", "stand-in"))
    if parser.parse_args().what == "jar":
        build_jar(json_engine())
    else:
        build_stand_in(stand_in())


if __name__ == "__main__":
    main()
