"""Every input that cannot be read is told in one message, with place and advice."""

import gzip
import os
import pickle
import subprocess
import sys
import threading
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

from vlmeval_cli.core.errors import DataError, OutputError, UsageError
from vlmeval_cli.readers import open_source
from vlmeval_cli.readers.base import BadRow


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Writes the file ``input`` into the current folder."""
    monkeypatch.chdir(tmp_path)

    def save(content):
        Path("input").write_bytes(content if isinstance(content, bytes) else content.encode())
        return "input"

    return save


def error_of(path, kind=DataError):
    with pytest.raises(kind) as caught:
        list(open_source(path).rows())
    return caught.value


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "input: the file is empty, expected JSONL, JSON, CSV or TSV"),
        (" \n\r\n\t\n", "input: the file is empty, expected JSONL, JSON, CSV or TSV"),
        ("\ufeff", "input: the file is empty, expected JSONL, JSON, CSV or TSV"),
        ("[]", "input: holds no rows"),
        ("{}", "input: holds no rows"),
        ('{"data": []}', "input: holds no rows"),
        ('{"images": [], "annotations": []}', "input: holds no rows"),
        ("id,caption\n", "input: holds no rows"),
        ("just some words\nand more\n", "input: got plain text, expected JSONL, JSON, CSV or TSV"),
    ],
)
def test_a_file_without_rows_is_told(write, content, message):
    assert error_of(write(content)).message == message


LINES = [
    ("1\n2\n", 'input:1: got 1, expected an object such as {"id": …, "prediction": …}'),
    ('{"id": 1}\n[1, 2]\n', "input:2: got a list of 2, expected an object such as"),
    ('{"id": 1}\nnull\n', "input:2: got null, expected an object such as"),
    ('"a"\n"b"\n', 'input:1: got "a", expected an object such as'),
    ('{"id": 1}\n{"id": 2, "pred', 'input:2: the JSON is cut off after "{"id": 2, "pred"'),
    ('{"id": 1, "p": "x\n{"id": 2}\n', 'input:1: the JSON is cut off after "{"id": 1, "p": "x"'),
    ('{"id": 1}\n{"id": 2} {"id": 3}\n', 'input:2: not JSON, got "{"id": 3}" at column 11'),
    ("{\"id\": 1}\n{'id': 2}\n", "input:2: not JSON, got \"'id': 2}\" at column 2"),
    ('{"id": 1}\n{"id": tru}\n', 'input:2: not JSON, got "tru}" at column 8'),
    (b'{"id": 1}\n{"id": "caf\xe9"}\n', 'input:2: not UTF-8, got the byte "e9"'),
    ('{"id": 1}\n' + '{"id": ' + "[" * 100_000 + "\n", "input:2: the JSON is nested too deeply"),
    ('{"id": 1}\n{"id": ' + "9" * 5000 + "}\n", "input:2: the JSON cannot be read: Exceeds"),
    ('[{"id": 1}, 5]', "input: row 2: got 5, expected an object such as"),
    ('[[1, 2], {"id": 1}]', "input: row 1: got a list of 2, expected an object such as"),
    ("id,a\n1,x\n2,x,y\n", "input:3: got 3 cells, expected 2 as in the header"),
    ("id,a\n1,x\n2\n", "input:3: got 1 cells, expected 2 as in the header"),
    ('id,a\n1,x\n2,"y"z\n3,w\n', "input:3: the quotes of this row do not match"),
    ('id,a\n1,x\n2,"y\n3,w\n', "input:3: the quotes of this row do not match"),
    (
        '{"annotations": [{"image_id": 1, "caption": "x"}, 5]}',
        "input: row 2: got 5, expected an object such as",
    ),
    (
        '{"custom_id": 1, "response": {"body": {"choices": []}}}\n'
        '{"custom_id": 2, "response": {"body": {"choices": 5}}}\n',
        'input:2: field "choices": got 5, expected a list of objects',
    ),
    (
        '{"doc_id": 1, "target": "x", "filtered_resps": "y"}\n' * 150 + '{"doc_id": 2}\n',
        'input:151: field "filtered_resps" is missing',
    ),
]


@pytest.mark.parametrize(("content", "message"), LINES, ids=range(len(LINES)))
def test_a_malformed_row_is_an_error_with_its_place(write, content, message):
    error = error_of(write(content))
    assert error.message.startswith(message)
    assert error.hint == "Correct the row, or leave such rows out with --on-bad-row skip."


@pytest.mark.parametrize(("content", "message"), LINES, ids=range(len(LINES)))
def test_malformed_rows_can_be_skipped_and_are_listed(write, content, message):
    source = open_source(write(content), on_bad_row="skip")
    if content in (LINES[0][0], LINES[3][0]):
        with pytest.raises(DataError, match="input: none of its 2 rows can be read; the first: "):
            list(source.rows())
        return
    assert len(list(source.rows())) >= 1
    assert len(source.bad_rows) == 1
    line, problem = source.bad_rows[0]
    assert f"{source.layout.where('input', line)}: {problem}".startswith(message)


def test_bad_rows_are_those_of_the_last_pass(write):
    source = open_source(write('{"id": 1}\n7\n{"id": 3}\n'), on_bad_row="skip")
    assert source.bad_rows == ()
    for _ in range(2):
        assert [row.line for row in source.rows()] == [1, 3]
        assert source.bad_rows == (
            BadRow(2, 'got 7, expected an object such as {"id": …, "prediction": …}'),
        )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('[{"id": 1}, {"id"', 'input:1: the JSON is cut off after "[{"id": 1}, {"id""'),
        ('[\n{"id": 1},\n{"id": 2,', 'input:3: the JSON is cut off after "'),
        ('{"a": "x", "b": "y', 'input:1: the JSON is cut off after "'),
        ('{\n"annotations": [\n{"image_id": 1,', 'input:3: the JSON is cut off after "'),
        ('[{"id": 1},\n{"id": }]', 'input:2: not JSON, got "}]" at column 8'),
        (b'["caf\xe9"]', 'input:1: not UTF-8, got the byte "e9"'),
    ],
)
def test_a_broken_document_is_told_with_its_line(write, content, message):
    assert error_of(write(content)).message.startswith(message)


def test_a_table_in_another_encoding_is_told_with_its_line(write):
    error = error_of(write("id,caption\n1,x\n2,café\n".encode("cp1252")))
    assert error.message == 'input:3: not UTF-8, got the byte "e9"'
    assert "iconv" in error.hint


def test_a_header_that_repeats_a_name_is_an_error(write):
    message = 'input:1: the header has "a" 2 times, expected a name per column'
    assert error_of(write("id,a,a\n1,2,3\n")).message == message


def test_a_document_with_a_broken_structure_is_told(write):
    content = '{"data": [{"paragraphs": [{"qas": [{"id": 1}]}]}, 5]}'
    assert error_of(write(content)).message.startswith("input: looks like squad_v1, but parts")


def zipped():
    with zipfile.ZipFile("book", "w") as book:
        book.writestr("xl/workbook.xml", "<workbook/>")
    return Path("book").read_bytes()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (lambda: gzip.compress(zipped()), "a zip archive or an Excel workbook"),
        (lambda: gzip.compress(b"PAR1\x15\x04"), "a Parquet file"),
        (lambda: b"FEA1\x00\x00\x00\x00", "an old Feather file (version 1)"),
        (
            lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4096),
            "an old Excel file (.xls) or a workbook with a password",
        ),
        (lambda: pickle.dumps([{"id": 1}]), "a Python pickle"),
        (lambda: pickle.dumps([{"id": 1}], protocol=2), "a Python pickle"),
        (lambda: '{"id": 1}\n'.encode("utf-16"), "UTF-16 text"),
        (lambda: '{"id": 1}\n'.encode("utf-32"), "UTF-32 text"),
        (lambda: '{"id": 1}\n'.encode("utf-16-le"), "a binary file or UTF-16 text"),
        (lambda: bytes(range(8)) * 9, "a binary file or UTF-16 text"),
        (lambda: gzip.compress(gzip.compress(b"{}")), "gzip inside gzip"),
        (lambda: b"\x89PNG\r\n\x1a\n", "an image"),
        (lambda: b"SQLite format 3\x00", "an SQLite database"),
    ],
)
def test_what_is_not_text_is_named_with_advice(write, content, kind):
    error = error_of(write(content()))
    assert error.message == f"input: got {kind}, expected JSONL, JSON, CSV or TSV in UTF-8"
    assert error.hint


def test_a_truncated_gzip_is_told(write):
    packed = gzip.compress(os.urandom(5000).hex().encode())
    assert error_of(write(packed[:-20])).message == "input: the gzip file is cut off"


def test_a_damaged_gzip_is_told(write):
    packed = bytearray(gzip.compress(b'{"id": 1}\n' * 50))
    packed[-6] ^= 255
    assert error_of(write(bytes(packed))).message == "input: the gzip file is damaged"


def test_a_missing_file_is_a_usage_error_with_a_near_name(write):
    write("x")
    error = error_of("imput", UsageError)
    assert (error.message, error.hint) == ("imput: no such file", "Did you mean input?")
    assert error_of("no/where", UsageError).hint == "There is no folder no either."
    assert error_of("input/x", UsageError).message == "input/x: no such file"


def test_a_folder_is_a_usage_error_that_names_its_files(tmp_path):
    (tmp_path / "preds.jsonl").touch()
    error = error_of(str(tmp_path), UsageError)
    assert error.message == f"{tmp_path}: is a folder, expected a file"
    assert error.hint == f"Name a file in it, such as {tmp_path / 'preds.jsonl'}."


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_a_usage_error(write):
    Path(write("x")).chmod(0)
    assert "permission denied" in error_of("input", UsageError).message


def test_a_refused_permission_is_a_usage_error(write, monkeypatch):
    def refuse(*_args, **_options):
        raise PermissionError(13, "Permission denied")

    path = write('{"id": 1}')
    monkeypatch.setattr(Path, "open", refuse)
    assert error_of(path, UsageError).message == "input: may not be read (permission denied)"


@pytest.mark.parametrize("path", ["a\0b", "x" * 5000, ""])
def test_an_impossible_path_is_a_usage_error(write, path):
    error_of(path, UsageError)


READ_STDIN = """
import gc, os, tempfile
from vlmeval_cli.readers import open_source
source = open_source("-")
first, second = [list(map(tuple, source.rows())) for _ in range(2)]
spool = os.listdir(tempfile.gettempdir())
digest = source.sha256()
print(source.path, first == second, len(first), len(spool), digest)
del source; gc.collect()
print(len(os.listdir(tempfile.gettempdir())))
"""


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_standard_input_is_read_twice_and_leaves_nothing(tmp_path, pack):
    content = pack(b'{"id": 1}\n{"id": 2}\n')
    done = subprocess.run(
        [sys.executable, "-c", READ_STDIN],
        input=content,
        capture_output=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        check=True,
    )
    digest = sha256(content).hexdigest()
    assert done.stdout.decode().split("\n")[:2] == [f"<stdin> True 2 1 {digest}", "0"]


def test_empty_standard_input_is_told_by_its_name():
    done = subprocess.run(
        [sys.executable, "-c", "from vlmeval_cli.readers import *; open_source('-')"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    assert b"<stdin>: the file is empty" in done.stderr


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_named_pipe_is_read_like_a_file(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(b'{"id": 1}\n{"id": 2}\n',))
    writer.start()
    source = open_source(str(pipe))
    writer.join()
    assert [len(list(source.rows())) for _ in range(2)] == [2, 2]
    assert source.path == str(pipe)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_told_when_a_pipe_is_copied(tmp_path, monkeypatch):
    from vlmeval_cli.readers import content

    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    handle = os.open("/dev/full", os.O_WRONLY)
    copy = tmp_path / "copy"
    monkeypatch.setattr(content.tempfile, "mkstemp", lambda **_: (handle, str(copy)))
    writer = threading.Thread(target=pipe.write_bytes, args=(b"x" * 100,))
    writer.start()
    error = error_of(str(pipe), OutputError)
    writer.join()
    assert "temporary copy cannot be written: No space left on device" in error.message


def test_digest_is_that_of_the_bytes_on_disk(write):
    content = gzip.compress(b'{"id": 1}\n')
    assert open_source(write(content)).sha256() == sha256(content).hexdigest()


def test_memory_does_not_grow_with_the_file(tmp_path):
    import tracemalloc

    path = tmp_path / "big"
    with path.open("w") as file:
        for number in range(40_000):
            file.write(f'{{"id": {number}, "prediction": "{"word " * 200}"}}\n')
    source = open_source(str(path))
    tracemalloc.start()
    count = sum(1 for _ in source.rows())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 40_000
    assert path.stat().st_size > 40_000_000
    assert peak < 24_000_000
