"""Making our own fields in an org, and letting the user that is signed in read and write them.

This takes an admin's session: the integration user needs no right to change the org. A field that is made through the
API is seen by nobody, so a permission set is made with it, filled, and assigned.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pydantic import JsonValue

from hpro_connectors.errors import RecordRejectedError, ServerError
from hpro_connectors.fields import SCORE_FIELDS, FieldType, ScoreField
from hpro_connectors.protocol import EnsuredField, FieldState
from hpro_connectors.salesforce.client import SalesforceClient
from hpro_connectors.salesforce.error_rules import EXISTS_CODES
from hpro_connectors.salesforce.score_fields import column_of
from hpro_connectors.salesforce.small_queries import read_all
from hpro_connectors.salesforce.soql import is_record_id, select, text_literal

PERMISSION_SET: Final = "HPRO_Connector"
"""The permission set of the integration user."""

_LABEL: Final = "HPRO Connector"


def install_fields(client: SalesforceClient, object_name: str, planned: Sequence[EnsuredField]) -> None:
    """Make the fields that are planned, with the permission to read and write all of ours.

    Args:
        client: Signed in as somebody who may change the org.
        object_name: The scored object.
        planned: What is to be done of each field.

    Raises:
        PermissionDeniedError: The user may not change the org.
        ConnectorError: Salesforce refused, or cannot be reached; what was made stays, and is found the next time.
    """
    to_make = {one.name for one in planned if one.state is FieldState.CREATED}
    if not to_make:
        return
    for field in SCORE_FIELDS:
        if column_of(field) in to_make:
            _make(client, object_name, field)
    set_id = _permission_set(client)
    _grant(client, set_id, object_name)
    _assign(client, set_id)


def metadata_of(field: ScoreField) -> dict[str, JsonValue]:
    """Give what the Metadata API calls a field; a picklist of ours takes other values too, so that none is refused.

    Args:
        field: One of the table.
    """
    common: dict[str, JsonValue] = {"label": field.label, "inlineHelpText": field.help_text, "required": False}
    match field.type:
        case FieldType.NUMBER:
            return common | {"type": "Number", "precision": field.precision, "scale": field.scale}
        case FieldType.TEXT:
            return common | {"type": "Text", "length": field.precision}
        case FieldType.DATETIME:
            return common | {"type": "DateTime"}
        case FieldType.PICKLIST:
            values: list[JsonValue] = [
                {"fullName": option, "label": option, "default": False} for option in field.options
            ]
            return common | {
                "type": "Picklist",
                "valueSet": {"restricted": False, "valueSetDefinition": {"sorted": False, "value": values}},
            }


def _make(client: SalesforceClient, object_name: str, field: ScoreField) -> None:
    """Make a field; one that was made before and hidden from this user is there already."""
    column = column_of(field)
    body: JsonValue = {"FullName": f"{object_name}.{column}", "Metadata": metadata_of(field)}
    try:
        client.request("POST", "tooling/sobjects/CustomField", json=body, where=column)
    except RecordRejectedError as exc:
        if exc.vendor_code not in EXISTS_CODES:
            raise


def _permission_set(client: SalesforceClient) -> str:
    soql = select(("Id",), "PermissionSet", (f"Name = {text_literal(PERMISSION_SET)}",))
    found = read_all(client, soql)
    if found:
        return str(found[0]["Id"])
    return _create(client, "PermissionSet", {"Name": PERMISSION_SET, "Label": _LABEL})


def _grant(client: SalesforceClient, set_id: str, object_name: str) -> None:
    conditions = (f"ParentId = {text_literal(set_id)}", f"SobjectType = {text_literal(object_name)}")
    soql = select(("Field",), "FieldPermissions", conditions)
    granted = {str(row.get("Field")) for row in read_all(client, soql)}
    for field in SCORE_FIELDS:
        name = f"{object_name}.{column_of(field)}"
        if name not in granted:
            permission: dict[str, JsonValue] = {
                "ParentId": set_id,
                "SobjectType": object_name,
                "Field": name,
                "PermissionsRead": True,
                "PermissionsEdit": True,
            }
            _create(client, "FieldPermissions", permission)


def _assign(client: SalesforceClient, set_id: str) -> None:
    user_id = _own_user_id(client)
    conditions = (f"PermissionSetId = {text_literal(set_id)}", f"AssigneeId = {text_literal(user_id)}")
    if not read_all(client, select(("Id",), "PermissionSetAssignment", conditions)):
        _create(client, "PermissionSetAssignment", {"PermissionSetId": set_id, "AssigneeId": user_id})


def _own_user_id(client: SalesforceClient) -> str:
    """Give who is signed in: the list of resources names the user at the end of its identity URL."""
    answer = client.request("GET", "")
    identity = answer.get("identity") if isinstance(answer, dict) else None
    user_id = identity.rstrip("/").rpartition("/")[2] if isinstance(identity, str) else ""
    if not is_record_id(user_id):
        raise ServerError("Salesforce did not say who is signed in.", hint="Try again later.", connector="salesforce")
    return user_id


def _create(client: SalesforceClient, object_name: str, values: dict[str, JsonValue]) -> str:
    body: JsonValue = dict(values)
    answer = client.request("POST", f"sobjects/{object_name}", json=body, where=object_name)
    created = answer.get("id") if isinstance(answer, dict) else None
    if not isinstance(created, str):
        raise ServerError(
            f"Salesforce did not say which {object_name} it made.", hint="Try again later.", connector="salesforce"
        )
    return created
