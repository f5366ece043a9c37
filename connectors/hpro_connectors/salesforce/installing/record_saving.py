"""Making, changing and deleting records of the org's setup, all of a request or none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from pydantic import JsonValue

from hpro_connectors.errors import RecordRejectedError
from hpro_connectors.salesforce.client.error_classes import no_data_error
from hpro_connectors.salesforce.client.error_rules import GONE_CODES, error_of_failure
from hpro_connectors.salesforce.client.failures import Failure
from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient
from hpro_connectors.salesforce.client.vendor_words import words_of

Values = Mapping[str, JsonValue]

_MOST_RECORDS: Final = 200
_ROLLED_BACK: Final = "ALL_OR_NONE_OPERATION_ROLLED_BACK"


def create_records(client: SalesforceClient, object_name: str, records: Sequence[Values]) -> list[str]:
    """Make records.

    Args:
        client: Signed in as an admin.
        object_name: Of which object.
        records: Their values; of none nothing is sent.

    Returns:
        Their ids.

    Raises:
        ConnectorError: One was refused, and so none was made; or Salesforce cannot be reached.
    """
    return _send(client, "POST", object_name, records)


def update_records(client: SalesforceClient, object_name: str, records: Sequence[Values]) -> None:
    """Change records.

    Args:
        client: Signed in as an admin.
        object_name: Of which object.
        records: The values that change, with ``id``; of none nothing is sent.

    Raises:
        ConnectorError: One was refused, and so none was changed; or Salesforce cannot be reached.
    """
    _send(client, "PATCH", object_name, records)


def delete_record(client: SalesforceClient, path: str, where: str) -> None:
    """Delete a record; one that is gone already is fine.

    Args:
        client: Signed in as an admin.
        path: Of the object, such as ``sobjects/PermissionSet``, with the record's id behind it.
        where: What it is, for errors.

    Raises:
        ConnectorError: Salesforce refused, or cannot be reached.
    """
    try:
        client.request("DELETE", path, where=where)
    except RecordRejectedError as exc:
        if exc.vendor_code not in GONE_CODES:
            raise


def _send(client: SalesforceClient, method: str, object_name: str, records: Sequence[Values]) -> list[str]:
    ids: list[str] = []
    for start in range(0, len(records), _MOST_RECORDS):
        part: list[JsonValue] = [
            {"attributes": {"type": object_name}, **record} for record in records[start : start + _MOST_RECORDS]
        ]
        body: JsonValue = {"allOrNone": True, "records": part}
        answer = client.request(method, "composite/sobjects", json=body, where=object_name)
        if not isinstance(answer, list) or len(answer) != len(part):
            raise no_data_error("what became of each record")
        _raise_first(answer, object_name)
        ids += [_id_of(result) for result in answer]
    return ids


def _raise_first(answer: list[JsonValue], object_name: str) -> None:
    """Raise what stands against the first record that was refused for a reason of its own."""
    refused = [result for result in answer if not (isinstance(result, dict) and result.get("success") is True)]
    if not refused:
        return
    words = [words_of(result.get("errors") if isinstance(result, dict) else None) for result in refused]
    reason = next((one for one in words if one.code != _ROLLED_BACK), words[0])
    raise error_of_failure(Failure(400, reason, object_name))


def _id_of(result: JsonValue) -> str:
    record_id = result.get("id") if isinstance(result, dict) else None
    if not isinstance(record_id, str):
        raise no_data_error("the id of a record that it made")
    return record_id
