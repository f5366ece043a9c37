from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from hpro_connectors.errors import ResumeExpiredError, ServerError
from hpro_connectors.salesforce.client.bulk_jobs import BulkAnswer
from hpro_connectors.salesforce.rows.bulk_rows import bulk_rows
from hpro_connectors.salesforce.rows.row_reader import Source

TYPES = {
    "Id": "id",
    "SystemModstamp": "datetime",
    "Value": "string",
    "Count": "int",
    "Amount": "currency",
    "Flag": "boolean",
}
HEADER = '"Id","SystemModstamp","Value"\n'
PLAIN = Source("Lead", ("Id", "SystemModstamp", "Value"), TYPES)


def one(cell: str, kind: str) -> JsonValue:
    """Read a cell of some type."""
    source = Source("Lead", ("Id", "SystemModstamp", "X"), {"X": kind})
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([["Id", "SystemModstamp", "X"], ["a", "b", cell]])
    return next(bulk_rows(BulkAnswer(text.getvalue(), None, 1), source))["X"]


def values(csv_text: str, rows: int) -> list[JsonValue]:
    return [row["Value"] for row in bulk_rows(BulkAnswer(csv_text, None, rows), PLAIN)]


@pytest.mark.parametrize(
    ("cell", "kind", "value"),
    [
        ("", "string", None),
        ("", "int", None),
        ("", "double", None),
        ("", "boolean", None),
        ("", "datetime", None),
        ("5", "int", 5),
        ("0.0", "int", 0),
        ("-3.0", "int", -3),
        ("1.5E3", "int", 1500),
        ("2.5", "int", 2.5),
        ("many", "int", "many"),
        ("5", "double", 5.0),
        ("0.1", "percent", 0.1),
        ("1E+7", "currency", 1e7),
        ("nan", "double", "nan"),
        ("Infinity", "int", "Infinity"),
        ("N/A", "double", "N/A"),
        ("N/A", "string", "N/A"),
        ("NA", "picklist", "NA"),
        ("null", "string", "null"),
        ("true", "boolean", True),
        ("FALSE", "boolean", False),
        ("perhaps", "boolean", "perhaps"),
        ("true", "string", "true"),
        ("007", "string", "007"),
        ("007", "phone", "007"),
        ("2026-01-02T03:04:05.000Z", "datetime", "2026-01-02T03:04:05.000+0000"),
        ("2026-01-02T03:04:05.000+0000", "datetime", "2026-01-02T03:04:05.000+0000"),
        ("2026-01-02", "date", "2026-01-02"),
        ("0.0", "an unknown type", "0.0"),
    ],
)
def test_cells_are_typed_as_rest_types_them(cell: str, kind: str, value: JsonValue) -> None:
    read = one(cell, kind)
    assert (read, type(read)) == (value, type(value))


cells = st.text(alphabet=st.sampled_from("ab,\"\n\r\t;' é😀\u2028\x85\x1c\x0b")) | st.text()


@given(st.lists(cells.filter(lambda cell: "\0" not in cell), max_size=8))
def test_texts_come_through_byte_for_byte(texts: Sequence[str]) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(["Id", "SystemModstamp", "Value"])
    writer.writerows([str(number), "s", cell] for number, cell in enumerate(texts))
    assert values(text.getvalue(), len(texts)) == [cell or None for cell in texts]


def test_nul_bytes_are_taken_out() -> None:
    assert values(HEADER + '"1","s","a\0b"\n"2","s","\0"\n', 2) == ["ab", None]


def test_line_ends_may_be_those_of_windows() -> None:
    assert values(HEADER.replace("\n", "\r\n") + '"1","s","a\r\nb"\r\n"2","s",""\r\n', 2) == ["a\r\nb", None]


def test_cells_may_be_larger_than_the_limit_of_python() -> None:
    long = "x" * 400_000
    csv.field_size_limit(131_072)
    assert values(f'{HEADER}"1","s","{long}"\n', 1) == [long]


def test_columns_are_found_by_name_and_extra_ones_are_passed_over() -> None:
    text = '"Old","value","SYSTEMMODSTAMP","id"\n"gone","a","s","1"\n'
    (row,) = bulk_rows(BulkAnswer(text, None, 1), PLAIN)
    assert row == {"Id": "1", "SystemModstamp": "s", "Value": "a"}


def test_a_job_made_without_a_column_is_read_from_its_beginning() -> None:
    text = '"Id","SystemModstamp"\n"1","s"\n'
    with pytest.raises(ResumeExpiredError, match="without the column Value"):
        list(bulk_rows(BulkAnswer(text, None, 1), PLAIN))


@pytest.mark.parametrize("text", ["", "\n", HEADER, HEADER.strip()])
def test_no_rows_are_no_rows(text: str) -> None:
    assert values(text, 0) == []


@pytest.mark.parametrize(
    ("text", "rows", "why"),
    [
        (HEADER + '"1","s","a"\n', 2, "holds 1 rows where 2 were announced"),
        (HEADER + '"1","s","a"\n"2","s","b"\n', 1, "holds 2 rows where 1 were announced"),
        (HEADER + '"1","s","a"\n"2","s"\n', 2, "row 2 has 2 cells where the header has 3"),
        (HEADER + '"1","s","a"\n"2","s","b', 2, "row 2 cannot be read"),
        (HEADER + '"1","s","a"b\n', 1, "row 1 cannot be read"),
        ("", 3, "it has no column Id"),
        ("<html><body>Down for maintenance</body></html>", 0, "it has no column Id"),
        ('"Id","Value"\n', 0, "it has no column SystemModstamp"),
    ],
)
def test_a_damaged_result_is_refused(text: str, rows: int, why: str) -> None:
    with pytest.raises(ServerError, match=why):
        values(text, rows)


def test_rows_before_the_damage_are_whole() -> None:
    rows = bulk_rows(BulkAnswer(HEADER + '"1","s","a"\n"2","s', None, 2), PLAIN)
    assert next(rows)["Value"] == "a"
    with pytest.raises(ServerError):
        next(rows)
