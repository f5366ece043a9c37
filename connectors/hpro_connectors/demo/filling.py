"""Filling an org with what happens in a simulated company."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from datetime import datetime

from hpro_connectors.demo import org_changes as changes
from hpro_connectors.demo.events import (
    Event,
    FieldSet,
    InteractionEdited,
    InteractionLogged,
    LeadCreated,
    LeadDeleted,
    LeadMerged,
    SimulatedLead,
    StageEntered,
)
from hpro_connectors.demo.org import Org
from hpro_connectors.demo.org_schema import to_microseconds, to_moment
from hpro_sdk.errors import ConfigError


def apply_events(org: Org, events: Iterable[Event]) -> int:
    """Let events happen in an org, all of them or none; its clock goes on to the last one.

    What concerns a lead that people have deleted or merged away is passed over.

    Args:
        org: Open for writing.
        events: In the order of their moments.

    Returns:
        How many events happened.

    Raises:
        DataError: A lead is created a second time.
        ConnectorError: The org cannot be written.
    """
    applied, last = 0, None
    with org.transaction() as connection:
        for event in events:
            last = to_microseconds(event.at)
            applied += _apply(connection, event, last)
        if last is not None:
            connection.execute("UPDATE org SET clock = max(clock, ?)", (last,))
    return applied


def set_clock(org: Org, moment: datetime) -> None:
    """Put the org's clock forward.

    Args:
        org: Open for writing.
        moment: With a time zone.

    Raises:
        ConfigError: It would go back.
        ConnectorError: The org cannot be written.
    """
    with org.transaction() as connection:
        now = connection.execute("SELECT clock FROM org").fetchone()[0]
        if to_microseconds(moment) < now:
            raise ConfigError(
                f"The clock of the org stands at {to_moment(now).isoformat()} and cannot go back to "
                f"{moment.isoformat()}.",
                hint="Give a later moment, or make the org anew.",
            )
        connection.execute("UPDATE org SET clock = ?", (to_microseconds(moment),))


def _apply(connection: sqlite3.Connection, event: Event, at: int) -> bool:
    if isinstance(event, LeadCreated):
        _create(connection, event.lead, at)
        return True
    if not changes.is_live(connection, event.lead_id):
        return False
    match event:
        case InteractionLogged():
            changes.add_interaction(
                connection,
                event.lead_id,
                event.interaction_id,
                kind=event.kind.value,
                speaker=None if event.speaker is None else event.speaker.value,
                text=event.text,
                call_seconds=event.call_seconds,
                occurred_at=to_microseconds(event.occurred_at),
                recorded_at=at,
                modified_at=at,
            )
        case InteractionEdited():
            if not changes.is_live_interaction(connection, event.interaction_id):
                return False
            changes.set_text(connection, event.interaction_id, event.text, at)
        case StageEntered():
            changes.enter_stage(connection, event.lead_id, event.stage, at)
        case FieldSet():
            changes.set_field(connection, event.lead_id, event.field, event.new, at, tracked=event.tracked)
        case LeadDeleted():
            changes.delete_lead_row(connection, event.lead_id, at)
        case LeadMerged():
            if event.survivor_id == event.lead_id or not changes.is_live(connection, event.survivor_id):
                return False
            changes.merge_lead_rows(connection, event.lead_id, event.survivor_id, at)
    return True


def _create(connection: sqlite3.Connection, lead: SimulatedLead, at: int) -> None:
    created_at = to_microseconds(lead.created_at)
    connection.execute(
        "INSERT INTO lead (lead_id, person_id, account_id, owner_id, created_at, modified_at, stage,"
        " stage_entered_at, fields) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            lead.lead_id,
            lead.person_id,
            lead.account_id,
            lead.owner_id,
            created_at,
            at,
            lead.stage,
            created_at,
            json.dumps(dict(lead.fields)),
        ),
    )
    changes.log_stage(connection, lead.lead_id, lead.stage, created_at)
