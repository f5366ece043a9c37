"""Plans: rows that would be written, kept until a person confirms them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, Row, delete, insert, select, update

from hpro_connectors.fields import ScoreRow
from hpro_connectors.state.desired import WritingLimits, desired
from hpro_connectors.state.marks import MarkName, clear_mark
from hpro_connectors.state.outbox import Wanted, chunks, put_in, wanted_rows
from hpro_connectors.state.row_values import RowReader, columns_of, text_of
from hpro_connectors.state.rows import WrittenRow
from hpro_connectors.state.schema import CONFIRMED_MODELS, OUTBOX, PLAN_ROWS, PLANS
from hpro_connectors.state.transactions import Transactions
from hpro_connectors.state.written import written_rows


class PlanStatus(StrEnum):
    """What became of a plan; the rows of one that was replaced are gone, and its number is never given again."""

    OPEN = "open"
    APPLIED = "applied"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan.

    Attributes:
        plan_id: Its number.
        run_id: The run that made it.
        created_at: By this machine's clock.
        model_id: The model whose scores it would write.
        status: What became of it.
        reasons: How many rows for each reason.
        band_changes: How many leads would change from one band to another, as ``"B to A"``.
    """

    plan_id: int
    run_id: int
    created_at: datetime
    model_id: str
    status: PlanStatus
    reasons: Mapping[str, int]
    band_changes: Mapping[str, int]

    @property
    def rows(self) -> int:
        """How many rows it holds."""
        return sum(self.reasons.values())


@dataclass(frozen=True, slots=True)
class PlanRow:
    """A row of a plan.

    Attributes:
        row: What would be written.
        stage: The funnel stage that its stage rank is of.
        clears: Whether it only takes ranks off.
        reason: Why.
        before: What was last written; ``None``: nothing yet.
        resend: Whether the CRM was known to show something else, perhaps.
    """

    row: ScoreRow
    stage: str | None
    clears: bool
    reason: str
    before: ScoreRow | None
    resend: bool


@dataclass(frozen=True, slots=True)
class Queued:
    """What became of a plan's rows when it was applied.

    Attributes:
        queued: Those that were put into the outbox.
        skipped: How many were not, because their leads moved since.
    """

    queued: Wanted
    skipped: int


class Plans:
    """The plans of one state file; each call is a transaction of its own.

    Args:
        transactions: On the state file.
    """

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def make(self, limits: WritingLimits, run_id: int, model_id: str, at: datetime) -> Plan:
        """Keep all rows that would be written now as a plan; it replaces an earlier one that was not applied.

        Args:
            limits: What counts as a difference.
            run_id: The run that makes it.
            model_id: The model in use.
            at: This machine's clock.
        """
        with self._transactions.writing() as connection:
            was_open = PLANS.c.status == PlanStatus.OPEN.value
            connection.execute(delete(PLAN_ROWS).where(PLAN_ROWS.c.plan_id.in_(select(PLANS.c.id).where(was_open))))
            connection.execute(update(PLANS).where(was_open).values(status=PlanStatus.REPLACED.value))
            made = connection.execute(
                insert(PLANS).values(
                    run_id=run_id, created_at=at, model_id=model_id, summary="{}", status=PlanStatus.OPEN.value
                )
            )
            plan_id = int(made.inserted_primary_key[0]) if made.inserted_primary_key else 0
            reasons: dict[str, int] = {}
            bands: dict[str, int] = {}
            found = connection.execute(select(desired(limits).subquery("wanted"))).all()
            for chunk in chunks(found):
                why = {row.lead_id: row.reason for row in chunk}
                last = written_rows(connection, why)
                rows = [
                    (row, stage, clears, last.get(row.lead.lead_id))
                    for row, stage, clears in wanted_rows(connection, chunk)
                ]
                connection.execute(
                    insert(PLAN_ROWS),
                    [
                        columns_of(row)
                        | {
                            "plan_id": plan_id,
                            "stage": stage,
                            "clears": clears,
                            "reason": why[row.lead.lead_id],
                            "before": None if before is None else text_of(before.row),
                            "resend": before is not None and before.resend,
                        }
                        for row, stage, clears, before in rows
                    ],
                )
                for reason in why.values():
                    reasons[reason] = reasons.get(reason, 0) + 1
                for row, _, _, before in rows:
                    if before is not None and before.row.band is not None and row.band != before.row.band:
                        move = f"{before.row.band} to {row.band or 'none'}"
                        bands[move] = bands.get(move, 0) + 1
            summary = json.dumps({"reasons": reasons, "band_changes": bands})
            connection.execute(update(PLANS).where(PLANS.c.id == plan_id).values(summary=summary))
            return _plan(connection.execute(select(PLANS).where(PLANS.c.id == plan_id)).one())

    def get(self, plan_id: int) -> Plan | None:
        """Give a plan; ``None`` when there is no such one."""
        with self._transactions.reading() as connection:
            row = connection.execute(select(PLANS).where(PLANS.c.id == plan_id)).first()
        return None if row is None else _plan(row)

    def sample(self, plan_id: int, limit: int) -> list[PlanRow]:
        """Give rows of a plan, best first; rows that only take ranks off come last.

        Args:
            plan_id: Which one.
            limit: At most so many.
        """
        wanted = (
            select(PLAN_ROWS)
            .where(PLAN_ROWS.c.plan_id == plan_id)
            .order_by(PLAN_ROWS.c.rank.is_(None), PLAN_ROWS.c.rank, PLAN_ROWS.c.lead_id)
            .limit(limit)
        )
        with self._transactions.reading() as connection:
            reader = RowReader(connection)
            return [_plan_row(reader, row) for row in connection.execute(wanted)]

    def queue(self, plan_id: int, run_id: int, score_epsilon: float, at: datetime) -> Queued:
        """Put a plan's rows into the outbox, as they are by now, less those whose leads moved; the plan is used up.

        A lead moved when it is no longer ranked (or ranked again), when its score moved by more than epsilon, when its
        band, trend, stage or model is another one, or when something else was written or seen in the CRM since. That
        others moved past it in rank does not count. The plan's model counts as confirmed from now on, and the stop of
        a safety rail ends.

        Args:
            plan_id: Which one.
            run_id: The run that applies it.
            score_epsilon: Points by which a score may have moved.
            at: This machine's clock.
        """
        skipped = 0
        queued: list[str] = []
        with self._transactions.writing() as connection:
            connection.execute(delete(OUTBOX))
            reader = RowReader(connection)
            stored = connection.execute(select(PLAN_ROWS).where(PLAN_ROWS.c.plan_id == plan_id)).all()
            for chunk in chunks(stored):
                now = {row.lead.lead_id: (row, stage) for row, stage, _ in wanted_rows(connection, chunk)}
                last = written_rows(connection, [row.lead_id for row in chunk])
                kept: list[tuple[ScoreRow, str | None, bool]] = []
                for row in chunk:
                    planned = _plan_row(reader, row)
                    current = now.get(row.lead_id)
                    if current is None or _moved(planned, current, last.get(row.lead_id), score_epsilon):
                        skipped += 1
                    else:
                        kept.append((*current, planned.clears))
                reasons = {row.lead_id: row.reason for row in chunk}
                put_in(connection, kept, reasons, run_id)
                queued += [reasons[row.lead.lead_id] for row, _, _ in kept]
            _use_up(connection, plan_id, at)
            clear_mark(connection, MarkName.STOPPED)
        return Queued(Wanted.of(queued), skipped)

    def is_confirmed(self, model_id: str) -> bool:
        """Whether a person confirmed the first writes of a model."""
        wanted = select(CONFIRMED_MODELS.c.model_id).where(CONFIRMED_MODELS.c.model_id == model_id)
        with self._transactions.reading() as connection:
            return connection.scalar(wanted) is not None


def _use_up(connection: Connection, plan_id: int, at: datetime) -> None:
    model_id = connection.scalar(select(PLANS.c.model_id).where(PLANS.c.id == plan_id))
    connection.execute(update(PLANS).where(PLANS.c.id == plan_id).values(status=PlanStatus.APPLIED.value))
    connection.execute(delete(CONFIRMED_MODELS).where(CONFIRMED_MODELS.c.model_id == model_id))
    connection.execute(insert(CONFIRMED_MODELS).values(model_id=model_id, plan_id=plan_id, confirmed_at=at))


def _moved(
    planned: PlanRow, current: tuple[ScoreRow, str | None], last: WrittenRow | None, score_epsilon: float
) -> bool:
    row, stage = current
    if (None if last is None else text_of(last.row)) != (None if planned.before is None else text_of(planned.before)):
        return True
    if last is not None and last.resend is not planned.resend:
        return True
    if planned.clears:
        return False
    old = planned.row
    if (row.band, row.trend, row.model, stage) != (old.band, old.trend, old.model, planned.stage):
        return True
    return row.score is None or old.score is None or abs(float(row.score - old.score)) > score_epsilon


def _plan(row: Row[tuple[object, ...]]) -> Plan:
    summary = json.loads(row.summary)
    return Plan(
        plan_id=row.id,
        run_id=row.run_id,
        created_at=row.created_at,
        model_id=row.model_id,
        status=PlanStatus(row.status),
        reasons=summary.get("reasons", {}),
        band_changes=summary.get("band_changes", {}),
    )


def _plan_row(reader: RowReader, row: Row[tuple[object, ...]]) -> PlanRow:
    return PlanRow(
        row=reader.row(row),
        stage=row.stage,
        clears=row.clears,
        reason=row.reason,
        before=None if row.before is None else reader.from_text(row.lead_id, row.before),
        resend=row.resend,
    )


__all__ = ["Plan", "PlanRow", "PlanStatus", "Plans", "Queued"]
