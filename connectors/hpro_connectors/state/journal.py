"""The journal of writes: what each run changed in the CRM, from what to what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, insert, literal, or_, select, update

from hpro_connectors.fields import ScoreRow
from hpro_connectors.protocol import WriteResult, WriteStatus
from hpro_connectors.state._sql import among
from hpro_connectors.state.row_values import RowReader, text_of
from hpro_connectors.state.rows import OutboxRow, WrittenRow
from hpro_connectors.state.schema import LEADS, WRITES
from hpro_connectors.state.transactions import Transactions


@dataclass(frozen=True, slots=True)
class JournalLine:
    """A row that was sent.

    Attributes:
        run_id: The run that sent it.
        old: What the CRM last took before, as far as it said so; ``None``: nothing yet.
        new: What was sent.
        model_id: The model of its score.
        sent_at: The server's clock when the run looked at the leads.
        settled_at: When the answer came, by this machine's clock; ``None``: it never did.
        result: The answer.
    """

    run_id: int
    old: ScoreRow | None
    new: ScoreRow
    model_id: str | None
    sent_at: datetime
    settled_at: datetime | None
    result: WriteStatus | None


class Journal:
    """The journal of one state file; each call is a transaction of its own.

    Args:
        transactions: On the state file.
    """

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def of_lead(self, lead_id: str, limit: int = 100) -> list[JournalLine]:
        """Give what was sent to a lead, newest first."""
        wanted = select(WRITES).where(WRITES.c.lead_id == lead_id).order_by(WRITES.c.id.desc()).limit(limit)
        with self._transactions.reading() as connection:
            reader = RowReader(connection)
            return [
                JournalLine(
                    run_id=row.run_id,
                    old=None if row.old is None else reader.from_text(lead_id, row.old),
                    new=reader.from_text(lead_id, row.new),
                    model_id=row.model_id,
                    sent_at=row.sent_at,
                    settled_at=row.settled_at,
                    result=None if row.result is None else WriteStatus(row.result),
                )
                for row in connection.execute(wanted)
            ]

    def before_run(self, run_id: int) -> dict[str, tuple[ScoreRow, str | None]]:
        """Give what stood in the CRM before a run, for each live lead that the run changed or may have changed.

        A lead to which nothing had been written gets an empty row, which clears all eight fields.

        Args:
            run_id: The run.
        """
        first = (
            select(func.min(WRITES.c.id))
            .where(
                WRITES.c.run_id == run_id,
                or_(WRITES.c.result.is_(None), WRITES.c.result == WriteStatus.WRITTEN.value),
            )
            .group_by(WRITES.c.lead_id)
        )
        wanted = (
            select(WRITES.c.lead_id, WRITES.c.old, WRITES.c.old_stage)
            .join(LEADS, LEADS.c.lead_id == WRITES.c.lead_id)
            .where(WRITES.c.id.in_(first), LEADS.c.deleted_at.is_(None))
        )
        with self._transactions.reading() as connection:
            reader = RowReader(connection)
            return {
                row.lead_id: (
                    ScoreRow(lead=reader.key(row.lead_id))
                    if row.old is None
                    else reader.from_text(row.lead_id, row.old),
                    row.old_stage,
                )
                for row in connection.execute(wanted)
            }


def write_lines(
    connection: Connection,
    rows: Sequence[OutboxRow],
    before: Mapping[str, WrittenRow | None],
    run_id: int,
    at: datetime,
) -> None:
    """Write a line for each row that is about to be sent.

    Where the answer to an earlier row of a lead was lost, nobody knows what stands in the CRM: the old values are then
    those before that row, so that taking back either of both runs restores them.

    Args:
        connection: Within the transaction that marks the rows as sent.
        rows: Of one batch.
        before: The ledger's last word on each lead, by id.
        run_id: The run that sends them.
        at: The server's clock when the run looked at the leads.
    """
    unheard = _unheard(connection, [lead_id for lead_id, row in before.items() if row is not None and row.resend])
    lines: list[dict[str, object]] = []
    for row in rows:
        lead_id = row.row.lead.lead_id
        last = before[lead_id]
        old = (None, None) if last is None else (text_of(last.row), last.stage)
        old_text, old_stage = unheard.get(lead_id, old)
        lines.append(
            {
                "run_id": run_id,
                "lead_id": lead_id,
                "old": old_text,
                "new": text_of(row.row),
                "old_stage": old_stage,
                "new_stage": row.stage,
                "model_id": row.row.model,
                "sent_at": at,
            }
        )
    connection.execute(insert(WRITES), lines)


def settle_lines(connection: Connection, results: Sequence[WriteResult], run_id: int, now: datetime) -> None:
    """Note answers with the lines that a run wrote.

    Args:
        connection: Within the transaction that settles the rows.
        results: The answers.
        run_id: The run.
        now: This machine's clock.
    """
    connection.execute(
        update(WRITES)
        .where(
            WRITES.c.run_id == literal(run_id),
            WRITES.c.lead_id == bindparam("of_lead"),
            WRITES.c.settled_at.is_(None),
        )
        .values(settled_at=now, result=bindparam("answer")),
        [{"of_lead": result.lead.lead_id, "answer": result.status.value} for result in results],
    )


def _unheard(connection: Connection, lead_ids: Sequence[str]) -> dict[str, tuple[str | None, str | None]]:
    """Give what stood in the CRM before a row whose answer was lost, for leads of which that is the last word."""
    untouched = [status.value for status in (WriteStatus.REJECTED, WriteStatus.RETRY, WriteStatus.GONE)]
    last = (
        select(func.max(WRITES.c.id))
        .where(among(WRITES.c.lead_id, lead_ids), or_(WRITES.c.result.is_(None), WRITES.c.result.not_in(untouched)))
        .group_by(WRITES.c.lead_id)
    )
    lines = select(WRITES.c.lead_id, WRITES.c.old, WRITES.c.old_stage).where(
        WRITES.c.id.in_(last), WRITES.c.result.is_(None)
    )
    return {line.lead_id: (line.old, line.old_stage) for line in connection.execute(lines)}
