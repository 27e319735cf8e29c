"""Parquet and Arrow tables: values as JSON has them, bytes never loaded, damage told."""

import datetime as dt
import decimal
import sys

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as parquet
import pytest

from vlmeval_cli.core.errors import DataError, MissingExtraError
from vlmeval_cli.readers import arrow_tables, open_source

AWKWARD = [
    "None",
    "NA",
    "nan",
    "1e5",
    "=A1",
    "007",
    "",
    "a\nb",
    "nul \0",
    "https://x/" + "a" * 3000,
]


DAY = dt.datetime.fromisoformat("2024-01-02T03:04")
EPOCH = "1970-01-01 00:00:00"


def write_parquet(table, path):
    parquet.write_table(table, path)


def write_arrow(table, path):
    feather.write_feather(table, path)


def write_stream(table, path):
    with pa.ipc.new_stream(path, table.schema) as writer:
        writer.write_table(table)


WRITERS = {"parquet": write_parquet, "arrow": write_arrow, "stream": write_stream}


@pytest.fixture(params=WRITERS.values(), ids=WRITERS.keys())
def table(tmp_path, request):
    """Writes columns in each of the forms; gives the source."""

    def make(columns):
        path = str(tmp_path / "input")
        request.param(columns if isinstance(columns, pa.Table) else pa.table(columns), path)
        return open_source(path)

    return make


def rows(source):
    return [row.fields for row in source.rows()]


def error_of(path, kind=DataError):
    with pytest.raises(kind) as caught:
        list(open_source(str(path)).rows())
    return caught.value


def test_texts_stay_as_they_are(table):
    source = table({"id": list(range(len(AWKWARD))), "prediction": AWKWARD})
    assert [row["prediction"] for row in rows(source)] == AWKWARD
    assert source.layout.unit == "row"
    assert source.layout.note == ""


VALUES = {
    "null": (pa.array([None, "x"]), [None, "x"]),
    "nan": (pa.array([float("nan"), 2.0]), [None, 2.0]),
    "bool": (pa.array([True, None]), [True, None]),
    "uint64": (pa.array([2**64 - 1, 0], pa.uint64()), [2**64 - 1, 0]),
    "dictionary": (pa.array(["a", "b"]).dictionary_encode(), ["a", "b"]),
    "large": (pa.array(["a", "b"], pa.large_string()), ["a", "b"]),
    "list": (pa.array([["a", "b"], None]), [["a", "b"], None]),
    "struct": (pa.array([{"a": [1], "b": "x"}, None]), [{"a": [1], "b": "x"}, None]),
    "decimal": (pa.array([decimal.Decimal("1.50"), None]), ["1.50", None]),
    "date": (pa.array([dt.date(2024, 1, 2), None]), ["2024-01-02", None]),
    "time": (pa.array([dt.time(3, 4), None]), ["03:04:00", None]),
    "timestamp": (pa.array([DAY, None]), ["2024-01-02 03:04:00", None]),
    "zone": (pa.array([0, None], pa.timestamp("s", "UTC")), [EPOCH + "+00:00", None]),
    "nanoseconds": (pa.array([1500, None], pa.timestamp("ns")), [EPOCH + ".000001", None]),
    "nested": (pa.array([[0], []], pa.list_(pa.timestamp("ns"))), [[EPOCH], []]),
    "duration": (pa.array([dt.timedelta(seconds=5), None]), ["0:00:05", None]),
}  # fmt: skip


@pytest.mark.parametrize(("column", "expected"), VALUES.values(), ids=VALUES.keys())
def test_values_are_json(table, column, expected):
    assert [row["v"] for row in rows(table({"id": [1, 2], "v": column}))] == expected


IMAGES = pa.array(
    [{"bytes": b"x" * 9, "path": "a.png"}, None, {"bytes": b"y", "path": None}],
    pa.struct([("bytes", pa.binary()), ("path", pa.string())]),
)


def test_bytes_are_left_out_and_told_and_images_keep_their_path(table):
    source = table({
        "id": [1, 2, 3], "raw": [b"x", b"", None], "image": IMAGES,
        "images": pa.array([[{"bytes": b"x", "path": "a"}], [], None]),
        "fixed": pa.array([b"ab", b"cd", None], pa.binary(2)), "p": ["a", "b", "c"],
    })  # fmt: skip
    assert rows(source) == [
        {"id": 1, "image": "a.png", "p": "a"},
        {"id": 2, "image": None, "p": "b"},
        {"id": 3, "image": None, "p": "c"},
    ]
    assert source.layout.note == 'columns of bytes are not read: "raw", "images", "fixed"'


def test_of_a_parquet_image_only_the_path_is_loaded(tmp_path, monkeypatch):
    parquet.write_table(pa.table({"id": [1, 2, 3], "image": IMAGES}), tmp_path / "t")
    seen = []
    readable = arrow_tables._readable
    monkeypatch.setattr(
        arrow_tables, "_readable", lambda batch: seen.append(batch.schema) or readable(batch)
    )
    assert len(rows(open_source(str(tmp_path / "t")))) == 3
    assert {str(schema.field("image").type) for schema in seen} == {"struct<path: string>"}


def test_the_index_of_pandas_is_left_out(table):
    assert rows(table({"id": [1], "__index_level_0__": [7]})) == [{"id": 1}]


def test_many_rows_are_numbered_across_batches(table):
    source = table({"id": list(range(5000))})
    assert [row.line for row in source.rows()] == list(range(1, 5001))
    assert [row.fields["id"] for row in source.rows()] == list(range(5000)), "a second pass"


def test_layouts_are_known_by_their_fields(table):
    source = table({
        "id": ["q1", "q2"], "question": ["?", "?"],
        "answers": [{"text": ["Ann"], "answer_start": [3]}, {"text": [], "answer_start": []}],
    })  # fmt: skip
    assert source.layout.name == "squad_v2"
    assert [row["answers"] for row in rows(source)] == [["Ann"], [""]]


def test_columns_of_one_name_are_told(tmp_path):
    two = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["id", "id"])
    parquet.write_table(two, tmp_path / "t")
    assert '2 columns are called "id"' in error_of(tmp_path / "t").message


def test_a_table_of_nothing_but_bytes_is_told(table):
    with pytest.raises(DataError, match='holds only columns of bytes: "a"'):
        table({"a": [b"x"]})


def test_a_table_without_rows_is_told(table):
    with pytest.raises(DataError, match="holds no rows"):
        table({"id": pa.array([], pa.int64())})


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS.keys())
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_cut_off_tables_are_told(tmp_path, write, share):
    path = tmp_path / "t"
    write(pa.table({"id": list(range(999)), "p": [f"text {n}" for n in range(999)]}), str(path))
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    error = error_of(path)
    assert "that is damaged or cut off" in error.message
    assert error.hint == "Write or copy it again."


def test_without_the_package_the_command_that_adds_it_is_told(tmp_path, monkeypatch):
    parquet.write_table(pa.table({"id": [1]}), tmp_path / "t")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    error = error_of(tmp_path / "t", MissingExtraError)
    assert "needs pyarrow, which is not installed" in error.message
    assert error.hint == 'Run: pip install "vlmeval-cli[tables]"'
