"""What the CRM shows of our own fields, against what was last written there: people and other tools change it too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, bindparam, insert, select, type_coerce, update

from hpro_connectors.fields import ScoreRow
from hpro_connectors.protocol import LeadRecord
from hpro_connectors.state._sql import among
from hpro_connectors.state.row_values import VALUES, columns_of, text_of
from hpro_connectors.state.schema import LEADS, WRITTEN_ROWS
from hpro_connectors.state.schema.types import stored_moment

_SECOND = 1_000_000
_COLUMNS: tuple[ColumnElement[Any], ...] = (
    LEADS.c.lead_id,
    LEADS.c.shown,
    WRITTEN_ROWS.c.lead_id.is_not(None),
    type_coerce(WRITTEN_ROWS.c.written_at, BigInteger),  # a number, for 200,000 leads are compared
    *(WRITTEN_ROWS.c[name] for name in VALUES if name != "scored_at"),
    type_coerce(WRITTEN_ROWS.c.scored_at, BigInteger),
)


def compare_shown(connection: Connection, records: Sequence[LeadRecord]) -> None:
    """Have a row sent again, and note what a record shows of our fields, where that is not what was written.

    A version of a record from before the write says nothing. Where nothing was written and something is shown (a new
    state over an org that was scored before), what is shown counts as written.

    Args:
        connection: Within the transaction that stores the records, after them.
        records: Of one page, each lead once.
    """
    told = {record.key.lead_id: (record, record.shown) for record in records if record.shown is not None}
    if not told:
        return
    of_page = (
        select(*_COLUMNS)
        .outerjoin(WRITTEN_ROWS, WRITTEN_ROWS.c.lead_id == LEADS.c.lead_id)
        .where(among(LEADS.c.lead_id, told))
    )
    drifted: list[str] = []
    adopted: list[dict[str, object]] = []
    noted: list[dict[str, object]] = []
    for lead_id, before, is_written, written_at, *last in connection.execute(of_page):
        record, shown = told[lead_id]
        other: str | None = None
        if not is_written:
            if is_empty(shown):
                other = text_of(shown)
            else:
                row = columns_of(shown) | {"lead_id": lead_id, "stage": None}
                adopted.append(row | {"written_at": record.modified_at, "resend": False})
        elif stored_moment(record.modified_at) // _SECOND < written_at // _SECOND:
            continue
        elif _differs(shown, last):
            drifted.append(lead_id)
            other = text_of(shown)
        if other != before:
            noted.append({"of_lead": lead_id, "now": other})
    if noted:
        connection.execute(
            update(LEADS).where(LEADS.c.lead_id == bindparam("of_lead")).values(shown=bindparam("now")), noted
        )
    if drifted:
        connection.execute(update(WRITTEN_ROWS).where(among(WRITTEN_ROWS.c.lead_id, drifted)).values(resend=True))
    if adopted:
        connection.execute(insert(WRITTEN_ROWS), adopted)


def is_empty(shown: ScoreRow) -> bool:
    """Whether none of our fields has a value."""
    return all(getattr(shown, name) is None for name in VALUES)


def _differs(shown: ScoreRow, last: Sequence[Any]) -> bool:
    """Compare a row with what :data:`_COLUMNS` gave of the written one; CRMs keep times to the second or so."""
    *values, scored_at = last
    now = None if shown.scored_at is None else stored_moment(shown.scored_at)
    if now != scored_at and (now is None or scored_at is None or now // _SECOND != scored_at // _SECOND):
        return True
    score = None if shown.score is None else int(shown.score * 100)
    rest = [shown.band, shown.trend, shown.rank, shown.stage_rank, shown.stage_size, shown.model]
    return [score, *rest] != values
