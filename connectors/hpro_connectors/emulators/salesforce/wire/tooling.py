"""The Tooling API, as far as it is about custom fields: nobody sees a new one until a permission set says so."""

from __future__ import annotations

import re
import threading

from hpro_connectors.emulators.http.messages import Response
from hpro_connectors.emulators.salesforce.org.api_fault import ApiFault
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg
from hpro_connectors.emulators.salesforce.wire.call import Call
from hpro_connectors.emulators.salesforce.wire.custom_field_metadata import field_of_metadata
from hpro_connectors.emulators.salesforce.wire.custom_fields import CustomFields
from hpro_connectors.emulators.salesforce.wire.queries import Queries

_OF_FIELDS = re.compile(r"\bFROM\s+CustomField\b", re.IGNORECASE)


class Tooling:
    """Custom fields of an org.

    Args:
        org: Whose.
        queries: Answer queries of everything else.
    """

    def __init__(self, org: SalesforceOrg, queries: Queries) -> None:
        self._org, self._queries = org, queries
        self._fields = CustomFields(org)
        self._lock = threading.Lock()

    def query(self, call: Call) -> Response:
        """Ask for custom fields, in one page, or for anything else.

        Args:
            call: With ``q`` in the query.
        """
        soql = call.query_value("q")
        if not _OF_FIELDS.search(soql):
            return self._queries.query(call)
        self._require_admin(call)
        result = self._fields.query(soql, call.version)
        if result.count is not None:
            return Response.of_json({"size": result.count, "totalSize": result.count, "done": True, "records": []})
        records = [self._told(call, dict(zip(result.columns, row, strict=True))) for row in result.rows]
        answer = {"size": len(records), "totalSize": len(records), "done": True, "queryLocator": None}
        return Response.of_json({**answer, "entityTypeName": "CustomField", "records": records})

    def create_field(self, call: Call) -> Response:
        """Make a custom field.

        Args:
            call: With ``FullName`` and ``Metadata``.
        """
        self._require_admin(call)
        body = call.object_body()
        object_name, _, name = str(body.get("FullName", "")).partition(".")
        metadata = body.get("Metadata")
        if not isinstance(metadata, dict) or not name:
            raise ApiFault(
                400, "REQUIRED_FIELD_MISSING", "Required fields are missing: [FullName, Metadata]", ("FullName",)
            )
        if not name.endswith("__c"):
            raise ApiFault(400, "FIELD_INTEGRITY_EXCEPTION", "Custom field names end in __c", ("FullName",))
        one = self._org.schema.find(object_name)
        if one is None:
            raise ApiFault(
                400, "INVALID_CROSS_REFERENCE_KEY", f"In field: entityName - no CustomObject named {object_name} found"
            )
        field = field_of_metadata(name, metadata)
        with self._lock:
            if one.find(name) is not None:
                raise ApiFault(
                    400,
                    "DUPLICATE_DEVELOPER_NAME",
                    f"There is already a field named {name.removesuffix('__c')} on {one.label}.",
                    ("DeveloperName",),
                )
            self._org.schema.add_field(one.name, field, visible=False)
            field_id = self._fields.describe(one.name, name, str(metadata.get("description") or ""))
        return Response.of_json({"id": field_id, "success": True, "errors": [], "warnings": [], "infos": []}, 201)

    def read_field(self, call: Call) -> Response:
        """Give a custom field.

        Args:
            call: With its id.
        """
        self._require_admin(call)
        object_name, field = self._fields.find(call.parts["id"])
        return Response.of_json(self._told(call, dict(self._fields.record(object_name, field))))

    def delete_field(self, call: Call) -> Response:
        """Take a custom field away, with its values and what permission sets say of it.

        Args:
            call: With its id.
        """
        self._require_admin(call)
        with self._lock:
            object_name, field = self._fields.find(call.parts["id"])
            self._org.schema.remove_field(object_name, field.name)
            self._org.access.forget_field(object_name, field.name)
            self._fields.forget(object_name, field.name)
        return Response.empty()

    def _told(self, call: Call, values: dict[str, object]) -> dict[str, object]:
        attributes: dict[str, object] = {"type": "CustomField"}
        if "Id" in values:
            attributes["url"] = f"{call.base}/tooling/sobjects/CustomField/{values['Id']}"
        return {"attributes": attributes, **values}

    def _require_admin(self, call: Call) -> None:
        if call.user_id != self._org.admin_user_id:
            raise ApiFault(
                403, "INSUFFICIENT_ACCESS", "You do not have the level of access necessary to perform the operation"
            )
