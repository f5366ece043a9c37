"""An org in which nothing is amiss: all is fine, nothing is written, and nothing secret is said."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path

import pytest

from hpro_connectors.emulators.salesforce.emulator import SalesforceEmulator

from .conftest import DOMAIN, ORG_ID, SECRET_TEXT, Doctor


def test_all_is_fine(examine: Doctor) -> None:
    code, out, err = examine.run()
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == f"main, Acme ({ORG_ID})"
    assert lines[-1] == "All is fine."
    assert "warning" not in out


def test_it_says_what_it_saw(examine: Doctor) -> None:
    _, findings = examine.findings()
    seen = " ".join(f"{finding['area']}: {finding['seen']}" for finding in findings)
    for words in (
        "Signed in as hpro@00dhp0000000001.example.",
        f"org: Acme ({ORG_ID}), a production org.",
        "Version 62.0 of the API is used",
        "176 records of Lead, which are all",
        "all 8 score fields",
        "Task: 1 row.",
        "125 won, 1 lost, 50 open",
        "funnel: Open stages in order: Open - Not Contacted, Working - Contacted.",
        "176 changes recorded",
    ):
        assert words in seen


def test_a_sandbox_is_a_test_org(examine: Doctor) -> None:
    org = examine.emulator.org
    org.update("Organization", ORG_ID, {"IsSandbox": True})
    assert examine.ok("org") == f"Acme ({ORG_ID}), a test org (sandbox)."


def test_the_json_names_the_org_and_every_finding(examine: Doctor) -> None:
    code, out, _ = examine.run("--json")
    found = json.loads(out)["main"]
    assert (found["exit_code"], code) == (0, 0)
    assert found["org"] == {"org_id": ORG_ID, "name": "Acme", "vendor": "salesforce", "is_test": False}
    assert {frozenset(finding) for finding in found["findings"]} == {frozenset({"area", "level", "seen", "remedy"})}


def test_nothing_is_written(examine: Doctor, emulator: SalesforceEmulator) -> None:
    before = sorted(examine.folder.rglob("*"))
    assert examine.run()[0] == 0
    sent = [(entry.method, entry.path) for entry in emulator.journal.entries]
    assert {path for method, path in sent if method != "GET"} == {"/services/oauth2/token"}
    assert len(sent) < 40
    asked = [(entry.path, tuple(sorted(entry.query.items()))) for entry in emulator.journal.entries]
    assert len(set(asked)) == len(asked)
    assert sorted(examine.folder.rglob("*")) == before


@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_no_secret_and_no_text_of_a_lead_is_said(
    examine: Doctor, emulator: SalesforceEmulator, caplog: pytest.LogCaptureFixture, arguments: tuple[str, ...]
) -> None:
    caplog.set_level(logging.DEBUG)
    _, out, err = examine.run(*arguments)
    logged = "\n".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records)
    said = out + err + "\n".join(line for line in logged.splitlines() if "urllib3" not in line)
    assert SECRET_TEXT not in out + err + logged
    assert emulator.app.consumer_secret not in said
    assert emulator.app.consumer_key not in out + err
    assert not re.search(r"00D\w{12,15}!", said)


def test_a_private_key_signs_in_too(examine: Doctor, emulator: SalesforceEmulator, tmp_path: Path) -> None:
    jwt(examine, tmp_path)
    assert examine.run()[0] == 0


def jwt(examine: Doctor, folder: Path) -> None:
    """Have the configuration sign in with a private key."""
    key = folder / "hpro.key"
    key.touch(mode=0o600)
    key.write_text(examine.emulator.app.private_key_pem)
    user = "hpro@00dhp0000000001.example"
    examine.configure('sign_in = "jwt"', f'username = "{user}"', f'private_key_file = "{key}"', domain=DOMAIN)
