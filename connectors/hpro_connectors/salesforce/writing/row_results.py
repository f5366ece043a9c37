"""What Salesforce says of a row that it did not take: about the row alone, or about all that are to come."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from hpro_connectors.errors import PermissionDeniedError, QuotaExhaustedError, SchemaDriftError
from hpro_connectors.fields import ScoreRow
from hpro_connectors.protocol import WriteResult, WriteStatus
from hpro_connectors.salesforce.client.error_classes import LOCKED, row_status_of
from hpro_connectors.salesforce.client.failures import NAME
from hpro_connectors.salesforce.client.permissions import remedy_of
from hpro_connectors.salesforce.client.vendor_words import one_line

_FIELD_DENIED: Final = frozenset({"INVALID_FIELD_FOR_INSERT_UPDATE"})
_NO_SUCH_FIELD: Final = frozenset({"INVALID_FIELD"})
_DENIED: Final = frozenset({"INSUFFICIENT_ACCESS_OR_READONLY", "INSUFFICIENT_ACCESS"})
_USED_UP: Final = frozenset({"STORAGE_LIMIT_EXCEEDED", "REQUEST_LIMIT_EXCEEDED", "LIMIT_EXCEEDED"})


_DOES_NOT_FIT: Final = frozenset(
    {
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "INVALID_TYPE_ON_FIELD_IN_RECORD",
        "JSON_PARSER_ERROR",
        "NUMBER_OUTSIDE_VALID_RANGE",
        "STRING_TOO_LONG",
    }
)


def refused_result(row: ScoreRow, code: str, message: str, fields: Collection[str], *, object_name: str) -> WriteResult:
    """Give the result of a row that Salesforce refused.

    Args:
        row: As sent.
        code: The CRM's.
        message: The CRM's words, whole: they decide. What goes on is one line of them, shortened and masked, since
            a rule or trigger of the org may quote the record.
        fields: That it names.
        object_name: What the row is of.

    Raises:
        PermissionDeniedError: The user may not write one of our fields: no row would be taken.
        SchemaDriftError: One of our fields is not there, or no longer.
    """
    told = _told(message)
    result = WriteResult(lead=row.lead, status=row_status_of(code, message), code=code, message=told)
    if code in _FIELD_DENIED:
        raise _denied(result, object_name, tuple(fields))
    if code in _NO_SUCH_FIELD:
        raise SchemaDriftError(
            f"Salesforce does not know a field of ours of {object_name}: {told}.",
            hint="Have an admin run `hpro fields install`: it makes them, and assigns HPRO_Connector.",
            connector=NAME,
            stream=object_name,
        )
    return result


def check_together(results: Sequence[WriteResult], *, object_name: str) -> None:
    """Look at the results of rows that were sent together: where all say one thing, it is not about the rows.

    One row that the user may not write is no proof, since some records are not shared with it; it is refused alone.

    Args:
        results: Of one request or job.
        object_name: What the rows are of.

    Raises:
        PermissionDeniedError: The user may write none of several records.
        QuotaExhaustedError: The org is full, or a quota is used up.
    """
    codes = {result.code for result in results}
    if not results or None in codes:
        return
    if codes <= _DENIED and len(results) > 1:
        raise _denied(results[0], object_name)
    if codes <= _USED_UP:
        raise QuotaExhaustedError(
            f"A quota of the org is used up: {results[0].message} ({results[0].code}).",
            hint="Nothing more was written, and nothing is lost. See in Setup, under Company Information and Storage "
            "Usage, what is used up; then run again.",
            connector=NAME,
            stream=object_name,
        )


def may_be_of_fields(results: Iterable[WriteResult]) -> bool:
    """Whether a value did not fit into a field: one of ours may have become something else since it was looked at.

    Args:
        results: Of rows that were sent; what is not sent, because it would fit nowhere, is none of them.
    """
    return any(result.code in _DOES_NOT_FIT for result in results)


def is_locked(result: WriteResult) -> bool:
    """Whether somebody else was writing a row, so that it is worth another try soon.

    Args:
        result: Of the row.
    """
    return result.status is WriteStatus.RETRY and LOCKED in f"{result.code} {result.message}"


def _told(message: str) -> str:
    """Give what of the CRM's words goes on; a lock deep within a trigger's words stays in them, see `is_locked`."""
    line = one_line(message)
    return line if LOCKED not in message or LOCKED in line else f"{line} ({LOCKED})"


def _denied(result: WriteResult, object_name: str, fields: tuple[str, ...] = ()) -> PermissionDeniedError:
    return PermissionDeniedError(
        f"The CRM's user may not write {object_name}: {result.message} ({result.code}).",
        hint=remedy_of(result.code or "", fields),
        connector=NAME,
        stream=object_name,
        record_id=result.lead.lead_id,
    )
