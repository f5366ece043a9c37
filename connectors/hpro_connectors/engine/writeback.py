"""Sending the outbox: batches, one answer a row, and what becomes of each."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hpro_connectors.engine.settings import PassSettings, Progress
from hpro_connectors.errors import FatalError, RecordRejectedError, SkippableError, SmallerBatchError
from hpro_connectors.log_events import LogEvent
from hpro_connectors.protocol import Connector, PreparedWriter, WriteResult, WriteStatus
from hpro_connectors.state import OutboxRow, Problem, Settlement, StateStore
from hpro_connectors.state.outbox import LONGEST_WAIT
from hpro_connectors.state.pass_report import MAX_PROBLEMS
from hpro_sdk.errors import HproError

_LOGGER = logging.getLogger(__name__)

_CODE = re.compile("[A-Za-z0-9_.:-]{1,80}")  # of a CRM; what looks otherwise may quote a record
_FIRST_WAIT = timedelta(seconds=30)


@dataclass(slots=True)
class Writeback:
    """What writing did; filled while it runs.

    Attributes:
        written: Rows of ranked leads that the CRM took.
        cleared: Rows that took ranks off.
        skipped: Rows of records that take no writes.
        gone: Rows of records that turned out to be deleted.
        dead: Rows that became dead letters.
        complete: Whether all rows that were due were sent.
        not_taken: Leads whose row was refused, or put off and not taken later; the first thousand with the problem.
    """

    written: int = 0
    cleared: int = 0
    skipped: int = 0
    gone: int = 0
    dead: int = 0
    complete: bool = True
    not_taken: dict[str, Problem | None] = field(default_factory=dict)

    @property
    def problems(self) -> list[Problem]:
        """Why rows were not taken: the first thousand."""
        return [problem for problem in self.not_taken.values() if problem is not None]

    def count(self, one: Settlement) -> None:
        """Count a row by its last answer."""
        status, lead_id = one.result.status, one.row.row.lead.lead_id
        self.not_taken.pop(lead_id, None)
        match status:
            case WriteStatus.WRITTEN if one.row.clears:
                self.cleared += 1
            case WriteStatus.WRITTEN:
                self.written += 1
            case WriteStatus.SKIPPED:
                self.skipped += 1
            case WriteStatus.GONE:
                self.gone += 1
            case WriteStatus.REJECTED | WriteStatus.RETRY:
                self.dead += one.dead
                self.not_taken[lead_id] = _problem(one.result) if len(self.not_taken) < MAX_PROBLEMS else None


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends the outbox of one run.

    Attributes:
        connector: The CRM.
        store: The state.
        settings: Rows a batch, attempts, clock, stop.
        run_id: The run.
        as_of: The server's clock when it looked at the leads; a lead that turns out to be gone counts as deleted then.
        metadata_hash: Of what the CRM says of our fields.
    """

    connector: Connector
    store: StateStore
    settings: PassSettings
    run_id: int
    as_of: datetime
    metadata_hash: str

    def send(self, progress: Progress) -> Writeback:
        """Send all rows that are due, in batches; what became of a batch is stored before the next one is sent.

        Where an answer is lost, the CRM may or may not hold the batch: its rows stay in the outbox, and the next run
        sends them again, or takes the ranks off leads that are no longer ranked by then.

        Args:
            progress: Told of rows under ``write``.

        Raises:
            ConnectorError: Nothing can be written, a whole request failed, or the connector broke its contract.
        """
        done = Writeback()
        while batch := self._next_batch():
            if self.settings.stop():
                done.complete = False
                break
            before = self.store.outbox.mark_sent(batch, self.run_id, self.as_of)
            for part, results in self._deliver(batch):
                settled = [self._settlement(row, result) for row, result in zip(part, results, strict=True)]
                now = self.settings.now()
                self.store.outbox.settle(
                    settled,
                    before,
                    at=self.as_of,
                    run_id=self.run_id,
                    metadata_hash=self.metadata_hash,
                    not_before={
                        one.row.row.lead.lead_id: now + _wait_before(one.row)
                        for one in settled
                        if one.result.status is WriteStatus.RETRY
                    },
                    now=now,
                )
                for one in settled:
                    done.count(one)
                    _log_if_not_taken(one)
                written = sum(one.result.status is WriteStatus.WRITTEN for one in settled)
                extra = {"event": LogEvent.BATCH_WRITTEN, "rows": len(part), "written": written}
                _LOGGER.info("batch written", extra=extra)
                progress("write", len(part))
        return done

    def _next_batch(self) -> list[OutboxRow]:
        """Give the rows of the next call, as many as the connector wishes; it may refuse to write at all."""
        now, rows = self.settings.now(), self.settings.write_batch
        if isinstance(self.connector, PreparedWriter) and not self.settings.stop():
            waiting = self.store.outbox.count_due(now)
            if not waiting:
                return []
            rows = self.connector.prepare_write(waiting, rows)
        return self.store.outbox.due(now, rows)

    def _deliver(self, batch: Sequence[OutboxRow]) -> Iterator[tuple[Sequence[OutboxRow], Sequence[WriteResult]]]:
        """Give answers; a batch that is refused as a whole is halved until the row that it is about stands alone.

        One that is too large for the CRM is split into parts of the size that it takes.

        When the run is asked to stop meanwhile, the rest of the batch stays in the outbox, as after a lost answer.
        """
        waiting = [batch]
        while waiting and (waiting[0] is batch or not self.settings.stop()):
            part = waiting.pop(0)
            with self.store.transactions.writing():
                pass  # a batch goes out only while this process holds the org
            try:
                results = self._write(part)
            except SkippableError as exc:
                if len(part) > 1:
                    waiting[:0] = _parts(part, exc)
                    continue
                results = [_refused(part[0], exc)]
            yield part, results

    def _write(self, part: Sequence[OutboxRow]) -> list[WriteResult]:
        try:
            results = self.connector.write([row.row for row in part])
        except HproError:
            raise
        except Exception as exc:
            raise FatalError(
                f"Writing to the CRM failed in a way that HPRO does not know ({type(exc).__name__}).",
                hint="Nothing more was written. Run it with -vv and report what it says.",
            ) from exc
        if [result.lead for result in results] != [row.row.lead for row in part]:
            raise FatalError("The connector did not give one result a row, in order.", hint="Report this as a bug.")
        return results

    def _settlement(self, row: OutboxRow, result: WriteResult) -> Settlement:
        is_dead = result.status is WriteStatus.REJECTED or (
            result.status is WriteStatus.RETRY and row.attempts + 1 >= self.settings.max_attempts
        )
        return Settlement(row, result, is_dead)


def _log_if_not_taken(one: Settlement) -> None:
    """Name a row that was not taken by its lead's id; the CRM's words may quote the record, and stay out of logs."""
    if one.result.status not in {WriteStatus.REJECTED, WriteStatus.RETRY}:
        return
    event = LogEvent.ROW_REJECTED if one.dead else LogEvent.ROW_RETRIED
    extra = {"event": event, "lead_id": one.row.row.lead.lead_id, "code": _code_of(one.result)}
    _LOGGER.info("row not taken", extra=extra)


def _wait_before(row: OutboxRow) -> timedelta:
    """Give how long a row is put off: twice as long each time, and not the same for rows that were locked together."""
    longest: timedelta = min(_FIRST_WAIT * (1 << min(row.attempts, 10)), LONGEST_WAIT)
    spread = hashlib.sha256(f"{row.row.lead.lead_id}:{row.attempts}".encode()).digest()[0] / 255
    return longest * (0.5 + 0.5 * spread)


def _parts(batch: Sequence[OutboxRow], error: SkippableError) -> list[Sequence[OutboxRow]]:
    """Split a batch: into parts of the size that the CRM takes, or in two where one of its rows is at fault."""
    if isinstance(error, SmallerBatchError):
        rows = max(1, min(error.rows, len(batch) - 1))
        return [batch[start : start + rows] for start in range(0, len(batch), rows)]
    middle = len(batch) // 2
    return [batch[:middle], batch[middle:]]


def _refused(row: OutboxRow, error: SkippableError) -> WriteResult:
    code = error.vendor_code if isinstance(error, RecordRejectedError) else None
    return WriteResult(lead=row.row.lead, status=WriteStatus.REJECTED, code=code, message=error.message)


def _code_of(result: WriteResult) -> str:
    return result.code if result.code and _CODE.fullmatch(result.code) else result.status.value


def _problem(result: WriteResult) -> Problem:
    what = "refused it" if result.status is WriteStatus.REJECTED else "could not write it now"
    code = _code_of(result)
    words = ": ".join(part for part in (result.code, result.message) if part)
    return Problem(
        lead_id=result.lead.lead_id,
        code=code,
        message=f"Lead {result.lead.lead_id}: the CRM {what} ({words or 'no reason'}).",
    )
