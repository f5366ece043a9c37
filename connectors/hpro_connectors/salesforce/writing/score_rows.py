"""Writing score fields: 200 rows a request, each row for itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from pydantic import JsonValue

from hpro_connectors.errors import PermissionDeniedError, SchemaDriftError, ServerError
from hpro_connectors.fields import ScoreRow
from hpro_connectors.protocol import FieldState, WriteResult, WriteStatus
from hpro_connectors.salesforce.client.error_classes import row_status_of
from hpro_connectors.salesforce.client.permissions import remedy_of
from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient
from hpro_connectors.salesforce.schema.crm_schema import CrmObject
from hpro_connectors.salesforce.schema.links import Links
from hpro_connectors.salesforce.writing.score_fields import SCORE_COLUMNS, plan_fields, to_crm

ROWS_PER_REQUEST: Final = 200
"""Rows of one sObject Collections request."""

_HEADERS: Final = {
    "Sforce-Auto-Assign": "FALSE",  # without it an update runs the org's assignment rules and may move the lead
    "Sforce-Duplicate-Rule-Header": "allowSave=true",
}
_FIELD_DENIED: Final = frozenset({"INVALID_FIELD_FOR_INSERT_UPDATE"})
_DENIED: Final = frozenset({"INSUFFICIENT_ACCESS_OR_READONLY", "INSUFFICIENT_ACCESS"})
_NO_SUCH_FIELD: Final = frozenset({"INVALID_FIELD"})


def require_writable(described: CrmObject) -> None:
    """Make sure that our fields can be written, before the first row is sent.

    Args:
        described: The scored object as the CRM's user sees it.

    Raises:
        SchemaDriftError: One is missing, hidden, or something else.
        PermissionDeniedError: One cannot be written by this user.
    """
    planned = plan_fields(described)
    missing = [one.name for one in planned if one.state is FieldState.CREATED]
    if missing:
        raise SchemaDriftError(
            f"{described.name} has no field {', '.join(missing)}, or the CRM's user does not see it.",
            hint="Have an admin run `hpro fields install`: it gives that user the permission set HPRO_Connector.",
            connector="salesforce",
            stream=described.name,
        )
    clash = next((one for one in planned if one.state is FieldState.CONFLICT), None)
    if clash is not None:
        raise SchemaDriftError(
            f"{described.name} has a field {clash.name} that is not as HPRO makes it: {clash.detail}",
            hint="Rename it in the org, or delete it, and have an admin run `hpro fields install`.",
            connector="salesforce",
            stream=described.name,
        )
    read_only = [column for column in SCORE_COLUMNS.values() if not described.by_name[column].updateable]
    if read_only:
        raise PermissionDeniedError(
            f"The CRM's user may not write {', '.join(read_only)} of {described.name}.",
            hint="Assign it the permission set HPRO_Connector, which lets it edit our fields.",
            connector="salesforce",
            stream=described.name,
        )


def write_rows(client: SalesforceClient, links: Links, rows: Sequence[ScoreRow]) -> list[WriteResult]:
    """Write rows; those of a request that fails as a whole raise.

    Args:
        client: Of the org.
        links: Keys of its scored object.
        rows: In any number; a record that comes twice is refused the second time within a request.

    Returns:
        One result a row, in the order of the rows.

    Raises:
        PermissionDeniedError: The user may write none of the rows of a request, or not one of our fields.
        ConnectorError: A request failed.
    """
    results: list[WriteResult] = []
    for start in range(0, len(rows), ROWS_PER_REQUEST):
        results += _write_request(client, links, rows[start : start + ROWS_PER_REQUEST])
    return results


def _write_request(client: SalesforceClient, links: Links, rows: Sequence[ScoreRow]) -> Iterator[WriteResult]:
    refused = list(_refused(links, rows))
    sent = [row for row, refusal in zip(rows, refused, strict=True) if refusal is None]
    answers = iter(_send(client, links, sent) if sent else [])
    results = [refusal or next(answers) for refusal in refused]
    client.count_written(sum(result.status is WriteStatus.WRITTEN for result in results))
    yield from results


def _refused(links: Links, rows: Sequence[ScoreRow]) -> Iterator[WriteResult | None]:
    """Give results of rows that never reach the CRM: it would refuse the others of a request along with them."""
    seen: set[str] = set()
    for row in rows:
        key = row.lead
        if (key.org_id, key.object_type) != (links.org_id, links.object_type):
            message = "The record is not one of this org and object."
            yield WriteResult(lead=key, status=WriteStatus.REJECTED, code="MALFORMED_ID", message=message)
        elif not links.is_scored(key.lead_id):
            message = "There is no record with an id of this form."
            yield WriteResult(lead=key, status=WriteStatus.GONE, code="MALFORMED_ID", message=message)
        elif key.lead_id in seen:
            message = "The record comes twice in one request."
            yield WriteResult(lead=key, status=WriteStatus.REJECTED, code="DUPLICATE_VALUE", message=message)
        else:
            seen.add(key.lead_id)
            yield None


def _send(client: SalesforceClient, links: Links, rows: Sequence[ScoreRow]) -> list[WriteResult]:
    name = links.scored_object.value
    records: list[JsonValue] = [{"attributes": {"type": name}, "id": row.lead.lead_id, **to_crm(row)} for row in rows]
    body: JsonValue = {"allOrNone": False, "records": records}
    answer = client.request("PATCH", "composite/sobjects", json=body, headers=_HEADERS, where=name)
    if not isinstance(answer, list) or len(answer) != len(rows):
        raise ServerError(
            f"Salesforce was sent {len(rows)} rows of {name} and did not say what became of each.",
            hint="They are sent again; run again later.",
            connector="salesforce",
            stream=name,
        )
    results = [_result(row, one, name) for row, one in zip(rows, answer, strict=True)]
    if all(result.code in _DENIED for result in results):
        raise _denied(results[0], name)
    return results


def _result(row: ScoreRow, answer: JsonValue, object_name: str) -> WriteResult:
    """Read what became of a row; a row that failed may come without its id, so only its place tells which it is."""
    if isinstance(answer, dict) and answer.get("success") is True:
        return WriteResult(lead=row.lead, status=WriteStatus.WRITTEN)
    errors = answer.get("errors") if isinstance(answer, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    if not isinstance(first, dict):
        raise ServerError(
            f"Salesforce did not say why it refused a row of {object_name}.",
            hint="It is sent again; run again later.",
            connector="salesforce",
            stream=object_name,
            record_id=row.lead.lead_id,
        )
    code = str(first.get("statusCode") or first.get("errorCode") or "")
    message = str(first.get("message") or "")
    fields = first.get("fields")
    named = tuple(str(field) for field in fields) if isinstance(fields, list) else ()
    result = WriteResult(lead=row.lead, status=row_status_of(code), code=code, message=message)
    if code in _FIELD_DENIED:
        raise _denied(result, object_name, named)
    if code in _NO_SUCH_FIELD:
        raise SchemaDriftError(
            f"Salesforce does not know a field of ours of {object_name}: {message}",
            hint="Have an admin run `hpro fields install`: it makes them, and assigns HPRO_Connector.",
            connector="salesforce",
            stream=object_name,
        )
    return result


def _denied(result: WriteResult, object_name: str, fields: tuple[str, ...] = ()) -> PermissionDeniedError:
    return PermissionDeniedError(
        f"The CRM's user may not write {object_name}: {result.message} ({result.code}).",
        hint=remedy_of(result.code or "", fields),
        connector="salesforce",
        stream=object_name,
        record_id=result.lead.lead_id,
    )
