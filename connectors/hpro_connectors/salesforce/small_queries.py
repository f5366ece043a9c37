"""Queries with small answers, such as a list of stages: read to their end, and not resumed."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import JsonValue

from hpro_connectors.salesforce.client import SalesforceClient


def read_all(client: SalesforceClient, soql: str) -> Iterator[dict[str, JsonValue]]:
    """Give all rows of a query, in as many pages as the CRM likes.

    Args:
        client: Of the org.
        soql: The query.

    Raises:
        ConnectorError: Salesforce does not answer it.
    """
    answer = client.query(soql)
    yield from answer.records
    while answer.next_path is not None:
        answer = client.query_more(answer.next_path)
        yield from answer.records
