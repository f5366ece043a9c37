from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from hpro_connectors.demo import events as ev
from hpro_connectors.demo.demo_ids import SALESFORCE_DEMO_ORG_IDS, is_demo_org
from hpro_connectors.demo.simulation import START, YEAR_DAYS
from hpro_connectors.emulators.http.clock import EmulatorClock
from hpro_connectors.emulators.salesforce.company.demo_org import SalesforceDemo, make_demo_org
from hpro_connectors.emulators.salesforce.company.demo_schema import lead_fields, prompt_names
from hpro_connectors.emulators.salesforce.company.simulated_ids import simulated_lead_id
from hpro_connectors.emulators.salesforce.org.ids import long_id

DAY = timedelta(days=1)
EVERYTHING = ("Lead", "Contact", "Opportunity", "Task", "Event", "EmailMessage", "Note", "ContentNote", "LeadHistory")
SOME_DAYS = 120


def made(seed: int = 3, days: float = SOME_DAYS, company: str = "test_drive") -> SalesforceDemo:
    return make_demo_org(company, seed, 60, until=START + days * DAY)


def rows(demo: SalesforceDemo) -> dict[str, list[list[object]]]:
    """All records of the objects above, deleted ones too, with all their fields."""
    found: dict[str, list[list[object]]] = {}
    for name in EVERYTHING:
        fields = ", ".join(one for one in demo.org.schema[name].fields if one != "Address")
        query = f"SELECT {fields} FROM {name} ORDER BY Id"
        found[name] = [list(row) for row in demo.org.run_query(query, user_id=None, include_deleted=True).rows]
    return found


def test_the_same_seed_gives_the_same_org_and_another_one_another() -> None:
    assert rows(made()) == rows(made())
    assert rows(made())["Lead"] != rows(made(4))["Lead"]


def test_days_may_go_by_in_steps() -> None:
    whole, stepped = made(), made(days=SOME_DAYS - 10)
    for days in (7, 2.5, 0.5):
        stepped.advance(days)
    assert stepped.org.clock.now() == stepped.moment == whole.moment
    assert rows(stepped) == rows(whole)


def test_it_is_the_company_of_the_simulator() -> None:
    demo = made()
    events = list(demo.simulation.events(SOME_DAYS))
    created = {event.lead.lead_id for event in events if isinstance(event, ev.LeadCreated)}
    gone = {event.lead_id for event in events if isinstance(event, ev.LeadDeleted | ev.LeadMerged)}
    stages = dict.fromkeys(created, "new")
    stages |= {event.lead_id: event.stage for event in events if isinstance(event, ev.StageEntered)}
    found = demo.org.run_query("SELECT Id, Status FROM Lead", user_id=None).rows
    assert {simulated_lead_id(str(row[0])): row[1] for row in found} == {
        lead_id: stage for lead_id, stage in stages.items() if lead_id not in gone
    }


def test_another_kind_of_company_has_its_own_fields_and_statuses() -> None:
    demo = made(company="saas")
    statuses = demo.org.run_query("SELECT MasterLabel, IsConverted FROM LeadStatus ORDER BY SortOrder", user_id=None)
    assert [tuple(row) for row in statuses.rows] == [
        ("new", False), ("qualified", False), ("demo", False), ("trial", False), ("won", True), ("lost", False)
    ]  # fmt: skip
    fields = demo.org.schema["Lead"].fields
    assert {field.name for field in lead_fields(demo.simulation.kind)} <= fields.keys()
    assert fields["seats__c"].label == "seats"
    assert prompt_names(demo.simulation.kind)["web_visits__c"] == "web_visits"


def test_the_integration_user_sees_all_of_it() -> None:
    demo = made()
    user = demo.org.integration_user_id
    names = [field.name for field in lead_fields(demo.simulation.kind)]
    seen = demo.org.run_query(f"SELECT {', '.join(names)} FROM Lead", user_id=user).rows
    assert any(all(value is not None for value in row[:6]) for row in seen)
    for name in ("Task", "EmailMessage", "Event", "Note", "ContentNote", "LeadHistory"):
        assert demo.org.run_query(f"SELECT Id FROM {name}", user_id=user).rows, name


def test_the_org_says_that_it_is_invented() -> None:
    for company, org_id in SALESFORCE_DEMO_ORG_IDS.items():
        assert made(days=0, company=company).org.org_id == org_id == long_id(org_id)
        assert is_demo_org(org_id)


def test_progress_tells_of_every_day_once() -> None:
    told: list[int] = []
    demo = make_demo_org("test_drive", 1, 5, progress=told.append)
    assert sum(told) == YEAR_DAYS
    assert demo.org.clock.now() == START + YEAR_DAYS * DAY
    demo.advance(7, told.append)
    assert sum(told) == YEAR_DAYS + 7


def test_a_clock_that_went_on_meanwhile_is_not_set_back() -> None:
    demo = made()
    now = demo.org.clock.advance(10 * DAY)
    demo.advance(5)
    assert demo.org.clock.now() == now
    assert demo.moment == START + (SOME_DAYS + 5) * DAY
    demo.advance(7)
    assert demo.org.clock.now() == START + (SOME_DAYS + 12) * DAY


def test_time_that_has_passed_does_not_come_again() -> None:
    demo = made(days=2)
    with pytest.raises(ValueError, match="already"):
        demo.advance_to(START)
    with pytest.raises(ValueError, match="does not go back"):
        make_demo_org("test_drive", 1, 5, EmulatorClock(START + DAY))


def test_records_may_lie_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "org.sqlite"
    demo = make_demo_org("test_drive", 3, 60, until=START + SOME_DAYS * DAY, path=path)
    assert rows(demo) == rows(made())
    assert path.stat().st_size > 100_000
