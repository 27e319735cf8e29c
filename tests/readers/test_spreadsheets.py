"""Excel workbooks: cells stay what they are, and what cannot be read is told."""

import datetime
import json
import warnings
import zipfile

import openpyxl
import pytest

from vlmeval_cli import api
from vlmeval_cli.core.errors import DataError, MissingExtraError, UsageError
from vlmeval_cli.readers import open_source

AWKWARD = [
    "None", "NA", "nan", "NULL", "1e5", "1.0", "007", "=A1", "=1+1", "+1", "-1", "@x", "'quoted",
    "#N/A", "TRUE", "a\nb", " two spaces  ", "\ttab", "Zürich 東京 🦆",
    "https://example.org/" + "a" * 3000, "x" * 32_767,
]  # fmt: skip


@pytest.fixture
def workbook(tmp_path):
    """Writes sheets, name → rows, into a workbook."""

    def make(sheets, name="book.xlsx"):
        book = openpyxl.Workbook()
        book.remove(book.active)
        for title, rows in sheets.items():
            sheet = book.create_sheet(title)
            for row in rows:
                sheet.append(row)
                for cell in sheet[sheet.max_row] if sheet.max_row else ():
                    if isinstance(cell.value, str):
                        cell.data_type = "s"
        book.save(tmp_path / name)
        return str(tmp_path / name)

    return make


def rows(path, **options):
    return [row.fields for row in open_source(path, **options).rows()]


def error_of(path, kind=DataError):
    with pytest.raises(kind) as caught:
        list(open_source(path).rows())
    return caught.value


def test_awkward_texts_stay_as_they_are(workbook):
    path = workbook({"S": [["id", "prediction"], *enumerate(AWKWARD)]})
    assert [row["prediction"] for row in rows(path)] == AWKWARD


def test_formulas_are_texts_and_are_not_computed(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["id", "prediction"])
    book.active.append([1, "=1+1"])  # openpyxl stores this as a formula
    book.active["B3"] = openpyxl.worksheet.formula.ArrayFormula("B3", "=SUM(A1:A2)")
    book.active["A3"] = 2
    book.save(tmp_path / "f.xlsx")
    assert [row["prediction"] for row in rows(str(tmp_path / "f.xlsx"))] == ["=1+1", "=SUM(A1:A2)"]


def test_other_cells_become_json_values(workbook):
    cells = [
        7,
        2.5,
        True,
        datetime.date(2024, 1, 2),
        datetime.datetime.fromisoformat("2024-01-02T03:04"),
        None,
    ]
    path = workbook({"S": [["id", *"abcdef"], ["x", *cells]]})
    assert [*rows(path)[0].values()] == [
        "x",
        7,
        2.5,
        "TRUE",
        "2024-01-02",
        "2024-01-02 03:04:00",
        "",
    ]


def test_escaped_characters_are_read(workbook):
    """XlsxWriter and Excel write a carriage return as _x000D_, and that text as _x005F_x000D_."""
    path = workbook({"S": [["id", "p"], ["a_x0001_", "x_x000D_\ny"], ["b", "_x005F_x000D_"]]})
    assert rows(path) == [{"id": "a\x01", "p": "x\r\ny"}, {"id": "b", "p": "_x000D_"}]


def test_rows_are_numbered_as_in_the_workbook_and_empty_ones_passed_over(workbook):
    path = workbook({"S": [["id", "p"], ["a", "x"], [None, None], ["b", "y"]]})
    assert [row.line for row in open_source(path).rows()] == [2, 4]


def test_integral_floats_join_with_integers(workbook, tmp_path):
    book = workbook({"S": [["question_id", "prediction"], [1.0, "red"], [2, "blue"]]})
    refs = tmp_path / "refs.jsonl"
    lines = [{"question_id": n, "question": "?", "answers": ["red"]} for n in (1, 2)]
    refs.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert api.score(book, refs, resamples=0).scores["exact_match"].value == 0.5


def test_a_column_without_a_name_is_the_index_of_pandas_and_left_out(workbook):
    path = workbook({"S": [[None, "id", "p"], [0, "a", "x"]]})
    assert rows(path) == [{"id": "a", "p": "x"}]


SHEETS = {
    "Notes": [["made by hand"]],
    "Preds": [["id", "prediction"], ["a", "x"]],
    "More": [["id", "prediction"], ["b", "y"]],
}


def test_the_first_sheet_with_a_table_is_read_and_told(workbook):
    path = workbook(SHEETS)
    source = open_source(path)
    assert [row.fields for row in source.rows()] == [{"id": "a", "prediction": "x"}]
    assert source.layout.reason == 'an Excel workbook, sheet "Preds"'
    note = f'sheet "Preds" was read, not "Notes", "More"; {path}#NAME chooses another'
    assert source.layout.note == note


def test_a_sheet_can_be_chosen(workbook):
    assert rows(workbook(SHEETS) + "#More") == [{"id": "b", "prediction": "y"}]


def test_a_sheet_that_is_not_there_is_told(workbook):
    error = error_of(workbook(SHEETS) + "#Pred", UsageError)
    assert error.message.endswith('the workbook has no sheet "Pred"')
    assert error.hint == 'Its sheets: "Notes", "Preds", "More".'


def test_a_sheet_of_a_file_without_sheets_is_told(tmp_path):
    (tmp_path / "preds.jsonl").write_text('{"id": 1}\n')
    error = error_of(f"{tmp_path}/preds.jsonl#Sheet1", UsageError)
    assert "is no Excel workbook with sheets" in error.message


def test_the_note_reaches_the_report(workbook, tmp_path):
    book = workbook({"P": [["id", "prediction", "label"], ["a", "cat", "dog"]], "Q": [["x", "y"]]})
    found = api.score(book, task="classification", resamples=0)
    assert any('sheet "P" was read, not "Q"' in note for note in found.notes)


def test_merged_cells_are_told(tmp_path):
    book = openpyxl.Workbook()
    for row in (["id", "prediction"], ["a", "x"], [None, "y"]):
        book.active.append(row)
    book.active.merge_cells("A2:A3")
    book.save(tmp_path / "m.xlsx")
    source = open_source(str(tmp_path / "m.xlsx"))
    assert "merged cells" in source.layout.note
    assert [row.fields["id"] for row in source.rows()] == ["a", ""]


def test_a_workbook_without_an_ending_is_read(workbook):
    assert rows(workbook({"S": [["id", "p"], ["a", "x"]]}, name="book")) == [{"id": "a", "p": "x"}]


def test_nothing_is_warned_of(workbook):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rows(workbook(SHEETS))


@pytest.mark.parametrize(
    ("sheets", "message"),
    [
        ({"S": []}, 'no sheet of the workbook ("S") begins with a header of two columns or more'),
        ({"S": [["a title"], ["id", "p"]]}, "begins with a header of two columns or more"),
        ({"S": [["id", "p"]]}, "holds no rows"),
        ({"S": [["id", "p", "id"], [1, 2, 3]]}, 'row 1: the header has "id" 2 times, expected a'),
        ({"S": [["id", "p"], [1, 2, 3]]}, 'row 2: got "3" beyond the columns of the header'),
    ],
)
def test_a_sheet_that_is_no_table_is_told(workbook, sheets, message):
    error = error_of(workbook(sheets))
    assert message in error.message
    assert error.hint or "holds no rows" in message


def test_a_bad_row_can_be_skipped(workbook):
    source = open_source(workbook({"S": [["id", "p"], [1, 2, 3], [4, 5]]}), on_bad_row="skip")
    assert [row.fields["id"] for row in source.rows()] == [4]
    assert [bad.line for bad in source.bad_rows] == [2]


def cut_off(content):
    return content[: len(content) // 2]


def with_half_a_sheet(content, folder):
    (folder / "whole").write_bytes(content)
    with zipfile.ZipFile(folder / "whole") as whole, zipfile.ZipFile(folder / "h", "w") as half:
        for name in whole.namelist():
            part = whole.read(name)
            half.writestr(name, part[: len(part) // 2] if "sheet1" in name else part)
    return (folder / "h").read_bytes()


def test_damaged_workbooks_are_told(workbook, tmp_path):
    from pathlib import Path

    path = workbook({"S": [["id", "p"], *([n, "text"] for n in range(50))]})
    content = Path(path).read_bytes()
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("preds.jsonl", '{"id": 1}')
    other = (tmp_path / "other.zip").read_bytes()
    for broken in (cut_off(content), with_half_a_sheet(content, tmp_path), other):
        Path(path).write_bytes(broken)
        error = error_of(path)
        message = f"{path}: got a zip archive that is no Excel workbook, or a damaged one"
        assert (error.message, error.hint[:6]) == (message, "Unpack")


def test_without_the_package_the_command_that_adds_it_is_told(workbook, monkeypatch):
    import sys

    path = workbook({"S": [["id", "p"], ["a", "x"]]})
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    error = error_of(path, MissingExtraError)
    assert "needs openpyxl, which is not installed" in error.message
    assert error.hint == 'Run: pip install "vlmeval-cli[tables]"'
    assert error.exit_code == 4
