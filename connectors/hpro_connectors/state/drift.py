"""What the CRM shows of our own fields, against what was last written there: people and other tools change it too."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from hpro_connectors.fields import ScoreRow
from hpro_connectors.protocol import LeadRecord
from hpro_connectors.state._sql import among
from hpro_connectors.state.row_values import VALUES, columns_of, text_of
from hpro_connectors.state.schema import LEADS, WRITTEN_ROWS


def compare_shown(connection: Connection, records: Sequence[LeadRecord]) -> None:
    """Note what records show of our fields, and have a row sent again where it is not what was written.

    A version of a record from before the write says nothing. Where nothing was written and something is shown (a new
    state over an org that was scored before), what is shown counts as written.

    Args:
        connection: Within the transaction that stores the records, after them.
        records: Of one page, each lead once.
    """
    told = {record.key.lead_id: (record, record.shown) for record in records if record.shown is not None}
    if not told:
        return
    of_page = select(WRITTEN_ROWS).where(among(WRITTEN_ROWS.c.lead_id, told))
    written = {row.lead_id: row for row in connection.execute(of_page)}
    drifted: list[str] = []
    adopted: list[dict[str, object]] = []
    shown_now: dict[str, str] = {}
    for lead_id, (record, shown) in told.items():
        last = written.get(lead_id)
        if last is None:
            if not is_empty(shown):
                row = columns_of(shown) | {"lead_id": lead_id, "stage": None}
                adopted.append(row | {"written_at": record.modified_at, "resend": False})
        elif record.modified_at.replace(microsecond=0) < last.written_at.replace(microsecond=0):
            continue
        elif _differs(shown, last):
            drifted.append(lead_id)
        shown_now[lead_id] = text_of(shown)
    _store_shown(connection, shown_now)
    if drifted:
        connection.execute(update(WRITTEN_ROWS).where(among(WRITTEN_ROWS.c.lead_id, drifted)).values(resend=True))
    if adopted:
        connection.execute(insert(WRITTEN_ROWS), adopted)


def is_empty(shown: ScoreRow) -> bool:
    """Whether none of our fields has a value."""
    return all(getattr(shown, name) is None for name in VALUES)


def _store_shown(connection: Connection, shown_now: dict[str, str]) -> None:
    of_page = select(LEADS.c.lead_id, LEADS.c.shown).where(among(LEADS.c.lead_id, shown_now))
    before = {row.lead_id: row.shown for row in connection.execute(of_page)}
    other = [{"of_lead": name, "now": text} for name, text in shown_now.items() if before.get(name) != text]
    if other:
        connection.execute(
            update(LEADS).where(LEADS.c.lead_id == bindparam("of_lead")).values(shown=bindparam("now")), other
        )


def _differs(shown: ScoreRow, written: Row[Any]) -> bool:
    values = columns_of(shown)
    return any(_coarse(values[name]) != _coarse(getattr(written, name)) for name in VALUES)


def _coarse(value: object) -> object:
    """CRMs keep times to the second or the millisecond."""
    return value.replace(microsecond=0) if isinstance(value, datetime) else value
