"""``hpro serve``: a person at a terminal sees that it runs, and a log does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from hpro_connectors import service
from hpro_sdk.cli import main


@pytest.fixture
def begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to configure; the service ends as soon as it began."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(service, "serve", lambda _jobs: 0)
    return tmp_path


def configure(folder: Path, schedule: str) -> None:
    (folder / "hpro.toml").write_text(f'{schedule}[crm.main]\nconnector = "demo"\norg = "org.sqlite"\n', "utf-8")


@pytest.mark.parametrize(
    ("schedule", "when"), [("", "every 15 minutes"), ('[schedule]\ncron = "0 6 * * mon-fri"\n', "0 6 * * mon-fri")]
)
def test_on_a_terminal_it_says_when_passes_begin(
    begin: Path, schedule: str, when: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(begin, schedule)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert main(["serve"]) == 0
    said = capsys.readouterr()
    assert (said.out, when in said.err) == ("", True)


def test_elsewhere_it_is_silent(begin: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configure(begin, "")
    assert main(["serve"]) == 0
    assert capsys.readouterr() == ("", "")
