"""An org without our fields behind the emulator, a session of its admin, and what its integration user sees."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hpro_connectors.emulators.http.clock import EmulatorClock
from hpro_connectors.emulators.salesforce.emulator import SalesforceEmulator
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg
from hpro_connectors.emulators.salesforce.org.users import user_name
from hpro_connectors.emulators.salesforce.wire.admin_session import admin_session
from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient
from hpro_connectors.salesforce.installing import OrgUser, Step, install, read_session
from hpro_connectors.salesforce.settings import ScoredObjectName
from hpro_sdk.cli import main

LEAD = (ScoredObjectName.LEAD,)


class World:
    """An org, and people who do something in it.

    Attributes:
        org: The org.
        emulator: Serves it, two rows a page, and strictly.
        user: The integration user.
        folder: Where commands are typed.
    """

    def __init__(self, folder: Path, served: ExitStack, capsys: pytest.CaptureFixture[str]) -> None:
        self._served, self._capsys = served, capsys
        self.folder = folder
        clock = EmulatorClock(datetime(2026, 3, 1, 12, tzinfo=UTC))
        self.org = SalesforceOrg(org_id="00DHp0000000001MAA", name="Acme", clock=clock)
        self.emulator = served.enter_context(SalesforceEmulator(self.org, page_size=2, strict=True, domain="acme.my"))
        self.user = OrgUser(self.org.integration_user_id, user_name(self.org, self.org.integration_user_id))

    @property
    def session(self) -> str:
        """What the Salesforce CLI shows of a new session of the admin."""
        return json.dumps(admin_session(self.emulator))

    def client(self, user_id: str | None = None) -> SalesforceClient:
        """Sign in with a session; default: of the admin."""
        session = read_session(self.session)
        if user_id is not None:
            told = json.loads(self.session)
            told["result"]["accessToken"] = self.emulator.session_id(user_id)
            session = read_session(json.dumps(told))
        client = SalesforceClient(session.connection(api_version="62.0", emulator=self.emulator.url))
        self._served.callback(client.close)
        return client

    def install(self, *scored: ScoredObjectName) -> list[Step]:
        return install(self.client(), scored or LEAD, self.user)

    def seen(self, object_name: str = "Lead", user_id: str | None = None) -> dict[str, dict[str, Any]]:
        """Give our fields as a user sees them; default: the integration user."""
        fields = self.org.describe(object_name, user_id=user_id or self.user.user_id)["fields"]
        assert isinstance(fields, list)
        described = [field for field in fields if isinstance(field, dict)]
        return {str(field["name"]): field for field in described if str(field["name"]).startswith("HPRO_")}

    def count(self, object_name: str) -> int:
        return self.org.run_query(f"SELECT COUNT() FROM {object_name}", user_id=None).count or 0

    def everything(self) -> dict[str, object]:
        """Give all of the setup that installing touches, without ids and stamps."""
        queries = {
            "sets": "SELECT Name, Label, Description, PermissionsApiEnabled FROM PermissionSet ORDER BY Name",
            "objects": "SELECT Parent.Name, SobjectType, PermissionsRead, PermissionsEdit, PermissionsViewAllRecords,"
            " PermissionsDelete FROM ObjectPermissions ORDER BY Parent.Name, SobjectType",
            "fields": "SELECT Parent.Name, Field, PermissionsRead, PermissionsEdit FROM FieldPermissions"
            " ORDER BY Parent.Name, Field",
            "users": "SELECT PermissionSet.Name, Assignee.Username FROM PermissionSetAssignment",
        }
        found: dict[str, object] = {name: self.org.run_query(soql, user_id=None).rows for name, soql in queries.items()}
        own = {one.name: [f for f in one.fields.values() if f.name.startswith("HPRO_")] for one in self.org.schema}
        return {**found, "own": {name: fields for name, fields in own.items() if fields}}

    def writes(self) -> list[str]:
        """Give what was asked of the org since the last look and is no question."""
        asked = [
            f"{entry.method} {entry.path.removeprefix('/services/data/v62.0/')}"
            for entry in self.emulator.journal.entries
            if entry.method != "GET" and entry.path.startswith("/services/data/")
        ]
        self.emulator.journal.clear()
        return asked

    def typed(self, *arguments: object) -> tuple[int, str, str]:
        """Type a command of hpro; give exit code, stdout and stderr."""
        self._capsys.readouterr()
        code = main([str(one) for one in arguments])
        return code, *self._capsys.readouterr()


@pytest.fixture
def world(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.chdir(tmp_path)
    with ExitStack() as served:
        yield World(tmp_path, served, capsys)


@pytest.fixture
def piped(world: World, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
    """Types a command with something in stdin; default: a session of the admin."""

    def typed(*arguments: object, stdin: str | None = None) -> tuple[int, str, str]:
        text = world.session if stdin is None else stdin
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        return world.typed(*arguments, "--session", "-", "--emulator", world.emulator.url)

    return typed
