"""Scores, their history and ranks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, Select, and_, bindparam, delete, insert, or_, select, update

from hpro_connectors.fields import Trend
from hpro_connectors.state._sql import among, upsert
from hpro_connectors.state.leads import mark_changed
from hpro_connectors.state.rows import CurrentScore, HistoryEntry, LeadToLookAt
from hpro_connectors.state.schema import CHANGED_LEADS, FAILED_PROMPTS, LEADS, SCORE_HISTORY, SCORES, WRITTEN_ROWS
from hpro_sdk.lead import Band, OutcomeResult, ScoredLead

_SCORE_COLUMNS = {
    "lead_id",
    "input_hash",
    "model_id",
    "rank_score",
    "probability",
    "score",
    "band",
    "stage",
    "scored_at",
    "next_due_at",
    "interactions_dropped",
    "interactions_cut",
}


def leads_to_look_at(connection: Connection, model_id: str, now: datetime) -> list[LeadToLookAt]:
    """Give the open leads that changed, are due, were never scored, or were scored by another model; by id."""
    rows = connection.execute(
        select(
            LEADS.c.lead_id,
            CHANGED_LEADS.c.lead_id.is_not(None).label("changed"),
            SCORES.c.input_hash,
            SCORES.c.model_id,
            SCORES.c.band,
            FAILED_PROMPTS.c.input_hash.label("failed_hash"),
        )
        .outerjoin(CHANGED_LEADS, CHANGED_LEADS.c.lead_id == LEADS.c.lead_id)
        .outerjoin(SCORES, SCORES.c.lead_id == LEADS.c.lead_id)
        .outerjoin(
            FAILED_PROMPTS,
            and_(FAILED_PROMPTS.c.lead_id == LEADS.c.lead_id, FAILED_PROMPTS.c.model_id == model_id),
        )
        .where(
            LEADS.c.open.is_(True),
            or_(
                CHANGED_LEADS.c.lead_id.is_not(None),
                SCORES.c.lead_id.is_(None),
                SCORES.c.model_id != model_id,
                SCORES.c.next_due_at <= now,
            ),
        )
        .order_by(LEADS.c.lead_id)
    )
    return [
        LeadToLookAt(
            lead_id=row.lead_id,
            changed=bool(row.changed),
            input_hash=row.input_hash,
            model_id=row.model_id,
            band=None if row.band is None else Band(row.band),
            failed_hash=row.failed_hash,
        )
        for row in rows
    ]


def store_scores(connection: Connection, scored: Sequence[ScoredLead], same: Mapping[str, datetime | None]) -> None:
    """Store new scores and their history, and that all these leads were looked at.

    Args:
        connection: Within a transaction.
        scored: Leads with a new score.
        same: Leads whose prompt is the one they were scored by, and when they are due next.
    """
    rows = [lead.model_dump(include=_SCORE_COLUMNS) | {"band": lead.band.value} for lead in scored]
    upsert(connection, SCORES, rows)
    if scored:
        connection.execute(
            insert(SCORE_HISTORY),
            [
                {
                    "lead_id": lead.lead_id,
                    "origin_lead_id": lead.lead_id,
                    "scored_at": lead.scored_at,
                    "model_id": lead.model_id,
                    "rank_score": lead.rank_score,
                    "score": lead.score,
                    "band": lead.band.value,
                }
                for lead in scored
            ],
        )
    if same:
        connection.execute(
            update(SCORES).where(SCORES.c.lead_id == bindparam("of_lead")).values(next_due_at=bindparam("due_at")),
            [{"of_lead": lead_id, "due_at": due_at} for lead_id, due_at in same.items()],
        )
    looked_at = [*(lead.lead_id for lead in scored), *same]
    for table in (CHANGED_LEADS, FAILED_PROMPTS):
        connection.execute(delete(table).where(among(table.c.lead_id, looked_at)))


def store_failures(connection: Connection, failed: Mapping[str, str], model_id: str) -> None:
    """Remember prompts for which a model gives no number, so that it is not asked again.

    Args:
        connection: Within a transaction.
        failed: The hash of the prompt, by lead id.
        model_id: The model.
    """
    rows = [{"lead_id": name, "input_hash": prompt, "model_id": model_id} for name, prompt in failed.items()]
    upsert(connection, FAILED_PROMPTS, rows)


def confirm_scores(connection: Connection, lead_ids: Select[tuple[str]], model_id: str, as_of: datetime) -> None:
    """Note that scores still hold: they are what the model would give now.

    Leads that could not be scored anew, and those whose score is of another model, are left as they are.

    Args:
        connection: Within a transaction.
        lead_ids: Of which leads.
        model_id: The model in use.
        as_of: The server's clock; what is due by then is not sure to hold.
    """
    connection.execute(
        update(SCORES)
        .where(
            SCORES.c.lead_id.in_(lead_ids),
            SCORES.c.lead_id.not_in(select(CHANGED_LEADS.c.lead_id)),
            SCORES.c.model_id == model_id,
            or_(SCORES.c.next_due_at.is_(None), SCORES.c.next_due_at > as_of),
        )
        .values(scored_at=as_of)
    )


def current_scores(connection: Connection, org_id: str, object_type: str) -> list[CurrentScore]:
    """Give the scores of all open leads that have one; ranks and stages are left for the ranking to fill in."""
    rows = connection.execute(
        select(SCORES, LEADS.c.stage.label("raw_stage"))
        .join(LEADS, LEADS.c.lead_id == SCORES.c.lead_id)
        .where(LEADS.c.open.is_(True))
    )
    return [
        CurrentScore(
            scored=ScoredLead(
                org_id=org_id,
                object_type=object_type,
                **{name: value for name, value in row._mapping.items() if name not in {"raw_stage", "trend"}},  # noqa: SLF001
            ),
            raw_stage=row.raw_stage,
            trend=None if row.trend is None else Trend(row.trend),
        )
        for row in rows
    ]


def forget_prompts(
    connection: Connection, lead_ids: Sequence[str] | None, *, dry_run: bool, resend: bool = False
) -> int:
    """Forget the prompts that leads were scored by, so that the next scoring scores them anew; give how many.

    With ``resend`` they are written anew too, as if the CRM showed something else.
    """
    wanted = select(LEADS.c.lead_id).where(LEADS.c.open.is_(True))
    if lead_ids is not None:
        wanted = wanted.where(among(LEADS.c.lead_id, lead_ids))
    found = connection.scalars(wanted).all()
    if not dry_run:
        mark_changed(connection, found)
        connection.execute(update(SCORES).where(among(SCORES.c.lead_id, found)).values(input_hash=""))
        connection.execute(delete(FAILED_PROMPTS).where(among(FAILED_PROMPTS.c.lead_id, found)))
        if resend:
            connection.execute(update(WRITTEN_ROWS).where(among(WRITTEN_ROWS.c.lead_id, found)).values(resend=True))
    return len(found)


def results_of(connection: Connection, lead_ids: Sequence[str]) -> dict[str, tuple[str | None, OutcomeResult | None]]:
    """Give stage and result of live leads, by id; others are left out."""
    rows = connection.execute(
        select(LEADS.c.lead_id, LEADS.c.stage, LEADS.c.result).where(
            LEADS.c.deleted_at.is_(None), among(LEADS.c.lead_id, lead_ids)
        )
    )
    return {row.lead_id: (row.stage, None if row.result is None else OutcomeResult(row.result)) for row in rows}


def score_history(connection: Connection, lead_id: str) -> list[HistoryEntry]:
    """Give the scores a lead had, oldest first."""
    rows = connection.execute(
        select(SCORE_HISTORY)
        .where(SCORE_HISTORY.c.lead_id == lead_id)
        .order_by(SCORE_HISTORY.c.scored_at, SCORE_HISTORY.c.id)
    )
    return [
        HistoryEntry(
            scored_at=row.scored_at,
            score=row.score,
            rank_score=row.rank_score,
            band=Band(row.band),
            model_id=row.model_id,
            origin_lead_id=row.origin_lead_id,
        )
        for row in rows
    ]
