"""Running queries: at once, or page by page."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from hpro_connectors.emulators.salesforce.definitions import refresh_definitions
from hpro_connectors.emulators.salesforce.database import Database, StoredValue
from hpro_connectors.emulators.salesforce.field_schema import FieldSchema
from hpro_connectors.emulators.salesforce.org_state import OrgState
from hpro_connectors.emulators.salesforce.soql.compiler import CompiledQuery, ResultColumn, compile_query
from hpro_connectors.emulators.salesforce.soql.parser import parse
from hpro_connectors.emulators.salesforce.soql.scope import Context

Row = tuple[JsonValue, ...]
"""Values of one record, ready for JSON, in the order of the columns."""

_DEFINITIONS = frozenset({"fielddefinition", "entitydefinition"})


@dataclass(frozen=True, slots=True)
class QueryResult:
    """All that a query found.

    Attributes:
        object_name: The object that it asked for.
        columns: Names of the columns, those of parents with dots.
        fields: What each column is.
        rows: Values, ready for JSON.
        count: How many rows a query of ``COUNT()`` counted, or ``None`` for another one.
        grouped: Whether the rows are no records but what functions made of many.
    """

    object_name: str
    columns: tuple[str, ...]
    fields: tuple[FieldSchema, ...]
    rows: list[Row]
    count: int | None
    grouped: bool


class OpenQuery:
    """A query whose records are settled, and read as they are asked for.

    A record that changes meanwhile is read as it is then; one that is gone by then is left out.

    Args:
        database: Where the records lie.
        query: The query.
        places: SQLite's own numbers of the records, in order.

    Attributes:
        object_name: The object that it asks for.
        columns: Names of the columns.
        fields: What each column is.
        total: How many records it found.
    """

    def __init__(self, database: Database, query: CompiledQuery, places: array[int]) -> None:
        self._database, self._query, self._places = database, query, places
        self.object_name = query.one.name
        self.columns = tuple(one.name for one in query.columns)
        self.fields = tuple(one.field for one in query.columns)
        self.total = len(places)

    def rows(self, start: int, count: int) -> list[Row]:
        """Give records.

        Args:
            start: The first one, from 0.
            count: At most so many.
        """
        wanted = self._places[start : start + count]
        if not wanted:
            return []
        listed = ", ".join(map(str, wanted))
        joins = self._query.source.split(" WHERE ", 1)[0] if " WHERE " in self._query.source else self._query.source
        sql = f"SELECT t0.rowid, {self._query.all_columns} {joins} WHERE t0.rowid IN ({listed})"
        found = {row[0]: row[1:] for row in self._database.rows(sql)}
        read = row_reader(self._query.columns)
        return [read(found[place]) for place in wanted if place in found]


def run_query(
    state: OrgState, soql: str, *, user_id: str | None, include_deleted: bool, api_version: str
) -> QueryResult:
    """Run a query; see :meth:`~hpro_connectors.emulators.salesforce.org.SalesforceOrg.run_query`."""
    query = _compile(state, soql, user_id, include_deleted, api_version)
    columns = tuple(one.name for one in query.columns)
    fields = tuple(one.field for one in query.columns)
    if not columns:
        counted = state.database.row(f"SELECT count(*) FROM ({query.sql('1')})", query.values)  # noqa: S608
        return QueryResult(query.one.name, (), (), [], int(counted[0] or 0) if counted else 0, False)
    read = row_reader(query.columns)
    rows = state.database.rows(query.sql(query.all_columns), query.values)
    return QueryResult(query.one.name, columns, fields, [read(row) for row in rows], None, query.grouped)


def open_query(
    state: OrgState, soql: str, *, user_id: str | None, include_deleted: bool, api_version: str
) -> OpenQuery | QueryResult:
    """Open a query; see :meth:`~hpro_connectors.emulators.salesforce.org.SalesforceOrg.open_query`."""
    query = _compile(state, soql, user_id, include_deleted, api_version)
    if query.grouped or not query.columns:
        return run_query(state, soql, user_id=user_id, include_deleted=include_deleted, api_version=api_version)
    places = array("q", (int(row[0] or 0) for row in state.database.rows(query.sql("t0.rowid"), query.values)))
    return OpenQuery(state.database, query, places)


def row_reader(columns: Sequence[ResultColumn]) -> Callable[[tuple[StoredValue, ...]], Row]:
    """Give what makes a row of JSON values of a row of SQLite."""
    reads = [(place, one.read) for place, one in enumerate(columns) if one.read is not None]

    def read(row: tuple[StoredValue, ...]) -> Row:
        values: list[JsonValue] = list(row)  # type: ignore[arg-type] # bytes are never selected, only their path
        for place, make in reads:
            values[place] = make(row[place])
        return tuple(values)

    return read if reads else lambda row: row  # type: ignore[return-value] # the same


def _compile(state: OrgState, soql: str, user_id: str | None, include_deleted: bool, api_version: str) -> CompiledQuery:  # noqa: FBT001
    select = parse(soql)
    if select.object_name.lower() in _DEFINITIONS:
        refresh_definitions(state, user_id)
    context = Context(
        soql, state.schema, state.access, user_id, state.now(), state.clock.now().date().isoformat(), api_version
    )
    return compile_query(context, select, include_deleted=include_deleted)
