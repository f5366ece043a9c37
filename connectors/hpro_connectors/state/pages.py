"""Storing a page and how far its stream was read, in one transaction; and what was read before."""

from __future__ import annotations

import json
from datetime import datetime

from pydantic import JsonValue
from sqlalchemy import Connection, select

from hpro_connectors.protocol import Backfill, FieldRecord, InteractionRecord, LeadRecord, Page, StageRecord, Window
from hpro_connectors.state._sql import upsert
from hpro_connectors.state.erasing import bury_leads, merge_leads
from hpro_connectors.state.histories import delete_histories, store_histories
from hpro_connectors.state.interactions import delete_interactions, store_interactions
from hpro_connectors.state.leads import store_leads
from hpro_connectors.state.rows import StreamCursor
from hpro_connectors.state.schema import CURSORS
from hpro_connectors.state.surrogates import harmless


def store_page(connection: Connection, page: Page, object_type: str) -> None:
    """Store what a page tells: records first, then merges, then deletions, so that a merge finds what it moves.

    Args:
        connection: Within a transaction.
        page: Of any stream.
        object_type: The scored object.
    """
    page = harmless(page)
    store_leads(connection, [record for record in page.upserts if isinstance(record, LeadRecord)])
    store_interactions(
        connection, [record for record in page.upserts if isinstance(record, InteractionRecord)], object_type
    )
    store_histories(connection, [record for record in page.upserts if isinstance(record, StageRecord | FieldRecord)])
    merge_leads(connection, [merge for merge in page.merges if merge.loser.object_type == object_type])
    of_leads = [tombstone for tombstone in page.tombstones if tombstone.key.object_type == object_type]
    others = [tombstone for tombstone in page.tombstones if tombstone.key.object_type != object_type]
    bury_leads(connection, of_leads)
    if others:
        delete_interactions(connection, others)
        delete_histories(connection, others)


def read_cursor(connection: Connection, stream: str) -> StreamCursor:
    """Give how far a stream was read."""
    row = connection.execute(select(CURSORS).where(CURSORS.c.stream == stream)).first()
    if row is None:
        return StreamCursor()
    window: Window | Backfill | None = None
    if row.window_end is not None:
        begins: datetime | None = row.window_start
        window = Backfill(end=row.window_end) if begins is None else Window(start=begins, end=row.window_end)
    resume: JsonValue = None if row.resume is None else json.loads(row.resume)
    return StreamCursor(cursor=row.cursor, window=window, resume=resume)


def store_cursor(connection: Connection, stream: str, window: Window | Backfill, page: Page) -> None:
    """Remember that a page was stored: where to go on, or that the window is done.

    Args:
        connection: Within the transaction that stores the page.
        stream: Which one.
        window: That the page is part of.
        page: The page.
    """
    row: dict[str, object] = {
        "stream": stream,
        "cursor": read_cursor(connection, stream).cursor,
        "window_start": window.start if isinstance(window, Window) else None,
        "window_end": window.end,
        "resume": json.dumps(page.resume),
    }
    if page.complete:
        row |= {"cursor": window.end, "window_start": None, "window_end": None, "resume": None}
    upsert(connection, CURSORS, [row])
