"""Notes of the old kind, and of the new one, which are documents that are linked to records."""

from __future__ import annotations

from hpro_connectors.emulators.salesforce.org.field_schema import FieldSchema, FieldType
from hpro_connectors.emulators.salesforce.org.object_schema import ObjectSchema, by_name
from hpro_connectors.emulators.salesforce.org.standard.common import (
    audit,
    flag,
    identity,
    long_text,
    moment,
    owner,
    picklist,
    reference,
    text,
)

_LINKED = "Account|Contact|Lead|Opportunity|Organization|User"

_NOTE = ObjectSchema(
    "Note",
    "002",
    by_name(
        [
            identity(),
            reference("ParentId", "Account|Contact|Lead|Opportunity", children="Notes", indexed=True, nillable=False),
            text("Title", 80, nillable=False, name_field=True),
            flag("IsPrivate"),
            long_text("Body"),
            owner(),
            *audit(),
        ]
    ),
    semi_join=False,
)

_CONTENT_NOTE = ObjectSchema(
    "ContentNote",
    "069",
    by_name(
        [
            identity(),
            text("Title", 255, nillable=False, name_field=True),
            FieldSchema("FileType", FieldType.STRING, length=20, createable=False, updateable=False),
            FieldSchema("FileExtension", FieldType.STRING, length=40, createable=False, updateable=False),
            FieldSchema("Content", FieldType.BASE64),
            FieldSchema("ContentSize", FieldType.INT, precision=0, createable=False, updateable=False),
            FieldSchema("TextPreview", FieldType.STRING, length=255, createable=False, updateable=False),
            FieldSchema("SharingPrivacy", FieldType.PICKLIST, length=40),
            reference("LatestPublishedVersionId", "ContentVersion", writable=False),
            FieldSchema("LatestContentId", FieldType.STRING, length=18, createable=False, updateable=False),
            reference("OwnerId", "User", nillable=False),
            moment("LastViewedDate", writable=False),
            flag("IsReadOnly", writable=False),
            *audit(stamp=False),
        ]
    ),
    bulk=False,
)

_CONTENT_DOCUMENT = ObjectSchema(
    "ContentDocument",
    "069",
    by_name(
        [
            identity(),
            text("Title", 255, nillable=False, name_field=True),
            picklist("PublishStatus", "U|P|R"),
            reference("LatestPublishedVersionId", "ContentVersion", writable=False),
            long_text("Description", 1000),
            FieldSchema("ContentSize", FieldType.INT, precision=0, createable=False, updateable=False),
            FieldSchema("FileType", FieldType.STRING, length=20, createable=False, updateable=False),
            FieldSchema("FileExtension", FieldType.STRING, length=40, createable=False, updateable=False),
            reference("OwnerId", "User", nillable=False),
            flag("IsArchived"),
            *audit(),
        ]
    ),
    createable=False,
    bulk=False,
)

_CONTENT_VERSION = ObjectSchema(
    "ContentVersion",
    "068",
    by_name(
        [
            identity(),
            reference("ContentDocumentId", "ContentDocument", children="ContentVersions", indexed=True),
            flag("IsLatest", writable=False),
            text("Title", 255, nillable=False, name_field=True),
            text("PathOnClient", 500),
            text("VersionNumber", 20),
            FieldSchema("VersionData", FieldType.BASE64),
            FieldSchema("ContentSize", FieldType.INT, precision=0, createable=False, updateable=False),
            FieldSchema("FileType", FieldType.STRING, length=20, createable=False, updateable=False),
            reference("OwnerId", "User", nillable=False),
            *audit(),
        ]
    ),
    bulk=False,
)

_CONTENT_DOCUMENT_LINK = ObjectSchema(
    "ContentDocumentLink",
    "06A",
    by_name(
        [
            identity(),
            reference("LinkedEntityId", _LINKED, indexed=True, nillable=False),
            reference(
                "ContentDocumentId", "ContentDocument", children="ContentDocumentLinks", indexed=True, nillable=False
            ),
            flag("IsDeleted", writable=False, label="Deleted"),
            moment("SystemModstamp", writable=False, nillable=False),
            picklist("ShareType", "V|C|I", default="V"),
            picklist("Visibility", "AllUsers|InternalUsers|SharedUsers", default="AllUsers"),
        ]
    ),
    bulk=False,
    required_filter=("ContentDocumentId", "LinkedEntityId"),
)

NOTES = (_NOTE, _CONTENT_NOTE, _CONTENT_DOCUMENT, _CONTENT_VERSION, _CONTENT_DOCUMENT_LINK)
"""Objects of this file."""
