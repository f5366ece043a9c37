"""What passes log: events with the run's id, and above DEBUG nothing that anybody wrote."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from hpro_connectors.errors import RecordRejectedError
from hpro_connectors.log_events import LogEvent
from hpro_connectors.protocol import WriteStatus
from hpro_connectors.testing import World
from hpro_sdk.cli.logging_setup import configure_logging

PLANTED = ("Wilhelmina", "wilhelmina@example.org", "+49 170 5550123", "quiet-words-of-a-lead", "Bearer sk-planted")


Log = Callable[[], str]


@pytest.fixture
def log(capsys: pytest.CaptureFixture[str]) -> Iterator[Log]:
    """Log as `-v` does, and give what was logged since the last look."""
    configure_logging(1)
    yield lambda: capsys.readouterr().err
    configure_logging(0)


def records(log: Log) -> list[dict[str, object]]:
    return [json.loads(line) for line in log().splitlines()]


def fill_with_secrets(world: World) -> None:
    name, mail, phone, words, token = PLANTED
    world.fill(4)
    world.company.change_lead("L001", fields={"visits": 7, "name": name, "mail": mail, "phone": phone})
    world.company.log_interaction("I-secret", "L001", text=f"{name} {mail} {phone} {words} {token}")


def test_nothing_that_a_lead_wrote_is_logged_above_debug(world: World, log: Log) -> None:
    fill_with_secrets(world)
    world.connector.answers["L002"] = WriteStatus.REJECTED
    world.run()
    world.connector.answers["L002"] = WriteStatus.RETRY
    world.company.change_lead("L002", fields={"visits": 30, "name": PLANTED[0]})
    world.company.change_lead("L003", stage="nowhere " + PLANTED[3])
    world.run()

    def refuse(_rows: object) -> None:
        raise RecordRejectedError(f"bad value for {PLANTED[0]}: {PLANTED[3]}", vendor_code="BAD_VALUE")

    world.connector.before_write = refuse
    world.company.change_lead("L000", fields={"visits": 40})
    world.run()

    def break_down(_rows: object) -> None:
        raise ZeroDivisionError(PLANTED[3])

    world.connector.before_write = break_down
    world.company.change_lead("L001", fields={"visits": 41})
    with pytest.raises(Exception, match="does not know"):
        world.run()
    told = log()
    assert "pass_ended" in told
    for planted in PLANTED:
        assert planted not in told


def test_every_record_of_a_run_names_it_and_its_events_are_known(world: World, log: Log) -> None:
    fill_with_secrets(world)
    first, second = world.run().run_id, world.run().run_id
    told = records(log)
    assert {record["run_id"] for record in told} == {first, second}
    events = [record["event"] for record in told if record["run_id"] == first]
    assert set(events) <= set(LogEvent)
    assert (events[0], events[-1]) == (LogEvent.RUN_STARTED, LogEvent.PASS_ENDED)
    assert {LogEvent.STREAM_READ, LogEvent.SCORED, LogEvent.BATCH_WRITTEN} <= set(events)


def test_a_refused_row_is_named_by_its_lead_and_the_code_alone(world: World, log: Log) -> None:
    world.fill(2)
    world.connector.answers["L001"] = WriteStatus.REJECTED
    world.run()
    (refused,) = [record for record in records(log) if record.get("event") == LogEvent.ROW_REJECTED]
    assert refused["lead_id"] == "L001"
    assert refused["code"] == "rejected"
