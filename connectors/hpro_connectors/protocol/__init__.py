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

from hpro_connectors.protocol.connector import Connector, PreparedWriter
from hpro_connectors.protocol.org import (
    FieldInfo,
    OrgDescription,
    OrgIdentity,
    Owner,
    StageInfo,
    StreamContent,
    StreamInfo,
)
from hpro_connectors.protocol.pages import Backfill, IdList, Page, Window
from hpro_connectors.protocol.records import (
    FieldRecord,
    InteractionRecord,
    LeadRecord,
    Merge,
    Record,
    RecordKey,
    StageRecord,
    Tombstone,
)
from hpro_connectors.protocol.writes import CallLimits, EnsuredField, FieldState, WriteResult, WriteStatus

__all__ = [
    "Backfill",
    "CallLimits",
    "Connector",
    "EnsuredField",
    "FieldInfo",
    "FieldRecord",
    "FieldState",
    "IdList",
    "InteractionRecord",
    "LeadRecord",
    "Merge",
    "OrgDescription",
    "OrgIdentity",
    "Owner",
    "Page",
    "PreparedWriter",
    "Record",
    "RecordKey",
    "StageInfo",
    "StageRecord",
    "StreamContent",
    "StreamInfo",
    "Tombstone",
    "Window",
    "WriteResult",
    "WriteStatus",
]
