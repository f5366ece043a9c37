"""``hpro config init --connector salesforce``: what it writes, asks and refuses."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE

import pytest

from hpro_connectors.config import SalesforceCrm, load_config
from hpro_sdk.cli import main

INIT = ["config", "init", "--connector", "salesforce"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def made() -> SalesforceCrm:
    crm = load_config().crm_named(None)[1]
    assert isinstance(crm, SalesforceCrm)
    return crm


def test_it_writes_what_it_was_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--sign-in", "jwt", "--domain", "https://acme.my.salesforce.com/", "--consumer-key", "key"]
    more = ["--username", "hpro@acme.com", "--private-key-file", "keys/hpro.key", "--scored-object", "Contact"]
    assert main([*INIT, *flags, *more, "--emulator", "http://127.0.0.1:8080"]) == 0
    assert "Note: The file that private_key_file names cannot be read" in capsys.readouterr().err
    crm = made()
    assert (crm.domain, crm.sign_in, crm.username, crm.scored_object) == ("acme.my", "jwt", "hpro@acme.com", "Contact")
    assert crm.private_key_file == folder / "keys" / "hpro.key"
    assert 'private_key_file = "keys/hpro.key"' in (folder / "hpro.toml").read_text()
    assert crm.emulator == "http://127.0.0.1:8080"


def test_it_says_which_secret_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*INIT, "--domain", "acme.my", "--consumer-key", "key"]) == 0
    assert (
        "Note: the secret consumer_secret is not given: set HPRO_CRM__NAME__CONSUMER_SECRET" in capsys.readouterr().err
    )
    assert main(["config", "check"]) == 2
    assert "consumer_secret" in capsys.readouterr().err


def test_the_file_has_no_place_for_a_secret_itself(folder: Path) -> None:
    assert main([*INIT, "--domain", "acme.my", "--consumer-key", "key"]) == 0
    text = (folder / "hpro.toml").read_text()
    for key in SalesforceCrm.secret_keys:
        assert f"# {key}_file =" in text
        assert f"\n# {key} =" not in text


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        ([], "--domain"),
        (["--domain", "acme.my"], "--consumer-key"),
        (["--sign-in", "session"], "--instance-url"),
        (["--sign-in", "jwt", "--domain", "login", "--consumer-key", "key"], "--username"),
        (["--domain", "login", "--consumer-key", "key"], "needs My Domain"),
        (["--domain", "acme.my", "--consumer-key", "key", "--emulator", "http://10.0.0.1:1"], "emulator"),
        (["--domain", "acme.my", "--consumer-key", "key", "--org", "org.sqlite"], "--org"),
    ],
)
def test_it_refuses_and_leaves_nothing(
    flags: list[str], word: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*INIT, *flags]) == 2
    error = capsys.readouterr().err
    assert error.startswith("Error: ")
    assert word in error
    assert list(folder.iterdir()) == []


def test_the_demo_takes_none_of_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "init", "--org", "org.sqlite", "--domain", "acme.my"]) == 2
    assert "--domain does not go with --connector demo" in capsys.readouterr().err
    assert list(folder.iterdir()) == []


def test_it_asks_on_a_terminal() -> None:
    ours, theirs = os.openpty()
    code = f"import sys\nfrom hpro_sdk.cli import main\nsys.exit(main({INIT!r}))"
    with subprocess.Popen([sys.executable, "-c", code], stdin=theirs, stdout=PIPE, stderr=PIPE, text=True) as process:
        os.write(ours, b"north\nacme.my\nkey\n30\n")
        out, err = process.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    assert process.returncode == 0, err
    assert out == ""
    assert "My Domain of the org" in err
    crm = made()
    assert (crm.domain, crm.consumer_key, load_config().schedule.every_minutes) == ("acme.my", "key", 30)
