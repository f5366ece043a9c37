"""HPRO's own memory of one org, in one SQLite file: records as read, scores, and what was written."""

from hpro_connectors.state.assemble import StageName, assemble_lead
from hpro_connectors.state.marks import Mark, MarkName
from hpro_connectors.state.open_leads import Standing
from hpro_connectors.state.outbox import Settlement, Wanted
from hpro_connectors.state.pass_report import PassReport, Problem, StageSeconds
from hpro_connectors.state.plans import Plan, PlanRow, PlanStatus, Queued
from hpro_connectors.state.rows import (
    CurrentScore,
    HistoryEntry,
    LeadToLookAt,
    OutboxRow,
    QueueRow,
    StoredInteraction,
    StoredLead,
    StreamCursor,
    WrittenRow,
)
from hpro_connectors.state.runs import Run, RunKind, RunStatus
from hpro_connectors.state.store import StateStore

__all__ = [
    "CurrentScore",
    "HistoryEntry",
    "LeadToLookAt",
    "Mark",
    "MarkName",
    "OutboxRow",
    "PassReport",
    "Plan",
    "PlanRow",
    "PlanStatus",
    "Problem",
    "QueueRow",
    "Queued",
    "Run",
    "RunKind",
    "RunStatus",
    "Settlement",
    "StageName",
    "StageSeconds",
    "Standing",
    "StateStore",
    "StoredInteraction",
    "StoredLead",
    "StreamCursor",
    "Wanted",
    "WrittenRow",
    "assemble_lead",
]
