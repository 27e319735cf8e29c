"""Files that are not text, known by their first bytes, and what to do with each."""

from __future__ import annotations

from codecs import getincrementaldecoder
from typing import NamedTuple

from vlmeval_cli.core.errors import DataError


class Signature(NamedTuple):
    """First bytes of a kind of file.

    Attributes:
        start: the bytes.
        offset: where they stand.
        kind: what such a file is, for the message.
        hint: what the user can do.
    """

    start: bytes
    offset: int
    kind: str
    hint: str


# All below the space but tab, newline, vertical tab, form feed, return and escape.
_CONTROLS = bytes({*range(32)} - {9, 10, 11, 12, 13, 27})
_TABLE = "Tables are read as they are; unpack it if it lies in a gzip file."
_UNPACK = "Unpack it first; only gzip is read as it is."
_PANDAS = 'With pandas: .to_json("FILE.jsonl", orient="records", lines=True)'
_PICKLE = "Pickles can run code and are never opened. Save the rows as JSONL instead."
_UTF8 = "Convert it: iconv -f {0} -t UTF-8 FILE > FILE.utf8"

SIGNATURES = (
    Signature(b"PK\x03\x04", 0, "a zip archive or an Excel workbook", _TABLE),
    Signature(
        b"\xd0\xcf\x11\xe0",
        0,
        "an old Excel file (.xls) or a workbook with a password",
        "Save it as .xlsx without a password, or as CSV.",
    ),
    Signature(b"FEA1", 0, "an old Feather file (version 1)", f"Write it again. {_PANDAS}"),
    Signature(b"PAR1", 0, "a Parquet file", _TABLE),
    Signature(b"ARROW1", 0, "an Arrow file", _TABLE),
    Signature(b"\x93NUMPY", 0, "a numpy array", "Save the rows as JSONL instead."),
    Signature(b"\x89HDF", 0, "an HDF5 file", "Save the rows as JSONL instead."),
    Signature(b"SQLite format 3", 0, "an SQLite database", "Export the table as CSV."),
    *(Signature(bytes([0x80, n]), 0, "a Python pickle", _PICKLE) for n in range(2, 6)),
    Signature(b"\x1f\x8b", 0, "gzip inside gzip", "Unpack it once."),
    Signature(b"BZh", 0, "a bzip2 file", _UNPACK),
    Signature(b"\xfd7zXZ", 0, "an xz file", _UNPACK),
    Signature(b"\x28\xb5\x2f\xfd", 0, "a zstd file", _UNPACK),
    Signature(b"7z\xbc\xaf", 0, "a 7z archive", _UNPACK),
    Signature(b"ustar", 257, "a tar archive", "Unpack it and name the file inside it."),
    Signature(b"%PDF", 0, "a PDF", "Give the recorded outputs as JSONL, JSON or CSV."),
    Signature(b"\x89PNG", 0, "an image", "Give the recorded outputs, not the images."),
    Signature(b"\xff\xd8\xff", 0, "an image", "Give the recorded outputs, not the images."),
    Signature(b"\xff\xfe\x00\x00", 0, "UTF-32 text", _UTF8.format("UTF-32")),
    Signature(b"\x00\x00\xfe\xff", 0, "UTF-32 text", _UTF8.format("UTF-32")),
    Signature(b"\xff\xfe", 0, "UTF-16 text", _UTF8.format("UTF-16")),
    Signature(b"\xfe\xff", 0, "UTF-16 text", _UTF8.format("UTF-16")),
)


def refuse_what_is_not_text(path: str, head: bytes) -> None:
    """Say what a file is that cannot be read.

    Args:
        path: name for the message.
        head: first bytes, unpacked.

    Raises:
        DataError: the bytes are not UTF-8 text.
    """
    for signature in SIGNATURES:
        if head.startswith(signature.start, signature.offset):
            raise DataError(
                f"{path}: got {signature.kind}, expected JSONL, JSON, CSV or TSV in UTF-8",
                hint=signature.hint,
            )
    if _is_binary(head):
        raise DataError(
            f"{path}: got a binary file or UTF-16 text, expected JSONL, JSON, CSV or TSV in UTF-8",
            hint="If it is text, convert it: iconv -f UTF-16 -t UTF-8 FILE > FILE.utf8",
        )


def _is_binary(head: bytes) -> bool:
    """Control characters such as NUL may stand in a text, but no text consists of them."""
    controls = len(head) - len(head.translate(None, _CONTROLS))
    if controls * 8 > len(head):
        return True
    return controls * 32 > len(head) and not _is_utf8(head)


def _is_utf8(head: bytes) -> bool:
    try:
        getincrementaldecoder("utf-8")("surrogatepass").decode(head)
    except UnicodeDecodeError:
        return False
    return True
