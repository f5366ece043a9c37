"""Asking an org what it holds: about a dozen calls, made once in a while."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from pydantic import JsonValue, ValidationError

from hpro_connectors.errors import PermissionDeniedError, SchemaDriftError, ServerError
from hpro_connectors.protocol import Owner
from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient
from hpro_connectors.salesforce.errors import QueryTooLargeError, UnknownColumnError, UnknownObjectError
from hpro_connectors.salesforce.rows.small_queries import read_all
from hpro_connectors.salesforce.rows.soql import select, text_literal
from hpro_connectors.salesforce.schema.crm_schema import CrmObject, CrmSchema, CrmStage
from hpro_connectors.salesforce.schema.crm_values import moment_in
from hpro_connectors.salesforce.settings import INTERACTION_STREAMS, SalesforceSettings, ScoredObjectName

HISTORY_OBJECTS: Final = {
    ScoredObjectName.LEAD: "LeadHistory",
    ScoredObjectName.CONTACT: "ContactHistory",
    ScoredObjectName.OPPORTUNITY: "OpportunityFieldHistory",
}
"""The object that keeps the history of each scored object."""

LINKS_OF_NOTES: Final = "ContentDocumentLink"
LINKS_OF_MAILS: Final = "EmailMessageRelation"

_HELPERS: Final = {"ContentNote": LINKS_OF_NOTES, "EmailMessage": LINKS_OF_MAILS}
_STAGE_QUERIES: Final = {
    ScoredObjectName.LEAD: "SELECT ApiName, MasterLabel, IsConverted, SortOrder FROM LeadStatus ORDER BY SortOrder",
    ScoredObjectName.OPPORTUNITY: "SELECT ApiName, MasterLabel, IsClosed, IsWon, IsActive, SortOrder"
    " FROM OpportunityStage ORDER BY SortOrder",
}
_NOT_SEEN: Final = (UnknownObjectError, UnknownColumnError, PermissionDeniedError)

_LOGGER = logging.getLogger(__name__)


class OrgDescriber:
    """Describes the scored object and everything that is read beside it.

    It takes a dozen calls. What was answered is kept, so that a call that fails costs no more than itself when the
    describing is tried again.

    Args:
        client: Signed in.
        settings: What is read.
        made_for: Kept in the schema.
    """

    def __init__(self, client: SalesforceClient, settings: SalesforceSettings, made_for: str) -> None:
        self._client = client
        self._settings = settings
        self._made_for = made_for
        self._objects: dict[str, CrmObject | None] = {}
        self._stages: tuple[CrmStage, ...] | None = None
        self._owners: tuple[Owner, ...] | None = None
        self._tracked: tuple[frozenset[str] | None, bool] | None = None
        self._oldest: datetime | None = None

    def describe(self) -> CrmSchema:
        """Describe the org; called again after a failure, it goes on.

        Raises:
            SchemaDriftError: The scored object, or interactions that a person named, do not exist for this user.
            ConnectorError: Salesforce cannot be asked.
        """
        scored = self._object(self._settings.scored_object.value)
        if scored is None:
            raise _not_seen(self._settings.scored_object.value)
        objects = {scored.name: scored}
        for name in (*_wanted(self._settings), HISTORY_OBJECTS[self._settings.scored_object]):
            found = self._object(name)
            if found is None:
                self._pass_over(name)
                continue
            objects[name] = found
            helper = _HELPERS.get(name)
            linked = None if helper is None else self._object(helper)
            if linked is not None:
                objects[linked.name] = linked
        if self._settings.follows_opportunity:
            opportunity = self._object(ScoredObjectName.OPPORTUNITY.value)
            if opportunity is not None:
                objects[opportunity.name] = opportunity
        if self._stages is None:
            self._stages = _stages(self._client, self._settings, scored)
        if self._owners is None:
            self._owners = tuple(_owners(self._client))
        if self._tracked is None:
            history = objects.get(HISTORY_OBJECTS[self._settings.scored_object])
            self._tracked = _tracked(self._client, self._settings, history)
        described_at = self._client.server_time()
        return CrmSchema(
            org_id=self._client.org_id,
            made_for=self._made_for,
            described_at=described_at,
            objects=objects,
            stages=self._stages,
            owners=self._owners,
            tracked=self._tracked[0],
            tracked_by_history=self._tracked[1],
            stage_tracked_since=self._stage_tracked_since(objects, described_at),
        )

    def _stage_tracked_since(self, objects: Mapping[str, CrmObject], described_at: datetime) -> datetime | None:
        stage, history = self._settings.stage_column, objects.get(HISTORY_OBJECTS[self._settings.scored_object])
        tracked = None if self._tracked is None else self._tracked[0]
        if history is None or stage is None or tracked is None or stage not in tracked:
            return None
        if self._oldest is None:
            self._oldest = _oldest_change(self._client, history, stage) or described_at
        return self._oldest

    def _object(self, name: str) -> CrmObject | None:
        if name not in self._objects:
            self._objects[name] = _described(self._client, name)
        return self._objects[name]

    def _pass_over(self, name: str) -> None:
        named = self._settings.interactions
        if named is not None and name in named:
            raise SchemaDriftError(
                f"The configuration names the interactions {name}, and the CRM's user sees no such object.",
                hint="Give it read access to the object, or take it out of interactions.",
                connector="salesforce",
                stream=name,
            )
        _LOGGER.info("an object is not there and not read", extra={"stream": name})


def _not_seen(name: str) -> SchemaDriftError:
    return SchemaDriftError(
        f"The CRM's user does not see the object {name}.",
        hint="Give it read access to the object (permission set HPRO_Connector), or score another one.",
        connector="salesforce",
        stream=name,
    )


def _wanted(settings: SalesforceSettings) -> tuple[str, ...]:
    return INTERACTION_STREAMS if settings.interactions is None else settings.interactions


def _described(client: SalesforceClient, name: str) -> CrmObject | None:
    try:
        return CrmObject.read(client.describe(name))
    except UnknownObjectError:
        return None


def _stages(client: SalesforceClient, settings: SalesforceSettings, scored: CrmObject) -> tuple[CrmStage, ...]:
    query = None if settings.has_own_stage_field else _STAGE_QUERIES.get(settings.scored_object)
    if query is not None:
        try:
            stages = tuple(_stage(row) for row in read_all(client, query) if _is_in_use(row))
        except _NOT_SEEN:
            stages = ()
        if stages:
            return stages
    field = scored.by_name.get(settings.stage_column or "")
    options = () if field is None else field.options
    return tuple(CrmStage(value=one.value, label=one.label) for one in options if one.active and one.value)


def _stage(row: dict[str, JsonValue]) -> CrmStage:
    try:
        return CrmStage(
            value=row.get("ApiName") or row.get("MasterLabel"),
            label=row.get("MasterLabel") or row.get("ApiName"),
            converted=row.get("IsConverted") is True,
            closed=row.get("IsClosed") is True,
            won=row.get("IsWon") is True,
        )
    except ValidationError as exc:
        raise ServerError("Salesforce gave a stage without a name.", hint="Try again later.") from exc


def _is_in_use(row: dict[str, JsonValue]) -> bool:
    """Whether records may be set to a stage; closed ones that are no longer used still stand in records."""
    return row.get("IsActive") is not False or row.get("IsClosed") is True


def _owners(client: SalesforceClient) -> Iterator[Owner]:
    try:
        for row in read_all(client, "SELECT Id, Name, IsActive FROM User WHERE UserType = 'Standard'"):
            if isinstance(row.get("Id"), str):
                yield Owner(
                    owner_id=row["Id"], name=str(row.get("Name") or ""), active=row.get("IsActive") is not False
                )
    except _NOT_SEEN:
        _LOGGER.info("reps are not listed: their object is hidden from the CRM's user")


def _oldest_change(client: SalesforceClient, history: CrmObject, stage: str) -> datetime | None:
    """Give when the oldest change of the stage was logged; ``None`` where none was, or the CRM does not find it."""
    soql = select(("CreatedDate",), history.name, (f"Field = {text_literal(stage)}",))
    try:
        rows = read_all(client, f"{soql} ORDER BY CreatedDate LIMIT 1")
    except QueryTooLargeError:
        _LOGGER.warning("the history is too large to look for its oldest change of the stage")
        return None
    return moment_in(rows[0], "CreatedDate") if rows else None


def _tracked(
    client: SalesforceClient, settings: SalesforceSettings, history: CrmObject | None
) -> tuple[frozenset[str] | None, bool]:
    """Give the fields whose history is kept, and whether only the history itself tells so.

    Where this user may not ask, the history itself is asked for a change of the stage: ``None`` where it has none.
    """
    of_object = f"EntityDefinition.QualifiedApiName = {text_literal(settings.scored_object.value)}"
    try:
        rows = read_all(client, select(("QualifiedApiName", "IsFieldHistoryTracked"), "FieldDefinition", (of_object,)))
    except _NOT_SEEN:
        stage = settings.stage_column
        if history is None or stage is None:
            return None, True
        soql = select(("Id",), history.name, (f"Field = {text_literal(stage)}",))
        return (frozenset({stage}) if read_all(client, f"{soql} LIMIT 1") else None), True
    return frozenset(str(row["QualifiedApiName"]) for row in rows if row.get("IsFieldHistoryTracked") is True), False
