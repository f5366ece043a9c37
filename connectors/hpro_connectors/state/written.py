"""The ledger's last word on every lead: what was last written to it, or at least sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection, delete, select

from hpro_connectors.fields import ScoreRow
from hpro_connectors.state._sql import among, upsert
from hpro_connectors.state.row_values import RowReader, columns_of
from hpro_connectors.state.rows import WrittenRow
from hpro_connectors.state.schema import LEADS, WRITTEN_ROWS


def written_rows(connection: Connection, lead_ids: Iterable[str] | None = None) -> dict[str, WrittenRow]:
    """Give what was last written to leads that live, by id.

    Args:
        connection: Within a transaction.
        lead_ids: Only of these; default: all of them.
    """
    wanted = (
        select(WRITTEN_ROWS).join(LEADS, LEADS.c.lead_id == WRITTEN_ROWS.c.lead_id).where(LEADS.c.deleted_at.is_(None))
    )
    if lead_ids is not None:
        wanted = wanted.where(among(WRITTEN_ROWS.c.lead_id, lead_ids))
    reader = RowReader(connection)
    return {
        row.lead_id: WrittenRow(row=reader.row(row), stage=row.stage, written_at=row.written_at, resend=row.resend)
        for row in connection.execute(wanted)
    }


def store_written(
    connection: Connection, rows: Iterable[tuple[ScoreRow, str | None]], at: datetime, *, resend: bool = False
) -> None:
    """Remember rows as the last written ones, each with the stage that its stage rank is of.

    Args:
        connection: Within a transaction.
        rows: As they were, or are about to be, sent.
        at: When.
        resend: Whether nobody knows yet if the CRM holds them.
    """
    upsert(
        connection,
        WRITTEN_ROWS,
        [columns_of(row) | {"stage": stage, "written_at": at, "resend": resend} for row, stage in rows],
    )


def restore_written(connection: Connection, earlier: Mapping[str, WrittenRow | None]) -> None:
    """Take back that rows were about to be sent: the CRM did not take them.

    Args:
        connection: Within a transaction.
        earlier: What was last written before, by lead id; ``None``: nothing yet.
    """
    unwritten = [lead_id for lead_id, row in earlier.items() if row is None]
    connection.execute(delete(WRITTEN_ROWS).where(among(WRITTEN_ROWS.c.lead_id, unwritten)))
    upsert(
        connection,
        WRITTEN_ROWS,
        [
            columns_of(row.row) | {"stage": row.stage, "written_at": row.written_at, "resend": row.resend}
            for row in earlier.values()
            if row is not None
        ],
    )
