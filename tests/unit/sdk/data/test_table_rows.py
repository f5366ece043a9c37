"""Reading CSV, JSONL and Parquet: damaged files are refused with their place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpro_sdk.data import read_rows
from hpro_sdk.data.table_rows import require_columns
from hpro_sdk.errors import ConfigError, DataError

Write = Callable[..., Path]


def values(path: Path) -> list[dict[str, object]]:
    return [dict(row.values) for row in read_rows(path)]


def save(tmp_path: Path, content: bytes | str, name: str = "leads.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "is empty: it has no header line"),
        ("\n\n", "is empty: it has no header line"),
        ("a,b,a\n1,2,3\n", 'two columns are named "a"'),
        (",,\n", "two columns are named"),
        ("a,b\n1,2\n3\n", "row 2 (line 3) has 1 cells where the header has 2"),
        ("a,b\n1,2,3\n", "row 1 (line 2) has 3 cells"),
        ('a,b\n"x\ny",2\n3\n', "row 2 (line 4) has 1 cells"),
        ('a,b\n1,"x\n', "begins on line 2 is damaged"),
        ('a,b\n1,"x"y\n', "begins on line 2 is damaged"),
        (b"a,b\n1,2\n1,\xff\n", "line 3 is not UTF-8"),
    ],
)
def test_damaged_csv_is_refused(tmp_path: Path, content: bytes | str, says: str) -> None:
    path = save(tmp_path, content)
    with pytest.raises(DataError) as caught:
        values(path)
    assert says in str(caught.value)
    assert str(path) in str(caught.value)
    assert caught.value.hint


def test_csv_with_byte_order_mark_crlf_and_empty_lines(tmp_path: Path) -> None:
    path = save(tmp_path, b'\xef\xbb\xbfa,b\r\n1,"x\r\ny"\r\n\r\n2,\r\n')
    assert values(path) == [{"a": "1", "b": "x\r\ny"}, {"a": "2", "b": ""}]
    assert [(row.place.row, row.place.line) for row in read_rows(path)] == [(1, 2), (2, 5)]


def test_huge_cell_is_read(tmp_path: Path) -> None:
    huge = "x" * 1_000_000  # far above the csv module's own limit of 131,072
    assert values(save(tmp_path, f"a,b\n1,{huge}\n")) == [{"a": "1", "b": huge}]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('{"a": 1}\n{"a": 2\n', "row 2 (line 2) is not valid JSON"),
        ('{"a": 1}\n\n[1]\n', "row 2 (line 3) is not a JSON object"),
        ('{"a": "\\ud800"}\n', "half of a surrogate pair"),
        ('{"a": ' + "9" * 5000 + "}", "a number that is too long"),
        ("[" * 100_000, "nested too deep"),
        (b'{"a": "\xff"}', "line 1 is not UTF-8"),
    ],
)
def test_damaged_jsonl_is_refused(tmp_path: Path, content: bytes | str, says: str) -> None:
    with pytest.raises(DataError) as caught:
        values(save(tmp_path, content, "leads.jsonl"))
    assert says in str(caught.value)


def test_jsonl_with_byte_order_mark_and_escaped_emoji(tmp_path: Path) -> None:
    path = save(tmp_path, b'\xef\xbb\xbf{"a": "\\ud83d\\ude00"}', "leads.jsonl")
    assert values(path) == [{"a": "\N{GRINNING FACE}"}]


def test_parquet_gives_python_values(write_parquet: Write) -> None:
    from pyarrow import array, timestamp

    at = array([1_500_000_000_000_000_001, None], timestamp("ns", "UTC"))
    path = write_parquet({"emp.var.rate": [1.5, None], "at": at, "s": ["x", ""]})
    assert values(path) == [
        {"emp.var.rate": 1.5, "at": datetime(2017, 7, 14, 2, 40, tzinfo=UTC), "s": "x"},
        {"emp.var.rate": None, "at": None, "s": ""},
    ]
    assert [row.place.line for row in read_rows(path)] == [None, None]


@pytest.mark.parametrize("kept", [0, 3, 100, -5])
def test_truncated_parquet_is_refused(write_parquet: Write, kept: int) -> None:
    path = write_parquet({"a": list(range(1000))})
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(DataError, match="is not a whole Parquet file"):
        values(path)


def test_parquet_damaged_in_the_middle_is_refused(write_parquet: Write) -> None:
    path = write_parquet({"a": [f"text {number}" for number in range(5000)]})
    content = bytearray(path.read_bytes())
    content[4:2000] = b"\xff" * 1996
    path.write_bytes(content)
    with pytest.raises(DataError, match="is not a whole Parquet file"):
        values(path)


@pytest.mark.parametrize("name", ["none.csv", "none.jsonl", "none.parquet"])
def test_missing_file_is_a_wrong_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        values(tmp_path / name)


def test_folder_is_a_wrong_path(tmp_path: Path) -> None:
    folder = tmp_path / "leads.csv"
    folder.mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        values(folder)


def test_unknown_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="what kind of table"):
        values(save(tmp_path, "x", "leads.xlsx"))


@pytest.mark.parametrize("format_", ["csv", "jsonl", "parquet"])
def test_lacking_column_names_key_column_and_the_nearest(format_: str, request: pytest.FixtureRequest) -> None:
    write: Any = request.getfixturevalue(f"write_{format_}")
    table: Any = (
        {"lead_id": ["1"], "Lead Origin": ["x"]} if format_ == "parquet" else [{"lead_id": "1", "Lead Origin": 1}]
    )
    with pytest.raises(ConfigError) as caught:
        require_columns(write(table), {"id": "lead_id", 'features."Lead Orgin"': "Lead Orgin"})
    assert 'no column "Lead Orgin", which features."Lead Orgin" in the mapping names' in str(caught.value)
    assert caught.value.hint == 'Did you mean "Lead Origin"?'


def test_jsonl_column_may_be_missing_from_some_rows(write_jsonl: Write) -> None:
    path = write_jsonl([{"a": 1}, {"a": 1, "b": 2}])
    require_columns(path, {"x": "b"})
    with pytest.raises(ConfigError):
        require_columns(path, {"x": "c"})


cells = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8)


@given(rows=st.lists(st.tuples(cells, cells), min_size=1, max_size=8))
def test_csv_gives_back_what_was_written(rows: list[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory) -> None:
    import csv

    path = tmp_path_factory.mktemp("csv") / "leads.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([("a", "b"), *rows])
    assert [tuple(row.values()) for row in values(path)] == rows


@given(content=st.binary(max_size=60), suffix=st.sampled_from([".csv", ".jsonl", ".parquet"]))
def test_random_bytes_never_give_another_error(
    content: bytes, suffix: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("bytes") / f"leads{suffix}"
    path.write_bytes(content)
    try:
        values(path)
    except DataError as exc:
        assert exc.hint  # noqa: PT017 (the error is optional here)
