"""What the names in a query lead to: fields of the object itself, and of the records that its references lead to."""

from __future__ import annotations

from dataclasses import dataclass

from hpro_connectors.emulators.salesforce.org.access import Access
from hpro_connectors.emulators.salesforce.org.api_fault import ApiFault, no_such_column, unknown_relationship
from hpro_connectors.emulators.salesforce.org.field_schema import FieldSchema, FieldType
from hpro_connectors.emulators.salesforce.org.object_schema import ObjectSchema
from hpro_connectors.emulators.salesforce.org.row_order import RowOrder
from hpro_connectors.emulators.salesforce.org.schema import OrgSchema
from hpro_connectors.emulators.salesforce.org.soql.faults import fault_at, malformed
from hpro_connectors.emulators.salesforce.org.soql.tree import Path

_DEEPEST = 5
_TYPE = FieldSchema("Type", FieldType.STRING, label="Type", length=40)
_OF_NAME = frozenset(
    {"id", "name", "firstname", "lastname", "email", "phone", "title", "username", "alias", "isactive", "type"}
)


@dataclass(frozen=True, slots=True)
class Context:
    """What a query is compiled against.

    Attributes:
        soql: Its text, for errors.
        schema: Objects and fields.
        access: Who sees what.
        user_id: Who asks; ``None``: the org itself, which sees everything.
        now: What time it is, in seconds since 1970.
        today: The date.
        api_version: Such as ``62.0``.
        row_order: How rows come that it does not order.
    """

    soql: str
    schema: OrgSchema
    access: Access
    user_id: str | None
    now: int
    today: str
    api_version: str
    row_order: RowOrder

    def sees_object(self, name: str) -> bool:
        """Say whether the user sees an object."""
        return self.user_id is None or self.access.can_see_object(self.user_id, name)

    def sees(self, one: ObjectSchema, field: FieldSchema) -> bool:
        """Say whether the user sees a field."""
        return self.user_id is None or self.access.can_read(self.user_id, one.name, field.name)


@dataclass(frozen=True, slots=True)
class Column:
    """What a path leads to.

    Attributes:
        sql: What reads it.
        field: The field.
        object_name: Of which object.
        row: What the SQL calls its row.
        name: The path with names as the schema has them.
    """

    sql: str
    field: FieldSchema
    object_name: str
    row: str
    name: str


class Scope:
    """The names of one ``SELECT``.

    Args:
        context: What it is compiled against.
        one: The object that it asks for.
        alias: What the query calls that object, or an empty text.
        first_row: What the SQL calls its row; other rows get names that begin with it.

    Attributes:
        joins: The SQL that brings in the records that references lead to.
        row: What the SQL calls the row of the object itself.
    """

    def __init__(self, context: Context, one: ObjectSchema, alias: str, first_row: str) -> None:
        self._context, self._one = context, one
        self._aliases = {one.name.lower()} | ({alias.lower()} if alias else set())
        self.joins: list[str] = []
        self.row = first_row
        self._rows: dict[tuple[str, ...], str] = {}

    def find(self, path: Path) -> Column:
        """Give what a path leads to.

        Raises:
            ApiFault: There is no such field or relationship, or the user does not see it.
        """
        names = path.names
        if len(names) > 1 and names[0].lower() in self._aliases and self._one.find_relationship(names[0]) is None:
            names = names[1:]
        if len(names) - 1 > _DEEPEST:
            raise malformed(self._context.soql, path.position, "SELECT has too many levels of relationships.")
        one, row = self._one, self.row
        walked: list[str] = []
        for place, name in enumerate(names[:-1]):
            link = one.find_relationship(name)
            targets = [] if link is None else self._targets(link)
            if link is None or not targets or not self._context.sees(one, link):
                raise self._fault(path, unknown_relationship(name))
            walked.append(link.relationship)
            if link.polymorphic:
                if place != len(names) - 2:
                    raise self._fault(path, unknown_relationship(names[place + 1]))
                return self._polymorphic(path, row, link, walked)
            row = self._join(row, link, targets[0], tuple(walked))
            one = targets[0]
        field = one.find(names[-1])
        if field is None or not self._context.sees(one, field):
            raise self._fault(path, no_such_column(names[-1], one.name))
        return Column(self._sql(field, row), field, one.name, row, ".".join((*walked, field.name)))

    def _targets(self, link: FieldSchema) -> list[ObjectSchema]:
        found = [self._context.schema.find(name) for name in link.reference_to]
        return [one for one in found if one is not None and self._context.sees_object(one.name)]

    def _join(self, row: str, link: FieldSchema, target: ObjectSchema, walked: tuple[str, ...]) -> str:
        key = (*walked, target.name)
        joined = self._rows.get(key)
        if joined is None:
            joined = f"{self.row}_{len(self._rows) + 1}"
            self._rows[key] = joined
            identity = "DurableId" if target.key_prefix == "4ie" else "Id"
            self.joins.append(f'LEFT JOIN "{target.name}" AS {joined} ON {joined}.{identity} = {row}."{link.name}"')
        return joined

    def _polymorphic(self, path: Path, row: str, link: FieldSchema, walked: list[str]) -> Column:
        """Give a field of a record of one of several objects, of which only what all have in common is known."""
        name, targets = path.names[-1], self._targets(link)
        if name.lower() not in _OF_NAME:
            raise self._fault(path, no_such_column(name, "Name"))
        if name.lower() == "type":
            cases = " ".join(f"WHEN '{one.key_prefix}' THEN '{one.name}'" for one in targets)
            sql = f'CASE substr({row}."{link.name}", 1, 3) {cases} END'
            return Column(sql, _TYPE, "Name", row, ".".join((*walked, "Type")))
        parts, fields = [], []
        for target in targets:
            field = target.find(name)
            if field is not None and self._context.sees(target, field):
                joined = self._join(row, link, target, tuple(walked))
                parts.append(self._sql(field, joined))
                fields.append(field)
        if not fields:
            raise self._fault(path, no_such_column(name, "Name"))
        sql = parts[0] if len(parts) == 1 else f"coalesce({', '.join(parts)})"
        return Column(sql, fields[0], "Name", row, ".".join((*walked, fields[0].name)))

    def _sql(self, field: FieldSchema, row: str) -> str:
        if field.expression:
            return field.expression.format(t=row, now=self._context.now, today=f"'{self._context.today}'")
        return f'{row}."{field.name}"'

    def _fault(self, path: Path, message: str) -> ApiFault:
        return fault_at(self._context.soql, path.position, "INVALID_FIELD", message)
