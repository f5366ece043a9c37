"""``hpro fields install`` and ``remove`` as an admin types them, against the emulator."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
import requests

from hpro_connectors.emulators.http.fault_script import Fault
from hpro_connectors.emulators.http.messages import Response
from hpro_connectors.emulators.salesforce.wire.faults import api_error

if TYPE_CHECKING:
    from tests.integration.connectors.salesforce.installing.conftest import World

Piped = Callable[..., tuple[int, str, str]]

ORG = "Acme (00DHp0000000001MAA, production)"


def _configure(world: World, monkeypatch: pytest.MonkeyPatch, **keys: str) -> None:
    table = {
        "connector": "salesforce",
        "domain": "acme.my",
        "consumer_key": world.emulator.app.consumer_key,
        "emulator": world.emulator.url,
        **keys,
    }
    lines = ["[crm.main]", *(f'{key} = "{value}"' for key, value in table.items())]
    (world.folder / "hpro.toml").write_text("\n".join(lines), "utf-8")
    monkeypatch.setenv("HPRO_CRM__MAIN__CONSUMER_SECRET", world.emulator.app.consumer_secret)


class TestInstall:
    def test_it_says_what_it_did_and_what_the_user_sees(self, world: World, piped: Piped) -> None:
        code, out, err = piped("fields", "install", "--user", world.user.username.upper())
        assert code == 0
        lines = out.splitlines()
        assert lines[0] == "what\tname\tstate\tdetail"
        assert "field\tLead.HPRO_Score__c\tcreated\t" in lines
        assert f"assignment\tHPRO_Connector: {world.user.username}\tcreated\t" in lines
        assert err.splitlines() == [
            f"{ORG}: 17 changes made.",
            f"Read back: {world.user.username} may read and write all of it.",
            "Assign the permission set HPRO_Viewer to the people who shall see the fields.",
        ]
        code, _, err = piped("fields", "install", "--user", world.user.username)
        assert (code, err.splitlines()[0]) == (0, f"{ORG}: all of it was there.")

    def test_a_dry_run_changes_nothing(self, world: World, piped: Piped) -> None:
        code, out, err = piped("fields", "install", "--user", world.user.username, "--dry-run")
        assert code == 0
        assert (out.count("to create"), out.count("created")) == (17, 0)
        assert err == f"{ORG}: 17 changes would be made; nothing was changed.\n"
        assert world.writes() == []

    def test_json_says_the_same(self, world: World, piped: Piped) -> None:
        code, out, err = piped("fields", "install", "--user", world.user.username, "--object", "Contact", "--json")
        told = json.loads(out)
        assert (code, err) == (0, "")
        assert told["org"] == {"id": world.org.org_id, "name": "Acme", "is_test": False}
        assert (told["user"], told["dry_run"], told["changes"]) == (world.user.username, False, 15)
        assert told["problems"] == []
        assert {"kind": "field", "name": "Contact.HPRO_Score__c", "state": "created", "detail": ""} in told["steps"]

    def test_what_the_user_cannot_use_afterwards_ends_with_2(self, world: World, piped: Piped) -> None:
        # The org says that the field permissions were made, and they were not.
        answer = [{"id": f"01kHp00000000{n:02}AAA", "success": True, "errors": []} for n in range(10, 18)]
        world.emulator.faults.add(
            Fault.answering(Response.of_json(answer)), path="composite/sobjects", method="POST", nth=3
        )
        code, _, err = piped("fields", "install", "--user", world.user.username)
        assert code == 2
        assert "still cannot use the fields" in err
        assert f"{world.user.username} may not edit Lead.HPRO_Score__c." in err

    @pytest.mark.parametrize(
        ("name", "words"),
        [("nobody@acme.example", "has no user with the user name"), ("left@acme.example", "is not active")],
    )
    def test_a_user_who_is_not_there_or_has_left(self, world: World, piped: Piped, name: str, words: str) -> None:
        world.org.create("User", {"Username": "left@acme.example", "LastName": "Left", "IsActive": False})
        code, out, err = piped("fields", "install", "--user", name)
        assert (code, out) == (2, "")
        assert words in err
        assert world.writes() == []

    def test_without_a_configuration_the_user_has_to_be_named(self, world: World, piped: Piped) -> None:
        code, _, err = piped("fields", "install")
        assert (code, "--user USERNAME" in err) == (2, True)
        assert world.writes() == []

    def test_a_session_of_no_admin_ends_with_2(self, world: World, piped: Piped) -> None:
        told = json.loads(world.session)
        told["result"]["accessToken"] = world.emulator.session_id(world.user.user_id)
        code, _, err = piped("fields", "install", "--user", world.user.username, stdin=json.dumps(told))
        assert code == 2
        assert "Customize Application" in err
        assert world.writes() == []

    def test_a_quota_that_is_used_up_ends_with_5(self, world: World, piped: Piped) -> None:
        world.emulator.faults.add(api_error(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."), nth=9)
        code, _, _ = piped("fields", "install", "--user", world.user.username)
        assert code == 5


class TestSession:
    def test_two_answers_of_the_cli_one_after_the_other(self, world: World, piped: Piped) -> None:
        told = json.loads(world.session)
        token = told["result"]["accessToken"]
        told["result"]["accessToken"] = "[REDACTED] Use 'sf org auth show-access-token' to view"
        both = json.dumps(told, indent=2) + "\n" + json.dumps({"status": 0, "result": {"accessToken": token}}, indent=2)
        code, _, _ = piped("fields", "install", "--user", world.user.username, "--dry-run", stdin=both)
        assert code == 0
        code, _, err = piped("fields", "install", "--user", world.user.username, stdin=json.dumps(told))
        assert code == 2
        assert "show-access-token" in err

    def test_a_file_that_only_its_owner_reads(self, world: World) -> None:
        file = world.folder / "session.json"
        file.write_text(world.session, "utf-8")
        arguments = ("fields", "install", "--session", file, "--emulator", world.emulator.url, "--dry-run")
        file.chmod(0o640)
        code, out, err = world.typed(*arguments, "--user", world.user.username)
        assert (code, out) == (2, "")
        assert f"chmod 600 {file}" in err
        file.chmod(0o600)
        assert world.typed(*arguments, "--user", world.user.username)[0] == 0
        assert world.typed("fields", "install", "--session", world.folder / "none", "--user", "x")[0] == 2

    def test_one_that_has_ended(self, world: World, piped: Piped) -> None:
        session = world.session
        world.emulator.sessions.expire_all()
        code, _, err = piped("fields", "install", "--user", world.user.username, stdin=session)
        assert code == 1
        assert "Get a new session" in err

    def test_it_is_nowhere_in_what_is_said_or_logged_or_kept(
        self, world: World, piped: Piped, caplog: pytest.LogCaptureFixture
    ) -> None:
        session = world.session
        token = json.loads(session)["result"]["accessToken"]
        with caplog.at_level(logging.DEBUG):
            first = piped("-vv", "fields", "install", "--user", world.user.username, stdin=session)
            world.emulator.faults.add(api_error(400, "UNKNOWN", f"no {token}"), nth=6)
            second = piped("-vv", "fields", "remove", "--yes", stdin=session)
        assert (first[0], second[0]) == (0, 1)
        secret = token.partition("!")[2]
        assert secret not in "".join(str(part) for part in (*first, *second))
        assert secret not in caplog.text
        assert "a request was answered" in caplog.text
        files = [file for file in world.folder.rglob("*") if file.is_file()]
        assert not any(secret in file.read_text("utf-8", "ignore") for file in files)


class TestConfiguration:
    def test_user_object_and_emulator_come_from_it(
        self, world: World, monkeypatch: pytest.MonkeyPatch, piped: Piped
    ) -> None:
        _configure(world, monkeypatch, scored_object="Contact", outcome="status")
        code, out, err = piped("fields", "install")
        assert code == 0, err
        assert f"assignment\tHPRO_Connector: {world.user.username}\tcreated\t" in out.splitlines()
        assert len(world.seen("Contact")) == 8
        assert world.seen("Lead") == {}

    def test_another_org_is_refused(self, world: World, monkeypatch: pytest.MonkeyPatch, piped: Piped) -> None:
        _configure(world, monkeypatch)
        told = json.loads(world.session)
        told["result"]["accessToken"] = "00DHp0000000002MAA!other"
        code, out, err = piped("fields", "install", stdin=json.dumps(told))
        assert (code, out) == (2, "")
        assert "00DHp0000000002MAA" in err
        assert world.org.org_id in err
        assert world.writes() == []
        code, _, err = piped("fields", "remove", "--yes", stdin=json.dumps(told))
        assert code == 2

    def test_a_user_that_cannot_sign_in_yet_is_taken_for_the_one_of_the_same_domain(
        self, world: World, monkeypatch: pytest.MonkeyPatch, piped: Piped
    ) -> None:
        _configure(world, monkeypatch)
        monkeypatch.setenv("HPRO_CRM__MAIN__CONSUMER_SECRET", "wrong")
        code, _, err = piped("fields", "install", "--user", world.user.username)
        assert code == 0
        assert err.startswith("HPRO cannot sign in as configured yet: Salesforce refused the sign-in")
        _configure(world, monkeypatch, domain="other.my")
        monkeypatch.setenv("HPRO_CRM__MAIN__CONSUMER_SECRET", "wrong")
        code, _, err = piped("fields", "install", "--user", world.user.username)
        assert code == 2
        assert "Nobody can tell whether the session is for the configured org" in err

    def test_it_can_be_passed_over(self, world: World, monkeypatch: pytest.MonkeyPatch, piped: Piped) -> None:
        _configure(world, monkeypatch, domain="other.my")
        code, _, _ = piped("fields", "install", "--no-config", "--user", world.user.username, "--dry-run")
        assert code == 0
        code, _, err = piped("fields", "install", "--no-config", "--crm", "main")
        assert (code, "--no-config" in err) == (2, True)

    def test_another_user_than_the_one_that_signs_in_is_told(
        self, world: World, monkeypatch: pytest.MonkeyPatch, piped: Piped
    ) -> None:
        _configure(world, monkeypatch)
        admin = world.org.get("User", world.org.admin_user_id)["Username"]
        code, _, err = piped("fields", "install", "--user", admin, "--dry-run")
        assert code == 0
        assert f"HPRO signs in as another user than {admin}" in err

    def test_an_org_that_is_no_salesforce(self, world: World, piped: Piped) -> None:
        (world.folder / "hpro.toml").write_text('[crm.main]\nconnector = "demo"\norg = "org.sqlite"\n', "utf-8")
        code, _, err = piped("fields", "install", "--user", world.user.username)
        assert (code, "[crm.main] is no Salesforce" in err) == (2, True)

    def test_an_emulator_that_is_not_the_configured_one(
        self, world: World, monkeypatch: pytest.MonkeyPatch, piped: Piped
    ) -> None:
        _configure(world, monkeypatch, emulator="http://127.0.0.1:9")
        assert piped("fields", "install", "--user", "x")[0] == 2

    @pytest.mark.parametrize("url", ["http://evil.example:80", "https://127.0.0.1:1", "x"])
    def test_an_emulator_is_on_this_machine(self, world: World, url: str) -> None:
        file = world.folder / "session.json"
        file.write_text(world.session, "utf-8")
        file.chmod(0o600)
        code, _, err = world.typed("fields", "remove", "--session", file, "--emulator", url)
        assert (code, "127.0.0.1" in err) == (2, True)


class TestRemove:
    def test_it_says_what_would_go_and_takes_it_out_when_told_so(self, world: World, piped: Piped) -> None:
        world.install()
        world.writes()
        code, out, err = piped("fields", "remove", "--dry-run")
        assert code == 0
        assert (out.count("to remove"), out.count("removed")) == (11, 0)
        assert err == f"{ORG}: 8 fields, 2 permission sets, 1 assignment would be deleted; nothing was changed.\n"
        assert world.writes() == []
        code, out, err = piped("fields", "remove", "--yes")
        assert code == 0
        assert err.splitlines() == [
            f"{ORG}: 8 fields, 2 permission sets, 1 assignment deleted.",
            "Setup keeps deleted fields with their values for 15 days. Delete list views by hand.",
        ]
        assert world.count("PermissionSet") == 0
        assert piped("fields", "remove", "--yes") == (0, "", f"{ORG}: nothing of HPRO is there.\n")

    def test_it_asks_before_it_deletes(self, world: World, monkeypatch: pytest.MonkeyPatch, piped: Piped) -> None:
        world.install()
        before = world.everything()
        code, out, err = piped("fields", "remove")
        assert (code, out) == (2, "")
        assert "--yes" in err
        file = world.folder / "session.json"
        file.write_text(world.session, "utf-8")
        file.chmod(0o600)
        arguments = ("fields", "remove", "--session", file, "--emulator", world.emulator.url)
        monkeypatch.setattr("click.termui.visible_prompt_func", lambda text: "n")
        assert world.typed(*arguments)[0] == 130
        assert world.everything() == before
        monkeypatch.setattr("click.termui.visible_prompt_func", lambda text: "y")
        assert world.typed(*arguments)[0] == 0
        assert world.count("PermissionSet") == 0

    def test_what_is_refused_makes_it_partial(self, world: World, piped: Piped) -> None:
        world.install()
        world.emulator.faults.add(
            api_error(400, "DEPENDENCY_EXISTS", "referenced elsewhere"), path="CustomField/", method="DELETE"
        )
        code, out, err = piped("fields", "remove", "--yes")
        assert code == 3
        refused = [line for line in out.splitlines() if "\trefused\t" in line]
        assert [line.partition("__c")[0].startswith("field\tLead.HPRO_") for line in refused] == [True]
        assert "Partial: 1 could not be deleted." in err
        code, out, _ = piped("fields", "remove", "--yes", "--json")
        told = json.loads(out)
        assert (code, told["changes"], told["left"]) == (0, 1, 0)


def test_the_emulator_gives_a_session_as_the_cli_shows_one(world: World, piped: Piped) -> None:
    answer = requests.post(f"{world.emulator.url}/emulator/admin-session", timeout=10)
    code, _, _ = piped("fields", "install", "--user", world.user.username, "--dry-run", stdin=answer.text)
    assert code == 0
