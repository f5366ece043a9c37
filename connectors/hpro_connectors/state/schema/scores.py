"""Tables of scores."""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, Table, Text

from hpro_connectors.state.schema.types import METADATA, Moment

SCORES = Table(
    "scores",
    METADATA,
    Column("lead_id", ForeignKey("leads.lead_id"), primary_key=True),
    Column("input_hash", Text, nullable=False),
    Column("model_id", Text, nullable=False),
    Column("rank_score", Float, nullable=False),
    Column("probability", Float, nullable=False),
    Column("score", Float, nullable=False),
    Column("band", Text, nullable=False),
    Column("stage", Text),
    Column("scored_at", Moment, nullable=False),
    Column("next_due_at", Moment, index=True),
    Column("interactions_dropped", Integer, nullable=False),
    Column("interactions_cut", Integer, nullable=False),
    Column("trend", Text),
    Column("rank", Integer, index=True),
    Column("stage_rank", Integer),
    Column("stage_size", Integer),
)
FAILED_PROMPTS = Table(
    "failed_prompts",
    METADATA,
    Column("lead_id", ForeignKey("leads.lead_id"), primary_key=True),
    Column("input_hash", Text, nullable=False),
    Column("model_id", Text, nullable=False),
)
SCORE_HISTORY = Table(
    "score_history",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("lead_id", Text, nullable=False),
    Column("origin_lead_id", Text, nullable=False),
    Column("scored_at", Moment, nullable=False),
    Column("model_id", Text, nullable=False),
    Column("rank_score", Float, nullable=False),
    Column("score", Float, nullable=False),
    Column("band", Text, nullable=False),
    Index("score_history_of_lead", "lead_id", "scored_at"),
)
