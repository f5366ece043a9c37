"""The package exports what it says, and loads nothing heavy."""

from __future__ import annotations

import subprocess
import sys

import pytest

import hpro_sdk.data
from hpro_sdk.data import read_rows
from hpro_sdk.errors import MissingExtraError


def test_every_exported_name_is_there() -> None:
    assert sorted(hpro_sdk.data.__all__, key=str.casefold) == sorted(set(hpro_sdk.data.__all__), key=str.casefold)
    assert all(hasattr(hpro_sdk.data, name) for name in hpro_sdk.data.__all__)


def test_import_loads_nothing_heavy() -> None:
    code = "import hpro_sdk.data, sys; print(sorted({'torch', 'pyarrow', 'pandas', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_parquet_without_pyarrow(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    from pathlib import Path

    path = Path(str(tmp_path)) / "leads.parquet"
    path.write_bytes(b"PAR1")
    real = __import__("importlib").import_module

    def refuse(name: str) -> object:
        if name.startswith("pyarrow"):
            raise ModuleNotFoundError(f"No module named {name!r}", name="pyarrow")
        return real(name)

    monkeypatch.setattr("hpro_sdk._extras.importlib.import_module", refuse)
    with pytest.raises(MissingExtraError, match=r"hpro-sdk\[parquet\]"):
        list(read_rows(path))
