"""Reading one record by its id, which has to be fast."""

from __future__ import annotations

from hpro_connectors.emulators.salesforce.org.database import StoredValue
from hpro_connectors.emulators.salesforce.org.object_schema import ObjectSchema
from hpro_connectors.emulators.salesforce.org.org_state import OrgState
from hpro_connectors.emulators.salesforce.org.querying import Row, row_reader
from hpro_connectors.emulators.salesforce.org.soql.compiler import ResultColumn
from hpro_connectors.emulators.salesforce.org.values import reader, selected

_Known = tuple[tuple[int, int], list[ResultColumn], str]


class RecordReader:
    """Reads records of an org by their ids.

    Args:
        state: The org.
        api_version: Part of the path of a file's content.
    """

    def __init__(self, state: OrgState, api_version: str) -> None:
        self._state, self._api_version = state, api_version
        self._known: dict[tuple[str, str | None], _Known] = {}

    def read(self, one: ObjectSchema, record_id: str, user_id: str | None) -> dict[str, object] | None:
        """Give all fields of a record that a user sees, ready for JSON, whether it was deleted or not.

        Args:
            one: Of which object it is.
            record_id: Its long id.
            user_id: Who asks; ``None``: the org itself, which sees everything.

        Returns:
            The record, or ``None`` where there is none.
        """
        columns, sql = self._columns(one, user_id)
        bound: dict[str, StoredValue] = {
            "id": record_id,
            "now": self._state.now(),
            "today": self._state.clock.now().date().isoformat(),
        }
        found = self._state.database.rows(sql, bound)
        if not found:
            return None
        row: Row = row_reader(columns)(found[0])
        return {column.name: value for column, value in zip(columns, row, strict=True)}

    def _columns(self, one: ObjectSchema, user_id: str | None) -> tuple[list[ResultColumn], str]:
        versions = (self._state.schema.version, self._state.access.version)
        known = self._known.get((one.name, user_id))
        if known is None or known[0] != versions:
            columns = []
            for field in one.fields.values():
                if user_id is not None and not self._state.access.can_read(user_id, one.name, field.name):
                    continue
                column = f't."{field.name}"'
                if field.expression:
                    column = field.expression.format(t="t", now=":now", today=":today")
                sql = selected(field, column, one.name, "t", self._api_version)
                columns.append(ResultColumn(field.name, field, reader(field), sql))
            listed = ", ".join(column.sql for column in columns)
            known = (versions, columns, f'SELECT {listed} FROM "{one.name}" AS t WHERE Id = :id')  # noqa: S608
            self._known[one.name, user_id] = known
        return known[1], known[2]
