"""An org made of a table of leads, so that everything a CRM is good for can be tried on one's own data."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import ValidationError

from hpro_connectors.demo import org_changes as changes
from hpro_connectors.demo.org import OrgDefinition, creating_org
from hpro_connectors.demo.org_schema import to_microseconds, to_moment
from hpro_connectors.protocol import FieldInfo, StageInfo
from hpro_sdk.data import LeadRow, OutcomeMapping, TableMapping, TableRow
from hpro_sdk.data.field_values import read_label, read_moment
from hpro_sdk.data.leads import cell, table_leads
from hpro_sdk.data.table_rows import require_columns
from hpro_sdk.errors import ConfigError
from hpro_sdk.lead import Interaction, OutcomeResult

OPEN_STAGE = "open"
"""The one open stage of an org whose table tells of no funnel."""

_WON, _LOST = "won", "lost"

Progress = Callable[[int], None]
"""Called with the number of rows just imported."""

_HOUR = timedelta(hours=1) // timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """What was made of a table.

    Attributes:
        org_id: Of the new org; the same content gives the same id.
        name: Of the org.
        leads: How many.
        interactions: How many.
        won: Leads in the stage of those that were won.
        lost: Leads in the stage of those that were lost.
        open: All other leads.
        clock: Where the org's clock stands.
    """

    org_id: str
    name: str
    leads: int
    interactions: int
    won: int
    lost: int
    open: int
    clock: datetime


def import_table(
    table: Path, mapping: TableMapping, out: Path, *, now: datetime, progress: Progress | None = None
) -> ImportSummary:
    """Make an org of a table of leads.

    A lead that ``[outcome]`` knows as won or lost stands at that stage of the funnel, since the moment of ``at`` where
    that is mapped; without a label, or where the table lacks the column, a lead stands where ``stage`` says, or is
    open. What the table does not tell, such as when a lead was created, stays unknown.

    The org's clock stands at the latest moment in the data, or at ``now`` where there is none or where it is later
    (a planned meeting). Leads and interactions are stamped as modified one hour before the clock or earlier, so that
    a reader that keeps its distance to the clock sees them all.

    Args:
        table: CSV, JSONL or Parquet.
        mapping: Which column is what.
        out: Where the org shall be; an org that stands there is replaced.
        now: The present moment, with a time zone.
        progress: Told of each row.

    Raises:
        ConfigError: A path, the mapping or a column is wrong, or ``out`` is a file that is no org.
        DataError: The content of the table is: the reader's own error.
        StateLockedError: The org at ``out`` is in use.
        OutputError: The disk is full.
    """
    table, out = Path(table), Path(out)
    require_columns(table, mapping.lead_columns())
    definition = OrgDefinition(
        org_id=f"import-{_digest(table, mapping)[:12]}",
        name=table.stem.encode("utf-8", "replace").decode(),
        company="import",
        clock=now,
        stages=_stages(mapping),
        fields=_fields(mapping),
        object_type=mapping.object_type,
    )
    results = {stage.name: stage.result for stage in definition.stages}
    counts: Counter[OutcomeResult] = Counter()
    latest: int | None = None
    present = to_microseconds(now)
    with creating_org(out, definition) as org, org.transaction() as connection:
        for row, lead_row in table_leads(table, mapping):
            stage, ended_at = _standing(row, lead_row, mapping)
            counts[results.get(stage or "", OutcomeResult.OPEN)] += 1
            known = _insert(connection, lead_row, stage, ended_at, present)
            if progress is not None:
                progress(1)
            if known is not None:
                latest = known if latest is None else max(latest, known)
        clock = present if latest is None else min(latest, present)
        _settle(connection, clock)
        leads, interactions = (
            connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]  # noqa: S608 - one of two names
            for name in ("lead", "interaction")
        )
    return ImportSummary(
        org_id=definition.org_id,
        name=definition.name,
        leads=leads,
        interactions=interactions,
        won=counts[OutcomeResult.WON],
        lost=counts[OutcomeResult.LOST],
        open=counts[OutcomeResult.OPEN],
        clock=to_moment(clock),
    )


def _standing(row: TableRow, lead_row: LeadRow, mapping: TableMapping) -> tuple[str | None, datetime | None]:
    """Give the stage of a lead, and since when where it ended."""
    ended = None if mapping.outcome is None else _outcome(row, mapping.outcome)
    if ended is None:
        return (lead_row.lead.stage if mapping.funnel is not None else OPEN_STAGE), None
    won, at = ended
    names = (_WON, _LOST) if mapping.funnel is None else (mapping.funnel.won, mapping.funnel.lost)
    return names[0] if won else names[1], at


def _outcome(row: TableRow, outcome: OutcomeMapping) -> tuple[bool, datetime | None] | None:
    """Give whether a lead was won, and when; ``None`` for one that nobody knows the end of."""
    won = read_label(cell(row, outcome.label))
    if won is None:
        return None
    return won, None if outcome.at is None else read_moment(cell(row, outcome.at))


def _insert(
    connection: sqlite3.Connection, row: LeadRow, stage: str | None, ended_at: datetime | None, present: int
) -> int | None:
    """Insert a lead and its interactions, and give the latest moment at which any of it was known."""
    lead = row.lead
    created_at, entered_at = _first(lead.created_at), _first(ended_at)
    connection.execute(
        "INSERT INTO lead (lead_id, person_id, account_id, created_at, modified_at, stage, stage_entered_at,"
        " fields) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            lead.lead_id,
            lead.person_id,
            lead.account_id,
            created_at,
            _stamp(_first(row.as_of, lead.created_at), present),
            stage,
            entered_at,
            json.dumps(dict(lead.fields)),
        ),
    )
    known = [created_at, _first(row.as_of), entered_at]
    for interaction in lead.interactions:
        _insert_interaction(connection, lead.lead_id, interaction, present)
        known += [_first(interaction.recorded_at, interaction.occurred_at), _first(interaction.modified_at)]
    return max((one for one in known if one is not None), default=None)


def _insert_interaction(connection: sqlite3.Connection, lead_id: str, interaction: Interaction, present: int) -> None:
    changes.add_interaction(
        connection,
        lead_id,
        interaction.interaction_id,
        kind=interaction.kind.value,
        speaker=None if interaction.speaker is None else interaction.speaker.value,
        text=interaction.text,
        call_seconds=interaction.call_seconds,
        occurred_at=_first(interaction.occurred_at),
        recorded_at=_first(interaction.recorded_at),
        modified_at=_stamp(_first(interaction.modified_at, interaction.recorded_at, interaction.occurred_at), present),
    )


def _settle(connection: sqlite3.Connection, clock: int) -> None:
    """Put the clock where the data end; what had no date of its own lies there as well."""
    connection.execute("UPDATE org SET clock = ?", (clock,))
    connection.execute("UPDATE lead SET created_at = min(created_at, ?)", (clock,))  # nothing where nothing is known
    for statement in (
        "UPDATE lead SET modified_at = min(modified_at, ?)",
        "UPDATE interaction SET modified_at = min(modified_at, ?)",
    ):
        connection.execute(statement, (clock - _HOUR,))


def _first(*moments: datetime | None) -> int | None:
    return next((to_microseconds(moment) for moment in moments if moment is not None), None)


def _stamp(moment: int | None, present: int) -> int:
    return present if moment is None else moment


def _stages(mapping: TableMapping) -> tuple[StageInfo, ...]:
    funnel = mapping.funnel
    stages = (OPEN_STAGE,) if funnel is None else funnel.stages
    won, lost = (_WON, _LOST) if funnel is None else (funnel.won, funnel.lost)
    ends = (
        StageInfo(name=won, label=won, result=OutcomeResult.WON),
        StageInfo(name=lost, label=lost, result=OutcomeResult.LOST),
    )
    known = funnel is not None or mapping.outcome is not None
    return (*(StageInfo(name=stage, label=stage) for stage in stages), *(ends if known else ()))


def _fields(mapping: TableMapping) -> tuple[FieldInfo, ...]:
    try:
        return tuple(
            FieldInfo(
                name=column,
                label=feature.label or column,
                kind=feature.kind,
                known_at_creation=feature.known_at_creation,
            )
            for column, feature in mapping.features.items()
        )
    except ValidationError as exc:
        raise ConfigError(
            "A column in [features] has a name of more than 255 characters.", hint="Rename it in the table."
        ) from exc


def _digest(table: Path, mapping: TableMapping) -> str:
    digest = hashlib.sha256()
    second = mapping.interactions.file if mapping.interactions is not None else None
    for path in (table, *(() if second is None else (second.path,))):
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
