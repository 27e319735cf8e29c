"""Which parts of Stanford CoreNLP the SPICE program needs, where they are, and their sums."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

_DATA = ("data", "spice")
_ENTRIES = "corenlp-3.6.0-entries.txt"


@dataclass(frozen=True, slots=True)
class Entry:
    """A file inside the models jar that is needed.

    Attributes:
        name: its path inside the jar.
        size: its bytes, unpacked.
        crc: its CRC-32, by which a jar is known without being read.
        sha256: of its bytes, unpacked.
    """

    name: str
    size: int
    crc: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is to be installed, and from where.

    Attributes:
        folder: the name of the folder that holds the parts.
        code: the name of the jar with the program.
        code_sha256: of that jar.
        contents_sha256: of what is in that jar, however it is packed.
        models: the name of the jar with all models.
        models_sha256: of that jar.
        cut: the name of the jar with the models that are needed.
        entries: what is needed of the models.
        stand_ins: entries of the cut jar that hold the stand-in for a model that is never used.
        maven: the folder of both jars in a repository of Maven layout.
        archive: the address of the archive of CoreNLP's own server.
        archive_folder: the folder of both jars in that archive.
        license: what the user should know.
    """

    folder: str
    code: str
    code_sha256: str
    contents_sha256: str
    models: str
    models_sha256: str
    cut: str
    entries: tuple[Entry, ...]
    stand_ins: tuple[str, ...]
    maven: str
    archive: str
    archive_folder: str
    license: str

    @property
    def digest(self) -> str:
        """A hash of everything that decides what the parts compute."""
        deciding = [self.contents_sha256, *sorted(f"{e.sha256} {e.name}" for e in self.entries)]
        return sha256("\n".join(deciding).encode()).hexdigest()[:16]


@cache
def official_recipe() -> Recipe:
    """The parts that the SPICE program was published with: CoreNLP 3.6.0."""
    ner = "edu/stanford/nlp/models/ner/english"
    return Recipe(
        folder="spice-3.6.0",
        code="stanford-corenlp-3.6.0.jar",
        code_sha256="d341d5863276f55782c5ef73212222d6b3b48e02ae1951ab6de7618d28b12742",
        contents_sha256="47001a434b94df9664fc87ab8a61a95b1cb610cd24a0e5df726df66e24e72bd7",
        models="stanford-corenlp-3.6.0-models.jar",
        models_sha256="d285157bd7887ee3018094b5dbae092e49088b023361ccdb550ee1daf9b2c9bd",
        cut="stanford-corenlp-3.6.0-models-spice.jar",
        entries=_entries(),
        stand_ins=(
            f"{ner}.all.3class.distsim.crf.ser.gz",
            f"{ner}.conll.4class.distsim.crf.ser.gz",
            f"{ner}.muc.7class.distsim.crf.ser.gz",
        ),
        maven="edu/stanford/nlp/stanford-corenlp/3.6.0",
        archive="https://nlp.stanford.edu/software/stanford-corenlp-full-2015-12-09.zip",
        archive_folder="stanford-corenlp-full-2015-12-09",
        license="Stanford CoreNLP is under the GNU General Public License, version 3; "
        "vlmeval ships no part of it",
    )


def data_file(name: str) -> Path:
    """A file that vlmeval ships for SPICE."""
    return Path(str(files("vlmeval_cli.resources").joinpath(*_DATA, name)))


def _entries() -> tuple[Entry, ...]:
    lines = data_file(_ENTRIES).read_text("utf-8").splitlines()
    rows = (line.split() for line in lines if not line.startswith("#"))
    return tuple(Entry(name, int(size), int(crc, 16), sums) for sums, crc, size, name in rows)
