"""Small tables, written where a test asks for them."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from hpro_sdk.data import TableMapping

Row = Mapping[str, Any]


@pytest.fixture
def write_csv(tmp_path: Path) -> Callable[..., Path]:
    def write(rows: Sequence[Row], name: str = "leads.csv") -> Path:
        path = tmp_path / name
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        return path

    return write


@pytest.fixture
def write_jsonl(tmp_path: Path) -> Callable[..., Path]:
    def write(rows: Sequence[Row], name: str = "leads.jsonl") -> Path:
        path = tmp_path / name
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return path

    return write


@pytest.fixture
def write_parquet(tmp_path: Path) -> Callable[..., Path]:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")

    def write(columns: Mapping[str, Any], name: str = "leads.parquet") -> Path:
        path = tmp_path / name
        parquet.write_table(arrow.table(dict(columns)), path)
        return path

    return write


@pytest.fixture
def make_mapping() -> Callable[..., TableMapping]:
    def make(**keys: object) -> TableMapping:
        return TableMapping.model_validate({"id": "lead_id", **keys})

    return make


@pytest.fixture
def public_table(write_parquet: Callable[..., Path]) -> Callable[[str], Path]:
    """About 1,800 rows of a public data set, spread over the whole of it."""
    root = Path(__file__).parents[4]
    folder = Path(os.environ.get("HPRO_BENCH_DATA", root.parent / "shared" / "data"))

    def thin(name: str) -> Path:
        path = folder / f"{name}.parquet"
        if not path.is_file():
            pytest.skip(f"the public lead data are not at {folder}; set HPRO_BENCH_DATA")
        table = pytest.importorskip("pyarrow.parquet").read_table(path)
        thinned = table.take(list(range(0, table.num_rows, max(1, table.num_rows // 1800))))
        return write_parquet({column: thinned[column] for column in thinned.column_names}, f"{name}.parquet")

    return thin
