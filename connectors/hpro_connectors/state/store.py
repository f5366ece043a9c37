"""The state of one org: what was read, what it was scored, what was written. One SQLite file, one process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import JsonValue
from sqlalchemy import Engine, delete, select

from hpro_connectors.errors import SafetyRailError
from hpro_connectors.fields import ScoreRow, Trend
from hpro_connectors.protocol import Backfill, OrgIdentity, Page, Window
from hpro_connectors.state import pages, queries, scores, written
from hpro_connectors.state._sql import among, upsert
from hpro_connectors.state.assemble import StageName, as_the_crm_says, assemble_lead
from hpro_connectors.state.cursors import Cursors, store_place
from hpro_connectors.state.erasing import erase_leads
from hpro_connectors.state.loading import load_leads
from hpro_connectors.state.marks import Marks
from hpro_connectors.state.opening import open_engine
from hpro_connectors.state.pass_report import PassReport
from hpro_connectors.state.rows import (
    CurrentScore,
    HistoryEntry,
    LeadToLookAt,
    QueueRow,
    Standing,
    StoredLead,
    StreamCursor,
    WrittenRow,
)
from hpro_connectors.state.runs import Runs
from hpro_connectors.state.schema import ORG, REREADS
from hpro_connectors.state.surrogates import harmless
from hpro_connectors.state.transactions import Transactions
from hpro_connectors.state.translation import translating
from hpro_sdk.lead import Band, Lead, ScoredLead


class StateStore:
    """The state file of one org and one scored object.

    Every method that changes something is one transaction: it happens whole or not at all.

    Example::

        with StateStore.open("hpro.db") as store:
            for row in store.queue(limit=20):
                print(row.rank, row.lead_id, row.score)

    Args:
        path: Of the file, for messages.
        engine: Of one connection, see :func:`~hpro_connectors.state.opening.open_engine`.

    Attributes:
        path: Of the file.
        transactions: On the file; the parts below and whoever adds one begin theirs with it.
        cursors: How far streams were read.
        marks: Single facts that stand over all runs.
        runs: Passes, plans, applies and rollbacks.
    """

    def __init__(self, path: Path, engine: Engine) -> None:
        self.path = path
        self._engine = engine
        self._connection = engine.connect()
        self.transactions = Transactions(path, self._connection)
        self.cursors = Cursors(self.transactions)
        self.marks = Marks(self.transactions)
        self.runs = Runs(self.transactions)

    @classmethod
    def open(cls, path: str | Path, *, create: bool = True, busy_timeout_s: float = 5.0) -> Self:
        """Open a state file. A new one can be read and written by this user only.

        Args:
            path: Of the file; its folder must exist.
            create: Whether to make it where there is none.
            busy_timeout_s: How long to wait for another process that writes.

        Raises:
            ConfigError: There is no such folder or file, or it is not a file.
            MigrationError: The file is of another version of HPRO.
            StateError: It is damaged, foreign or read-only; :class:`~hpro_connectors.errors.StateLockedError`:
                another process writes to it.
        """
        place = Path(path)
        engine = open_engine(place, create=create, busy_timeout_s=busy_timeout_s)
        try:
            return cls(place, engine)
        except BaseException:
            engine.dispose()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; its log is gone afterwards, unless another process has it open."""
        self._connection.close()
        self._engine.dispose()

    def checkpoint(self) -> None:
        """Bring SQLite's log into the file and empty it, so that erased text stands in neither."""
        with translating(self.path):
            driver = self._engine.raw_connection()
            try:
                driver.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
            finally:
                driver.close()

    # The org

    def check_org(self, identity: OrgIdentity, object_type: str) -> None:
        """Refuse another org or scored object than the one that this file is of.

        Raises:
            SafetyRailError: It is another one: its leads and scores must not be mixed with these.
        """
        with self.transactions.reading() as connection:
            org = connection.execute(select(ORG)).first()
        if org is None or (org.org_id, org.object_type) == (identity.org_id, object_type):
            return
        raise SafetyRailError(
            f"The state file {self.path} is of {org.object_type!r} records in org {org.org_id} ({org.name}); the "
            f"credentials lead to {object_type!r} records in org {identity.org_id} ({identity.name}).",
            hint="Use the credentials of that org, or name another state file for this one.",
            connector=identity.vendor,
        )

    def pin(self, identity: OrgIdentity, object_type: str) -> None:
        """Tie this file to an org and a scored object.

        Raises:
            SafetyRailError: It is tied to another one.
        """
        self.check_org(identity, object_type)
        with self.transactions.writing() as connection:
            upsert(connection, ORG, [{"only": 1, "object_type": object_type} | harmless(identity).model_dump()])

    # Reading the CRM

    def cursor(self, stream: str) -> StreamCursor:
        """Give how far the increments of a stream were read."""
        return self.cursors.increments(stream)

    def backfill(self, stream: str) -> tuple[Backfill, JsonValue] | None:
        """Give a backfill that has not ended, and the resume of its last page; ``None`` when there is none."""
        return self.cursors.backfill(stream)

    def is_backfilled(self) -> bool:
        """Whether all that existed was read once: before that, ranks would be those of some leads only."""
        return self.cursors.is_backfilled()

    def store_page(self, page: Page, object_type: str, stream: str, window: Window | Backfill | None) -> None:
        """Store a page together with how far its stream was read.

        Args:
            page: What the connector gave.
            object_type: The scored object.
            stream: Which one.
            window: That the page is part of; ``None`` for leads read by id, which move no cursor.
        """
        with self.transactions.writing() as connection:
            pages.store_page(connection, page, object_type)
            if window is not None:
                store_place(connection, stream, window, page)

    def rereads(self) -> list[str]:
        """Give the leads of which all is to be read again by id."""
        with self.transactions.reading() as connection:
            return list(connection.scalars(select(REREADS.c.lead_id).order_by(REREADS.c.lead_id)))

    def forget_rereads(self, lead_ids: Sequence[str]) -> None:
        """Take leads off :meth:`rereads`."""
        with self.transactions.writing() as connection:
            connection.execute(delete(REREADS).where(among(REREADS.c.lead_id, lead_ids)))

    # Scoring

    def standings(self) -> list[Standing]:
        """Give what decides of each live lead whether it is scored."""
        with self.transactions.reading() as connection:
            return scores.standings(connection)

    def set_open(self, opened: Sequence[str], closed: Sequence[str]) -> None:
        """Remember which leads became open, and which stopped to be."""
        with self.transactions.writing() as connection:
            scores.set_open(connection, opened, closed)

    def leads_to_look_at(self, model_id: str, now: datetime) -> list[LeadToLookAt]:
        """Give the open leads that changed, are due, were never scored, or were scored by another model."""
        with self.transactions.reading() as connection:
            return scores.leads_to_look_at(connection, model_id, now)

    def load(self, lead_ids: Sequence[str]) -> list[StoredLead]:
        """Give live leads with all that belongs to them; a few hundred at a time."""
        with self.transactions.reading() as connection:
            return load_leads(connection, lead_ids)

    def store_scores(
        self,
        scored: Sequence[ScoredLead],
        same: Mapping[str, datetime | None],
        failed: Mapping[str, str],
        model_id: str,
    ) -> None:
        """Store what became of leads that were looked at.

        Args:
            scored: Leads with a new score.
            same: When leads whose prompt did not change are due next, by id.
            failed: Hashes of prompts for which the model gave no number, by lead id.
            model_id: The model.
        """
        with self.transactions.writing() as connection:
            scores.store_scores(connection, scored, same)
            scores.store_failures(connection, failed, model_id)

    def current_scores(self, org_id: str, object_type: str) -> list[CurrentScore]:
        """Give the scores of all open leads that have one."""
        with self.transactions.reading() as connection:
            return scores.current_scores(connection, org_id, object_type)

    def earlier_scores(self, moment: datetime) -> dict[str, float]:
        """Give the scores that open leads had at a moment, as far as scores of now may be compared with them."""
        with self.transactions.reading() as connection:
            return scores.earlier_scores(connection, moment)

    def store_ranks(self, ranked: Sequence[tuple[ScoredLead, Trend]]) -> None:
        """Store ranks and trends; closed leads lose their ranks."""
        with self.transactions.writing() as connection:
            scores.store_ranks(connection, ranked)

    # Writing to the CRM

    def written_rows(self) -> dict[str, WrittenRow]:
        """Give what was last written to leads that live, by id."""
        with self.transactions.reading() as connection:
            return written.written_rows(connection)

    def store_intended(self, rows: Sequence[tuple[ScoreRow, str | None]], at: datetime) -> None:
        """Remember rows, each with its stage, before they are sent: from then on the CRM may hold them."""
        with self.transactions.writing() as connection:
            written.store_written(connection, rows, at, resend=True)

    def store_results(
        self,
        rows: Sequence[tuple[ScoreRow, str | None]],
        untouched: Mapping[str, WrittenRow | None],
        gone: Mapping[str, datetime],
        at: datetime,
    ) -> None:
        """Store what became of rows that were sent.

        Args:
            rows: Those that the CRM holds, each with its stage.
            untouched: What was last written before to leads that the CRM did not touch, by id.
            gone: When leads that turned out to be gone were deleted, by id; they are erased.
            at: When they were sent.
        """
        with self.transactions.writing() as connection:
            written.store_written(connection, rows, at)
            written.restore_written(connection, untouched, at)
            erase_leads(connection, gone)

    # Questions of people

    def queue(self, stage: str | None = None, band: Band | None = None, limit: int | None = None) -> list[QueueRow]:
        """Give ranked leads as of the last pass, best first.

        Args:
            stage: Only of this funnel stage.
            band: Only of this band.
            limit: At most so many.
        """
        with self.transactions.reading() as connection:
            return queries.queue(connection, stage, band, limit)

    def score_history(self, lead_id: str) -> list[HistoryEntry]:
        """Give the scores a lead had, oldest first; they outlive the lead."""
        with self.transactions.reading() as connection:
            return scores.score_history(connection, lead_id)

    def lead(self, lead_id: str, stage_name: StageName = as_the_crm_says) -> Lead | None:
        """Give a lead as stored; ``None`` when it is not known, deleted or merged away.

        Args:
            lead_id: Which one.
            stage_name: Gives stages their names; default: the CRM's own values.

        Raises:
            DataError: Its stage has no name, or its records break the domain model.
        """
        stored = self.load([lead_id])
        return assemble_lead(stored[0], stage_name) if stored else None

    def last_pass(self) -> PassReport | None:
        """Give the summary of the newest pass; ``None`` before the first."""
        return self.runs.last_report()
