"""A run as the commands make it: a user who may not write stops it before the first row, after all else is done."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from hpro_connectors.config import HproConfig, SalesforceCrm
from hpro_connectors.engine import PassReport, run_pass
from hpro_connectors.errors import SchemaDriftError
from hpro_connectors.orgs import pass_settings_of, working_org
from hpro_connectors.state import StateStore

if TYPE_CHECKING:
    from tests.integration.connectors.salesforce.writing.conftest import WritingWorld


def configured(world: WritingWorld, bulk_above: int = 2000) -> SalesforceCrm:
    return SalesforceCrm(
        connector="salesforce",
        domain="acme.my",
        consumer_key=world.emulator.app.consumer_key,
        consumer_secret=SecretStr(world.emulator.app.consumer_secret),
        emulator=world.emulator.url,
        state=world.folder / "org" / "main.sqlite",
        models=world.folder / "org" / "models",
        field_names={"Visits__c": "visits"},
        bulk_above=bulk_above,
    )


def run(world: WritingWorld, bulk_above: int = 2000) -> PassReport:
    world.clock.advance(timedelta(minutes=15))
    crm = configured(world, bulk_above)
    config = HproConfig(crm={"main": crm})
    with working_org(config, "main", crm) as org:
        settings = dataclasses.replace(pass_settings_of(config, crm, stop=org.stop), rails=False, now=world.clock.now)
        return run_pass(org.connector, org.store, world.scorer, settings)


def test_rows_1_and_2_reading_and_scoring_are_done_before_a_run_stops_with_exit_2(world: WritingWorld) -> None:
    world.add_leads(5)
    world.org.access.hide_field("Lead", "HPRO_Trend__c", user_id=world.org.integration_user_id)
    with pytest.raises(SchemaDriftError, match="HPRO_Trend__c") as caught:
        run(world)
    assert caught.value.exit_code == 2
    assert "HPRO_Connector" in str(caught.value.hint)
    with StateStore.open(configured(world).state) as store:
        assert len(store.queue()) == 5
        assert store.written_rows() == {}
    assert world.asked() == []
    world.org.access.show_field("Lead", "HPRO_Trend__c", user_id=world.org.integration_user_id)
    assert run(world).written == 5
    assert run(world).to_write == 0
    assert not (world.folder / "org" / "main-write-job.json").exists()


@pytest.mark.parametrize(("bulk_above", "jobs", "calls"), [(4, 1, 0), (5, 0, 1)])
def test_from_how_many_rows_on_a_bulk_job_is_made_is_configured(
    world: WritingWorld, bulk_above: int, jobs: int, calls: int
) -> None:
    world.add_leads(5)
    assert run(world, bulk_above).written == 5
    assert len(world.asked("/jobs/ingest$", "POST")) == jobs
    assert len(world.asked("/composite/sobjects$", "PATCH")) == calls
