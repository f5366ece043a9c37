"""HPRO's own memory of one org, in one SQLite file: records as read, scores, and what was written."""

from hpro_connectors.state.assemble import StageName, assemble_lead
from hpro_connectors.state.pass_report import PassReport, Problem
from hpro_connectors.state.rows import (
    CurrentScore,
    HistoryEntry,
    LeadToLookAt,
    QueueRow,
    Standing,
    StoredInteraction,
    StoredLead,
    StreamCursor,
    WrittenRow,
)
from hpro_connectors.state.store import StateStore

__all__ = [
    "CurrentScore",
    "HistoryEntry",
    "LeadToLookAt",
    "PassReport",
    "Problem",
    "QueueRow",
    "StageName",
    "Standing",
    "StateStore",
    "StoredInteraction",
    "StoredLead",
    "StreamCursor",
    "WrittenRow",
    "assemble_lead",
]
