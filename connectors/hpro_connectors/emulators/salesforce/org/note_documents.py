"""What stands behind a note of the new kind: a document, and a version of it that holds the text."""

from __future__ import annotations

from collections.abc import Mapping

from hpro_connectors.emulators.salesforce.org.database import StoredValue
from hpro_connectors.emulators.salesforce.org.org_state import OrgState

_SHARED = ("Title", "OwnerId", "ContentSize", "FileType")
_OF_DOCUMENT = (*_SHARED, "FileExtension", "CreatedById", "CreatedDate", "LastModifiedById", "LastModifiedDate")
_OF_VERSION = (*_SHARED, "CreatedById", "CreatedDate", "LastModifiedById", "LastModifiedDate")


def make_document(state: OrgState, note_id: str, row: Mapping[str, StoredValue]) -> None:
    """Make the document of a note, which has the note's id, and its version.

    Args:
        state: The org.
        note_id: The note's id.
        row: The note as it is stored.
    """
    if not {"ContentDocument", "ContentVersion"} <= {one.name for one in state.schema}:
        return
    version_id = state.new_id("068")
    at = row["LastModifiedDate"]
    document = {name: row.get(name) for name in _OF_DOCUMENT}
    state.database.insert(
        "ContentDocument",
        {
            "Id": note_id,
            **document,
            "LatestPublishedVersionId": version_id,
            "PublishStatus": "P",
            "IsDeleted": 0,
            "IsArchived": 0,
            "SystemModstamp": at,
        },
    )
    version = {name: row.get(name) for name in _OF_VERSION}
    state.database.insert(
        "ContentVersion",
        {
            "Id": version_id,
            **version,
            "ContentDocumentId": note_id,
            "IsLatest": 1,
            "VersionNumber": "1",
            "PathOnClient": "note.snote",
            "VersionData": row.get("Content"),
            "IsDeleted": 0,
            "SystemModstamp": at,
        },
    )
    state.database.update(
        "ContentNote", note_id, {"LatestPublishedVersionId": version_id, "LatestContentId": version_id}
    )


def update_document(state: OrgState, note_id: str, row: Mapping[str, StoredValue]) -> None:
    """Change the document of a note, and its version, as the note was changed.

    Args:
        state: The org.
        note_id: The note's id.
        row: What was changed of the note, as it is stored.
    """
    if "ContentDocument" not in state.schema:
        return
    changed = {name: row[name] for name in ("Title", "OwnerId", "ContentSize", "LastModifiedDate") if name in row}
    changed["SystemModstamp"] = state.now()
    state.database.update("ContentDocument", note_id, changed)
    if "Content" in row and "ContentVersion" in state.schema:
        found = state.database.find("ContentNote", note_id, ["LatestPublishedVersionId"])
        if found is not None and isinstance(found["LatestPublishedVersionId"], str):
            content = {"VersionData": row["Content"], **changed}
            content.pop("OwnerId", None)
            state.database.update("ContentVersion", found["LatestPublishedVersionId"], content)
