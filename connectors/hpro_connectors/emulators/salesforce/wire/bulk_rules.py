"""What the Bulk API does not take, though REST does."""

from __future__ import annotations

import re

from hpro_connectors.emulators.salesforce.org.api_fault import ApiFault
from hpro_connectors.emulators.salesforce.org.field_schema import FieldType
from hpro_connectors.emulators.salesforce.org.querying import QueryResult
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg

_FROM = re.compile(r"\bFROM\s+(\w+)", re.IGNORECASE)
COMPOUND = "Selecting compound data not supported in Bulk Query"


def check_bulk_query(org: SalesforceOrg, soql: str, user_id: str) -> str:
    """Check the query of a job that is to be made.

    Args:
        org: Whose.
        soql: The query.
        user_id: Who asks.

    Returns:
        The object it is about.

    Raises:
        ApiFault: It is no query, or the Bulk API does not take it.
    """
    found = _FROM.search(soql)
    one = org.schema.find(found[1]) if found is not None else None
    if one is not None and not one.bulk:
        raise ApiFault(400, "INVALIDENTITY", f"Entity '{one.name}' is not supported by the Bulk API.")
    answer = org.open_query(soql, user_id=user_id)
    if isinstance(answer, QueryResult):
        raise ApiFault(400, "API_ERROR", "Aggregate Relationships not supported in Bulk V2 Query with CSV content type")
    types = {field.type for field in answer.fields}
    if FieldType.ADDRESS in types:
        raise ApiFault(400, "API_ERROR", COMPOUND)
    if FieldType.BASE64 in types:
        raise ApiFault(400, "API_ERROR", "BINARY fields cannot be selected in Bulk V2 Query")
    return answer.object_name
