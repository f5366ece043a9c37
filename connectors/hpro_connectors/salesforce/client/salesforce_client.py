"""One org, one user, one request after the other: what the connector asks of Salesforce.

An answer that is no data is a failure, never an empty result. No call is made again, except once with a renewed
sign-in; whoever calls decides that.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from pydantic import JsonValue
from requests.adapters import BaseAdapter

from hpro_connectors.errors import RecordRejectedError
from hpro_connectors.protocol import CallLimits
from hpro_connectors.salesforce.client.api_versions import versions_of
from hpro_connectors.salesforce.client.bulk_jobs import (
    JOBS_PATH,
    BulkAnswer,
    QueryJob,
    job_body,
    job_of,
    results_of,
)
from hpro_connectors.salesforce.client.connection import Connection
from hpro_connectors.salesforce.client.error_classes import no_data_error
from hpro_connectors.salesforce.client.failures import NAME
from hpro_connectors.salesforce.client.jobs import Answer, JobState, ask_about
from hpro_connectors.salesforce.client.query_answer import QueryAnswer, is_next_path, object_of, query_answer_of
from hpro_connectors.salesforce.client.record_ids import is_record_id, long_id
from hpro_connectors.salesforce.client.session import Clock
from hpro_connectors.salesforce.client.sign_in import UtcClock, utc_now
from hpro_connectors.salesforce.client.signed_in_library import SignedInLibrary
from hpro_connectors.salesforce.errors import (
    BulkUnsupportedError,
    CursorExpiredError,
    JobGoneError,
    UnknownObjectError,
)
from hpro_sdk.errors import ConfigError

__all__ = ["BulkAnswer", "QueryAnswer", "QueryJob", "SalesforceClient"]

_OBJECT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_FRESH_S: Final = 5.0
_COMPACT: Final = {"X-PrettyPrint": "0"}  # the library asks for indented answers, which are half as long again


class SalesforceClient:
    """A user of one org, signed in with the first call; one thread at a time.

    Every call may raise what :mod:`hpro_connectors.salesforce.errors` lists, and otherwise ``ServerError``,
    ``NetworkError`` and ``RateLimitedError`` for what may pass, and ``AuthError``, ``PermissionDeniedError``,
    ``QuotaExhaustedError``, ``SchemaDriftError`` and ``ConfigError`` for what a person must change.

    Args:
        connection: How to reach the org.
        transport: What sends a request, in place of the usual one.
        clock: Seconds that only grow.
        now: This machine's clock, used for nothing but to say that it is wrong.

    Attributes:
        who: Who signs in, without a secret, see :attr:`~hpro_connectors.salesforce.client.connection.Connection.who`.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        transport: BaseAdapter | None = None,
        clock: Clock = time.monotonic,
        now: UtcClock = utc_now,
    ) -> None:
        self.who = connection.who
        self._library = SignedInLibrary(connection, transport=transport, clock=clock, now=now)
        self._counts = self._library.session.counts
        self._longest_wait_s = connection.read_timeout_s
        self._org_id: str | None = None

    @property
    def org_id(self) -> str:
        """The 18-character id of the org; signs in where that was not done yet."""
        if self._org_id is None:
            self._org_id = self._library.signed_in().org_id or self._ask_for_org_id()
        return self._org_id

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        json: JsonValue = None,
        headers: Mapping[str, str] | None = None,
        where: str | None = None,
    ) -> JsonValue:
        """Send a request and read its answer.

        Args:
            method: Of HTTP.
            path: Below ``/services/data/vNN.0/``.
            params: Behind the question mark.
            json: The body; ``None``: none.
            headers: Beside those that every request has.
            where: What is asked for, such as an object; for errors.

        Returns:
            The answer; ``None`` where it is empty.
        """
        options: dict[str, Any] = {"headers": {**_COMPACT, **(headers or {})}}
        if json is not None:
            options["json"] = json
        asked = dict(params) if params else None
        answer: JsonValue = self._library.send(lambda library: library.restful(path, asked, method, **options), where)
        return answer

    def text(self, path: str, *, where: str | None = None) -> str:
        """Read what is no JSON, such as the body of a ContentNote.

        Args:
            path: Below ``/services/data/vNN.0/``.
            where: What is asked for.
        """
        answer = self._library.get_raw(path, headers={"Accept": "*/*"}, params={}, where=where)
        return answer.content.decode("utf-8", errors="replace")

    def csv(self, path: str, *, where: str | None = None) -> bytes:
        """Read what is CSV, byte for byte.

        Args:
            path: Below ``/services/data/vNN.0/``.
            where: What is asked for.
        """
        answer = self._library.get_raw(path, headers={"Accept": "text/csv"}, params={}, where=where)
        if "csv" not in answer.headers.get("Content-Type", "").lower():
            raise no_data_error("CSV")
        return answer.content

    def upload_csv(self, path: str, content: bytes, *, where: str | None = None) -> None:
        """Upload CSV.

        Args:
            path: Below ``/services/data/vNN.0/``.
            content: In UTF-8.
            where: What it is about.
        """
        self._library.put_raw(path, content, content_type="text/csv; charset=UTF-8", where=where)

    def query(self, soql: str, *, include_deleted: bool = False, batch_size: int = 2000) -> QueryAnswer:
        """Ask for the first page of a query's answer.

        Args:
            soql: The query.
            include_deleted: Whether deleted and archived rows are read too.
            batch_size: Rows of a page, 200 to 2000; Salesforce may give fewer.
        """
        path = "queryAll/" if include_deleted else "query/"
        try:
            found = self.request("GET", path, params={"q": soql}, headers=_batch(batch_size), where=object_of(soql))
        except RecordRejectedError as exc:
            if exc.vendor_code != "NOT_FOUND":
                raise
            raise ConfigError(  # no record was asked for: it is the place of all queries that is not found
                "The org does not offer this version of the API.",
                hint="Set api_version in hpro.toml to one that it offers; Salesforce retires old ones.",
            ) from exc
        return query_answer_of(found)

    def query_more(self, next_path: str, *, batch_size: int = 2000) -> QueryAnswer:
        """Ask for the page after another one.

        Args:
            next_path: As that page gave it.
            batch_size: Rows of a page.

        Raises:
            CursorExpiredError: Salesforce no longer knows the place, or it is none.
        """
        if not is_next_path(next_path):
            raise CursorExpiredError("What was stored is no place in a query's answer.", connector=NAME)
        headers = {**_COMPACT, **_batch(batch_size)}
        try:
            found: JsonValue = self._library.send(
                lambda library: library.query_more(next_path, identifier_is_url=True, headers=headers)
            )
        except RecordRejectedError as exc:  # NOT_FOUND of a cursor, where others say INVALID_QUERY_LOCATOR
            raise CursorExpiredError(exc.message, hint="Reading goes on from what was stored.", connector=NAME) from exc
        return query_answer_of(found)

    def describe(self, object_name: str) -> dict[str, JsonValue]:
        """Describe an object as this user sees it.

        Args:
            object_name: Such as ``Lead``.

        Raises:
            UnknownObjectError: The edition does not have it, or the user may not see it.
        """
        if not _OBJECT_NAME.fullmatch(object_name):
            raise UnknownObjectError("An object's name is letters, digits and underscores.", connector=NAME)
        try:
            found = self.request("GET", f"sobjects/{object_name}/describe", where=object_name)
        except RecordRejectedError as exc:
            raise UnknownObjectError(
                f"Salesforce has no object {object_name} for this user ({exc.vendor_code}).",
                object_name=object_name,
                hint="This edition may not have it, or the user lacks read access to it: give that with a permission "
                "set, or take the object out of hpro.toml.",
                connector=NAME,
                stream=object_name,
            ) from exc
        return _with_list(found, "fields", "an object's description")

    def describe_global(self) -> dict[str, JsonValue]:
        """List the objects that this user sees."""
        return _with_list(self.request("GET", "sobjects"), "sobjects", "a list of objects")

    def create_query_job(self, soql: str, *, include_deleted: bool = False) -> str:
        """Begin a Bulk query job.

        Args:
            soql: The query.
            include_deleted: Whether deleted and archived rows are read too.

        Returns:
            The job's id.

        Raises:
            BulkUnsupportedError: The Bulk API does not take the query.
        """
        where = object_of(soql)
        try:
            found = self.request("POST", JOBS_PATH, json=job_body(soql, include_deleted=include_deleted), where=where)
        except RecordRejectedError as exc:  # there is no such resource: this org has no Bulk API
            raise BulkUnsupportedError(exc.message, hint=exc.hint, connector=NAME, stream=where) from exc
        return job_of(found).job_id

    def query_job(self, job_id: str) -> QueryJob:
        """Look at a job once.

        Args:
            job_id: As :meth:`create_query_job` gave it.

        Raises:
            JobGoneError: Salesforce no longer has it.
        """
        return job_of(_of_job(job_id, lambda path: self.request("GET", path)))

    def query_results(self, job_id: str, locator: str | None, max_rows: int) -> BulkAnswer:
        """Read a page of a finished job.

        Args:
            job_id: As :meth:`create_query_job` gave it.
            locator: As the page before gave it; ``None``: the first page.
            max_rows: Rows of a page.

        Raises:
            JobGoneError: Salesforce no longer has the job, its results, or the place in them.
        """
        params: dict[str, str | int] = {"maxRecords": max_rows}
        if locator is not None:
            params["locator"] = locator
        answer = _of_job(
            job_id,
            lambda path: self._library.get_raw(f"{path}/results", headers={"Accept": "text/csv"}, params=params),
        )
        return results_of(answer.content, answer.headers)

    def abort_query_job(self, job_id: str) -> None:
        """End a job before it is finished.

        Args:
            job_id: As :meth:`create_query_job` gave it.

        Raises:
            JobGoneError: Salesforce no longer has it.
        """
        _of_job(job_id, lambda path: self.request("PATCH", path, json={"state": JobState.ABORTED.value}))

    def delete_query_job(self, job_id: str) -> None:
        """Delete a finished job with its results; one that is gone already is fine.

        Args:
            job_id: As :meth:`create_query_job` gave it.
        """
        try:
            _of_job(job_id, lambda path: self.request("DELETE", path))
        except JobGoneError:
            return

    def api_versions(self) -> tuple[str, ...]:
        """List the versions of the API that the org offers, such as ``62.0``, oldest first."""
        return versions_of(self._library.versions())

    def server_time(self) -> datetime:
        """Give the server's clock as the latest answer tells it; asks for one when that is older than 5 s."""
        known = self._counts.server_time(younger_than_s=_FRESH_S)
        if known is None:
            self.request("GET", "limits/")
            known = self._counts.server_time(younger_than_s=self._longest_wait_s)
        if known is None:
            raise no_data_error("its clock")
        return known

    def limits(self) -> CallLimits:
        """Give the calls of this client and what the CRM says is left; costs no request."""
        return self._counts.limits()

    def count_written(self, rows: int) -> None:
        """Count rows that the CRM took.

        Args:
            rows: How many.
        """
        self._counts.rows_written += rows

    def close(self) -> None:
        """Let go of the connections."""
        self._library.session.close()

    def _ask_for_org_id(self) -> str:
        records = self.query("SELECT Id FROM Organization LIMIT 1").records
        found = records[0].get("Id") if records else None
        if not isinstance(found, str) or not is_record_id(found):
            raise no_data_error("the id of its org")
        return long_id(found)


def _of_job(job_id: str, ask: Callable[[str], Answer]) -> Answer:
    return ask_about(job_id, JOBS_PATH, ask, hint="It is read again.")


def _batch(rows: int) -> dict[str, str]:
    return {"Sforce-Query-Options": f"batchSize={rows}"}


def _with_list(found: JsonValue, key: str, what: str) -> dict[str, JsonValue]:
    if not isinstance(found, dict) or not isinstance(found.get(key), list):
        raise no_data_error(what)
    return found
