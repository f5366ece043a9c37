"""A run that is to end while a Bulk query job is at work: it is heard, and the job is kept or ended as fits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hpro_connectors.errors import RunStoppedError
from hpro_connectors.protocol import Backfill
from hpro_connectors.salesforce.connector import SalesforceConnector
from hpro_connectors.salesforce.rows import id_lists
from hpro_connectors.salesforce.settings import SalesforceSettings
from hpro_connectors.testing import ManualClock, ManualSleep

if TYPE_CHECKING:
    from tests.integration.connectors.salesforce.rows.conftest import ServedOrg

SETTINGS = SalesforceSettings(interactions=())


def stopped(_seconds: float) -> None:
    raise RunStoppedError


def jobs(served: ServedOrg, method: str) -> int:
    return sum(number for call, number in served.calls().items() if call == f"{method} jobs/query")


def test_a_first_load_hears_a_stop_and_the_next_run_goes_on_with_its_job(served: ServedOrg) -> None:
    ids = served.fill(20)
    served.wait(minutes=10)
    load = Backfill(end=served.clock.now())
    pages = SalesforceConnector(served.client(), SETTINGS, sleep=stopped).read("Lead", load)
    resume = next(pages).resume
    with pytest.raises(RunStoppedError):
        next(pages)
    clock = ManualClock()
    later = SalesforceConnector(served.client(), SETTINGS, sleep=ManualSleep(clock), clock=clock.seconds)
    read = [one.key.lead_id for page in later.read("Lead", load, resume) for one in page.upserts]  # type: ignore[union-attr]
    assert sorted(read) == sorted(ids)
    assert (jobs(served, "POST"), jobs(served, "PATCH"), jobs(served, "DELETE")) == (1, 0, 1)


def test_a_list_of_ids_hears_a_stop_and_leaves_no_job(served: ServedOrg, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(id_lists, "MOST_BY_REST", 5)
    served.fill(20)
    connector = SalesforceConnector(served.client(), SETTINGS, sleep=stopped)
    with pytest.raises(RunStoppedError):
        connector.list_ids("Lead")
    assert (jobs(served, "POST"), jobs(served, "PATCH"), jobs(served, "DELETE")) == (1, 1, 1)
    last = served.emulator.journal.entries[-1]
    assert (last.method, last.status) == ("DELETE", 204)
