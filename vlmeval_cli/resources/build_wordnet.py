"""Make the WordNet index from WordNet 3.0's own files.

    python -m vlmeval_cli.resources.build_wordnet /usr/share/wordnet

It also writes the synonyms of phrasal verbs, which the index leaves out, as a text: a line for each
synset that has one ("shake shake_off").

The folder must hold ``index.*``, ``data.*`` and ``*.exc`` of noun, verb, adj and adv, as Debian's
packages wordnet-base and wordnet-sense-index install them (formats: man pages wndb(5WN) and
morphy(7WN)). The same files give the same index.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from vlmeval_cli.resources.wordnet import INDEX_FILE, PARTS_OF_SPEECH, VERB_PHRASES_FILE

Names = frozenset[str]
SYNTACTIC_MARKER = re.compile(r"\([^()]*\)$")  # the "(p)" of "asleep(p)"


class Index(NamedTuple):
    """The four arrays of the index, in the order of the file.

    Attributes:
        words: UTF-8 text, a word per line, sorted.
        counts: shape (4, n_words), how many names each word has as each part of speech.
        names: word numbers of the names, part by part, word by word.
        exceptions: UTF-8 text, a paragraph per part of speech, a line per irregular form.
    """

    words: npt.NDArray[np.uint8]
    counts: npt.NDArray[np.uint8]
    names: npt.NDArray[np.int32]
    exceptions: npt.NDArray[np.uint8]


def build_index(folder: Path) -> Index:
    """The index, from the WordNet files in ``folder``."""
    lemmas = [_names_by_lemma(folder, part.name) for part in PARTS_OF_SPEECH]
    words = sorted({word for part in lemmas for word in part}.union(*_all_names(lemmas)))
    number = {word: i for i, word in enumerate(words)}
    rows = [[sorted(part.get(word, ())) for word in words] for part in lemmas]
    names = [number[name] for row in rows for names in row for name in names]
    return Index(
        words=_as_bytes("\n".join(words)),
        counts=np.array([[len(names) for names in row] for row in rows], dtype=np.uint8),
        names=np.array(names, dtype=np.int32),
        exceptions=_as_bytes(
            "\n\n".join(_exception_lines(folder, part.name) for part in PARTS_OF_SPEECH)
        ),
    )


def write_index(index: Index, path: Path) -> None:
    """Write ``index`` as :func:`vlmeval_cli.resources.wordnet.load_wordnet` reads it."""
    with path.open("wb") as stream:
        for array in index:
            np.save(stream, array, allow_pickle=False)


def _names_by_lemma(folder: Path, part: str) -> dict[str, Names]:
    """Lemma → the names that share a synset with it; lemmas without such names are left out."""
    synsets = dict(_synsets(folder / f"data.{part}"))
    lemmas = {}
    for line in _entries(folder / f"index.{part}"):
        lemma, _, n_synsets, *rest = line.split()
        names = frozenset[str]().union(*(synsets[offset] for offset in rest[-int(n_synsets) :]))
        if names:
            lemmas[lemma] = names
    return lemmas


def verb_phrases(folder: Path) -> str:
    """A line per synset of verbs with a phrase and another name: the names, in lower case."""
    every = (names for _, names in _all_synsets(folder / "data.verb"))
    lines = [
        " ".join(sorted(name.lower() for name in names))
        for names in every
        if len(names) > 1 and any("_" in name for name in names)
    ]
    return "".join(f"{line}\n" for line in sorted(lines))


def _synsets(path: Path) -> Iterator[tuple[str, Names]]:
    """Offset and names of every synset, without phrases and names with capitals."""
    for offset, words in _all_synsets(path):
        yield offset, frozenset(word for word in words if "_" not in word and word == word.lower())


def _all_synsets(path: Path) -> Iterator[tuple[str, Names]]:
    """Offset and names of every synset."""
    for line in _entries(path):
        offset, _, _, n_words, *rest = line.split()
        words = rest[: 2 * int(n_words, 16) : 2]
        yield offset, frozenset(SYNTACTIC_MARKER.sub("", word) for word in words)


def _entries(path: Path) -> Iterator[str]:
    """Lines of a WordNet file after its licence, whose lines start with a space."""
    with path.open(encoding="utf-8") as lines:
        yield from (line for line in lines if not line.startswith(" "))


def _all_names(lemmas: list[dict[str, Names]]) -> Iterator[Names]:
    return (names for part in lemmas for names in part.values())


def _exception_lines(folder: Path, part: str) -> str:
    """A line per irregular form: the form and its bases; of lines for one form the last counts."""
    lines = (folder / f"{part}.exc").read_text(encoding="utf-8").splitlines()
    last = {form: bases for form, *bases in map(str.split, lines)}
    return "\n".join(" ".join((form, *bases)) for form, bases in sorted(last.items()))


def _as_bytes(text: str) -> npt.NDArray[np.uint8]:
    return np.frombuffer(text.encode(), dtype=np.uint8)


def main() -> None:
    """Write the index and the phrasal verbs into the package."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="folder with WordNet 3.0's files")
    default = Path(__file__).parent / INDEX_FILE
    parser.add_argument("--output", type=Path, default=default, help="file to write")
    arguments = parser.parse_args()
    write_index(build_index(arguments.folder), arguments.output)
    phrases = arguments.output.with_name(Path(VERB_PHRASES_FILE).name)
    phrases.write_text(verb_phrases(arguments.folder), encoding="utf-8")


if __name__ == "__main__":
    main()
