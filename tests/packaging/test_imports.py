"""Importing the SDK is light, and its public names are those that it lists."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

import hpro_sdk
from hpro_sdk.errors import HproError

HEAVY = ("torch", "transformers", "sqlalchemy", "simple_salesforce", "hubspot", "llama_cpp", "sklearn", "pyarrow")
MODULES_LIMIT = 150
"""`import hpro_sdk` loads the standard library's importlib and logging, and our errors."""


def modules_after(statement: str, folder: Path) -> set[str]:
    code = f"import json, sys\n{statement}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def test_import_is_light(tmp_path: Path) -> None:
    modules = modules_after("import hpro_sdk", tmp_path)
    print(f"import hpro_sdk loads {len(modules)} modules")  # noqa: T201 - shown when the test fails
    assert not modules & {*HEAVY, "pydantic", "numpy", "click", "rich"}
    assert len(modules) <= MODULES_LIMIT


@pytest.mark.parametrize("package", ["hpro_connectors", "hpro_connectors.errors", "hpro_quantize.errors"])
def test_import_of_the_other_packages_is_light(package: str, tmp_path: Path) -> None:
    assert not modules_after(f"import {package}", tmp_path) & set(HEAVY)


def test_domain_model_needs_no_heavy_library(tmp_path: Path) -> None:
    assert not modules_after("from hpro_sdk import Lead, Funnel, take_snapshot", tmp_path) & set(HEAVY)


def test_scorer_needs_no_training_and_no_crm_library(tmp_path: Path) -> None:
    assert not modules_after("from hpro_sdk import Scorer", tmp_path) & (set(HEAVY) - {"llama_cpp"})


def test_every_public_name_resolves() -> None:
    for name in hpro_sdk.__all__:
        assert getattr(hpro_sdk, name) is not None, name


def test_public_names_are_exactly_those_exported(tmp_path: Path) -> None:
    code = (
        "import json, hpro_sdk; before = {n for n in vars(hpro_sdk) if n[0] != '_'}\n"
        "print(json.dumps([sorted(before), sorted(hpro_sdk._LAZY)]))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    eager, lazy = json.loads(done.stdout)
    helpers = {"annotations", "importlib", "logging", "TYPE_CHECKING", "errors"}
    assert sorted({*eager, *lazy, "__version__"} - helpers) == sorted(hpro_sdk.__all__)


def test_every_error_of_the_sdk_is_public() -> None:
    module = importlib.import_module("hpro_sdk.errors")
    errors = {name for name, value in vars(module).items() if isinstance(value, type) and issubclass(value, HproError)}
    assert errors <= set(hpro_sdk.__all__)


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        getattr(hpro_sdk, "nothing")  # noqa: B009 - mypy refuses the other spelling


def test_dir_lists_lazy_names() -> None:
    assert set(hpro_sdk.__all__) <= set(dir(hpro_sdk))
