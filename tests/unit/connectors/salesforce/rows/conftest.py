"""A list of rows that answers as ``SalesforceClient`` does, and misbehaves as the CRM may."""

from __future__ import annotations

import base64
import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import JsonValue

from hpro_connectors.salesforce.client.bulk_jobs import BulkAnswer, QueryJob
from hpro_connectors.salesforce.client.jobs import JobState
from hpro_connectors.salesforce.client.salesforce_client import QueryAnswer
from hpro_connectors.salesforce.errors import (
    BulkUnsupportedError,
    CursorExpiredError,
    JobGoneError,
    QueryTooLargeError,
    RequestTooLongError,
)
from hpro_connectors.salesforce.rows.soql import encoded_length

Row = dict[str, JsonValue]
Test = Callable[[Row], bool]

START = datetime(2026, 1, 1, tzinfo=UTC)
_TOKEN = re.compile(r"\s*('(?:\\.|[^'\\])*'|[(),]|!=|>=|<=|=|>|<|[^\s(),'=<>!]+)")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT")
_UNESCAPED = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


def stamp_text(second: int) -> str:
    """A stamp so many seconds after the first moment, as REST writes it."""
    return f"{START + timedelta(seconds=second):%Y-%m-%dT%H:%M:%S}.000+0000"


def record_id(number: int, prefix: str = "00Q") -> str:
    """An id that sorts as its number does."""
    return f"{prefix}{number:015d}"


class CrmDouble:
    """Rows of one object, kept in memory.

    Attributes:
        rows: All of them, deleted ones too (``IsDeleted``); columns are flat, parents dotted.
        now: The server's clock, in seconds after ``START``.
        sizes: How many rows the next pages hold, whatever was asked for; of a Bulk result, no more than that.
        fresh: Whether a cursor shows rows as they are now, and not as they were at the query.
        expiring: Which requests for a further page, counted from 1, find the cursor expired.
        most_rows: A query with more rows in its answer is too large.
        longest: Characters of the longest query.
        before_call: Called before each request; people at work.
        bulk: Whether Bulk knows the object.
        states: What a job says when it is looked at; the last one stays.
        calls: The requests, with the SOQL of queries.
    """

    def __init__(self, rows: Sequence[Row] = (), *, now: int = 1_000_000) -> None:
        self.rows: dict[str, Row] = {str(row["Id"]): dict(row) for row in rows}
        self.now = now
        self.sizes: Iterator[int] = iter(())
        self.fresh = False
        self.expiring: set[int] = set()
        self.most_rows: int | None = None
        self.longest = 16_000
        self.before_call: Callable[[CrmDouble], None] | None = None
        self.bulk = True
        self.states: Sequence[JobState] = (JobState.JOB_COMPLETE,)
        self.job_error: str | None = None
        self.calls: list[tuple[str, str]] = []
        self.jobs: dict[str, list[str]] = {}
        self.damage: Callable[[BulkAnswer], BulkAnswer] = lambda answer: answer
        self.total_is_wrong_by = 0
        self.given_max_rows: list[int] = []
        self._cursors: dict[str, tuple[Sequence[str], list[Row], int, int]] = {}
        self._more = 0
        self._polls = 0

    @classmethod
    def of_stamps(cls, stamps: Sequence[int], **columns: JsonValue) -> CrmDouble:
        """Make rows numbered from 0 that were changed so many seconds after ``START``."""
        return cls(
            [
                {"Id": record_id(at), "SystemModstamp": stamp_text(stamp), "IsDeleted": False, "Number": at, **columns}
                for at, stamp in enumerate(stamps)
            ]
        )

    def touch(self, row_id: str, **values: JsonValue) -> None:
        """Change a row now."""
        self.rows[row_id].update(values, SystemModstamp=stamp_text(self.now))

    def query(self, soql: str, *, include_deleted: bool = False, batch_size: int = 2000) -> QueryAnswer:
        """Ask for the first page of a query's answer."""
        self._called("query_all" if include_deleted else "query", soql)
        if encoded_length(soql) > self.longest:
            raise RequestTooLongError
        columns, found = self._found(soql, include_deleted=include_deleted)
        if self.most_rows is not None and len(found) > self.most_rows:
            raise QueryTooLargeError
        if columns == ["COUNT()"]:
            return QueryAnswer((), None, len(found))
        self._cursors[key := str(len(self._cursors))] = (columns, found, batch_size, len(found))
        return self._answer(key, 0)

    def query_more(self, next_path: str, *, batch_size: int = 2000) -> QueryAnswer:
        """Ask for the page after another one."""
        self._called("query_more", next_path)
        self._more += 1
        if self._more in self.expiring:
            raise CursorExpiredError
        key, _, at = next_path.partition("-")
        return self._answer(key, int(at))

    def create_query_job(self, soql: str, *, include_deleted: bool = False) -> str:
        """Begin a Bulk query job."""
        self._called("create", soql)
        if not self.bulk:
            raise BulkUnsupportedError
        columns, found = self._found(soql, include_deleted=include_deleted)
        job_id = record_id(len(self.jobs) + 1, "750")
        self.jobs[job_id] = [_csv([columns]), *(_csv([[_cell(row.get(name)) for name in columns]]) for row in found)]
        self._polls = 0
        return job_id

    def query_job(self, job_id: str) -> QueryJob:
        """Look at a job once."""
        self._called("poll", job_id)
        lines = self._job(job_id)
        state = self.states[min(self._polls, len(self.states) - 1)]
        self._polls += 1
        rows = len(lines) - 1 + self.total_is_wrong_by if state is JobState.JOB_COMPLETE else 0
        return QueryJob(job_id, state, rows, self.job_error)

    def query_results(self, job_id: str, locator: str | None, max_rows: int) -> BulkAnswer:
        """Read a page of a finished job."""
        self._called("results", job_id)
        self.given_max_rows.append(max_rows)
        lines = self._job(job_id)
        at = 0 if locator is None else int(base64.b64decode(locator))
        size = min(max_rows, next(self.sizes, max_rows))
        page = lines[1 + at : 1 + at + size]
        after = at + len(page)
        following = None if after >= len(lines) - 1 else base64.b64encode(str(after).encode()).decode()
        return self.damage(BulkAnswer(lines[0] + "".join(page), following, len(page)))

    def abort_query_job(self, job_id: str) -> None:
        """End a job before it is finished."""
        self._called("abort", job_id)
        self._job(job_id)

    def delete_query_job(self, job_id: str) -> None:
        """Delete a finished job and its results."""
        self._called("delete", job_id)
        self.jobs.pop(job_id, None)

    def server_time(self) -> datetime:
        """Give the server's clock."""
        return START + timedelta(seconds=self.now)

    def named(self, method: str) -> list[str]:
        """Give what was asked in requests of one kind."""
        return [what for name, what in self.calls if name == method]

    def _called(self, method: str, what: str) -> None:
        if self.before_call is not None:
            self.before_call(self)
        self.calls.append((method, what))

    def _job(self, job_id: str) -> list[str]:
        if job_id not in self.jobs:
            raise JobGoneError
        return self.jobs[job_id]

    def _found(self, soql: str, *, include_deleted: bool) -> tuple[list[str], list[Row]]:
        match = re.fullmatch(r"SELECT (.+?) FROM (\w+)(?: WHERE (.+?))?(?: ORDER BY ([\w.,]+))?", soql, re.DOTALL)
        if match is None:
            raise AssertionError(f"no SOQL: {soql}")
        holds = _Condition(match[3]).test() if match[3] else _always
        alive = (row for row in self.rows.values() if include_deleted or not row.get("IsDeleted"))
        found = [dict(row) for row in alive if holds(row)]
        if match[4]:
            found.sort(key=lambda row: [str(row[name]) for name in match[4].split(",")])
        return match[1].split(","), found

    def _answer(self, key: str, at: int) -> QueryAnswer:
        columns, found, batch_size, total = self._cursors[key]
        size = next(self.sizes, batch_size)  # the number asked for is but a hint
        page = [str(row["Id"]) for row in found[at : at + size]]
        shown = [self.rows.get(row_id) for row_id in page] if self.fresh else found[at : at + size]
        records = tuple(_record(columns, row) for row in shown if row is not None)
        following = None if at + size >= len(found) else f"{key}-{at + size}"
        return QueryAnswer(records, following, total + self.total_is_wrong_by)


class _Condition:
    """Reads the conditions that the reader makes."""

    def __init__(self, text: str) -> None:
        self._tokens = _TOKEN.findall(text)

    def test(self) -> Test:
        tests, words = [self._term()], set()
        while self._tokens and self._tokens[0] in {"AND", "OR"}:
            words.add(self._tokens.pop(0))
            tests.append(self._term())
        if len(words) > 1:
            raise AssertionError("AND and OR side by side need parentheses")
        combine = any if words == {"OR"} else all
        return lambda row: combine(test(row) for test in tests)

    def _term(self) -> Test:
        name = self._tokens.pop(0)
        if name == "(":
            inner = self.test()
            self._tokens.pop(0)
            return inner
        operator = self._tokens.pop(0)
        if operator == "IN":
            self._tokens.pop(0)
            values: list[JsonValue] = []
            while (token := self._tokens.pop(0)) != ")":
                if token != ",":
                    values.append(_literal(token))
            return lambda row: _comparable(row[name]) in values
        value = _literal(self._tokens.pop(0))
        return lambda row: _compare(_comparable(row[name]), operator, value)


def _always(row: Row) -> bool:
    return True


def _literal(token: str) -> JsonValue:
    if token.startswith("'"):
        return re.sub(r"\\(.)", lambda match: _UNESCAPED.get(match[1], match[1]), token[1:-1])
    return {"TRUE": True, "FALSE": False, "null": None}.get(token, _comparable(token))


def _comparable(value: JsonValue) -> JsonValue:
    return value[:19] if isinstance(value, str) and _MOMENT.match(value) else value


def _compare(left: JsonValue, operator: str, right: JsonValue) -> bool:
    if operator in {"=", "!="}:
        return (left == right) is (operator == "=")
    if not isinstance(left, str) or not isinstance(right, str):
        return False
    return {">": left > right, "<": left < right, ">=": left >= right, "<=": left <= right}[operator]


def _record(columns: Sequence[str], row: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    record: dict[str, JsonValue] = {"attributes": {"type": "Lead"}}
    for column in columns:
        parent, _, name = column.rpartition(".")
        if not parent:
            record[name] = row.get(column)
            continue
        held = record.setdefault(parent, {"attributes": {}})
        if isinstance(held, dict):
            held[name] = row.get(column)
    return record


def _cell(value: JsonValue) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    text = "" if value is None else str(value)
    return text.replace("+0000", "Z") if _MOMENT.match(text) else text


def _csv(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    return text.getvalue()


@pytest.fixture(scope="session")
def crm_double() -> type[CrmDouble]:
    return CrmDouble
