"""What reading rows needs of a client: queries, Bulk jobs and the clock."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from hpro_connectors.salesforce.client.bulk_jobs import BulkAnswer, QueryJob
from hpro_connectors.salesforce.client.salesforce_client import QueryAnswer


class RowClient(Protocol):
    """A part of the client that :mod:`~hpro_connectors.salesforce.client.salesforce_client` explains."""

    def query(self, soql: str, *, include_deleted: bool = False, batch_size: int = 2000) -> QueryAnswer:
        """Ask for the first page of a query's answer."""

    def query_more(self, next_path: str, *, batch_size: int = 2000) -> QueryAnswer:
        """Ask for the page after another one."""

    def create_query_job(self, soql: str, *, include_deleted: bool = False) -> str:
        """Begin a Bulk query job."""

    def query_job(self, job_id: str) -> QueryJob:
        """Look at a job once."""

    def query_results(self, job_id: str, locator: str | None, max_rows: int) -> BulkAnswer:
        """Read a page of a finished job."""

    def abort_query_job(self, job_id: str) -> None:
        """End a job before it is finished."""

    def delete_query_job(self, job_id: str) -> None:
        """Delete a finished job and its results."""

    def server_time(self) -> datetime:
        """Give the server's clock."""
