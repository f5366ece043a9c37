"""Storing what a page tells."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from hpro_connectors.protocol import FieldRecord, InteractionRecord, LeadRecord, Page, StageRecord
from hpro_connectors.state.erasing import bury_leads, merge_leads
from hpro_connectors.state.forgetting import forget_leads
from hpro_connectors.state.forgotten import sift
from hpro_connectors.state.histories import delete_histories, store_histories
from hpro_connectors.state.interactions import delete_interactions, store_interactions
from hpro_connectors.state.leads import store_leads
from hpro_connectors.state.surrogates import harmless


def store_page(connection: Connection, page: Page, object_type: str, since: datetime | None = None) -> None:
    """Store what a page tells: records first, then merges, then deletions, so that a merge finds what it moves.

    What was forgotten is passed over, and so is what else comes of a forgotten person.

    Args:
        connection: Within a transaction.
        page: Of any stream.
        object_type: The scored object.
        since: Where the window begins that it is part of, when only what changed since then is read.
    """
    sifted = sift(connection, harmless(page), object_type)
    page = sifted.page
    store_leads(connection, [record for record in page.upserts if isinstance(record, LeadRecord)], since)
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
    if sifted.to_forget:  # an interaction of such a lead may have come before
        forget_leads(connection, sifted.to_forget.keys(), max(sifted.to_forget.values()))
