"""``hpro leads`` where there is nothing to list yet."""

from __future__ import annotations

from pathlib import Path

import pytest

from hpro_connectors.state import StateStore
from hpro_sdk.cli import main


def test_a_state_that_was_only_read_is_answered_with_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "hpro.toml").write_text('[crm.main]\nconnector = "demo"\norg = "org.sqlite"\n', "utf-8")
    (tmp_path / "hpro-state").mkdir(mode=0o700)
    with StateStore.open(tmp_path / "hpro-state" / "main.sqlite"):
        pass
    monkeypatch.chdir(tmp_path)
    assert main(["leads"]) == 2
    assert "until there is a model: `hpro model train`" in capsys.readouterr().err
