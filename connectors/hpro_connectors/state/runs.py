"""The runs of an org: passes, plans, applies, rollbacks; how each began and ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Row, insert, select, update

from hpro_connectors.state.pass_report import PassReport
from hpro_connectors.state.schema import RUNS
from hpro_connectors.state.transactions import Transactions


class RunKind(StrEnum):
    """What a run is."""

    PASS = "pass"  # noqa: S105 - no password
    PLAN = "plan"
    APPLY = "apply"
    ROLLBACK = "rollback"


class RunStatus(StrEnum):
    """How a run stands.

    ``DONE``: all of it. ``PARTIAL``: some rows were refused or put off, or its time was up. ``STOPPED``: a safety rail
    or a pause kept it from writing. ``FAILED``: an error ended it. ``INTERRUPTED``: its process is gone.
    """

    RUNNING = "running"
    DONE = "done"
    PARTIAL = "partial"
    STOPPED = "stopped"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Run:
    """A run.

    Attributes:
        run_id: Its number.
        kind: What it is.
        status: How it stands.
        started_at: By this machine's clock.
        ended_at: Likewise; ``None`` while it runs.
        as_of: The server's clock when it looked at the leads.
        model_id: That scored.
        code: Name of the error or rail that ended it.
        reason: In words; never lead text.
        report: What it did, where it came to an end.
    """

    run_id: int
    kind: RunKind
    status: RunStatus
    started_at: datetime
    ended_at: datetime | None = None
    as_of: datetime | None = None
    model_id: str | None = None
    code: str | None = None
    reason: str | None = None
    report: PassReport | None = None


class Runs:
    """The runs of one state file; each call is a transaction of its own.

    Args:
        transactions: On the state file.
    """

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def begin(self, kind: RunKind, at: datetime) -> int:
        """Note that a run begins, and that those which still run in the file do no longer; give its number."""
        with self._transactions.writing() as connection:
            connection.execute(
                update(RUNS)
                .where(RUNS.c.status == RunStatus.RUNNING.value)
                .values(status=RunStatus.INTERRUPTED.value, ended_at=at)
            )
            begun = connection.execute(
                insert(RUNS).values(kind=kind.value, status=RunStatus.RUNNING.value, started_at=at)
            )
            return int(begun.inserted_primary_key[0]) if begun.inserted_primary_key else 0

    def end(
        self,
        run_id: int,
        status: RunStatus,
        at: datetime,
        *,
        report: PassReport | None = None,
        code: str | None = None,
        reason: str | None = None,
    ) -> None:
        """Note how a run ended.

        Args:
            run_id: Which one.
            status: How.
            at: By this machine's clock.
            report: What it did; stored without the messages of its problems, which may hold words of the CRM.
            code: Name of the error or rail that ended it.
            reason: In words; never lead text.
        """
        values: dict[str, object] = {"status": status.value, "ended_at": at, "code": code, "reason": reason}
        if report is not None:
            stored = report.without_messages()
            values |= {"as_of": stored.as_of, "model_id": stored.model_id, "report": stored.model_dump_json()}
        with self._transactions.writing() as connection:
            connection.execute(update(RUNS).where(RUNS.c.id == run_id).values(values))

    def newest(self, limit: int, kind: RunKind | None = None) -> list[Run]:
        """Give runs, newest first.

        Args:
            limit: At most so many.
            kind: Only of this kind.
        """
        wanted = select(RUNS).order_by(RUNS.c.id.desc()).limit(limit)
        if kind is not None:
            wanted = wanted.where(RUNS.c.kind == kind.value)
        with self._transactions.reading() as connection:
            return [_run(row) for row in connection.execute(wanted)]

    def get(self, run_id: int) -> Run | None:
        """Give a run; ``None`` when there is no such one."""
        with self._transactions.reading() as connection:
            row = connection.execute(select(RUNS).where(RUNS.c.id == run_id)).first()
        return None if row is None else _run(row)

    def last_report(self) -> PassReport | None:
        """Give what the newest run that came to an end did; ``None`` before the first."""
        wanted = select(RUNS.c.report).where(RUNS.c.report.is_not(None)).order_by(RUNS.c.id.desc()).limit(1)
        with self._transactions.reading() as connection:
            report = connection.scalar(wanted)
        return None if report is None else PassReport.model_validate_json(report)


def _run(row: Row[tuple[object, ...]]) -> Run:
    return Run(
        run_id=row.id,
        kind=RunKind(row.kind),
        status=RunStatus(row.status),
        started_at=row.started_at,
        ended_at=row.ended_at,
        as_of=row.as_of,
        model_id=row.model_id,
        code=row.code,
        reason=row.reason,
        report=None if row.report is None else PassReport.model_validate_json(row.report),
    )
