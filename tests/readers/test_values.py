"""Values arrive as they were written."""

import csv
import json
import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from vlmeval_cli.readers import open_source

HARD_TEXTS = {
    "None": "None",
    "NA": "NA",
    "nan text": "nan",
    "null text": "null",
    "leading zeros": "007",
    "exponent": "1e5",
    "decimal": "1.0",
    "formula": "=A1",
    "url": "https://example.org/a,b;c?d=é&f=\t",
    "long url": "https://example.org/" + "a" * 2_100,  # spreadsheets drop links of this length
    "NUL": "a\x00b",
    "emoji": "\U0001f600 👩‍🚀",
    "newlines": "one\ntwo\r\nthree\rfour",
    "line separators": "a\x85b\u2028c\u2029d\x0be\x0cf\x1cg",
    "byte order mark": "\ufeffx\ufeff",
    "quotes": '"he said ""no"""',
    "lone high surrogate": "a\ud800b",
    "lone low surrogate": "\udfff",
    "empty": "",
    "spaces": "  x  ",
    "long": "x" * 5_000_000,
}


def read(path, **options):
    return [row.fields for row in open_source(str(path), **options).rows()]


@pytest.fixture
def file(tmp_path):
    """Writes bytes to a file whose name says nothing."""

    def write(content, name="input"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


@pytest.mark.parametrize("text", HARD_TEXTS.values(), ids=HARD_TEXTS.keys())
@pytest.mark.parametrize("as_ascii", [True, False], ids=["escaped", "raw"])
def test_jsonl_keeps_text(file, text, as_ascii):
    rows = [{"id": "a", "prediction": text}, {"id": text, "prediction": ["b"]}]
    lines = "\n".join(json.dumps(row, ensure_ascii=as_ascii) for row in rows)
    assert read(file(lines.encode("utf-8", "surrogatepass"))) == rows


@pytest.mark.parametrize("text", HARD_TEXTS.values(), ids=HARD_TEXTS.keys())
@pytest.mark.parametrize("delimiter", [",", "\t", ";"], ids=["comma", "tab", "semicolon"])
def test_table_keeps_text(file, tmp_path, text, delimiter):
    path = tmp_path / "input"
    with path.open("w", newline="", encoding="utf-8", errors="surrogatepass") as stream:
        writer = csv.writer(stream, delimiter=delimiter, quoting=csv.QUOTE_ALL)
        writer.writerows([["id", "prediction"], ["a", text], ["b", "plain"]])
    assert read(path) == [{"id": "a", "prediction": text}, {"id": "b", "prediction": "plain"}]


@pytest.mark.parametrize(
    "number",
    [
        "0", "-1", "1.0", "0.1", "1e5", "18446744073709551615", "18446744073709551616",
        "-9223372036854775808", "-9223372036854775809", "123456789012345678901234567890",
        "1234567890123456789", "9999999999999999999", "10000000000000000000",
        "-1234567890123456789", "0.12345678901234567890123", "1e-400", "5e-324", "1e400",
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "layout",
    [
        '{{"id": {0}}}\n{{"id": [{0},{0}]}}',
        '[{{"id": {0}}},\n5]',
        '{{"id": {0}, "long": "' + "x" * 5000 + '"}}\n{{}}',
        '{{"long": "' + "x" * 5000 + '","x":[1,{0}], "id":{0}}}\n{{}}',
    ],
    ids=["lines", "array", "long line", "end of a long line"],
)
def test_numbers_are_those_of_the_standard_library(file, number, layout):
    source = open_source(str(file(layout.format(number).encode())), on_bad_row="skip")
    value = next(source.rows()).fields["id"]
    expected = json.loads(number)
    assert (type(value), value) == (type(expected), expected)


def test_long_integer_as_text_of_another_field_changes_nothing(file):
    line = '{"id": 1, "prediction": "12345678901234567890 and 0.5", "n": 0.5}\n'
    assert read(file(line.encode() * 2))[0] == json.loads(line)


def test_nan_and_infinity_are_kept(file):
    row = read(file(b'{"id": 1, "a": NaN, "b": [-Infinity]}\n{"id": 2}\n'))[0]
    assert math.isnan(row["a"])
    assert row["b"] == [-math.inf]


def test_raw_control_characters_in_strings_are_kept(file):
    assert read(file(b'{"id": "a\x00b\tc"}\n{"id": "d"}\n')) == [{"id": "a\0b\tc"}, {"id": "d"}]


def test_of_keys_repeated_in_a_row_the_last_counts(file):
    assert read(file(b'{"id": 1, "id": 2}\n{"id": 3}\n'))[0] == {"id": 2}


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"], ids=["plain", "bom"])
@pytest.mark.parametrize("newline", [b"\n", b"\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("last", [True, False], ids=["ended", "open"])
def test_line_ends_and_byte_order_mark_are_no_content(file, bom, newline, last):
    jsonl = newline.join([b'{"id": "a"}', b"", b'{"id": "b"}']) + newline * last
    table = newline.join([b"id,caption", b"a,x", b"", b"b,y"]) + newline * last
    assert read(file(bom + jsonl)) == [{"id": "a"}, {"id": "b"}]
    assert read(file(bom + table)) == [{"id": "a", "caption": "x"}, {"id": "b", "caption": "y"}]


def test_byte_order_mark_of_a_joined_file_is_no_content(file):
    assert read(file(b'{"id": "a"}\n\xef\xbb\xbf{"id": "b"}\n'))[1] == {"id": "b"}


def test_table_of_old_macs_has_rows(file):
    assert read(file(b"id\tcaption\ra\tx\rb\ty\r")) == [
        {"id": "a", "caption": "x"},
        {"id": "b", "caption": "y"},
    ]


texts = st.text(st.characters(exclude_categories=[]), max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.dictionaries(texts, values, min_size=1), min_size=2, max_size=4), st.booleans())
def test_rows_survive_jsonl(tmp_path_factory, rows, as_ascii):
    path = tmp_path_factory.mktemp("rows") / "input"
    lines = "".join(json.dumps(row, ensure_ascii=as_ascii) + "\n" for row in rows)
    path.write_bytes(lines.encode("utf-8", "surrogatepass"))
    assert [row.fields for row in jsonl_rows_of(path)] == rows


def jsonl_rows_of(path):
    """Without the conversions of layouts, which a row drawn by chance could meet."""
    from vlmeval_cli.readers.base import Layout
    from vlmeval_cli.readers.content import open_content
    from vlmeval_cli.readers.jsonl import jsonl_rows
    from vlmeval_cli.readers.rejects import Rejects

    return jsonl_rows(open_content(str(path)), Rejects(str(path), Layout("jsonl", ""), "error"))


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.lists(texts, min_size=2, max_size=2), min_size=1, max_size=5),
    st.sampled_from([",", "\t"]),
)
def test_rows_survive_tables(tmp_path_factory, rows, delimiter):
    path = tmp_path_factory.mktemp("rows") / "input"
    with path.open("w", newline="", encoding="utf-8", errors="surrogatepass") as stream:
        writer = csv.writer(stream, delimiter=delimiter, quoting=csv.QUOTE_ALL)
        writer.writerows([["id", "caption"], *rows])
    content = path.read_bytes()
    controls = sum(octet < 32 and octet not in b"\t\n\v\f\r\x1b" for octet in content)
    assume(32 * controls <= len(content))  # more of them, and it is taken for a binary file
    assert [list(row.values()) for row in read(path)] == rows
