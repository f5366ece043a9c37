"""Asking an org what it holds: about a dozen calls, made once in a while."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Final

from pydantic import JsonValue, ValidationError

from hpro_connectors.errors import PermissionDeniedError, SchemaDriftError, ServerError
from hpro_connectors.protocol import Owner
from hpro_connectors.salesforce.client import SalesforceClient
from hpro_connectors.salesforce.crm_schema import CrmObject, CrmSchema, CrmStage
from hpro_connectors.salesforce.errors import UnknownColumnError, UnknownObjectError
from hpro_connectors.salesforce.settings import INTERACTION_STREAMS, SalesforceSettings, ScoredObjectName
from hpro_connectors.salesforce.small_queries import read_all
from hpro_connectors.salesforce.soql import select, text_literal

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


def describe_org(client: SalesforceClient, settings: SalesforceSettings, made_for: str) -> CrmSchema:
    """Describe the scored object and everything that is read beside it.

    Args:
        client: Signed in.
        settings: What is read.
        made_for: Kept in the schema.

    Raises:
        SchemaDriftError: The scored object, or interactions that a person named, do not exist for this user.
        ConnectorError: Salesforce cannot be asked.
    """
    scored = _described(client, settings.scored_object.value)
    if scored is None:
        raise SchemaDriftError(
            f"The CRM's user does not see the object {settings.scored_object}.",
            hint="Give it read access to the object (permission set HPRO_Connector), or score another one.",
            connector="salesforce",
            stream=settings.scored_object.value,
        )
    objects = {scored.name: scored}
    for name in (*_wanted(settings), HISTORY_OBJECTS[settings.scored_object]):
        found = _described(client, name)
        if found is not None:
            objects[name] = found
            helper = _HELPERS.get(name)
            linked = None if helper is None else _described(client, helper)
            if linked is not None:
                objects[linked.name] = linked
            continue
        if settings.interactions is not None and name in settings.interactions:
            raise SchemaDriftError(
                f"The configuration names the interactions {name}, and the CRM's user sees no such object.",
                hint="Give it read access to the object, or take it out of interactions.",
                connector="salesforce",
                stream=name,
            )
        _LOGGER.info("an object is not there and not read", extra={"stream": name})
    return CrmSchema(
        org_id=client.org_id,
        made_for=made_for,
        described_at=client.server_time(),
        objects=objects,
        stages=_stages(client, settings, scored),
        owners=tuple(_owners(client)),
        tracked=_tracked(client, settings),
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


def _tracked(client: SalesforceClient, settings: SalesforceSettings) -> frozenset[str] | None:
    """Give the fields whose history is kept; ``None`` where this user may not ask."""
    of_object = f"EntityDefinition.QualifiedApiName = {text_literal(settings.scored_object.value)}"
    query = select(("QualifiedApiName", "IsFieldHistoryTracked"), "FieldDefinition", (of_object,))
    try:
        return frozenset(
            str(row["QualifiedApiName"])
            for row in read_all(client, query)
            if row.get("IsFieldHistoryTracked") is True and isinstance(row.get("QualifiedApiName"), str)
        )
    except _NOT_SEEN:
        return None
