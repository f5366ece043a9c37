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
from hpro_connectors.salesforce.schema.crm_values import moment_in

REACHES_BACK: Final = timedelta(days=30)
"""The log is not asked for what lies further back."""

LAGS: Final = timedelta(hours=2)
"""The log may be so far behind the clock, as behind a long transaction: every window asks for so much more."""

_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True)
class DeletionPage(RowPage):
    """Rows that only say that a record is deleted.

    Attributes:
        lost: Whether the log may not tell of all deletions, neither now nor to the next window.
    """

    lost: bool = False


def read_deletions(client: SalesforceClient, object_name: str, window: Window) -> Iterator[RowPage]:
    """Give one page of what the log of deletions holds of a window and of the time before it; costs one call.

    The log says up to when it covers deletions, which may be hours before now. So it is asked from :data:`LAGS` before
    the window on: what it did not cover then comes now, and what it does not cover now comes with the next window. Only
    where it lags more, or was cut off since, are deletions lost. It is asked by the minute. More deletions come than
    those of the window; they change nothing the second time.

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
    earliest = now - REACHES_BACK + _MINUTE
    if start < earliest:
        yield DeletionPage((), None, complete=True, lost=True)
        return
    params = {"start": _literal(max(start - LAGS, earliest)), "end": _literal(end)}
    try:
        answer = client.request("GET", f"sobjects/{object_name}/deleted/", params=params, where=object_name)
    except ReplicationDateError:  # what the last window was not told may be among what was cut off
        yield DeletionPage((), None, complete=True, lost=True)
        return
    deleted = answer.get("deletedRecords") if isinstance(answer, dict) else None
    if not isinstance(answer, dict) or not isinstance(deleted, list):
        raise ServerError(
            f"Salesforce did not say what of {object_name} was deleted.",
            hint="Try again later.",
            connector="salesforce",
            stream=object_name,
        )
    covered = moment_in(answer, "latestDateCovered")
    lost = covered is not None and covered < end - LAGS
    yield DeletionPage(tuple(_row(one, object_name) for one in deleted), None, complete=True, lost=lost)


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
