"""Ranks and trends of all open leads, as rows that could be written."""

from __future__ import annotations

from datetime import datetime

from hpro_connectors.engine.stages import StageNames
from hpro_connectors.engine.trend import TREND_AGE, trend_of
from hpro_connectors.fields import ScoreRow, Trend, written_score
from hpro_connectors.state import StateStore
from hpro_sdk.lead import LeadKey, ScoredLead
from hpro_sdk.ranking import rank_leads


def rank_open_leads(
    store: StateStore, stages: StageNames, org_id: str, object_type: str, as_of: datetime
) -> list[tuple[ScoredLead, Trend]]:
    """Rank every open lead that has a score, overall and within the stage it is in now, and give trends.

    Args:
        store: The state; it keeps ranks and trends.
        stages: The CRM's stages in the funnel's words.
        org_id: The org.
        object_type: The scored object.
        as_of: The moment from which trends look back.

    Returns:
        Best first.
    """
    current = store.current_scores(org_id, object_type)
    ranked = rank_leads(
        entry.scored.model_copy(update={"stage": None if entry.raw_stage is None else stages.name_of(entry.raw_stage)})
        for entry in current
    )
    earlier = store.earlier_scores(as_of - TREND_AGE)
    result = [(lead, trend_of(lead.score, earlier.get(lead.lead_id))) for lead in ranked]
    before = {entry.scored.lead_id: (entry.scored, entry.trend) for entry in current}
    store.store_ranks([(lead, trend) for lead, trend in result if (lead, trend) != before[lead.lead_id]])
    return result


def score_row(lead: ScoredLead, trend: Trend) -> ScoreRow:
    """Give the eight values of a ranked lead.

    Raises:
        NonFiniteScoreError: The score is not a number.
    """
    return ScoreRow(
        lead=LeadKey(lead.org_id, lead.object_type, lead.lead_id),
        score=written_score(lead.score),
        band=lead.band,
        trend=trend,
        rank=lead.rank,
        stage_rank=lead.stage_rank,
        stage_size=lead.stage_size,
        model=lead.model_id,
        scored_at=lead.scored_at,
    )
