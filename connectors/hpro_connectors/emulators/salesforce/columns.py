"""What the columns of a query's answer are, and how an answer's rows become records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hpro_connectors.emulators.salesforce.cursors import Row
from hpro_connectors.emulators.salesforce.field_schema import FieldSchema, FieldType
from hpro_connectors.emulators.salesforce.org import SalesforceOrg


def field_of(org: SalesforceOrg, object_name: str, column: str) -> FieldSchema | None:
    """The field that a column shows.

    Args:
        org: Whose.
        object_name: What was asked for.
        column: Parents with dots; of a parent that may be of several objects, the first that has such a field.
    """
    *parents, name = column.split(".")
    candidates = [object_name]
    for parent in parents:
        found = [org.schema.find(candidate) for candidate in candidates]
        links = [link for one in found if one is not None and (link := one.find_relationship(parent)) is not None]
        candidates = [target for link in links for target in link.reference_to]
        if parent.lower() in {"who", "what", "owner"} and "Name" not in candidates:
            candidates.append("Name")
    for candidate in candidates:
        one = org.schema.find(candidate)
        if one is not None and (field := one.find(name)) is not None:
            return field
    return None


def types_of(org: SalesforceOrg, object_name: str, columns: Sequence[str]) -> list[FieldType | None]:
    """The types of columns; ``None`` where no field is known.

    Args:
        org: Whose.
        object_name: What was asked for.
        columns: Parents with dots.
    """
    fields = [field_of(org, object_name, column) for column in columns]
    return [None if field is None else field.type for field in fields]


@dataclass(frozen=True, slots=True)
class RecordMaker:
    """Makes records of rows, as REST gives them.

    Attributes:
        org: Whose.
        object_name: What was asked for.
        columns: Parents with dots.
        base: Where the resources of the version lie.
    """

    org: SalesforceOrg
    object_name: str
    columns: Sequence[str]
    base: str

    def record(self, row: Row, record_id: str | None = None) -> dict[str, object]:
        """Make one.

        Args:
            row: Its values.
            record_id: Its id, where no column holds it.
        """
        made: dict[str, object] = {"attributes": self._attributes(self.object_name, record_id)}
        for column, value in zip(self.columns, row, strict=True):
            *parents, name = column.split(".")
            place = made
            for depth, parent in enumerate(parents):
                known = place.get(parent)
                if not isinstance(known, dict):
                    known = {"attributes": self._attributes(self._target(parents[: depth + 1]), None)}
                    place[parent] = known
                place = known
            place[name] = value
            if name == "Id" and isinstance(value, str):
                attributes = place["attributes"]
                if isinstance(attributes, dict):
                    attributes["url"] = f"{self.base}/sobjects/{attributes['type']}/{value}"
        return _without_missing_parents(made)

    def _attributes(self, name: str, record_id: str | None) -> dict[str, object]:
        attributes: dict[str, object] = {"type": name}
        if record_id is not None:
            attributes["url"] = f"{self.base}/sobjects/{name}/{record_id}"
        return attributes

    def _target(self, parents: Sequence[str]) -> str:
        one = self.org.schema.find(self.object_name)
        for parent in parents:
            link = None if one is None else one.find_relationship(parent)
            if link is None or not link.reference_to:
                return "Name"
            if link.polymorphic:
                return "Name"
            one = self.org.schema.find(link.reference_to[0])
        return "Name" if one is None else one.name


def _without_missing_parents(record: dict[str, object]) -> dict[str, object]:
    """A parent of which nothing is known is not there, and REST gives null for it."""
    for name, value in record.items():
        if name != "attributes" and isinstance(value, dict) and "attributes" in value:
            parent = _without_missing_parents(value)
            known = any(part is not None for key, part in parent.items() if key != "attributes")
            record[name] = parent if known else None
    return record
