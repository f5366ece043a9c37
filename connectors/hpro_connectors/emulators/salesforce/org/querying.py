"""Running queries: at once, or page by page."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from hpro_connectors.emulators.salesforce.org.database import Database, StoredValue
from hpro_connectors.emulators.salesforce.org.definitions import refresh_definitions
from hpro_connectors.emulators.salesforce.org.field_schema import FieldSchema
from hpro_connectors.emulators.salesforce.org.org_state import OrgState
from hpro_connectors.emulators.salesforce.org.soql.compiler import ROW, CompiledQuery, ResultColumn, compile_query
from hpro_connectors.emulators.salesforce.org.soql.parser import parse
from hpro_connectors.emulators.salesforce.org.soql.scope import Context

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
        query = self._query
        sql = f"SELECT {ROW}.rowid, {query.all_columns} {query.source} WHERE {ROW}.rowid IN ({listed})"
        found = {row[0]: row[1:] for row in self._database.rows(sql)}
        read = row_reader(self._query.columns)
        return [read(found[place]) for place in wanted if place in found]


@dataclass(frozen=True, slots=True)
class QuerySettings:
    """Who asks, and for what.

    Attributes:
        user_id: Who; ``None``: the org itself, which sees everything.
        include_deleted: Whether the recycle bin and archived activities are seen.
        api_version: Part of the path of a file's content, such as ``62.0``.
        ordered: Whether rows come in the order that the query asks for.
    """

    user_id: str | None
    include_deleted: bool
    api_version: str
    ordered: bool = True


def run_query(state: OrgState, soql: str, settings: QuerySettings) -> QueryResult:
    """Run a query; see ``SalesforceOrg.run_query``."""
    return _run(state, _compile(state, soql, settings))


def open_query(state: OrgState, soql: str, settings: QuerySettings) -> OpenQuery | QueryResult:
    """Open a query; see ``SalesforceOrg.open_query``."""
    query = _compile(state, soql, settings)
    if query.grouped or not query.columns or query.one.name.lower() in _DEFINITIONS:
        return _run(state, query)
    places = array("q", (int(row[0] or 0) for row in state.database.rows(query.sql(f"{ROW}.rowid"), query.values)))
    if not settings.ordered:
        places = state.row_order.scrambled(places)
    return OpenQuery(state.database, query, places)


def _run(state: OrgState, query: CompiledQuery) -> QueryResult:
    columns = tuple(one.name for one in query.columns)
    fields = tuple(one.field for one in query.columns)
    if not columns:
        counted = state.database.row(f"SELECT count(*) FROM ({query.sql('1')})", query.values)  # noqa: S608
        count = counted[0] if counted is not None and isinstance(counted[0], int) else 0
        return QueryResult(query.one.name, (), (), [], count, grouped=False)
    read = row_reader(query.columns)
    rows = state.database.rows(query.sql(query.all_columns), query.values)
    return QueryResult(query.one.name, columns, fields, [read(row) for row in rows], None, query.grouped)


def row_reader(columns: Sequence[ResultColumn]) -> Callable[[tuple[StoredValue, ...]], Row]:
    """Give what makes a row of JSON values of a row of SQLite."""
    reads = [(place, one.read) for place, one in enumerate(columns) if one.read is not None]

    def read(row: tuple[StoredValue, ...]) -> Row:
        values: list[JsonValue] = list(row)  # type: ignore[arg-type] # bytes are never selected, only their path
        for place, make in reads:
            values[place] = make(row[place])
        return tuple(values)

    return read if reads else lambda row: row  # type: ignore[return-value] # the same


def _compile(state: OrgState, soql: str, settings: QuerySettings) -> CompiledQuery:
    select = parse(soql)
    if select.object_name.lower() in _DEFINITIONS:
        refresh_definitions(state, settings.user_id)
    context = Context(
        soql,
        state.schema,
        state.access,
        settings.user_id,
        state.now(),
        state.clock.now().date().isoformat(),
        settings.api_version,
        state.row_order,
    )
    return compile_query(context, select, include_deleted=settings.include_deleted)
