"""From the tree of a query to SQL, checked against the schema and against what the user may see."""

# ruff: noqa: S608 - what is put into SQL are names of our own; values are always bound

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import JsonValue

from hpro_connectors.emulators.salesforce.org.api_fault import not_supported
from hpro_connectors.emulators.salesforce.org.database import StoredValue
from hpro_connectors.emulators.salesforce.org.field_schema import IDS, NUMBERS, FieldSchema, FieldType
from hpro_connectors.emulators.salesforce.org.history import history_name
from hpro_connectors.emulators.salesforce.org.object_schema import ObjectSchema
from hpro_connectors.emulators.salesforce.org.soql.conditions import ConditionCompiler
from hpro_connectors.emulators.salesforce.org.soql.faults import fault_at, malformed
from hpro_connectors.emulators.salesforce.org.soql.required import check_required_filter
from hpro_connectors.emulators.salesforce.org.soql.scope import Column, Context, Scope
from hpro_connectors.emulators.salesforce.org.soql.tree import Aggregate, InSelect, Order, Path, Select
from hpro_connectors.emulators.salesforce.org.values import reader, selected

ROW = "t0"
"""What the SQL calls a row of the object that is asked for."""
_SHOWN_S = 548 * 86_400  # rows of history objects are shown for 18 months, and kept in the archive for six more
_KEPT_S = 731 * 86_400
_COUNT = FieldSchema("expr", FieldType.INT, precision=0)


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """A column of the answer.

    Attributes:
        name: Path as the schema has it, with dots; of a function its alias, or ``expr0`` and so on.
        field: The field; of a function what its value is like.
        read: Makes JSON of what SQLite gives; ``None`` where that is JSON already.
        sql: What reads it.
    """

    name: str
    field: FieldSchema
    read: Callable[[StoredValue], JsonValue] | None
    sql: str


@dataclass(frozen=True, slots=True)
class CompiledQuery:
    """A query as SQL.

    Attributes:
        one: The object that it asks for.
        columns: What it gives; none where only rows are counted.
        source: The SQL that says where its columns come from, with the records that references lead to.
        where: The SQL of what rows must fulfil.
        order: The SQL of groups and order.
        values: What it binds.
        limit: At most so many rows.
        offset: So many are left out first.
        grouped: Whether its rows are no records.
    """

    one: ObjectSchema
    columns: tuple[ResultColumn, ...]
    source: str
    where: str
    order: str
    values: tuple[StoredValue, ...]
    limit: int | None
    offset: int | None
    grouped: bool

    def sql(self, columns: str) -> str:
        """Give the whole SQL that reads some columns.

        Args:
            columns: Their SQL.
        """
        limits = ""
        if self.limit is not None or self.offset is not None:
            limits = f" LIMIT {-1 if self.limit is None else self.limit} OFFSET {self.offset or 0}"
        return f"SELECT {columns} {self.source} {self.where}{self.order}{limits}"

    @property
    def all_columns(self) -> str:
        """SQL of all its columns."""
        return ", ".join(one.sql for one in self.columns)


def compile_query(context: Context, select: Select, *, include_deleted: bool) -> CompiledQuery:
    """Compile a query.

    Args:
        context: What it is compiled against.
        select: Its tree.
        include_deleted: Whether it sees the recycle bin and the archive.

    Raises:
        ApiFault: It names or compares what it may not.
    """
    one = _object(context, select)
    scope = Scope(context, one, select.alias, ROW)
    columns, grouped = _columns(context, scope, select)
    values: list[StoredValue] = []
    where = _where(context, scope, one, select, values, include_deleted=include_deleted)
    groups = [_grouping(context, scope, path).sql for path in select.groups]
    orders = [_order(context, scope, one) for one in select.orders]
    if columns and not grouped and not any(scope.find(one.path).name == "Id" for one in select.orders):
        orders.append(context.row_order.sql(f"{ROW}.rowid"))  # else rows come as they were made, which is no promise
    order = f" GROUP BY {', '.join(groups)}" if groups else ""
    order += f" ORDER BY {', '.join(orders)}" if orders else ""
    source = " ".join([f'FROM "{one.name}" AS {ROW}', *scope.joins])
    return CompiledQuery(one, columns, source, where, order, tuple(values), select.limit, select.offset, grouped)


def _object(context: Context, select: Select) -> ObjectSchema:
    one = context.schema.find(select.object_name)
    if one is None or not context.sees_object(one.name):
        raise fault_at(context.soql, select.object_position, "INVALID_TYPE", not_supported(select.object_name))
    return one


def _columns(context: Context, scope: Scope, select: Select) -> tuple[tuple[ResultColumn, ...], bool]:
    grouped = bool(select.groups) or any(isinstance(one, Aggregate) and one.path for one in select.columns)
    groups = {scope.find(path).name for path in select.groups}
    found: list[ResultColumn] = []
    unnamed = 0
    for one in select.columns:
        if isinstance(one, Aggregate):
            if one.path is None:
                if len(select.columns) > 1 or select.groups or select.orders:
                    raise malformed(context.soql, one.position, "Grouped query cannot use COUNT() without a field")
                continue
            name = one.alias or f"expr{unnamed}"
            unnamed += not one.alias
            found.append(_aggregate(context, scope, one, one.path, name))
            continue
        column = scope.find(one)
        if grouped and column.name not in groups:
            raise malformed(context.soql, one.position, f"Field must be grouped or aggregated: {column.field.name}")
        if any(other.name == column.name for other in found):
            raise fault_at(context.soql, one.position, "INVALID_FIELD", f"duplicate field selected: {column.name}")
        sql = selected(column.field, column.sql, column.object_name, column.row, context.api_version)
        found.append(ResultColumn(column.name, column.field, reader(column.field), sql))
    return tuple(found), grouped


def _aggregate(context: Context, scope: Scope, one: Aggregate, path: Path, name: str) -> ResultColumn:
    column = scope.find(path)
    kind = column.field.type
    if one.function in {"COUNT", "COUNT_DISTINCT"}:
        distinct = "DISTINCT " if one.function == "COUNT_DISTINCT" else ""
        return ResultColumn(name, _COUNT, None, f"count({distinct}{column.sql})")
    if (one.function in {"SUM", "AVG"} and kind not in NUMBERS) or kind in IDS | {FieldType.BOOLEAN}:
        raise malformed(
            context.soql, one.position, f"field {column.field.name} does not support aggregate operator {one.function}"
        )
    sql = f"{one.function.lower()}({column.sql})"
    return ResultColumn(
        name, column.field, reader(column.field), selected(column.field, sql, "", column.row, context.api_version)
    )


def _where(
    context: Context,
    scope: Scope,
    one: ObjectSchema,
    select: Select,
    values: list[StoredValue],
    *,
    include_deleted: bool,
) -> str:
    if one.required_filter:
        check_required_filter(one, select)

    def inner(sub: Select, bound: list[StoredValue]) -> str:
        return _inner(context, one, sub, bound, include_deleted=include_deleted)

    parts = []
    if select.where is not None:
        parts.append(ConditionCompiler(context, scope, values, inner).compile(select.where))
    if not include_deleted:
        if "IsDeleted" in one.fields:
            parts.append(f"{scope.row}.IsDeleted = 0")
        if one.is_activity:
            archived = one.fields["IsArchived"].expression.format(t=scope.row, now=context.now, today="''")
            parts.append(f"NOT {archived}")
    if one.history_of:
        kept = _KEPT_S if include_deleted else _SHOWN_S
        parts.append(f"{scope.row}.CreatedDate >= {context.now - kept}")
    hidden = _hidden_history(context, one)
    if hidden:
        parts.append(f"{scope.row}.Field NOT IN ({', '.join('?' * len(hidden))})")
        values += hidden
    return f"WHERE {' AND '.join(parts)}" if parts else ""


def _hidden_history(context: Context, one: ObjectSchema) -> list[str]:
    """Give the fields whose changes the user does not see, since it does not see the fields."""
    parent = context.schema.find(one.history_of) if one.history_of else None
    if parent is None or context.user_id is None:
        return []
    return [history_name(field) for field in parent.fields.values() if not context.sees(parent, field)]


def _inner(
    context: Context, outer: ObjectSchema, sub: Select, values: list[StoredValue], *, include_deleted: bool
) -> str:
    """Give the SQL of a sub-select: the ids that it finds."""
    one = _object(context, sub)
    if not one.semi_join:
        raise malformed(
            context.soql, sub.object_position, f"Entity '{one.name}' is not supported for semi join inner selects"
        )
    if one.name == outer.name:
        raise malformed(
            context.soql, sub.object_position, "The inner and outer selects should not be on the same object type"
        )
    if len(sub.columns) != 1 or isinstance(sub.columns[0], Aggregate):
        raise malformed(context.soql, sub.position, "Semi join sub-selects may only have one field")
    if sub.orders or sub.limit is not None or sub.groups:
        raise malformed(context.soql, sub.position, "Semi join sub-selects may not be ordered or limited")
    scope = Scope(context, one, sub.alias, f"i{len(values)}")
    column = scope.find(sub.columns[0])
    if column.field.type not in IDS:
        raise malformed(
            context.soql,
            sub.columns[0].position,
            f"Semi join sub-selects can only query id fields, cannot use: '{column.field.name}'",
        )
    if isinstance(sub.where, InSelect):
        raise malformed(context.soql, sub.position, "Nesting of semi join sub-selects is not supported")
    where = _where(context, scope, one, sub, values, include_deleted=include_deleted)
    filled = f"{'AND' if where else 'WHERE'} {column.sql} IS NOT NULL"  # else NOT IN would find nothing at all
    return " ".join([f'SELECT {column.sql} FROM "{one.name}" AS {scope.row}', *scope.joins, where, filled])


def _grouping(context: Context, scope: Scope, path: Path) -> Column:
    column = scope.find(path)
    if not column.field.can_be_grouped:
        raise malformed(context.soql, path.position, f"field '{column.field.name}' can not be grouped in a query call")
    return column


def _order(context: Context, scope: Scope, order: Order) -> str:
    column = scope.find(order.path)
    if not column.field.can_be_sorted:
        raise malformed(
            context.soql, order.path.position, f"field '{column.field.name}' can not be sorted in a query call"
        )
    plain = column.field.type in NUMBERS | IDS | {FieldType.BOOLEAN, FieldType.DATE, FieldType.DATETIME}
    collation = "" if plain else " COLLATE NOCASE"
    nulls = "LAST" if order.nulls_last else "FIRST"
    return f"{column.sql}{collation} {'DESC' if order.descending else 'ASC'} NULLS {nulls}"
