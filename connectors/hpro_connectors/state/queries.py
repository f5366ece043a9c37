"""What people ask of the state: the list they work by."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from hpro_connectors.fields import Trend
from hpro_connectors.state.loading import last_interactions
from hpro_connectors.state.rows import QueueRow
from hpro_connectors.state.schema import LEADS, RUNS, SCORES
from hpro_sdk.lead import Band


def queue(connection: Connection, stage: str | None, band: Band | None, limit: int | None) -> list[QueueRow]:
    """Give ranked leads, best first.

    Args:
        connection: Within a transaction.
        stage: Only of this funnel stage.
        band: Only of this band.
        limit: At most so many.
    """
    wanted = (
        select(SCORES, LEADS.c.owner_id)
        .join(LEADS, LEADS.c.lead_id == SCORES.c.lead_id)
        .where(SCORES.c.rank.is_not(None), LEADS.c.open.is_(True))
        .order_by(SCORES.c.rank)
        .limit(limit)
    )
    if stage is not None:
        wanted = wanted.where(SCORES.c.stage == stage)
    if band is not None:
        wanted = wanted.where(SCORES.c.band == band.value)
    rows = connection.execute(wanted).all()
    reported = select(RUNS.c.as_of).where(RUNS.c.report.is_not(None)).order_by(RUNS.c.id.desc()).limit(1)
    as_of: datetime | None = connection.scalar(reported)
    last = {} if as_of is None else last_interactions(connection, [row.lead_id for row in rows], as_of)
    return [
        QueueRow(
            rank=row.rank,
            lead_id=row.lead_id,
            score=row.score,
            band=Band(row.band),
            trend=Trend(row.trend),
            stage=row.stage,
            stage_rank=row.stage_rank,
            stage_size=row.stage_size,
            last_interaction_at=last.get(row.lead_id),
            owner_id=row.owner_id,
        )
        for row in rows
    ]
