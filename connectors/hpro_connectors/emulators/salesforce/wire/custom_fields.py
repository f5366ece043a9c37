"""The custom fields of an org as records of the Tooling API, which sees them whoever may read them."""

from __future__ import annotations

import json
import threading

from pydantic import JsonValue

from hpro_connectors.emulators.salesforce.org.access import Access
from hpro_connectors.emulators.salesforce.org.api_fault import ApiFault, not_found
from hpro_connectors.emulators.salesforce.org.database import Database
from hpro_connectors.emulators.salesforce.org.field_schema import FieldSchema, FieldType
from hpro_connectors.emulators.salesforce.org.ids import long_id, make_id
from hpro_connectors.emulators.salesforce.org.object_schema import ObjectSchema, by_name
from hpro_connectors.emulators.salesforce.org.org_state import OrgState
from hpro_connectors.emulators.salesforce.org.querying import QueryResult, QuerySettings, run_query
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg
from hpro_connectors.emulators.salesforce.org.schema import OrgSchema
from hpro_connectors.emulators.salesforce.org.standard.common import identity, text
from hpro_connectors.emulators.salesforce.wire.custom_field_metadata import metadata_of_field

PREFIX = "00N"
"""Of the ids of custom fields."""

_ONE_ROW_ONLY = frozenset({"FullName", "Metadata"})
_TABLE = "CustomField"


def _schema() -> ObjectSchema:
    fields = [
        identity(),
        text("DeveloperName", 80),
        text("NamespacePrefix", 15),
        text("TableEnumOrId", 40),
        text("EntityDefinitionId", 40),
        text("Description", 1000),
        text("InlineHelpText", 510),
        FieldSchema("FullName", FieldType.STRING, length=255, filterable=False, sortable=False),
        FieldSchema("Metadata", FieldType.ANYTYPE),
    ]
    return ObjectSchema(_TABLE, PREFIX, by_name(fields), createable=True, undeletable=False, replicateable=False)


class CustomFields:
    """Ids of custom fields, what they say of themselves, and queries of them. Safe to use from several threads.

    Args:
        org: Whose.
    """

    def __init__(self, org: SalesforceOrg) -> None:
        self._org = org
        self._lock = threading.Lock()
        self._ids: dict[tuple[str, str], str] = {}
        self._descriptions: dict[str, str] = {}
        self._count = 0
        self._tables: OrgState | None = None

    def describe(self, object_name: str, name: str, description: str) -> str:
        """Keep what a field that was made says of itself to an admin.

        Args:
            object_name: Of which object.
            name: Its API name.
            description: What it says.

        Returns:
            Its id.
        """
        with self._lock:
            field_id = self._id_of(object_name, name)
            self._descriptions[field_id] = description
            return field_id

    def forget(self, object_name: str, name: str) -> None:
        """Forget a field that was taken away, so that a new one of its name has another id.

        Args:
            object_name: Of which object.
            name: Its API name.
        """
        with self._lock:
            self._descriptions.pop(self._ids.pop((object_name, name), ""), None)

    def find(self, field_id: str) -> tuple[str, FieldSchema]:
        """Find a custom field that the org has.

        Args:
            field_id: Its id.

        Returns:
            The object that it is of, and the field.

        Raises:
            ApiFault: There is none of that id.
        """
        wanted = long_id(field_id)
        found = [(one, field) for one, field in self._all() if self.id_of(one, field.name) == wanted]
        if not found:
            raise not_found()
        return found[0]

    def id_of(self, object_name: str, name: str) -> str:
        """Give the id of a custom field.

        Args:
            object_name: Of which object.
            name: Its API name.
        """
        with self._lock:
            return self._id_of(object_name, name)

    def record(self, object_name: str, field: FieldSchema) -> dict[str, JsonValue]:
        """Tell of a field as a record.

        Args:
            object_name: Of which object.
            field: Which.
        """
        field_id = self.id_of(object_name, field.name)
        description = self._descriptions.get(field_id, "")
        *namespace, name = field.name.removesuffix("__c").split("__")
        return {
            "Id": field_id,
            "DeveloperName": name,
            "NamespacePrefix": namespace[0] if namespace else None,
            "TableEnumOrId": object_name,
            "EntityDefinitionId": object_name,
            "Description": description or None,
            "InlineHelpText": field.help_text or None,
            "FullName": f"{object_name}.{field.name}",
            "Metadata": metadata_of_field(field, description),
        }

    def query(self, soql: str, api_version: str) -> QueryResult:
        """Run a query of custom fields.

        Args:
            soql: The query.
            api_version: Part of paths in the answer.

        Raises:
            ApiFault: It is no query, or asks for what is given of one field only.
        """
        with self._org.transaction():
            if self._tables is None:
                self._tables = self._make_tables()
            tables = self._tables
            tables.database.run(f"DELETE FROM {_TABLE}")  # noqa: S608 - a name of our own
            for object_name, field in self._all():
                row = self.record(object_name, field)
                stored = {key: value for key, value in row.items() if isinstance(value, str) or value is None}
                tables.database.insert(_TABLE, {**stored, "Metadata": json.dumps(row["Metadata"])})
            result = run_query(tables, soql, QuerySettings(None, include_deleted=False, api_version=api_version))
        if len(result.rows) > 1 and _ONE_ROW_ONLY & set(result.columns):
            raise ApiFault(
                400,
                "MALFORMED_QUERY",
                "When retrieving results with Metadata or FullName fields, the query qualifications must specify no"
                f" more than one row for retrieval. Result size: {len(result.rows)}",
            )
        return result

    def _all(self) -> list[tuple[str, FieldSchema]]:
        return [(one.name, field) for one in self._org.schema for field in one.fields.values() if field.custom]

    def _id_of(self, object_name: str, name: str) -> str:
        key = object_name, name
        if key not in self._ids:
            self._count += 1
            self._ids[key] = make_id(PREFIX, self._count, instance=self._org.org_id[3:5])
        return self._ids[key]

    def _make_tables(self) -> OrgState:
        """Make tables of their own: ordinary queries do not know these objects."""
        database = Database()
        schema = OrgSchema(database)
        schema.add_object(_schema())
        return OrgState(self._org.org_id, database, schema, Access(database, schema), self._org.clock)
