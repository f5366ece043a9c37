"""What a CRM says of itself: which org it is, its fields, stages, people and streams."""

from __future__ import annotations

from enum import StrEnum

from hpro_sdk.field_kind import FieldKind
from hpro_sdk.lead import Frozen, Identifier, OutcomeResult


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
