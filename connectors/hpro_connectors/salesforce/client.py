"""One org, one user, one request after the other: what the connector asks of Salesforce."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue
from requests.adapters import BaseAdapter

from hpro_connectors.protocol import CallLimits
from hpro_connectors.salesforce.bulk_jobs import BulkAnswer, QueryJob
from hpro_connectors.salesforce.connection import Connection


@dataclass(frozen=True, slots=True)
class QueryAnswer:
    """A page of a query's answer.

    Attributes:
        records: As REST gives them, ``attributes`` included.
        next_path: For :meth:`SalesforceClient.query_more`; ``None``: this is the last page.
        total: Rows of the whole answer; of a ``COUNT()`` the count.
    """

    records: tuple[dict[str, JsonValue], ...]
    next_path: str | None
    total: int


class SalesforceClient:
    """A signed-in user of one org; one thread at a time.

    Every call may raise what :mod:`hpro_connectors.salesforce.errors` lists, and otherwise ``ServerError``,
    ``NetworkError`` and ``RateLimitedError`` for what may pass, ``AuthError``, ``PermissionDeniedError``,
    ``QuotaExhaustedError`` and ``SchemaDriftError`` for what does not. Nothing is tried again here, except once after
    a renewed sign-in.
    """

    def __init__(self, connection: Connection, *, transport: BaseAdapter | None = None) -> None:
        raise NotImplementedError

    @property
    def org_id(self) -> str:
        """The 18-character id of the org."""
        raise NotImplementedError

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        json: JsonValue = None,
        headers: Mapping[str, str] | None = None,
    ) -> JsonValue:
        """Send a request below ``/services/data/vNN.0/``; ``None`` for an answer without content."""
        raise NotImplementedError

    def query(self, soql: str, *, include_deleted: bool = False, batch_size: int = 2000) -> QueryAnswer:
        """Ask for the first page of a query's answer."""
        raise NotImplementedError

    def query_more(self, next_path: str, *, batch_size: int = 2000) -> QueryAnswer:
        """Ask for the page after another one."""
        raise NotImplementedError

    def describe(self, object_name: str) -> dict[str, JsonValue]:
        """Describe an object as this user sees it."""
        raise NotImplementedError

    def describe_global(self) -> dict[str, JsonValue]:
        """List the objects that this user sees."""
        raise NotImplementedError

    def create_query_job(self, soql: str, *, include_deleted: bool = False) -> str:
        """Begin a Bulk query job; gives its id."""
        raise NotImplementedError

    def query_job(self, job_id: str) -> QueryJob:
        """Look at a job once."""
        raise NotImplementedError

    def query_results(self, job_id: str, locator: str | None, max_rows: int) -> BulkAnswer:
        """Read a page of a finished job."""
        raise NotImplementedError

    def abort_query_job(self, job_id: str) -> None:
        """End a job before it is finished."""
        raise NotImplementedError

    def delete_query_job(self, job_id: str) -> None:
        """Delete a finished job and its results; one that is gone already is fine."""
        raise NotImplementedError

    def text(self, path: str) -> str:
        """Read what is no JSON below ``/services/data/vNN.0/``, such as the body of a ContentNote."""
        raise NotImplementedError

    def server_time(self) -> datetime:
        """Give the server's clock, of the latest answer when it is younger than 5 s."""
        raise NotImplementedError

    def limits(self) -> CallLimits:
        """Give the calls of this client, and what the CRM says is left; costs no request."""
        raise NotImplementedError

    def count_written(self, rows: int) -> None:
        """Count rows that the CRM took."""
        raise NotImplementedError
