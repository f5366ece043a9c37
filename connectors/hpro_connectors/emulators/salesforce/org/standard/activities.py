"""Tasks, events and mails."""

from __future__ import annotations

from hpro_connectors.emulators.salesforce.org.field_schema import FieldSchema, FieldType, PicklistValue, picklist_values
from hpro_connectors.emulators.salesforce.org.object_schema import ObjectSchema, by_name
from hpro_connectors.emulators.salesforce.org.standard.common import (
    audit,
    date,
    flag,
    identity,
    long_text,
    moment,
    picklist,
    reference,
    text,
)

_ARCHIVED_AFTER_S = 365 * 86_400
_CREATED = "date({t}.CreatedDate, 'unixepoch')"
_LIMIT = f"date({{now}} - {_ARCHIVED_AFTER_S}, 'unixepoch')"
_TASK_IS_ARCHIVED = f"({{t}}.IsClosed AND coalesce({{t}}.ActivityDate, {_CREATED}) < {_LIMIT})"
_EVENT_IS_ARCHIVED = f"(coalesce({{t}}.EndDate, {{t}}.ActivityDate, {_CREATED}) < {_LIMIT})"
_SUBTYPES = ("Task", "Email", "ListEmail", "Cadence", "Call", "LinkedIn")
_STATUSES = "Not Started|In Progress|Completed|Waiting on someone else|Deferred"
_MAIL_STATUSES = ("New", "Read", "Replied", "Sent", "Forwarded", "Draft")  # their values are "0" to "5"


def _links() -> list[FieldSchema]:
    return [
        reference("WhoId", "Contact|Lead", label="Name ID", indexed=True),
        reference("WhatId", "Account|Opportunity", label="Related To ID", indexed=True),
        FieldSchema("WhoCount", FieldType.INT, precision=0, createable=False, updateable=False),
        FieldSchema("WhatCount", FieldType.INT, precision=0, createable=False, updateable=False),
        FieldSchema("Subject", FieldType.COMBOBOX, length=255, picklist=picklist_values(("Call", "Email", "Other"))),
        reference("AccountId", "Account", writable=False),
    ]


_TASK = ObjectSchema(
    "Task",
    "00T",
    by_name(
        [
            identity(),
            *_links(),
            date("ActivityDate", label="Due Date Only"),
            picklist("Status", _STATUSES, default="Not Started", nillable=False),
            picklist("Priority", "High|Normal|Low", default="Normal", nillable=False),
            flag("IsHighPriority", expression="({t}.Priority IS 'High')"),
            reference("OwnerId", "Group|User", nillable=False),
            long_text("Description"),
            picklist("Type", "Call|Meeting|Other"),
            flag("IsClosed", writable=False, label="Closed"),
            flag("IsArchived", expression=_TASK_IS_ARCHIVED),
            FieldSchema("CallDurationInSeconds", FieldType.INT, precision=0),
            picklist("CallType", "Internal|Inbound|Outbound"),
            text("CallDisposition", 255),
            text("CallObject", 255),
            moment("CompletedDateTime", writable=False),
            FieldSchema(
                "TaskSubtype",
                FieldType.PICKLIST,
                length=40,
                picklist=picklist_values(_SUBTYPES),
                restricted=True,
                default="Task",
                updateable=False,
            ),
            *audit(),
        ]
    ),
    is_activity=True,
    semi_join=False,
)

_EVENT = ObjectSchema(
    "Event",
    "00U",
    by_name(
        [
            identity(),
            *_links(),
            text("Location", 255),
            flag("IsAllDayEvent"),
            moment("ActivityDateTime"),
            date("ActivityDate"),
            FieldSchema("DurationInMinutes", FieldType.INT, precision=0),
            moment("StartDateTime"),
            moment("EndDateTime"),
            date("EndDate", writable=False),
            long_text("Description"),
            picklist("Type", "Call|Email|Meeting|Other"),
            reference("OwnerId", "Group|User", nillable=False),
            flag("IsPrivate"),
            picklist("ShowAs", "Busy|OutOfOffice|Free", default="Busy"),
            flag("IsChild", writable=False),
            flag("IsGroupEvent", writable=False),
            flag("IsArchived", expression=_EVENT_IS_ARCHIVED),
            picklist("EventSubtype", "Event"),
            *audit(),
        ]
    ),
    is_activity=True,
    semi_join=False,
)

_EMAIL_MESSAGE = ObjectSchema(
    "EmailMessage",
    "02s",
    by_name(
        [
            identity(),
            reference("ActivityId", "Task", children="EmailMessages", indexed=True),
            long_text("TextBody", 131_072),
            long_text("HtmlBody", 131_072, html=True),
            long_text("Headers", 131_072),
            text("Subject", 3000),
            text("Name", 255, name_field=True),
            text("FromName", 1000),
            FieldSchema("FromAddress", FieldType.EMAIL, length=1000),
            text("ToAddress", 4000),
            text("CcAddress", 4000),
            text("BccAddress", 4000),
            flag("Incoming"),
            flag("HasAttachment", writable=False),
            FieldSchema(
                "Status",
                FieldType.PICKLIST,
                length=40,
                picklist=tuple(PicklistValue(str(number), label) for number, label in enumerate(_MAIL_STATUSES)),
                restricted=True,
                default="3",
                nillable=False,
            ),
            moment("MessageDate"),
            reference("ReplyToEmailMessageId", "EmailMessage"),
            text("MessageIdentifier", 765),
            text("ThreadIdentifier", 765),
            flag("IsClientManaged"),
            reference("RelatedToId", "Account|Opportunity", indexed=True),
            *audit(),
        ]
    ),
)

_EMAIL_RELATION = ObjectSchema(
    "EmailMessageRelation",
    "0Xs",
    by_name(
        [
            identity(),
            reference("EmailMessageId", "EmailMessage", children="EmailMessageRelations", indexed=True, nillable=False),
            reference("RelationId", "Contact|Lead|User", indexed=True),
            picklist("RelationType", "ToAddress|CcAddress|BccAddress|FromAddress|OtherAddress", nillable=False),
            FieldSchema("RelationAddress", FieldType.EMAIL, length=765),
            text("RelationObjectType", 40),
            *audit(),
        ]
    ),
)

ACTIVITIES = (_TASK, _EVENT, _EMAIL_MESSAGE, _EMAIL_RELATION)
"""Objects of this file."""
