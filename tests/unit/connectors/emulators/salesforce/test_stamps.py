"""Whoever follows the stamps misses no change, and several threads may use an org at once."""

from __future__ import annotations

import random
import threading
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from hpro_connectors.emulators.http.clock import EmulatorClock
from hpro_connectors.emulators.salesforce.org.api_fault import ApiFault
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg

COLUMNS = {
    "Lead": "Id, LastName, Status, OwnerId, IsDeleted, MasterRecordId, IsConverted, ConvertedContactId,"
    " ConvertedAccountId, ConvertedOpportunityId",
    "Contact": "Id, LastName, AccountId, IsDeleted, MasterRecordId",
    "Account": "Id, Name, IsDeleted, MasterRecordId",
    "Opportunity": "Id, StageName, AccountId, ContactId, IsDeleted",
    "Task": "Id, Subject, Status, WhoId, WhatId, AccountId, IsDeleted",
    "Event": "Id, Subject, WhoId, WhatId, IsDeleted",
    "EmailMessage": "Id, Subject, ActivityId, RelatedToId, IsDeleted",
    "Note": "Id, Body, ParentId, IsDeleted",
}
"""What is followed of each object; not ``LastActivityDate``, which moves without a stamp."""

ACTIONS = ("lead", "task", "event", "mail", "note", "edit", "delete", "undelete", "merge", "convert", "touch", "stage")


class Follower:
    """Reads what was stamped since it last looked."""

    def __init__(self, org: SalesforceOrg) -> None:
        self._org = org
        self._since = org.clock.now()
        self.records: dict[str, dict[JsonValue, tuple[JsonValue, ...]]] = {name: {} for name in COLUMNS}

    def look(self) -> None:
        now = self._org.clock.now()
        for name, columns in COLUMNS.items():
            soql = f"SELECT {columns} FROM {name} WHERE SystemModstamp >= {self._since:%Y-%m-%dT%H:%M:%SZ}"
            rows = self._org.run_query(soql, user_id=self._org.integration_user_id, include_deleted=True).rows
            self.records[name].update({row[0]: row for row in rows})
        self._since = now


def act(org: SalesforceOrg, action: str, chance: random.Random) -> None:
    """Let one thing happen to records that are chosen by chance; what the org refuses does not happen."""

    def some(name: str, condition: str = "IsDeleted = false") -> str | None:
        rows = org.run_query(f"SELECT Id FROM {name} WHERE {condition}", user_id=None, include_deleted=True).rows
        return str(chance.choice(rows)[0]) if rows else None

    person = some(chance.choice(("Lead", "Contact")))
    name = chance.choice(tuple(COLUMNS))
    record = some(name)
    try:
        match action:
            case "lead":
                org.create("Lead", {"LastName": f"n{chance.random()}", "Company": "c"})
            case "task" | "event":
                org.create(action.title(), {"Subject": "s", "WhoId": person, "ActivityDate": "2026-03-02"})
            case "mail":
                org.create("EmailMessage", {"Subject": "s", "ActivityId": some("Task")})
            case "note" if person is not None:
                org.create("Note", {"Title": "t", "Body": "b", "ParentId": person})
            case "edit" if record is not None:
                field = {"Account": "Name", "Lead": "LastName", "Contact": "LastName", "Note": "Body"}.get(
                    name, "Subject"
                )
                field = "StageName" if name == "Opportunity" else field
                org.update(name, record, {field: f"x{chance.randrange(9)}"})
            case "delete" if record is not None:
                org.delete(name, record)
            case "undelete" if (gone := some(name, "IsDeleted = true")) is not None:
                org.undelete(name, gone)
            case "merge":
                kind = chance.choice(("Lead", "Contact", "Account"))
                org.merge(kind, str(some(kind)), str(some(kind)))
            case "convert" if (lead := some("Lead", "IsConverted = false AND IsDeleted = false")) is not None:
                org.convert_lead(lead, with_opportunity=chance.random() < 0.5)
            case "touch" if record is not None:
                org.touch(name, record)
            case "stage" if (lead := some("Lead")) is not None:
                org.update("Lead", lead, {"Status": "Working - Contacted"})
    except ApiFault:
        pass


@settings(max_examples=30)
@given(
    actions=st.lists(st.sampled_from(ACTIONS), min_size=5, max_size=40),
    seed=st.integers(0, 1000),
    every=st.integers(1, 8),
)
def test_following_the_stamps_gives_what_is_there(actions: list[str], seed: int, every: int) -> None:
    clock = EmulatorClock(datetime(2026, 3, 2, tzinfo=UTC))
    org = SalesforceOrg(org_id="00DHp0000000001", name="x", clock=clock)
    org.schema.track("Lead", "Status")
    follower = Follower(org)
    chance = random.Random(seed)
    for number, action in enumerate(["lead", "lead", *actions], start=1):
        act(org, action, chance)
        if number % every == 0:
            clock.advance(timedelta(seconds=chance.randrange(3)))
            follower.look()
    follower.look()
    for name, columns in COLUMNS.items():
        rows = org.run_query(f"SELECT {columns} FROM {name}", user_id=None, include_deleted=True).rows
        assert follower.records[name] == {row[0]: row for row in rows}, name
    _check_links(org)
    org.close()


def _check_links(org: SalesforceOrg) -> None:
    """What lives belongs to what lives, and no loser of a merge has anything left."""
    for name, link in (("Task", "WhoId"), ("Event", "WhoId"), ("Note", "ParentId")):
        for _, parent in org.run_query(f"SELECT Id, {link} FROM {name} WHERE {link} != null", user_id=None).rows:
            kind = {"00Q": "Lead", "003": "Contact"}[str(parent)[:3]]
            assert org.get(kind, str(parent))["IsDeleted"] is False


def test_several_threads_use_an_org_at_once(org: SalesforceOrg, clock: EmulatorClock) -> None:
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for place in range(20):
                with org.transaction():
                    lead = org.create("Lead", {"LastName": f"{number}-{place}"})
                    org.create("Task", {"Subject": "x", "WhoId": lead})
                org.update("Lead", lead, {"Title": "x"})
                found = org.run_query(f"SELECT Id FROM Lead WHERE LastName = '{number}-{place}'", user_id=None).rows
                assert found == [(lead,)]
                assert org.run_query("SELECT COUNT() FROM Task WHERE WhoId = null", user_id=None).count == 0
                org.describe("Lead", user_id=org.integration_user_id)
        except BaseException as exc:  # noqa: BLE001 - told to the thread that waits
            failures.append(exc)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert org.run_query("SELECT COUNT() FROM Lead", user_id=None).count == 80
