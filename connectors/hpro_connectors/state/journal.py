"""The journal of writes: what each run changed in the CRM, from what to what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, or_, select

from hpro_connectors.fields import ScoreRow
from hpro_connectors.protocol import WriteStatus
from hpro_connectors.state.row_values import RowReader
from hpro_connectors.state.schema import LEADS, WRITES
from hpro_connectors.state.transactions import Transactions


@dataclass(frozen=True, slots=True)
class JournalLine:
    """A row that was sent.

    Attributes:
        run_id: The run that sent it.
        old: What was last written before; ``None``: nothing yet.
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

    def prune(self, before: datetime) -> int:
        """Throw away lines that were sent before a moment; give how many."""
        with self._transactions.writing() as connection:
            return connection.execute(delete(WRITES).where(WRITES.c.sent_at < before)).rowcount
