"""An org behind the emulator in which nothing is amiss, a configuration that reads it, and `hpro doctor` on both."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hpro_connectors.cli.doctor import doctor
from hpro_connectors.emulators.http.clock import EmulatorClock
from hpro_connectors.emulators.salesforce.emulator import SalesforceEmulator
from hpro_connectors.emulators.salesforce.org.field_schema import FieldSchema, FieldType, PicklistValue
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg
from hpro_connectors.fields import SCORE_FIELDS, ScoreField
from hpro_connectors.fields import FieldType as ScoreType
from hpro_connectors.salesforce.writing.score_fields import column_of
from hpro_sdk.cli.errors import CliState, run_guarded

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ORG_ID = "00DHp0000000001MAA"
DOMAIN = "acme.my"
SECRET_TEXT = "Frau Quittenbaum"
WON, OPEN = 125, 50
_TYPES = {
    ScoreType.NUMBER: FieldType.DOUBLE,
    ScoreType.PICKLIST: FieldType.PICKLIST,
    ScoreType.TEXT: FieldType.STRING,
    ScoreType.DATETIME: FieldType.DATETIME,
}


def schema_of(field: ScoreField) -> FieldSchema:
    is_number = field.type is ScoreType.NUMBER
    return FieldSchema(
        column_of(field),
        _TYPES[field.type],
        precision=field.precision if is_number else 0,
        scale=field.scale,
        length=0 if is_number else field.precision or 255,
        picklist=tuple(PicklistValue(option) for option in field.options),
    )


def install(org: SalesforceOrg, *, assign: bool = True) -> str:
    """Do to an org what deploying our project does, and assign the permission set; give the set's id."""
    set_id = org.create("PermissionSet", {"Name": "HPRO_Connector", "Label": "HPRO Connector"})
    for field in SCORE_FIELDS:
        org.schema.add_field("Lead", schema_of(field), visible=False)
        grant = {"Field": f"Lead.{column_of(field)}", "PermissionsRead": True, "PermissionsEdit": True}
        org.create("FieldPermissions", {"ParentId": set_id, "SobjectType": "Lead", **grant})
    rights = {"PermissionsRead": True, "PermissionsEdit": True, "PermissionsViewAllRecords": True}
    org.create("ObjectPermissions", {"ParentId": set_id, "SobjectType": "Lead", **rights})
    if assign:
        org.create("PermissionSetAssignment", {"PermissionSetId": set_id, "AssigneeId": org.integration_user_id})
    return set_id


def add_lead(org: SalesforceOrg, number: int, **values: object) -> str:
    return org.create("Lead", {"LastName": f"{SECRET_TEXT} {number}", "Company": "Acme", **values})


@pytest.fixture
def bare_org() -> SalesforceOrg:
    """An org that HPRO was never brought to: leads, some of them converted, no fields of ours."""
    org = SalesforceOrg(org_id=ORG_ID, name="Acme", clock=EmulatorClock(START))
    org.schema.track("Lead", "Status")
    with org.transaction():
        for number in range(WON + OPEN):
            lead_id = add_lead(org, number)
            if number < 12:
                org.convert_lead(lead_id, with_opportunity=number % 4 != 0)
            elif number < WON:
                org.update("Lead", lead_id, {"Status": "Closed - Converted", "IsConverted": True})
            else:
                org.update("Lead", lead_id, {"Status": "Working - Contacted"})
        lead_id = add_lead(org, WON + OPEN)
        org.update("Lead", lead_id, {"Status": "Closed - Not Converted"})
        org.create("Task", {"Subject": f"Call {SECRET_TEXT}", "TaskSubtype": "Call", "WhoId": lead_id})
        org.create("Note", {"ParentId": lead_id, "Title": SECRET_TEXT, "Body": SECRET_TEXT})
    org.advance(timedelta(minutes=5))
    return org


@pytest.fixture
def org(bare_org: SalesforceOrg) -> SalesforceOrg:
    """The same org, ready to be scored."""
    install(bare_org)
    return bare_org


@pytest.fixture
def emulator(org: SalesforceOrg) -> Iterator[SalesforceEmulator]:
    with SalesforceEmulator(org, domain=DOMAIN, strict=True) as emulator:
        yield emulator


class Doctor:
    """`hpro doctor` in a folder of its own."""

    def __init__(
        self,
        emulator: SalesforceEmulator,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        self.emulator = emulator
        self.folder = folder
        self._capsys = capsys
        self._monkeypatch = monkeypatch
        monkeypatch.chdir(folder)
        monkeypatch.setenv("COLUMNS", "100")
        self.set_secret("CONSUMER_SECRET", emulator.app.consumer_secret)
        self.configure()

    def set_secret(self, name: str, value: str) -> None:
        self._monkeypatch.setenv(f"HPRO_CRM__MAIN__{name}", value)

    def configure(self, *lines: str, domain: str = DOMAIN, consumer_key: str | None = None) -> None:
        """Write the configuration with more lines at its end."""
        table = [
            "[crm.main]",
            'connector = "salesforce"',
            f'domain = "{domain}"',
            f'consumer_key = "{consumer_key or self.emulator.app.consumer_key}"',
            f'emulator = "{self.emulator.url}"',
            "timeout_s = 5",
        ]
        (self.folder / "hpro.toml").write_text("\n".join([*table, *lines]) + "\n")

    def run(self, *arguments: str) -> tuple[int, str, str]:
        def command() -> None:
            with doctor.make_context("doctor", list(arguments), obj=CliState()) as ctx:
                doctor.invoke(ctx)

        self._capsys.readouterr()
        code = run_guarded(command, CliState())
        out, err = self._capsys.readouterr()
        return code, out, err

    def findings(self) -> tuple[int, list[dict[str, Any]]]:
        """Give the exit code and what was found, from the JSON."""
        code, out, err = self.run("--json")
        assert err == ""
        found = json.loads(out)["main"]
        assert found["exit_code"] == code
        return code, found["findings"]

    def bad(self) -> tuple[int, list[dict[str, Any]]]:
        """Give the exit code, and only what is not as it should be."""
        code, findings = self.findings()
        return code, [finding for finding in findings if finding["level"] != "ok"]

    def only(self, level: str, code: int) -> dict[str, Any]:
        """Give the one thing that is not as it should be."""
        found_code, bad = self.bad()
        assert [(finding["level"], finding["area"]) for finding in bad] == [(level, bad[0]["area"])], bad
        assert found_code == code
        finding = bad[0]
        assert finding["seen"].endswith(".")
        assert finding["remedy"].endswith(".")
        return finding

    def ok(self, area: str) -> str:
        """Give what was seen of an area that is as it should be."""
        _, findings = self.findings()
        return " ".join(one["seen"] for one in findings if (one["area"], one["level"]) == (area, "ok"))


@pytest.fixture
def examine(
    emulator: SalesforceEmulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Doctor:
    return Doctor(emulator, tmp_path, monkeypatch, capsys)
