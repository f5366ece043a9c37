"""Conditions of a query as SQL.

A condition is fulfilled or not, there is no third: an empty field is unlike every value, and ``NOT`` of what is not
fulfilled is fulfilled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hpro_connectors.emulators.salesforce.org.api_fault import ApiFault
from hpro_connectors.emulators.salesforce.org.database import StoredValue
from hpro_connectors.emulators.salesforce.org.field_schema import IDS, NUMBERS, FieldType
from hpro_connectors.emulators.salesforce.org.ids import long_id
from hpro_connectors.emulators.salesforce.org.soql.faults import fault_at, malformed
from hpro_connectors.emulators.salesforce.org.soql.ranges import range_condition
from hpro_connectors.emulators.salesforce.org.soql.scope import Column, Context, Scope
from hpro_connectors.emulators.salesforce.org.soql.tree import (
    Comparison,
    Condition,
    Every,
    Includes,
    InList,
    InSelect,
    Literal,
    LiteralKind,
    Not,
    Path,
    Select,
    Some,
)

_MOST_SEMI_JOINS = 2

CompileInner = Callable[[Select, list[StoredValue]], str]
"""Gives the SQL of a sub-select, and adds its values."""


class ConditionCompiler:
    """Compiles the conditions of one ``SELECT``.

    Args:
        context: What it is compiled against.
        scope: What its names lead to.
        values: Values that the SQL binds are added here, in order.
        inner: Compiles a sub-select.
    """

    def __init__(self, context: Context, scope: Scope, values: list[StoredValue], inner: CompileInner) -> None:
        self._context, self._scope, self._values, self._inner = context, scope, values, inner
        self._semi_joins = 0

    def compile(self, condition: Condition, *, at_top: bool = True) -> str:
        """Give the SQL of a condition.

        Args:
            condition: Which.
            at_top: Whether only ``AND`` stands above it; a sub-select may stand there alone.

        Raises:
            ApiFault: It compares what cannot be compared.
        """
        if isinstance(condition, Every):
            return _joined("AND", [self.compile(one, at_top=at_top) for one in condition.conditions])
        if isinstance(condition, Some):
            return _joined("OR", [self.compile(one, at_top=False) for one in condition.conditions])
        if isinstance(condition, Not):
            return f"({self.compile(condition.condition, at_top=False)}) IS NOT TRUE"
        if isinstance(condition, Comparison):
            return self._comparison(condition)
        if isinstance(condition, InList):
            return self._in_list(condition)
        if isinstance(condition, Includes):
            return self._includes(condition)
        return self._in_select(condition, at_top=at_top)

    def _filtered(self, path: Path) -> Column:
        column = self._scope.find(path)
        if not column.field.can_be_filtered:
            raise self._fault(path, f"field '{column.field.name}' can not be filtered in a query call")
        return column

    def _comparison(self, condition: Comparison) -> str:
        column, literal, operator = self._filtered(condition.path), condition.literal, condition.operator
        kind = column.field.type
        if operator == "LIKE":
            return self._like(column, condition)
        if literal.kind is LiteralKind.RANGE:
            if kind not in {FieldType.DATE, FieldType.DATETIME}:
                raise self._mismatch(column, literal)
            sql, values = range_condition(column.sql, kind, operator, literal, self._context.today)
            self._values += values
            return sql
        if literal.kind is LiteralKind.NULL or (literal.value == "" and (kind in IDS or _is_text(column))):
            if operator not in {"=", "!="}:
                raise self._fault(condition.path, f"invalid operator on null value for field '{column.field.name}'")
            return f"{column.sql} IS {'NOT ' if operator == '!=' else ''}NULL"
        if operator not in {"=", "!="} and kind is FieldType.BOOLEAN:
            raise self._operator_fault(condition.path, "boolean")
        if operator not in {"=", "!="} and kind is FieldType.MULTIPICKLIST:
            raise self._operator_fault(condition.path, "multipicklist")
        value = self._value(column, literal)
        sql, collation = self._folded(column, value)
        self._values.append(value.casefold() if sql.startswith("folded(") and isinstance(value, str) else value)
        # What is unlike a value may be empty.
        return f"{sql} {'IS NOT' if operator == '!=' else operator} ?{collation}"

    def _like(self, column: Column, condition: Comparison) -> str:
        literal = condition.literal
        if column.field.type in IDS:
            raise self._operator_fault(condition.path, "id")
        if column.field.type in NUMBERS | {FieldType.BOOLEAN, FieldType.DATE, FieldType.DATETIME}:
            raise self._operator_fault(condition.path, column.field.type.value)
        if literal.kind is LiteralKind.NULL:
            return "0"
        if literal.kind is not LiteralKind.TEXT:
            raise self._mismatch(column, literal)
        if literal.pattern.isascii():
            self._values.append(literal.pattern)
            return f"{column.sql} LIKE ? ESCAPE '\\'"
        self._values.append(literal.pattern.casefold())
        return f"folded({column.sql}) LIKE ? ESCAPE '\\'"

    def _in_list(self, condition: InList) -> str:
        column = self._filtered(condition.path)
        values, with_null = [], False
        for literal in condition.literals:
            if literal.kind is LiteralKind.RANGE:
                raise self._mismatch(column, literal)
            if literal.kind is LiteralKind.NULL or literal.value == "":
                with_null = True
            else:
                values.append(self._value(column, literal))
        fold = any(isinstance(value, str) and not value.isascii() for value in values) and _is_text(column)
        collation = " COLLATE NOCASE" if _is_text(column) else ""
        sql = f"folded({column.sql})" if fold else column.sql
        self._values += [value.casefold() if fold and isinstance(value, str) else value for value in values]
        listed = f"{sql}{collation} IN ({', '.join('?' * len(values))})"
        if condition.negated:
            return f"({column.sql} IS {'NOT ' if with_null else ''}NULL {'AND' if with_null else 'OR'} NOT {listed})"
        return f"({column.sql} IS NULL OR {listed})" if with_null else listed

    def _includes(self, condition: Includes) -> str:
        column = self._filtered(condition.path)
        if column.field.type is not FieldType.MULTIPICKLIST:
            raise self._operator_fault(condition.path, column.field.type.value)
        choices = []
        for literal in condition.literals:
            if literal.kind is not LiteralKind.TEXT:
                raise self._mismatch(column, literal)
            parts = str(literal.value).split(";")
            self._values += [f";{part};" for part in parts]
            choices.append("(" + " AND ".join([f"instr(';' || {column.sql} || ';', ?) > 0"] * len(parts)) + ")")
        found = f"({' OR '.join(choices)})"
        return f"{found} IS NOT TRUE" if condition.negated else found

    def _in_select(self, condition: InSelect, *, at_top: bool) -> str:
        column = self._filtered(condition.path)
        self._semi_joins += 1
        if not at_top:
            raise malformed(
                self._context.soql,
                condition.path.position,
                "Semi join sub-selects are only allowed at the top level WHERE expressions and not in nested WHERE"
                " expressions.",
            )
        if self._semi_joins > _MOST_SEMI_JOINS:
            raise malformed(
                self._context.soql,
                condition.path.position,
                f"Maximum {_MOST_SEMI_JOINS} semi join sub-selects are allowed",
            )
        if column.field.type not in IDS:
            raise malformed(
                self._context.soql,
                condition.path.position,
                f"Semi join sub-selects can only query id fields, cannot use: '{column.field.name}'",
            )
        inner = self._inner(condition.select, self._values)
        if condition.negated:
            return f"({column.sql} IS NULL OR {column.sql} NOT IN ({inner}))"
        return f"{column.sql} IN ({inner})"

    def _folded(self, column: Column, value: StoredValue) -> tuple[str, str]:
        if not _is_text(column) or not isinstance(value, str):
            return column.sql, ""
        return (column.sql, " COLLATE NOCASE") if value.isascii() else (f"folded({column.sql})", "")

    def _value(self, column: Column, literal: Literal) -> StoredValue:
        """Give a literal as the field keeps values."""
        kind, value = column.field.type, literal.value
        if kind in IDS:
            if literal.kind is not LiteralKind.TEXT:
                raise self._mismatch(column, literal)
            found = long_id(str(value))
            if found is None:
                raise self._fault_at(literal, "INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {value}")
            return found
        fits = {
            FieldType.BOOLEAN: LiteralKind.BOOLEAN,
            FieldType.DATE: LiteralKind.DATE,
            FieldType.DATETIME: LiteralKind.DATETIME,
            **dict.fromkeys(NUMBERS, LiteralKind.NUMBER),
        }.get(kind, LiteralKind.TEXT)
        if literal.kind is not fits or isinstance(value, tuple):
            raise self._mismatch(column, literal)
        if isinstance(value, bool):
            return int(value)
        return value

    def _mismatch(self, column: Column, literal: Literal) -> ApiFault:
        name, kind = column.field.name, column.field.type
        wanted, quoted = kind.value, False
        if kind in IDS or _is_text(column):
            wanted, quoted = "ID" if kind in IDS else "string", True
        elif kind is FieldType.DATETIME:
            wanted = "dateTime"
        words = f"value of filter criterion for field '{name}' must be of type {wanted}"
        words += f" and should {'' if quoted else 'not '}be enclosed in quotes"
        return self._fault_at(literal, "INVALID_FIELD", words)

    def _operator_fault(self, path: Path, kind: str) -> ApiFault:
        return fault_at(
            self._context.soql, path.position, "INVALID_QUERY_FILTER_OPERATOR", f"invalid operator on {kind} field"
        )

    def _fault(self, path: Path, message: str) -> ApiFault:
        return fault_at(self._context.soql, path.position, "INVALID_FIELD", message)

    def _fault_at(self, literal: Literal, code: str, message: str) -> ApiFault:
        return fault_at(self._context.soql, literal.position, code, message)


def _is_text(column: Column) -> bool:
    return column.field.type not in NUMBERS | IDS | {FieldType.BOOLEAN, FieldType.DATE, FieldType.DATETIME}


def _joined(word: str, parts: Sequence[str]) -> str:
    """Join conditions as a balanced tree, since SQLite allows no deep one."""
    if len(parts) == 1:
        return parts[0]
    middle = len(parts) // 2
    return f"({_joined(word, parts[:middle])} {word} {_joined(word, parts[middle:])})"
