"""Queries with small answers, such as a list of stages: read to their end, and not resumed."""

from __future__ import annotations

from typing import Final

from pydantic import JsonValue

from hpro_connectors.errors import ServerError
from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient
from hpro_connectors.salesforce.errors import CursorExpiredError

_TRIES: Final = 3


def read_all(client: SalesforceClient, soql: str) -> list[dict[str, JsonValue]]:
    """Give all rows of a query, in as many pages as the CRM likes; begun again where a page is no longer known.

    Args:
        client: Of the org.
        soql: The query.

    Raises:
        ConnectorError: Salesforce does not answer it.
    """
    for _ in range(_TRIES):
        try:
            return _read(client, soql)
        except CursorExpiredError:
            continue
    raise ServerError("Salesforce keeps forgetting the pages of a small answer.", hint="Try again later.")


def _read(client: SalesforceClient, soql: str) -> list[dict[str, JsonValue]]:
    answer = client.query(soql)
    rows = list(answer.records)
    while answer.next_path is not None:
        answer = client.query_more(answer.next_path)
        rows += answer.records
    return rows
