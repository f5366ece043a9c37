"""The state of one org: what was read, what it was scored, what was written. One SQLite file, one process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import JsonValue
from sqlalchemy import Engine, PoolProxiedConnection, delete, select

from hpro_connectors.errors import SafetyRailError
from hpro_connectors.protocol import Backfill, OrgIdentity, Page, Window
from hpro_connectors.state import open_leads, pages, queries, ranking, scores, written
from hpro_connectors.state._sql import among, upsert
from hpro_connectors.state.assemble import StageName, as_the_crm_says, assemble_lead
from hpro_connectors.state.cursors import Cursors, store_place
from hpro_connectors.state.dead_letters import DeadLetters
from hpro_connectors.state.desired import BandChanges, WritingLimits, band_changes
from hpro_connectors.state.forgetting import Forgetting
from hpro_connectors.state.journal import Journal
from hpro_connectors.state.known_ids import KnownIds
from hpro_connectors.state.loading import load_leads
from hpro_connectors.state.marks import Marks, note_lost_deletions
from hpro_connectors.state.models import Models
from hpro_connectors.state.open_leads import Standing
from hpro_connectors.state.opening import open_engine
from hpro_connectors.state.outbox import Outbox
from hpro_connectors.state.pass_report import PassReport
from hpro_connectors.state.plans import Plans
from hpro_connectors.state.retention import Retention
from hpro_connectors.state.rows import (
    CurrentScore,
    HistoryEntry,
    LeadToLookAt,
    QueueRow,
    StoredLead,
    StreamCursor,
    WrittenRow,
)
from hpro_connectors.state.runs import Runs
from hpro_connectors.state.schema import LEADS, ORG, REREADS
from hpro_connectors.state.surrogates import harmless
from hpro_connectors.state.transactions import Transactions
from hpro_connectors.state.translation import translating
from hpro_sdk.lead import Band, Lead, OutcomeResult, ScoredLead


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
        known_ids: What is held, for comparing it with what a CRM lists.
        forgetting: Erases a person for good.
        retention: Erases old texts.
        marks: Single facts that stand over all runs.
        models: Which models there are, and which is in use.
        runs: Passes, plans, applies and rollbacks.
        outbox: Rows on their way to the CRM.
        dead_letters: Rows that the CRM refused.
        plans: Rows that a person may confirm.
        journal: What was sent to the CRM.
    """

    def __init__(self, path: Path, engine: Engine) -> None:
        self.path = path
        self._engine = engine
        self._connection = engine.connect()
        self.transactions = Transactions(path, self._connection)
        self.cursors = Cursors(self.transactions)
        self.known_ids = KnownIds(self.transactions)
        self.forgetting = Forgetting(self.transactions, self.checkpoint)
        self.retention = Retention(self.transactions)
        self.marks = Marks(self.transactions)
        self.models = Models(self.transactions)
        self.runs = Runs(self.transactions)
        self.outbox = Outbox(self.transactions)
        self.dead_letters = DeadLetters(self.transactions)
        self.plans = Plans(self.transactions)
        self.journal = Journal(self.transactions)

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
        with self.driver() as driver:
            driver.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").close()

    @contextmanager
    def driver(self) -> Iterator[PoolProxiedConnection]:
        """Give SQLite's own connection, outside of any transaction."""
        with translating(self.path):
            driver = self._engine.raw_connection()
            try:
                yield driver
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
            since = window.start if isinstance(window, Window) else None
            pages.store_page(connection, page, object_type, since)
            if window is not None:
                store_place(connection, stream, window, page)
            if page.deletions_lost:
                note_lost_deletions(connection, stream)

    def rereads(self) -> list[str]:
        """Give the leads of which all is to be read again by id."""
        with self.transactions.reading() as connection:
            return list(connection.scalars(select(REREADS.c.lead_id).order_by(REREADS.c.lead_id)))

    def forget_rereads(self, lead_ids: Sequence[str]) -> None:
        """Take leads off :meth:`rereads`."""
        with self.transactions.writing() as connection:
            connection.execute(delete(REREADS).where(among(REREADS.c.lead_id, lead_ids)))

    # Scoring

    def standings(self, exclude_field: str | None = None) -> list[Standing]:
        """Give how live leads stand, each way once.

        Args:
            exclude_field: A boolean field that keeps a lead from being scored.
        """
        with self.transactions.reading() as connection:
            return open_leads.standings(connection, exclude_field)

    def set_open(self, standing_open: Sequence[Standing], exclude_field: str | None = None) -> None:
        """Remember that exactly the leads are open that stand in one of some ways."""
        with self.transactions.writing() as connection:
            open_leads.set_open(connection, standing_open, exclude_field)

    def leads_standing(
        self, standing: Standing, exclude_field: str | None = None, limit: int = 1000
    ) -> tuple[int, list[str]]:
        """Count the leads that stand in one way, and give the ids of some."""
        with self.transactions.reading() as connection:
            count = open_leads.count_standing(connection, standing, exclude_field)
            return count, open_leads.leads_standing(connection, standing, exclude_field, limit)

    def lead_ids(self, *, excluded: bool = True) -> list[str]:
        """Give the ids of all live leads, open and closed, in order.

        Args:
            excluded: Those too that people asked not to be scored.
        """
        wanted = select(LEADS.c.lead_id).where(LEADS.c.deleted_at.is_(None)).order_by(LEADS.c.lead_id)
        if not excluded:
            wanted = wanted.where(LEADS.c.excluded.is_(False))
        with self.transactions.reading() as connection:
            return list(connection.scalars(wanted))

    def results_of(self, lead_ids: Sequence[str]) -> dict[str, tuple[str | None, OutcomeResult | None]]:
        """Give stage and result of live leads, by id; others are left out."""
        with self.transactions.reading() as connection:
            return scores.results_of(connection, lead_ids)

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

    def forget_prompts(
        self, lead_ids: Sequence[str] | None = None, *, dry_run: bool = False, resend: bool = False
    ) -> int:
        """Let the next scoring score leads anew even where nothing of them changed.

        Args:
            lead_ids: Of these leads only; default: of all open ones.
            dry_run: Only count them.
            resend: Have them written anew too, even where the CRM should show the same already.

        Returns:
            How many leads that concerns.
        """
        with self.transactions.writing() if not dry_run else self.transactions.reading() as connection:
            return scores.forget_prompts(connection, lead_ids, dry_run=dry_run, resend=resend)

    def current_scores(self, org_id: str, object_type: str) -> list[CurrentScore]:
        """Give the scores of all open leads that have one."""
        with self.transactions.reading() as connection:
            return scores.current_scores(connection, org_id, object_type)

    def rank_open_leads(self, stage_names: Mapping[str, str], compared_with: datetime, trend_points: float) -> int:
        """Rank all open leads that have a score, see :func:`~hpro_connectors.state.ranking.rank_open_leads`."""
        with self.transactions.writing() as connection:
            return ranking.rank_open_leads(connection, stage_names, compared_with, trend_points)

    # Writing to the CRM

    def band_changes(self, limits: WritingLimits) -> BandChanges:
        """Count the leads that show a band, and those of them whose band a pass would change."""
        with self.transactions.reading() as connection:
            return band_changes(connection, limits)

    def written_rows(self) -> dict[str, WrittenRow]:
        """Give what was last written to leads that live, by id."""
        with self.transactions.reading() as connection:
            return written.written_rows(connection)

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
