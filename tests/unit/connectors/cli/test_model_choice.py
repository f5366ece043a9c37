"""Which model scores which org."""

from __future__ import annotations

from pathlib import Path

import pytest

from hpro_connectors.cli.model_choice import choose_model, require_company_model
from hpro_connectors.demo.demo_ids import DEMO_ORG_IDS
from hpro_sdk.errors import ConfigError
from hpro_sdk.models import BUNDLED_MODEL, bundled_model_path

MINE = Path("mine.gguf")
TEST_DRIVE = DEMO_ORG_IDS["test_drive"]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that counts as the package of models."""
    monkeypatch.setattr("hpro_sdk.models.resources.files", lambda _name: tmp_path)
    return tmp_path


def test_the_bundled_model_is_part_of_the_package(package: Path) -> None:
    with pytest.raises(ConfigError, match="make model"):
        bundled_model_path()
    (package / BUNDLED_MODEL).touch()
    assert bundled_model_path() == package / BUNDLED_MODEL


def test_invented_companies_get_the_bundled_model_unasked(package: Path) -> None:
    (package / BUNDLED_MODEL).touch()
    for org_id in DEMO_ORG_IDS.values():
        assert choose_model(org_id, None, demo_model=False) == package / BUNDLED_MODEL
    assert choose_model("import-1", None, demo_model=True) == package / BUNDLED_MODEL


@pytest.mark.parametrize("org_id", ["import-1", "00D000000000001", "hpro-demo-other", ""])
def test_everyone_else_says_which(org_id: str) -> None:
    with pytest.raises(ConfigError, match="--model"):
        choose_model(org_id, None, demo_model=False)
    assert choose_model(org_id, MINE, demo_model=False) == MINE


def test_a_named_model_wins_and_two_are_too_many() -> None:
    assert choose_model(TEST_DRIVE, MINE, demo_model=False) == MINE
    with pytest.raises(ConfigError, match="two models"):
        choose_model(TEST_DRIVE, MINE, demo_model=True)


def test_another_kind_of_company_needs_a_model_of_its_own() -> None:
    require_company_model("test_drive", None)
    require_company_model("saas", MINE)
    with pytest.raises(ConfigError, match=r"train_bundled_model\.py --company saas"):
        require_company_model("saas", None)
