"""What every CRM connector can do, and the records it speaks in.

A connector reads and writes *one scored object of one org*. The engine owns windows, lag, overlap and memory; the
connector owns paging, the vendor's words and the vendor's limits. Decisions that every connector keeps to:

* Synchronous; one call after the other, and every request is counted (:class:`CallLimits`).
* A record is known by (org, object, id). An interaction may belong to several leads, and to persons: what belongs
  to a person belongs to every record of that person (lead, contact, opportunity).
* ``resume`` is the connector's own, any JSON value. The engine stores it with the page's rows and gives it back
  unread; with it a later process goes on with the page after.
* Absence from an answer is never a deletion: a sharing rule may have changed. Only a :class:`Tombstone`, a
  :class:`Merge`, or a complete :class:`IdList` says that a record is gone.
* Our own fields never stand in ``LeadRecord.fields``; what the CRM shows of them stands in ``LeadRecord.shown``.
* Text arrives clean: no HTML, no quoted mail, no signature.
* Reading raises :class:`~hpro_connectors.errors.ConnectorError`; writing reports a result per row and raises only
  when a whole request failed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, NamedTuple, Protocol, Self

from pydantic import Field, JsonValue, model_validator

from hpro_connectors.fields import ScoreRow
from hpro_sdk.field_kind import FieldKind
from hpro_sdk.lead import FieldValue, Frozen, Identifier, InteractionKind, LeadKey, OutcomeResult, Speaker, UtcDatetime


class RecordKey(NamedTuple):
    """What any record is known by; for a scored record it equals its :class:`~hpro_sdk.lead.LeadKey`."""

    org_id: str
    object_type: str
    record_id: str


class OrgIdentity(Frozen):
    """Which org the credentials lead to.

    Attributes:
        org_id: The vendor's id of the org; pinned in the state, so that scores never go to another one.
        name: As people know it.
        vendor: ``demo``, ``salesforce``, ``hubspot``.
        is_test: Whether it is a test org, such as a Salesforce sandbox.
    """

    org_id: Identifier
    name: str
    vendor: str
    is_test: bool = False


class FieldInfo(Frozen):
    """A field of the scored object.

    Attributes:
        name: In ``LeadRecord.fields``; of our own fields, the name in the CRM.
        label: As people see it.
        kind: How its values are read.
        writable: Whether these credentials may write it.
        history_tracked: Whether the CRM keeps its history.
        known_at_creation: Whether its value is set when the record is created and does not change afterwards.
    """

    name: Identifier
    label: str
    kind: FieldKind
    writable: bool = False
    history_tracked: bool = False
    known_at_creation: bool = False


class StageInfo(Frozen):
    """A stage as the CRM names it; open stages come in order.

    Attributes:
        name: The value that records and histories hold (an opaque id in some CRMs).
        label: As people see it.
        result: Open, won or lost.
    """

    name: Identifier
    label: str
    result: OutcomeResult = OutcomeResult.OPEN


class Owner(Frozen):
    """A rep; inactive ones are listed too, because histories name them."""

    owner_id: Identifier
    name: str
    active: bool = True


class OrgDescription(Frozen):
    """The scored object as these credentials see it."""

    object_type: Identifier
    fields: tuple[FieldInfo, ...]
    stages: tuple[StageInfo, ...]
    owners: tuple[Owner, ...] = ()


class StreamContent(StrEnum):
    """What kind of records a stream holds."""

    LEAD = "lead"
    INTERACTION = "interaction"
    HISTORY = "history"


class StreamInfo(Frozen):
    """One kind of record that is read in windows of its own.

    Attributes:
        name: The vendor's name, such as ``Task``.
        content: What it holds. Streams are read leads first, then interactions, then history.
        reports_deletions: Whether a window tells of deletions; otherwise only ``list_ids`` shows them.
        object_types: The object types in the keys of its records; none named: the name of the stream. Those of a lead
            stream are always of the scored object.
    """

    name: Identifier
    content: StreamContent
    reports_deletions: bool = True
    object_types: tuple[Identifier, ...] = ()


class LeadRecord(Frozen):
    """A record of the scored object, as it is now.

    Attributes:
        record_type: Tells the records apart in JSON.
        key: Org, object and id.
        person_id: The person behind it; links a lead, contact and opportunity.
        account_id: The company the person belongs to.
        owner_id: The rep.
        created_at: When it was created.
        modified_at: When anything in it, our own fields included, last changed.
        stage: The CRM's own value.
        result: Won, lost or open where the CRM says so beside the stage (a conversion); ``None``: the stage tells.
        result_at: When that was decided.
        excluded: Whether people have asked for it not to be scored.
        fields: Values by name, without our own.
        shown: What the CRM shows of our own fields; all values ``None`` where they are empty. ``None`` itself says
            nothing about them: they do not exist, or were not asked for.
    """

    record_type: Literal["lead"] = "lead"
    key: LeadKey
    person_id: Identifier | None = None
    account_id: Identifier | None = None
    owner_id: Identifier | None = None
    created_at: UtcDatetime | None = None
    modified_at: UtcDatetime
    stage: Identifier | None = None
    result: OutcomeResult | None = None
    result_at: UtcDatetime | None = None
    excluded: bool = False
    fields: Mapping[str, FieldValue] = Field(default_factory=dict)
    shown: ScoreRow | None = None


class InteractionRecord(Frozen):
    """A call, mail, meeting, note or task, as it is now.

    Attributes:
        record_type: Tells the records apart in JSON.
        key: Org, vendor's object and id.
        leads: Records that it belongs to.
        person_ids: Persons that it belongs to.
        kind: What it was.
        speaker: Whose words, or who began it; ``None`` when unknown.
        text: The newest text, clean.
        call_seconds: Length of a call.
        occurred_at: When it happened.
        recorded_at: When it was entered.
        modified_at: When it was last changed.
    """

    record_type: Literal["interaction"] = "interaction"
    key: RecordKey
    leads: tuple[LeadKey, ...] = ()
    person_ids: tuple[Identifier, ...] = ()
    kind: InteractionKind
    speaker: Speaker | None = None
    text: str = ""
    call_seconds: Annotated[int, Field(ge=0)] | None = None
    occurred_at: UtcDatetime | None = None
    recorded_at: UtcDatetime | None = None
    modified_at: UtcDatetime


class StageRecord(Frozen):
    """A record entered a stage; ``key`` is that of the history row.

    A CRM that logs changes only does not log the first stage: the first row's ``previous`` tells it. A row that tells
    of the creation alone may give the stage as it is now; the ``previous`` of the next row corrects it.

    Attributes:
        record_type: Tells the records apart in JSON.
        key: Org, vendor's object and id.
        lead: Which record.
        stage: That was entered.
        at: When.
        previous: The stage that was left; ``None`` where the CRM does not say.
    """

    record_type: Literal["stage"] = "stage"
    key: RecordKey
    lead: LeadKey
    stage: Identifier
    at: UtcDatetime
    previous: Identifier | None = None


class FieldRecord(Frozen):
    """A tracked field changed; ``key`` is that of the history row."""

    record_type: Literal["field"] = "field"
    key: RecordKey
    lead: LeadKey
    field: Identifier
    old: FieldValue = None
    new: FieldValue = None
    at: UtcDatetime


Record = Annotated[LeadRecord | InteractionRecord | StageRecord | FieldRecord, Field(discriminator="record_type")]
"""Whatever a page may hold."""


class Tombstone(Frozen):
    """A record was deleted, and may come back."""

    key: RecordKey
    deleted_at: UtcDatetime


class Merge(Frozen):
    """The loser is gone; what belonged to it belongs to the survivor."""

    loser: RecordKey
    survivor: RecordKey
    merged_at: UtcDatetime


class Window(Frozen):
    """What was modified in ``[start, end)``, by the server's clock."""

    start: UtcDatetime
    end: UtcDatetime

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.start > self.end:
            raise ValueError("a window must not end before it starts")
        return self


class Backfill(Frozen):
    """Everything that exists and was modified before ``end``: the first read of a stream."""

    end: UtcDatetime


class Page(Frozen):
    """One answer.

    Attributes:
        upserts: Records as they are now; the same one may come again.
        tombstones: Deleted records.
        merges: Records that were merged away.
        resume: Opaque; reading goes on after this page when it is given back. ``None`` on the last page.
        complete: Whether this is the last page of what was asked for.
        deletions_lost: Whether the CRM no longer knows of all deletions in the window: then ids are compared.
    """

    upserts: tuple[Record, ...] = ()
    tombstones: tuple[Tombstone, ...] = ()
    merges: tuple[Merge, ...] = ()
    resume: JsonValue = None
    complete: bool
    deletions_lost: bool = False


class IdList(Frozen):
    """Ids that exist now; only a complete list may tell that a record is gone."""

    ids: frozenset[str]
    complete: bool


class FieldState(StrEnum):
    """What became, or would become, of one of our own fields."""

    PRESENT = "present"
    CREATED = "created"
    CONFLICT = "conflict"


class EnsuredField(Frozen):
    """One of our own fields, and what was done or would be done; ``detail`` explains a conflict."""

    name: str
    state: FieldState
    detail: str = ""


class WriteStatus(StrEnum):
    """What became of one row.

    ``WRITTEN``: the CRM holds it. ``RETRY``: not now (a lock, a busy server). ``REJECTED``: not this payload.
    ``GONE``: the record was deleted or merged away. ``SKIPPED``: the CRM takes no writes on it (a converted lead).
    """

    WRITTEN = "written"
    RETRY = "retry"
    REJECTED = "rejected"
    GONE = "gone"
    SKIPPED = "skipped"


class WriteResult(Frozen):
    """The result of one row; ``code`` and ``message`` are the CRM's own words."""

    lead: LeadKey
    status: WriteStatus
    code: str | None = None
    message: str | None = None


class CallLimits(Frozen):
    """Counters of this connector, and what the CRM says is left.

    Attributes:
        calls: Requests sent since the connector was made.
        rows_written: Rows the CRM took since then.
        requests_left: Of the org's quota; ``None`` when there is none or it is not known yet.
        requests_max: The whole quota.
        resets_at: When it starts anew.
    """

    calls: int
    rows_written: int
    requests_left: int | None = None
    requests_max: int | None = None
    resets_at: UtcDatetime | None = None


class Connector(Protocol):
    """One scored object of one org; see the module for what every connector keeps to."""

    def identity(self) -> OrgIdentity:
        """Say which org this is."""

    def describe(self) -> OrgDescription:
        """Give fields, stages and owners of the scored object."""

    def server_time(self) -> datetime:
        """Give the server's clock, the only one that windows and ages go by."""

    def streams(self) -> tuple[StreamInfo, ...]:
        """Give what can be read; leads first, then interactions, then history."""

    def read(self, stream: str, window: Window | Backfill, resume: JsonValue = None) -> Iterator[Page]:
        """Give what changed in a window, page by page; the last page is complete.

        Args:
            stream: One of :meth:`streams`.
            window: What to read.
            resume: Of the last page that was stored; ``None`` begins anew.

        Raises:
            ResumeExpiredError: ``resume`` is not, or no longer, known. What was read is read again from the beginning.
        """

    def read_by_lead(self, stream: str, lead_ids: Sequence[str]) -> Iterator[Page]:
        """Give all that a stream holds of some leads now, whenever it was modified.

        Args:
            stream: One of :meth:`streams`; a lead stream gives the leads themselves.
            lead_ids: Of the scored object. One that does not exist is passed over, and says nothing.
        """

    def list_ids(self, stream: str) -> IdList:
        """Give the ids of all records of a stream that exist now."""

    def ensure_fields(self, *, dry_run: bool = False) -> tuple[EnsuredField, ...]:
        """Make our own fields where they are missing; with ``dry_run`` only say what would be done."""

    def write(self, rows: Sequence[ScoreRow]) -> list[WriteResult]:
        """Write score fields and nothing else.

        Returns:
            One result a row, in the order of the rows.
        """

    def read_back(self, lead_ids: Sequence[str]) -> dict[str, ScoreRow | None]:
        """Give what the CRM shows of our own fields, as :class:`LeadRecord` does; no record, no entry."""

    def limits(self) -> CallLimits:
        """Give the counters; costs no request."""
