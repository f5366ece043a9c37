"""Which rows the CRM should show and does not: the writing rule, within SQL.

A ranked lead is written when its band, trend, stage or model differ from what was last written, its score by more than
epsilon, a rank beyond the rule of :mod:`hpro_connectors.engine.writing_rule`, when the CRM may show something else, or
when the last write is too old. A lead that is no longer ranked gets its ranks taken off once. A row that the CRM
refused waits until it would differ from the refused one by the same rule, or until the CRM's own description changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    FromClause,
    Select,
    and_,
    case,
    func,
    literal,
    or_,
    select,
    union_all,
)

from hpro_connectors.state.schema import DEAD_LETTERS, LEADS, SCORES, WRITTEN_ROWS
from hpro_connectors.state.schema.types import Moment

_SMALLEST_MOVE = 0.500001
"""Hundredths of a point: a score that rounds to what was written did not move."""


class WriteReason(StrEnum):
    """Why a row is written; of several reasons the first one that is listed here."""

    CLEAR = "clear"
    NEW = "new"
    BAND = "band"
    MODEL = "model"
    DRIFT = "drift"
    TREND = "trend"
    SCORE = "score"
    STAGE = "stage"
    RANK = "rank"
    REFRESH = "refresh"
    ROLLBACK = "rollback"


_PRIORITY = {
    WriteReason.CLEAR: 0,
    WriteReason.ROLLBACK: 0,
    WriteReason.NEW: 1,
    WriteReason.BAND: 2,
    WriteReason.MODEL: 2,
    WriteReason.TREND: 3,
    WriteReason.SCORE: 3,
    WriteReason.STAGE: 3,
    WriteReason.RANK: 3,
    WriteReason.DRIFT: 4,
    WriteReason.REFRESH: 5,
}


def priority_of(reason: WriteReason) -> int:
    """Give the place of a reason in the outbox: ranks that must go first, then new leads, then bands, then the rest."""
    return _PRIORITY[reason]


@dataclass(frozen=True, slots=True)
class WritingLimits:
    """What counts as a difference.

    Attributes:
        score_epsilon: Points by which a score may move without a write.
        exact_ranks: Ranks up to here are always exact.
        rank_share_percent: A rank below that may move by this share of the written one.
        written_before: A row that was last written then, or before, is written again.
        metadata_hash: Of what the CRM says of our fields; a row that was refused under another one is tried again.
    """

    score_epsilon: float
    exact_ranks: int
    rank_share_percent: int
    written_before: datetime
    metadata_hash: str


Columns = dict[str, ColumnElement[Any]]


def current_columns() -> Columns:
    """Give the values that a ranked lead should show, as columns of ``scores``."""
    return {
        "score": SCORES.c.score * 100,
        "band": SCORES.c.band,
        "trend": SCORES.c.trend,
        "rank": SCORES.c.rank,
        "stage_rank": SCORES.c.stage_rank,
        "model": SCORES.c.model_id,
        "stage": SCORES.c.stage,
    }


def score_moved(new: Columns, old: FromClause, limits: WritingLimits) -> ColumnElement[bool]:
    """Decide whether a score moved by more than epsilon."""
    least = max(100 * limits.score_epsilon, _SMALLEST_MOVE)
    return or_(new["score"].is_(None) != old.c.score.is_(None), func.abs(new["score"] - old.c.score) > least)


def rank_moved(new: ColumnElement[Any], old: ColumnElement[Any], limits: WritingLimits) -> ColumnElement[bool]:
    """Decide whether a rank moved so far that it is written."""
    is_near = func.min(new, old) <= limits.exact_ranks
    far = 100 * func.abs(new - old) > limits.rank_share_percent * old
    return case((or_(new.is_(None), old.is_(None)), new.is_distinct_from(old)), (is_near, new != old), else_=far)


def desired(limits: WritingLimits) -> CompoundSelect[Any]:
    """Give all rows to be written: ``lead_id``, ``reason``, and whether each only ``clears`` ranks."""
    return union_all(_ranked(limits), _to_clear(limits))


def _ranked(limits: WritingLimits) -> Select[Any]:
    new, old, dead = current_columns(), WRITTEN_ROWS, DEAD_LETTERS
    reason = case(
        (old.c.lead_id.is_(None), WriteReason.NEW.value),
        (new["band"].is_distinct_from(old.c.band), WriteReason.BAND.value),
        (new["model"].is_distinct_from(old.c.model), WriteReason.MODEL.value),
        (old.c.resend.is_(True), WriteReason.DRIFT.value),
        (new["trend"].is_distinct_from(old.c.trend), WriteReason.TREND.value),
        (score_moved(new, old, limits), WriteReason.SCORE.value),
        (new["stage"].is_distinct_from(old.c.stage), WriteReason.STAGE.value),
        (
            or_(rank_moved(new["rank"], old.c.rank, limits), rank_moved(new["stage_rank"], old.c.stage_rank, limits)),
            WriteReason.RANK.value,
        ),
        (old.c.written_at <= literal(limits.written_before, Moment), WriteReason.REFRESH.value),
    )
    return (
        select(SCORES.c.lead_id, reason.label("reason"), literal(0).label("clears"))
        .join(LEADS, and_(LEADS.c.lead_id == SCORES.c.lead_id, LEADS.c.open.is_(True)))
        .outerjoin(old, old.c.lead_id == SCORES.c.lead_id)
        .outerjoin(dead, dead.c.lead_id == SCORES.c.lead_id)
        .where(SCORES.c.rank.is_not(None), reason.is_not(None), _may_be_tried(new, limits))
    )


def _may_be_tried(new: Columns, limits: WritingLimits) -> ColumnElement[bool]:
    """Whether a row is not like one that was refused."""
    dead = DEAD_LETTERS
    return or_(
        dead.c.lead_id.is_(None),
        dead.c.status == "replay",
        dead.c.metadata_hash != limits.metadata_hash,
        dead.c.clears.is_(True),
        new["band"].is_distinct_from(dead.c.band),
        new["model"].is_distinct_from(dead.c.model),
        new["trend"].is_distinct_from(dead.c.trend),
        new["stage"].is_distinct_from(dead.c.stage),
        score_moved(new, dead, limits),
        rank_moved(new["rank"], dead.c.rank, limits),
        rank_moved(new["stage_rank"], dead.c.stage_rank, limits),
    )


def _to_clear(limits: WritingLimits) -> Select[Any]:
    old = WRITTEN_ROWS
    shows_ranks = or_(
        old.c.resend.is_(True), old.c.rank.is_not(None), old.c.stage_rank.is_not(None), old.c.stage_size.is_not(None)
    )
    is_ranked = and_(LEADS.c.open.is_(True), SCORES.c.rank.is_not(None))
    waits = and_(
        DEAD_LETTERS.c.clears.is_(True),
        DEAD_LETTERS.c.status != "replay",
        DEAD_LETTERS.c.metadata_hash == limits.metadata_hash,
    )
    return (
        select(old.c.lead_id, literal(WriteReason.CLEAR.value).label("reason"), literal(1).label("clears"))
        .join(LEADS, LEADS.c.lead_id == old.c.lead_id)
        .outerjoin(SCORES, SCORES.c.lead_id == old.c.lead_id)
        .outerjoin(DEAD_LETTERS, DEAD_LETTERS.c.lead_id == old.c.lead_id)
        .where(
            LEADS.c.deleted_at.is_(None),
            func.coalesce(is_ranked, False).is_(False),
            shows_ranks,
            func.coalesce(waits, False).is_(False),
        )
    )


@dataclass(frozen=True, slots=True)
class BandChanges:
    """How many of the leads that show a band would show another one."""

    changed: int
    having_one: int

    @property
    def percent(self) -> float:
        """Share that would change, in percent; 0 when no lead shows a band."""
        return 100 * self.changed / self.having_one if self.having_one else 0.0


def band_changes(connection: Connection, limits: WritingLimits) -> BandChanges:
    """Count ranked leads that show a band, and those whose band would change.

    A band that waits as a dead letter changes nothing, however long it waits.
    """
    having_one = (
        select(func.count())
        .select_from(WRITTEN_ROWS)
        .join(SCORES, SCORES.c.lead_id == WRITTEN_ROWS.c.lead_id)
        .join(LEADS, and_(LEADS.c.lead_id == SCORES.c.lead_id, LEADS.c.open.is_(True)))
        .where(WRITTEN_ROWS.c.band.is_not(None), SCORES.c.rank.is_not(None))
    )
    changed = _ranked(limits).where(
        WRITTEN_ROWS.c.band.is_not(None), SCORES.c.band.is_distinct_from(WRITTEN_ROWS.c.band)
    )
    return BandChanges(
        changed=connection.scalar(select(func.count()).select_from(changed.subquery())) or 0,
        having_one=connection.scalar(having_one) or 0,
    )
