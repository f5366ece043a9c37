"""The wheel owns our packages and nothing else."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGES = ("hpro_sdk", "hpro_connectors", "hpro_quantize")


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Paths in a freshly built wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(REPOSITORY)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = folder.glob("*.whl")
    return zipfile.ZipFile(wheel).namelist()


def test_top_level_is_ours(names: list[str]) -> None:
    top = {name.partition("/")[0] for name in names}
    assert {name for name in top if not name.endswith(".dist-info")} == set(PACKAGES)
    assert len(top) == len(PACKAGES) + 1


def test_packages_are_typed(names: list[str]) -> None:
    assert {f"{package}/py.typed" for package in PACKAGES} <= set(names)


def test_license_is_part_of_it(names: list[str]) -> None:
    assert [name for name in names if name.endswith(".dist-info/licenses/LICENSE")]


def test_no_tests_and_no_caches(names: list[str]) -> None:
    assert not [name for name in names if "/tests/" in name or "__pycache__" in name or name.endswith(".pyc")]


def test_the_bundled_model_and_its_papers_are_part_of_it(names: list[str]) -> None:
    assert {f"hpro_sdk/models/demo_test_drive.{suffix}" for suffix in ("gguf", "json", "md")} <= set(names)


def test_the_demo_has_its_words(names: list[str]) -> None:
    phrases = [name for name in names if name.startswith("hpro_connectors/demo/phrases/") and name.endswith(".toml")]
    assert len(phrases) == len(list((REPOSITORY / "connectors/hpro_connectors/demo/phrases").glob("*.toml"))) > 0


def test_the_bundled_model_is_small() -> None:
    assert (REPOSITORY / "hpro_sdk/models/demo_test_drive.gguf").stat().st_size <= 6_000_000
