"""The outbox: rows on their way to the CRM, the journal of what was sent, and what became of each row.

A row lies in the outbox before it is sent. In the transaction before a batch goes out, each of its rows gets a line in
the journal and becomes the ledger's last word, marked as not known to have arrived; so whoever comes next, after a
crash anywhere, sends it again or takes its ranks off. The answer settles journal, ledger and outbox in one transaction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Self, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, and_, bindparam, delete, func, select, true, update

from hpro_connectors.fields import ScoreRow, Trend, written_score
from hpro_connectors.protocol import WriteResult, WriteStatus
from hpro_connectors.state._sql import among, upsert
from hpro_connectors.state.dead_letters import DeadLetterStatus, bury_rows
from hpro_connectors.state.desired import WriteReason, WritingLimits, desired, priority_of
from hpro_connectors.state.erasing import erase_leads
from hpro_connectors.state.journal import settle_lines, write_lines
from hpro_connectors.state.row_values import RowReader, columns_of
from hpro_connectors.state.rows import OutboxRow, WrittenRow
from hpro_connectors.state.schema import DEAD_LETTERS, LEADS, OUTBOX, SCORES
from hpro_connectors.state.scores import confirm_scores
from hpro_connectors.state.transactions import Transactions
from hpro_connectors.state.written import restore_written, store_written, written_rows
from hpro_sdk.lead import Band

LONGEST_WAIT: Final = timedelta(hours=1)
"""No row is put off for longer."""

_CHUNK = 1000

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a pass wants written.

    Attributes:
        rows: Ranked leads that need a write.
        clears: Leads whose ranks must be taken off.
        reasons: How many rows for each reason.
    """

    rows: int
    clears: int
    reasons: Mapping[str, int]

    @classmethod
    def of(cls, reasons: Mapping[str, int] | Iterable[str]) -> Self:
        """Sum up reasons: how many rows each has, or that of every row."""
        counted = Counter(reasons)
        clears = counted[WriteReason.CLEAR.value]
        return cls(rows=counted.total() - clears, clears=clears, reasons={name: counted[name] for name in counted})


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of a row that was sent.

    Attributes:
        row: As sent.
        result: The CRM's answer.
        dead: Whether it became a dead letter.
    """

    row: OutboxRow
    result: WriteResult
    dead: bool


class Outbox:
    """The outbox of one state file; each call is a transaction of its own.

    Args:
        transactions: On the state file.
    """

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def count_wanted(self, limits: WritingLimits) -> Wanted:
        """Count what would be queued."""
        with self._transactions.reading() as connection:
            return _count(connection, limits)

    def confirm_scores(self, limits: WritingLimits, model_id: str, as_of: datetime) -> None:
        """Have rows that are written only because they were not for long say when their scores were last looked at.

        Args:
            limits: What counts as a difference.
            model_id: The model in use.
            as_of: The server's clock.
        """
        with self._transactions.writing() as connection:
            wanted = desired(limits).subquery("wanted")
            old = select(wanted.c.lead_id).where(wanted.c.reason == WriteReason.REFRESH.value)
            confirm_scores(connection, old, model_id, as_of)

    def fill(self, limits: WritingLimits, run_id: int) -> Wanted:
        """Put all rows in that the CRM should show and does not, and take out what is no longer wanted.

        A row that waits already gets its newest values; attempts and back-off stay. A dead letter that a person wants
        tried again, and whose lead needs no write by now, is settled.

        Args:
            limits: What counts as a difference.
            run_id: The run that wants them.
        """
        with self._transactions.writing() as connection:
            found = connection.execute(desired(limits)).all()
            wanted = {row.lead_id for row in found}
            replayed = DEAD_LETTERS.c.status == DeadLetterStatus.REPLAY.value
            for table, waits in ((OUTBOX, true()), (DEAD_LETTERS, replayed)):
                waiting = connection.scalars(select(table.c.lead_id).where(waits))
                no_longer = set(waiting) - wanted
                connection.execute(delete(table).where(among(table.c.lead_id, no_longer)))
            for chunk in chunks(found):
                put_in(connection, wanted_rows(connection, chunk), {row.lead_id: row.reason for row in chunk}, run_id)
            return Wanted.of(row.reason for row in found)

    def due(self, now: datetime, limit: int) -> list[OutboxRow]:
        """Give the next rows to send: most urgent first, then best first; rows that are put off wait.

        One that is put off for longer than any row ever is was so by a clock that went wrong, and waits no more.

        Args:
            now: This machine's clock.
            limit: At most so many.
        """
        wanted = (
            select(OUTBOX).where(_is_due(now)).order_by(OUTBOX.c.priority, OUTBOX.c.rank, OUTBOX.c.lead_id).limit(limit)
        )
        with self._transactions.reading() as connection:
            reader = RowReader(connection)
            return [
                OutboxRow(row=reader.row(row), stage=row.stage, clears=row.clears, attempts=row.attempts)
                for row in connection.execute(wanted)
            ]

    def count_due(self, now: datetime) -> int:
        """Give how many rows :meth:`due` has to give.

        Args:
            now: This machine's clock.
        """
        with self._transactions.reading() as connection:
            return connection.scalar(select(func.count()).select_from(OUTBOX).where(_is_due(now))) or 0

    def holds_anything(self) -> bool:
        """Whether rows wait, or dead letters are to be tried once more."""
        waiting = select(OUTBOX.c.lead_id).limit(1)
        replayed = select(DEAD_LETTERS.c.lead_id).where(DEAD_LETTERS.c.status == "replay").limit(1)
        with self._transactions.reading() as connection:
            return any(connection.scalar(wanted) is not None for wanted in (waiting, replayed))

    def size(self) -> int:
        """Give how many rows wait, put off ones included."""
        with self._transactions.reading() as connection:
            return connection.scalar(select(func.count()).select_from(OUTBOX)) or 0

    def mark_sent(self, rows: Sequence[OutboxRow], run_id: int, at: datetime) -> dict[str, WrittenRow | None]:
        """Note that rows are about to be sent: from now on the CRM may hold them.

        Args:
            rows: Of one batch.
            run_id: The run that sends them.
            at: The server's clock when the run looked at the leads.

        Returns:
            What was last written before to each lead, by id.
        """
        with self._transactions.writing() as connection:
            ids = [row.row.lead.lead_id for row in rows]
            known = written_rows(connection, ids)
            before = {lead_id: known.get(lead_id) for lead_id in ids}
            write_lines(connection, rows, before, run_id, at)
            store_written(connection, [(row.row, row.stage) for row in rows], at, resend=True)
            return before

    def settle(
        self,
        settled: Sequence[Settlement],
        before: Mapping[str, WrittenRow | None],
        *,
        at: datetime,
        run_id: int,
        metadata_hash: str,
        not_before: Mapping[str, datetime],
        now: datetime,
    ) -> None:
        """Store what became of rows that were sent.

        Args:
            settled: Each row with its answer.
            before: As :meth:`mark_sent` gave it.
            at: As for :meth:`mark_sent`.
            run_id: The run that sent them.
            metadata_hash: Of what the CRM says of our fields; kept with rows that it refused.
            not_before: Until when rows wait that the CRM put off, by lead id.
            now: This machine's clock.
        """
        held = [one for one in settled if one.result.status in {WriteStatus.WRITTEN, WriteStatus.SKIPPED}]
        refused = [one for one in settled if one.result.status in {WriteStatus.REJECTED, WriteStatus.RETRY}]
        gone = [one for one in settled if one.result.status is WriteStatus.GONE]
        ids = {one.row.row.lead.lead_id: one for one in settled}
        with self._transactions.writing() as connection:
            store_written(connection, [(one.row.row, one.row.stage) for one in held], at)
            untouched = [one.row.row.lead.lead_id for one in (*refused, *gone)]
            restore_written(connection, {lead_id: before[lead_id] for lead_id in untouched})
            settle_lines(connection, [one.result for one in settled], run_id, now)
            waiting = [one.row.row.lead.lead_id for one in refused if not one.dead]
            connection.execute(delete(OUTBOX).where(among(OUTBOX.c.lead_id, ids.keys() - set(waiting))))
            if waiting:
                connection.execute(
                    update(OUTBOX)
                    .where(OUTBOX.c.lead_id == bindparam("of_lead"))
                    .values(attempts=OUTBOX.c.attempts + 1, not_before=bindparam("until")),
                    [{"of_lead": lead_id, "until": not_before[lead_id]} for lead_id in waiting],
                )
            alive = [one.row.row.lead.lead_id for one in held]
            connection.execute(delete(DEAD_LETTERS).where(among(DEAD_LETTERS.c.lead_id, alive)))
            bury_rows(
                connection,
                [(one.row, one.result) for one in refused if one.dead],
                run_id=run_id,
                metadata_hash=metadata_hash,
                now=now,
            )
            erase_leads(connection, {one.row.row.lead.lead_id: at for one in gone})

    def put_back(self, rows: Mapping[str, tuple[ScoreRow, str | None]], run_id: int) -> None:
        """Queue rows of a rollback; whatever waited for these leads is replaced.

        Args:
            rows: Rows to restore and their stages, by lead id.
            run_id: Of the rollback.
        """
        with self._transactions.writing() as connection:
            connection.execute(delete(OUTBOX))
            reasons = dict.fromkeys(rows, WriteReason.ROLLBACK.value)
            for chunk in chunks(list(rows.values())):
                put_in(connection, [(row, stage, False) for row, stage in chunk], reasons, run_id)

    def clear(self) -> None:
        """Take all rows out; what was sent and not answered stays known as such."""
        with self._transactions.writing() as connection:
            connection.execute(delete(OUTBOX))


def _is_due(now: datetime) -> ColumnElement[bool]:
    waits = and_(OUTBOX.c.not_before > now, OUTBOX.c.not_before <= now + LONGEST_WAIT)
    return func.coalesce(waits, False).is_(False)


def put_in(
    connection: Connection,
    rows: Iterable[tuple[ScoreRow, str | None, bool]],
    reasons: Mapping[str, str],
    run_id: int,
) -> None:
    """Queue rows; one that waits already gets its newest values.

    Args:
        connection: Within a transaction.
        rows: Each with its stage and whether it only takes ranks off.
        reasons: Why, by lead id.
        run_id: The run that wants them.
    """
    upsert(
        connection,
        OUTBOX,
        [
            columns_of(row)
            | {
                "stage": stage,
                "clears": clears,
                "reason": reasons[row.lead.lead_id],
                "priority": priority_of(WriteReason(reasons[row.lead.lead_id])),
                "run_id": run_id,
            }
            for row, stage, clears in rows
        ],
    )


def desired_rows(connection: Connection, lead_ids: Iterable[str]) -> dict[str, tuple[ScoreRow, str | None]]:
    """Give the rows that ranked leads should show, each with its stage, by id; others are left out."""
    wanted = (
        select(SCORES)
        .join(LEADS, and_(LEADS.c.lead_id == SCORES.c.lead_id, LEADS.c.open.is_(True)))
        .where(SCORES.c.rank.is_not(None), among(SCORES.c.lead_id, lead_ids))
    )
    reader = RowReader(connection)
    return {row.lead_id: (_score_row(reader, row), row.stage) for row in connection.execute(wanted)}


def wanted_rows(connection: Connection, chunk: Sequence[Row[Any]]) -> Iterator[tuple[ScoreRow, str | None, bool]]:
    """Give the rows to write to some leads as they are now, each with its stage and whether it only takes ranks off.

    Args:
        connection: Within a transaction.
        chunk: Rows with ``lead_id`` and ``clears``; a lead that is not ranked (or, to be cleared, is) is left out.
    """
    ranked = desired_rows(connection, [row.lead_id for row in chunk if not row.clears])
    last = written_rows(connection, [row.lead_id for row in chunk if row.clears])
    still_ranked = desired_rows(connection, last)
    for row in chunk:
        if not row.clears:
            if row.lead_id in ranked:
                yield (*ranked[row.lead_id], False)
            continue
        written = last.get(row.lead_id)
        if written is None or row.lead_id in still_ranked:
            continue
        off: dict[str, object] = {"rank": None, "stage_rank": None, "stage_size": None}
        yield written.row.model_copy(update=off), written.stage, True


def _score_row(reader: RowReader, row: Row[Any]) -> ScoreRow:
    return ScoreRow(
        lead=reader.key(row.lead_id),
        score=written_score(row.score),
        band=Band(row.band),
        trend=Trend(row.trend),
        rank=row.rank,
        stage_rank=row.stage_rank,
        stage_size=row.stage_size,
        model=row.model_id,
        scored_at=row.scored_at,
    )


def _count(connection: Connection, limits: WritingLimits) -> Wanted:
    wanted = desired(limits).subquery("wanted")
    rows = connection.execute(select(wanted.c.reason, func.count().label("number")).group_by(wanted.c.reason))
    return Wanted.of({row.reason: row.number for row in rows})


def chunks(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """Give items a thousand at a time."""
    for start in range(0, len(items), _CHUNK):
        yield items[start : start + _CHUNK]
