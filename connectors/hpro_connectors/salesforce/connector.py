"""The connector of one scored object of one Salesforce org."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Final

from pydantic import JsonValue

from hpro_connectors.errors import FatalError, PermissionDeniedError, SchemaDriftError, ServerError
from hpro_connectors.fields import ScoreRow
from hpro_connectors.protocol import (
    Backfill,
    CallLimits,
    EnsuredField,
    FieldState,
    IdList,
    OrgDescription,
    OrgIdentity,
    Page,
    StreamInfo,
    Window,
    WriteResult,
)
from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient
from hpro_connectors.salesforce.errors import UnknownColumnError, UnknownObjectError
from hpro_connectors.salesforce.installing import install, signed_in_user_id, user_of_id, with_conflicts
from hpro_connectors.salesforce.mapping.deletions import DeletionPage, read_deletions
from hpro_connectors.salesforce.mapping.org_streams import OrgStreams
from hpro_connectors.salesforce.mapping.pages import Part, in_batches, read_parts
from hpro_connectors.salesforce.mapping.records import CrmStream, Wanted
from hpro_connectors.salesforce.rows.row_reader import RowReader
from hpro_connectors.salesforce.schema.crm_schema import CrmObject, CrmSchema
from hpro_connectors.salesforce.schema.crm_values import id_of
from hpro_connectors.salesforce.schema.describe_cache import DescribeCache, fingerprint
from hpro_connectors.salesforce.schema.describing import OrgDescriber
from hpro_connectors.salesforce.settings import SalesforceSettings
from hpro_connectors.salesforce.writing.score_fields import SCORE_COLUMNS, plan_fields, read_shown
from hpro_connectors.salesforce.writing.score_rows import ScoreWriter, require_writable

_ORGANIZATION: Final = "SELECT Id, Name, IsSandbox FROM Organization"

_LOGGER = logging.getLogger(__name__)


class SalesforceConnector:
    """Reads and writes one org; see :class:`~hpro_connectors.protocol.Connector`.

    What the org holds is described now and then only, and kept in between. Where a query finds that a column is gone,
    the org is described anew, once: a field that nobody named is dropped with a warning, and reading goes on where it
    was; one that the configuration names stops it.

    Args:
        client: Signed in, or about to.
        settings: What is read, and how.
        reader: Reads rows; default: one with the page size of the settings, ``sleep`` and ``clock``.
        sleep: Waits some seconds while Salesforce is at work on a Bulk job; may raise where the run is to end.
        clock: Seconds; moves on while ``sleep`` sleeps.
    """

    def __init__(
        self,
        client: SalesforceClient,
        settings: SalesforceSettings,
        *,
        reader: RowReader | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._settings = settings
        self._reader = reader or RowReader(client, page_size=settings.page_size, sleep=sleep, clock=clock)
        self._cache = DescribeCache(settings.describe_cache, settings.describe_hours)
        self._made_for = fingerprint(settings, client.who)
        self._identity: OrgIdentity | None = None
        self._streams: OrgStreams | None = None
        self._sleep, self._clock = sleep, clock
        self._writer: ScoreWriter | None = None
        self._is_described = False
        self._describer: OrgDescriber | None = None  # at work, where a call of it failed

    def identity(self) -> OrgIdentity:
        """Say which org this is; a sandbox is a test org."""
        if self._identity is None:
            rows = self._client.query(_ORGANIZATION).records
            if len(rows) != 1:
                raise ServerError("Salesforce did not say which org this is.", hint="Try again later.")
            org = rows[0]
            self._identity = OrgIdentity(
                org_id=id_of(org, "Id", "Organization"),
                name=str(org.get("Name") or ""),
                vendor="salesforce",
                is_test=org.get("IsSandbox") is True,
            )
        return self._identity

    def describe(self) -> OrgDescription:
        """Give fields, stages and reps; of our own fields those that exist."""
        return self._org().description()

    def server_time(self) -> datetime:
        """Give the server's clock."""
        return self._client.server_time()

    def streams(self) -> tuple[StreamInfo, ...]:
        """Give the scored object, the interactions that the org has, and the history where the CRM keeps one."""
        return tuple(stream.info for stream in self._org().streams.values())

    def read(self, stream: str, window: Window | Backfill, resume: JsonValue = None) -> Iterator[Page]:
        """Give what changed in a window, ordered by stamp and id; a backfill comes in any order.

        Args:
            stream: One of :meth:`streams`.
            window: What to read.
            resume: Of the last page that was stored; ``None`` begins anew.

        Raises:
            FatalError: There is no such stream.
            ResumeExpiredError: ``resume`` is not of this connector, or Salesforce no longer has what it points to.
            RunStoppedError: A Bulk job takes too long; a later read goes on with it.
            ConnectorError: The org cannot be read.
        """
        described_again = False
        while True:
            found = self._stream(stream)
            try:
                for page in self._window_pages(found, window, resume):
                    yield page
                    resume = page.resume
                return
            except (UnknownColumnError, UnknownObjectError) as exc:
                if described_again:
                    raise
                described_again = True
                self._describe_again(found, exc)

    def read_by_lead(self, stream: str, lead_ids: Sequence[str]) -> Iterator[Page]:
        """Give all that a stream holds now of some records and of the persons behind them.

        Args:
            stream: One of :meth:`streams`.
            lead_ids: Ids of the scored object; those that do not exist are passed over.

        Raises:
            FatalError: There is no such stream.
            ConnectorError: The org cannot be read.
        """
        described_again = False
        while True:
            found = self._stream(stream)
            try:
                yield from self._lead_pages(found, lead_ids)
                return
            except (UnknownColumnError, UnknownObjectError) as exc:
                if described_again:
                    raise
                described_again = True
                self._describe_again(found, exc)

    def list_ids(self, stream: str) -> IdList:
        """Give the ids of all records of a stream that exist now.

        Args:
            stream: One of :meth:`streams`.

        Raises:
            FatalError: There is no such stream.
            RunStoppedError: A Bulk job takes too long.
            ConnectorError: The org cannot be read.
        """
        lists = [self._reader.ids(source) for source in self._stream(stream).existing_sources()]
        ids = frozenset[str]().union(*(one.ids for one in lists))
        return IdList(ids=ids, complete=all(one.complete for one in lists))

    def ensure_fields(self, *, dry_run: bool = False) -> tuple[EnsuredField, ...]:
        """Make our own fields, and let the user that is signed in read and write them; needs an admin's session.

        Args:
            dry_run: Only say what would be done, which any user may ask.

        Raises:
            PermissionDeniedError: The user may not change the org.
            ConnectorError: Salesforce refused, or cannot be reached.
        """
        planned = plan_fields(self._org().scored)
        if all(one.state is FieldState.PRESENT for one in planned):
            return planned
        planned = plan_fields(self._described_anew().scored)  # what was kept may be from before they were made
        if dry_run or any(one.state is FieldState.CONFLICT for one in planned):
            return planned
        user = user_of_id(self._client, signed_in_user_id(self._client))
        steps = install(self._client, (self._settings.scored_object,), user)
        self._described_anew()
        return with_conflicts(planned, steps)

    def prepare_write(self, waiting: int, usual: int) -> int:
        """Make sure that our fields can be written, and say how many rows at once: many go by one Bulk job.

        Args:
            waiting: Rows that wait.
            usual: Rows of a write by REST.

        Raises:
            SchemaDriftError: A field of ours is missing or something else; nothing was written.
            PermissionDeniedError: The user may not write our fields.
            ConnectorError: The org cannot be described.
        """
        return self._prepared_writer().rows_at_once(waiting, usual)

    def write(self, rows: Sequence[ScoreRow]) -> list[WriteResult]:
        """Write score fields, 200 rows a request, or by a Bulk job; assignment rules stay asleep.

        Args:
            rows: What to write.

        Returns:
            One result a row, in the order of the rows.

        Raises:
            SchemaDriftError: A field of ours is missing or something else; nothing was written.
            PermissionDeniedError: The user may not write our fields, or the org does not keep what it took.
            SmallerBatchError: They are too many, and the Bulk API does not take them.
            RunStoppedError: A Bulk job takes too long; the next write goes on with it.
            ConnectorError: A request failed.
        """
        if not rows:
            return []
        writer = self._prepared_writer()
        try:
            return writer.write(rows, self.read_back, self._look_again)
        except (PermissionDeniedError, SchemaDriftError):
            require_writable(self._described_anew().scored)  # names all that is amiss
            raise

    def finish(self) -> None:
        """Take note that all answers are stored: jobs by which rows were written need not be found any more."""
        if self._writer is not None:
            self._writer.finish()

    def read_back(self, lead_ids: Sequence[str]) -> dict[str, ScoreRow | None]:
        """Give what the CRM shows of our own fields.

        Args:
            lead_ids: Ids of the scored object; those that do not exist are left out.

        Raises:
            ConnectorError: The org cannot be read.
        """
        org = self._org()
        columns = org.scored.present(SCORE_COLUMNS.values())
        shown: dict[str, ScoreRow | None] = {}
        for page in self._reader.by_values(org.shown_source(columns), "Id", org.links.scored_ids(lead_ids)):
            for row in page.rows:
                key = org.links.lead_key(id_of(row, "Id", org.scored.name))
                shown[key.lead_id] = read_shown(row, key, columns)
        return shown

    def limits(self) -> CallLimits:
        """Give the counters; costs no request."""
        return self._client.limits()

    def _prepared_writer(self) -> ScoreWriter:
        """Give what writes, once our fields can be written: a description of before may be too old to tell."""
        if self._writer is None:
            org = self._org()
            scored = org.scored
            if not self._is_described:
                scored = CrmObject.read(self._client.describe(scored.name))
            require_writable(scored)
            if len(org.scored.present(SCORE_COLUMNS.values())) < len(SCORE_COLUMNS):
                org = self._described_anew()  # they were made since then
            self._writer = ScoreWriter(self._client, org.links, self._settings, sleep=self._sleep, clock=self._clock)
        return self._writer

    def _look_again(self) -> None:
        """Make sure that our fields are still as HPRO makes them."""
        require_writable(CrmObject.read(self._client.describe(self._org().scored.name)))

    def _window_pages(self, stream: CrmStream, window: Window | Backfill, resume: JsonValue) -> Iterator[Page]:
        told: set[str] = set()
        for page in read_parts(self._parts(stream, window), resume, stream.info.name):
            rows = page.rows
            if isinstance(page, DeletionPage):
                rows = tuple(row for row in rows if row["Id"] not in told)
            found = stream.records(rows)
            if isinstance(window, Backfill):
                yield Page(upserts=found.upserts, resume=page.resume, complete=page.complete)
                continue
            told |= {tombstone.key.record_id for tombstone in found.tombstones}
            told |= {merge.loser.record_id for merge in found.merges}
            yield Page(
                upserts=found.upserts,
                tombstones=found.tombstones,
                merges=found.merges,
                resume=page.resume,
                complete=page.complete,
                deletions_lost=isinstance(page, DeletionPage) and page.lost,
            )

    def _parts(self, stream: CrmStream, window: Window | Backfill) -> list[Part]:
        reader = self._reader
        if isinstance(window, Backfill):
            return [partial(reader.backfill, source, window.end) for source in stream.existing_sources()]
        parts: list[Part] = [partial(reader.window, source, window) for source in stream.window_sources()]
        if self._org().logs_deletions(stream):
            parts.append(lambda _at: read_deletions(self._client, stream.info.name, window))
        return parts

    def _lead_pages(self, stream: CrmStream, lead_ids: Sequence[str]) -> Iterator[Page]:
        org = self._org()
        wanted = org.links.scored_ids(lead_ids)
        if not wanted:
            yield Page(complete=True)
            return
        persons = org.lead_stream.persons_of(wanted) if stream.belongs_to_persons else []
        for rows, last in in_batches(stream.of_leads(Wanted(wanted, persons))):
            yield Page(upserts=stream.records(rows).upserts, complete=last)

    def _stream(self, name: str) -> CrmStream:
        streams = self._org().streams
        found = streams.get(name)
        if found is None:
            raise FatalError(
                f"The org has no stream {name!r}.", hint=f"Name one of: {', '.join(streams)}.", connector="salesforce"
            )
        return found

    def _org(self) -> OrgStreams:
        """Give what the org holds; it is described once in the life of a connector, or before it by another one."""
        if self._streams is not None:
            return self._streams
        kept = self._cache.load(self._client.org_id, self._made_for, self._client.server_time())
        if kept is not None:
            try:
                return self._use(kept)
            except FatalError:  # what the configuration names may have been made since then
                _LOGGER.info("the org is described anew: the configuration names what was not there")
        return self._described_anew()

    def _described_anew(self) -> OrgStreams:
        if self._describer is None:
            self._describer = OrgDescriber(self._client, self._settings, self._made_for)
        try:
            schema = self._describer.describe()
        except FatalError:
            self._describer = None  # a person changes something, and then all is asked anew
            raise
        self._describer = None
        self._is_described = True
        used = self._use(schema)  # a description that the configuration does not fit is not kept
        self._cache.store(schema)
        return used

    def _use(self, schema: CrmSchema) -> OrgStreams:
        self._streams = OrgStreams(schema, self._settings, self._reader, self._client)
        return self._streams

    def _describe_again(self, stream: CrmStream, found: UnknownColumnError | UnknownObjectError) -> None:
        """Describe the org anew because a query found that something of it is gone.

        Raises:
            SchemaDriftError: What is gone is named by the configuration, or the description still has it.
        """
        before = set(stream.source.columns)
        self._cache.forget()
        streams = self._described_anew().streams
        after = streams.get(stream.info.name)
        if after is None or set(after.source.columns) == before:
            raise found
        dropped = sorted(before - set(after.source.columns))
        _LOGGER.warning(
            "fields are gone or hidden from the user, and no longer read",
            extra={"stream": stream.info.name, "fields": dropped},
        )
