"""Noisy copies of what a model is asked, which join with the original references."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any, Final, NamedTuple

from vlmeval_cli.core.config import FieldChoice, OnBadRow, RunConfig
from vlmeval_cli.core.errors import UsageError, did_you_mean, quoted
from vlmeval_cli.detection import Side, rules
from vlmeval_cli.joining.paths import ROW_NUMBER, as_text, value_at
from vlmeval_cli.readers import FileSource, Row, open_source
from vlmeval_cli.readers.opening import open_as_written
from vlmeval_cli.readers.synonyms import load_synonyms
from vlmeval_cli.runs.converting import id_of
from vlmeval_cli.runs.opening import HEAD
from vlmeval_cli.runs.text_inputs import (
    Steps,
    answer_fields,
    text_input,
    texts_in,
    with_texts,
    words_of_answers,
)
from vlmeval_cli.text.perturbations import (
    KINDS,
    SEVERITIES,
    Piece,
    Words,
    edit_rate,
    perturbed,
    pieces,
)
from vlmeval_cli.text.perturbations.phrases import SYNONYMS

KIND_FIELD: Final = "perturbation"
SEVERITY_FIELD: Final = "severity"
_CHATS: Final = frozenset({"chats", "llava_conversations", "ms_swift", "chats_with_response"})
_NO_TEXT: Final = "the field holds no text"
_EMPTY: Final = "empty text"


@dataclass(frozen=True, slots=True)
class PerturbConfig:
    """Which noise is made.

    Attributes:
        kinds: kinds of noise.
        severities: from 1 to 5.
        field: the field of the text; None recognises it.
        id_field: the field that identifies items; None recognises it.
        synonyms: a table of synonyms that goes before the one that comes with the package.
        seed: of the draws.
        on_bad_row: malformed rows: an error, or left out.
    """

    kinds: tuple[str, ...] = tuple(KINDS)
    severities: tuple[int, ...] = SEVERITIES
    field: str | None = None
    id_field: str | None = None
    synonyms: str | None = None
    seed: int = 12345
    on_bad_row: OnBadRow = "error"

    def __post_init__(self) -> None:
        for kind in self.kinds:
            if kind not in KINDS:
                raise UsageError(
                    f"unknown kind of noise {quoted(kind)}", hint=did_you_mean(kind, list(KINDS))
                )
        for severity in self.severities:
            if severity not in SEVERITIES:
                raise UsageError(
                    f"severity: got {quoted(severity)}, expected whole numbers from 1 to 5"
                )
        if not self.kinds or not self.severities:
            raise UsageError("no kind or no severity is named, expected at least one of each")
        if self.synonyms is not None and "synonyms" not in self.kinds:
            raise UsageError(
                "a table of synonyms is named, and the kind synonyms is not asked for",
                hint="Add synonyms to the kinds, or leave the table away.",
            )


class Copy(NamedTuple):
    """One kind of noise at one severity."""

    kind: str
    severity: int

    @property
    def name(self) -> str:
        """Such as ``typos-3``."""
        return f"{self.kind}-{self.severity}"


@dataclass(slots=True)
class Tally:
    """What was done to the rows of one copy, counted while they go by.

    Attributes:
        rows: all of them.
        changed: rows with noise.
        unchanged: why the others have none → how many.
        edits: sum of the edit rates of the changed rows.
    """

    rows: int = 0
    changed: int = 0
    unchanged: Counter[str] = field(default_factory=Counter)
    edits: float = 0.0

    @property
    def mean_edit_rate(self) -> float | None:
        """Characters edited per character, on average over the changed rows."""
        return self.edits / self.changed if self.changed else None


@dataclass(frozen=True, slots=True)
class Perturbed:
    """Copies of a file.

    Attributes:
        copies: the kinds and severities, in the order of each element of ``rows``.
        rows: for each row of the file its copies; streamed once.
        tallies: what was done, complete when all rows went by.
        field: the field that has noise, and why it.
        id: the field that the noise of a row depends on.
        notes: what the user should know.
    """

    copies: Sequence[Copy]
    rows: Iterator[list[dict[str, Any]]]
    tallies: Mapping[Copy, Tally]
    field: str
    id: str
    notes: Sequence[str]


class _Job(NamedTuple):
    """What stays the same for all rows."""

    field: str
    id: str
    seed: int
    answers: Sequence[str]
    words: Words


def perturb(path: str, config: PerturbConfig) -> Perturbed:
    """Noisy copies of the rows of a file of any layout.

    The noise of a row depends on the seed, the id, the kind and the severity, and not on where the
    row stands. Every field but the text is as it was; two fields tell the noise.

    Raises:
        UsageError: the text to change is not recognised, or is none.
        DataError: the file cannot be read.
    """
    source = _opened(path, config)
    side = Side(path, source.layout, [row.fields for row in islice(source.rows(), HEAD)])
    found = text_input(side, config.field)
    named = RunConfig(fields=FieldChoice(id=config.id_field))
    answers = answer_fields(side)
    id_name = id_of(side, named, (found.name,)) or ROW_NUMBER
    job = _Job(found.name, id_name, config.seed, answers, _words(config))
    copies = [Copy(kind, severity) for kind in config.kinds for severity in config.severities]
    tallies = {copy: Tally() for copy in copies}
    return Perturbed(
        copies,
        (_copies(row, tallies, job) for row in source.rows()),
        tallies,
        f'"{found.name}", {found.reason}',
        id_name,
        tuple(_notes(side, config, job, found.others)),
    )


def _opened(path: str, config: PerturbConfig) -> FileSource:
    """The file; chats as they are written, since a model reads them in that form."""
    source = open_source(path, on_bad_row=config.on_bad_row)
    if source.layout.name not in _CHATS:
        return source
    return open_as_written(path, on_bad_row=config.on_bad_row) or source


def _words(config: PerturbConfig) -> Words:
    own = {} if config.synonyms is None else load_synonyms(config.synonyms)
    table = {**SYNONYMS, **own}
    if "typos" not in config.kinds:
        return Words(table)
    from vlmeval_cli.resources.wordnet import load_wordnet

    return Words(table, load_wordnet().knows)


def _notes(side: Side, config: PerturbConfig, job: _Job, others: Sequence[str]) -> Iterator[str]:
    if side.layout.note:
        yield side.layout.note
    if others:
        listed = ", ".join(f'"{name}"' for name in others)
        yield f"also inputs, and left as they are: {listed}; --field names another"
    recorded = side.present(rules.PREDICTION_ONLY)
    if recorded:
        yield f'"{recorded[0]}" stays, and answers the text as it was: do not score it with a copy'
    if job.id == ROW_NUMBER:
        yield "no field identifies the rows, so their noise depends on their order"
    answered = (words_of_answers(row, job.answers, job.field) for row in side.head)
    if "synonyms" in config.kinds and not any(answered):
        yield "the file holds no answers, so synonyms may replace words that are answers"


def _copies(row: Row, tallies: Mapping[Copy, Tally], job: _Job) -> list[dict[str, Any]]:
    """The copies of a row, counted."""
    texts = texts_in(row.fields, job.field)
    parts = [pieces(text) for _, text in texts]
    id_ = row.line if job.id == ROW_NUMBER else as_text(value_at(row.fields, job.id))
    kept = words_of_answers(row.fields, job.answers, job.field)
    words = Words(job.words.synonyms, job.words.is_word, kept)
    noisy = partial(_noisy, texts, parts, (job.seed, id_), words)
    found = []
    for copy, tally in tallies.items():
        new = noisy(copy)
        _count(tally, copy, texts, new)
        changed = with_texts(row.fields, [one for one in new if one is not None])
        found.append(
            {**_with_free_names(changed), KIND_FIELD: copy.kind, SEVERITY_FIELD: copy.severity}
        )
    return found


def _noisy(
    texts: Sequence[tuple[Steps, str]],
    parts: Sequence[tuple[Piece, ...]],
    name: tuple[object, ...],
    words: Words,
    copy: Copy,
) -> list[tuple[Steps, str] | None]:
    """The texts with noise, None where there is none."""
    found: list[tuple[Steps, str] | None] = []
    for number, ((steps, text), given) in enumerate(zip(texts, parts, strict=True)):
        new = perturbed(given, copy.kind, copy.severity, name=(*name, number), words=words)
        found.append(None if new is None or new == text else (steps, new))
    return found


def _count(
    tally: Tally,
    copy: Copy,
    texts: Sequence[tuple[Steps, str]],
    new: Sequence[tuple[Steps, str] | None],
) -> None:
    tally.rows += 1
    if not texts or all(one is None for one in new):
        tally.unchanged[_reason(copy, [text for _, text in texts])] += 1
        return
    tally.changed += 1
    before = sum(len(text) for _, text in texts)
    edited = sum(
        edit_rate(text, one[1]) * len(text)
        for (_, text), one in zip(texts, new, strict=True)
        if one is not None
    )
    tally.edits += edited / before


def _reason(copy: Copy, texts: Sequence[str]) -> str:
    if not texts:
        return _NO_TEXT
    return KINDS[copy.kind].nothing if any(map(str.strip, texts)) else _EMPTY


def _with_free_names(fields: dict[str, Any]) -> dict[str, Any]:
    """The row; fields that are called like ours are kept as ``recorded_…``."""
    ours = (KIND_FIELD, SEVERITY_FIELD)
    if not any(name in fields for name in ours):
        return fields
    return {f"recorded_{name}" if name in ours else name: v for name, v in fields.items()}
