"""Rows from the records of a REST answer."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import JsonValue

from hpro_connectors.errors import ServerError
from hpro_connectors.salesforce.client.salesforce_client import QueryAnswer
from hpro_connectors.salesforce.rows.row_source import Row


def rest_rows(answer: QueryAnswer, object_name: str, columns: Sequence[str]) -> list[Row]:
    """Give the rows of an answer, parents flattened.

    Args:
        answer: What the CRM said.
        object_name: What was asked for.
        columns: Likewise.

    Raises:
        ServerError: A record lacks a column that was asked for: this is no answer to the query.
    """
    paths = [(column, column.split(".")) for column in columns]
    return [{column: _value(record, path, object_name) for column, path in paths} for record in answer.records]


def _value(record: JsonValue, path: Sequence[str], object_name: str) -> JsonValue:
    value = record
    for name in path:
        if value is None:
            return None
        if not isinstance(value, dict) or name not in value:
            raise ServerError(
                f"Salesforce answered a query of {object_name} without the column {'.'.join(path)}.",
                hint="Try again later.",
                connector="salesforce",
                stream=object_name,
            )
        value = value[name]
    if isinstance(value, str):
        return value.replace("\0", "") or None
    return value
