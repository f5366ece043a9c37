"""What was deleted in a window by the CRM's own log: it knows of records that are in no recycle bin any more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from pydantic import JsonValue

from hpro_connectors.errors import ServerError
from hpro_connectors.protocol import Window
from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient
from hpro_connectors.salesforce.errors import ReplicationDateError
from hpro_connectors.salesforce.rows.row_source import MODSTAMP, Row, RowPage

REACHES_BACK: Final = timedelta(days=30)
"""The log is not asked for what lies further back."""

_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True)
class DeletionPage(RowPage):
    """Rows that only say that a record is deleted.

    Attributes:
        lost: Whether the log does not reach back to the beginning of the window.
    """

    lost: bool = False


def read_deletions(client: SalesforceClient, object_name: str, window: Window) -> Iterator[RowPage]:
    """Give one page of what the log of deletions holds of a window; costs one call.

    The log is asked by the minute, so that a few more deletions may come; rows of the object tell the same again.

    Args:
        client: Of the org.
        object_name: Whose deletions.
        window: When.

    Raises:
        ConnectorError: The log cannot be read.
    """
    now = client.server_time()
    end = min(window.end, now)
    start = min(window.start.replace(second=0, microsecond=0), end - 2 * _MINUTE)  # it takes no shorter time
    if window.start >= now or window.start >= window.end:
        yield DeletionPage((), None, complete=True)
        return
    if start < now - REACHES_BACK + _MINUTE:
        yield DeletionPage((), None, complete=True, lost=True)
        return
    params = {"start": _literal(start), "end": _literal(end)}
    try:
        answer = client.request("GET", f"sobjects/{object_name}/deleted/", params=params, where=object_name)
    except ReplicationDateError:
        yield DeletionPage((), None, complete=True, lost=True)
        return
    deleted = answer.get("deletedRecords") if isinstance(answer, dict) else None
    if not isinstance(deleted, list):
        raise ServerError(
            f"Salesforce did not say what of {object_name} was deleted.",
            hint="Try again later.",
            connector="salesforce",
            stream=object_name,
        )
    yield DeletionPage(tuple(_row(one, object_name) for one in deleted), None, complete=True)


def _row(deleted: JsonValue, object_name: str) -> Row:
    if isinstance(deleted, dict) and isinstance(deleted.get("id"), str):
        return {"Id": deleted["id"], "IsDeleted": True, MODSTAMP: deleted.get("deletedDate")}
    raise ServerError(
        f"Salesforce gave a deletion of {object_name} without an id.",
        hint="Try again later.",
        connector="salesforce",
        stream=object_name,
    )


def _literal(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")
