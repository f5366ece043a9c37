"""Dead letters: rows that the CRM refused, with its own words, until something changes or a person decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, func, select, update

from hpro_connectors.fields import ScoreRow
from hpro_connectors.protocol import WriteResult
from hpro_connectors.state._sql import among, upsert
from hpro_connectors.state.row_values import RowReader, columns_of
from hpro_connectors.state.rows import OutboxRow
from hpro_connectors.state.schema import DEAD_LETTERS
from hpro_connectors.state.transactions import Transactions


class DeadLetterStatus(StrEnum):
    """What shall become of a dead letter.

    ``PARKED``: it waits until its row or the CRM's fields change. ``REPLAY``: the next run tries it once more.
    ``DROPPED``: as parked, and no longer listed.
    """

    PARKED = "parked"
    REPLAY = "replay"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A row that the CRM refused.

    Attributes:
        row: All eight values.
        stage: The funnel stage that its stage rank is of.
        code: The CRM's own code.
        message: The CRM's own words, which may quote a record: for people's eyes, never for a log.
        attempts: How often it was sent.
        first_at: When it was refused first, by this machine's clock.
        last_at: When it was refused last.
        run_id: The run that sent it last.
        status: What shall become of it.
    """

    row: ScoreRow
    stage: str | None
    code: str
    message: str
    attempts: int
    first_at: datetime
    last_at: datetime
    run_id: int
    status: DeadLetterStatus


class DeadLetters:
    """The dead letters of one state file; each call is a transaction of its own.

    Args:
        transactions: On the state file.
    """

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def list(self, *, dropped: bool = False) -> list[DeadLetter]:
        """Give dead letters, newest first.

        Args:
            dropped: Those that were dropped too.
        """
        wanted = select(DEAD_LETTERS).order_by(DEAD_LETTERS.c.last_at.desc(), DEAD_LETTERS.c.lead_id)
        if not dropped:
            wanted = wanted.where(DEAD_LETTERS.c.status != DeadLetterStatus.DROPPED.value)
        with self._transactions.reading() as connection:
            reader = RowReader(connection)
            return [
                DeadLetter(
                    row=reader.row(row),
                    stage=row.stage,
                    code=row.code,
                    message=row.message,
                    attempts=row.attempts,
                    first_at=row.first_at,
                    last_at=row.last_at,
                    run_id=row.run_id,
                    status=DeadLetterStatus(row.status),
                )
                for row in connection.execute(wanted)
            ]

    def count(self) -> int:
        """Give how many there are, without dropped ones."""
        wanted = select(func.count()).where(DEAD_LETTERS.c.status != DeadLetterStatus.DROPPED.value)
        with self._transactions.reading() as connection:
            return connection.scalar(wanted) or 0

    def set_status(self, status: DeadLetterStatus, lead_ids: Sequence[str] | None = None) -> int:
        """Decide what shall become of dead letters.

        Args:
            status: That.
            lead_ids: Of these leads only; default: of all that are listed.

        Returns:
            How many that concerned.
        """
        change = update(DEAD_LETTERS).values(status=status.value)
        if lead_ids is None:
            change = change.where(DEAD_LETTERS.c.status != DeadLetterStatus.DROPPED.value)
        else:
            change = change.where(among(DEAD_LETTERS.c.lead_id, lead_ids))
        with self._transactions.writing() as connection:
            return connection.execute(change).rowcount


def bury_rows(
    connection: Connection,
    refused: Sequence[tuple[OutboxRow, WriteResult]],
    *,
    run_id: int,
    metadata_hash: str,
    now: datetime,
) -> None:
    """Keep rows that the CRM refused; of a lead that has a dead letter already, the newest row counts.

    Args:
        connection: Within a transaction.
        refused: Each row with the CRM's answer.
        run_id: The run that sent them.
        metadata_hash: Of what the CRM says of our fields.
        now: This machine's clock.
    """
    known = {
        row.lead_id: row
        for row in connection.execute(
            select(DEAD_LETTERS.c.lead_id, DEAD_LETTERS.c.attempts, DEAD_LETTERS.c.first_at).where(
                among(DEAD_LETTERS.c.lead_id, [row.row.lead.lead_id for row, _ in refused])
            )
        )
    }
    rows: list[dict[str, object]] = []
    for row, result in refused:
        earlier = known.get(row.row.lead.lead_id)
        rows.append(
            columns_of(row.row)
            | {
                "stage": row.stage,
                "clears": row.clears,
                "metadata_hash": metadata_hash,
                "code": result.code or result.status.value,
                "message": result.message or "",
                "attempts": row.attempts + 1 + (0 if earlier is None else earlier.attempts),
                "first_at": now if earlier is None else earlier.first_at,
                "last_at": now,
                "run_id": run_id,
                "status": DeadLetterStatus.PARKED.value,
            }
        )
    upsert(connection, DEAD_LETTERS, rows)
