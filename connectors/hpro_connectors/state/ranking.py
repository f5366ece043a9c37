"""Ranks and trends of all open leads, computed within SQL: an org of 200,000 is ranked without leaving the file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    case,
    exists,
    func,
    null,
    or_,
    select,
    update,
)

from hpro_connectors.fields import Trend
from hpro_connectors.state.schema import LEADS, SCORE_HISTORY, SCORES

_OPEN = and_(LEADS.c.lead_id == SCORES.c.lead_id, LEADS.c.open.is_(True))


def rank_open_leads(
    connection: Connection, stage_names: Mapping[str, str], compared_with: datetime, trend_points: float
) -> int:
    """Rank every open lead that has a score, overall and within the stage it is in now, and give trends.

    Best first; equal rank scores go by lead id, as :func:`hpro_sdk.ranking.ranking_order` has it. Leads that are not
    open keep their score and lose their ranks. What did not change costs no update.

    Args:
        connection: Within a transaction.
        stage_names: The funnel's names of the CRM's stages.
        compared_with: Trends compare with the score of that moment.
        trend_points: Points that count as a move.

    Returns:
        How many leads are ranked.
    """
    _take_ranks_off(connection)
    _set_stages(connection, stage_names)
    base = (
        select(
            SCORES.c.lead_id,
            SCORES.c.rank_score,
            SCORES.c.score,
            SCORES.c.stage,
            earlier_score(compared_with).label("earlier"),
        )
        .join(LEADS, _OPEN)
        .subquery("base")
    )
    order = (base.c.rank_score.desc(), base.c.lead_id)
    has_stage = base.c.stage.is_not(None)
    in_stage = func.row_number().over(partition_by=base.c.stage, order_by=order)
    ranked = select(
        base.c.lead_id.label("of_lead"),
        func.row_number().over(order_by=order).label("new_rank"),
        case((has_stage, in_stage)).label("new_stage_rank"),
        case((has_stage, func.count().over(partition_by=base.c.stage))).label("new_stage_size"),
        trend_of(base.c.score - base.c.earlier, trend_points).label("new_trend"),
    ).cte("ranked")
    moved = or_(
        SCORES.c.rank.is_distinct_from(ranked.c.new_rank),
        SCORES.c.stage_rank.is_distinct_from(ranked.c.new_stage_rank),
        SCORES.c.stage_size.is_distinct_from(ranked.c.new_stage_size),
        SCORES.c.trend.is_distinct_from(ranked.c.new_trend),
    )
    connection.execute(
        update(SCORES)
        .where(SCORES.c.lead_id == ranked.c.of_lead, moved)
        .values(
            rank=ranked.c.new_rank,
            stage_rank=ranked.c.new_stage_rank,
            stage_size=ranked.c.new_stage_size,
            trend=ranked.c.new_trend,
        )
    )
    return connection.scalar(select(func.count()).select_from(SCORES).join(LEADS, _OPEN)) or 0


def earlier_score(moment: datetime) -> ColumnElement[float | None]:
    """Give the score that a lead had at a moment, as far as its score of now may be compared with it.

    It is the newest score of its own that was not made later, by the model that gave its score now. Only a lead that
    had no score then takes that of a lead which was merged into it.

    Args:
        moment: The moment.
    """
    of_lead = (SCORE_HISTORY.c.lead_id == SCORES.c.lead_id, SCORE_HISTORY.c.scored_at <= moment)
    is_own = SCORE_HISTORY.c.origin_lead_id == SCORE_HISTORY.c.lead_id
    newest = (
        select(SCORE_HISTORY.c.score)
        .where(*of_lead, SCORE_HISTORY.c.model_id == SCORES.c.model_id)
        .order_by(SCORE_HISTORY.c.scored_at.desc(), SCORE_HISTORY.c.id.desc())
        .limit(1)
        .correlate(SCORES)
    )
    had_one = exists().where(*of_lead, is_own).correlate(SCORES)
    return case((had_one, newest.where(is_own).scalar_subquery()), else_=newest.scalar_subquery())


def trend_of(gap: ColumnElement[float | None], points: float) -> ColumnElement[str]:
    """Give the trend of a score.

    Args:
        gap: The score now less the one it is compared with; NULL when there is none.
        points: Points that count as a move.
    """
    return case(
        (gap.is_(None), Trend.NOT_ENOUGH_INFORMATION.value),
        (gap >= points, Trend.IMPROVING.value),
        (gap <= -points, Trend.DECLINING.value),
        else_=Trend.STEADY.value,
    )


def _set_stages(connection: Connection, stage_names: Mapping[str, str]) -> None:
    """Give each scored open lead the funnel's name of the stage it is in now."""
    name = case(dict(stage_names), value=LEADS.c.stage) if stage_names else null()
    connection.execute(update(SCORES).where(_OPEN, SCORES.c.stage.is_distinct_from(name)).values(stage=name))


def _take_ranks_off(connection: Connection) -> None:
    closed = select(LEADS.c.lead_id).where(LEADS.c.open.is_(False))
    connection.execute(
        update(SCORES)
        .where(SCORES.c.rank.is_not(None), SCORES.c.lead_id.in_(closed))
        .values(rank=None, stage_rank=None, stage_size=None)
    )
