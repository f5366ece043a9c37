"""Bulk results in a file: any text comes back as it was, from any row on."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from hpro_connectors.emulators.salesforce.org.field_schema import FieldType
from hpro_connectors.emulators.salesforce.wire.bulk_results import DELIMITERS, LINE_ENDINGS, ResultFile

TEXT = st.text(st.characters(codec="utf-8"), max_size=30)


def _read(results: ResultFile, first: int, count: int, delimiter: str = ",") -> list[list[str]]:
    parts, length = results.part(first, count)
    text = b"".join(parts)
    assert len(text) == length
    return list(csv.reader(io.StringIO(text.decode("utf-8"), newline=""), delimiter=delimiter, strict=True))


@given(
    st.lists(st.tuples(TEXT, TEXT), max_size=20),
    st.sampled_from(sorted(DELIMITERS)),
    st.sampled_from(sorted(LINE_ENDINGS)),
    st.integers(1, 7),
)
def test_whatever_is_written_comes_back_page_by_page(
    rows: list[tuple[str, str]], delimiter: str, line_ending: str, size: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        results = ResultFile(Path(folder) / "x.csv", DELIMITERS[delimiter], LINE_ENDINGS[line_ending])
        results.write(["Id", "Owner.Name"], [FieldType.ID, FieldType.STRING], rows)
        assert results.rows == len(rows)
        read: list[list[str]] = []
        for first in range(0, len(rows) or 1, size):
            header, *page = _read(results, first, size, DELIMITERS[delimiter])
            assert header == ["Id", "Owner.Name"]
            read += page
        assert read == [list(row) for row in rows]


def test_values_are_written_as_the_bulk_api_writes_them(tmp_path: Path) -> None:
    results = ResultFile(tmp_path / "x.csv", ",", "\n")
    types = [
        FieldType.BOOLEAN,
        FieldType.DOUBLE,
        FieldType.INT,
        FieldType.DATETIME,
        FieldType.ANYTYPE,
        FieldType.STRING,
    ]
    values = [
        (True, 5.0, 5, "2026-01-02T03:04:05.000+0000", True, "2026-01-02T03:04:05.000+0000"),
        (None, None, None, None, 1.5, None),
    ]
    results.write([kind.value for kind in types], types, values)
    assert _read(results, 0, 9)[1:] == [
        ["true", "5.0", "5", "2026-01-02T03:04:05.000Z", "true", "2026-01-02T03:04:05.000+0000"],
        ["", "", "", "", "1.5", ""],
    ]


def test_a_file_that_is_taken_away_can_be_read_to_its_end(tmp_path: Path) -> None:
    results = ResultFile(tmp_path / "x.csv", ",", "\n")
    results.write(["Id"], [FieldType.ID], [("1",), ("2",)])
    parts, _ = results.part(0, 2)
    begun = [next(parts)]
    next_part = next(parts)
    results.remove()
    results.remove()
    assert b"".join([*begun, next_part, *parts]) == b'"Id"\n"1"\n"2"\n'
    assert list(tmp_path.iterdir()) == []
