"""How the rows of a query's answer become records, as REST gives them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hpro_connectors.emulators.salesforce.org import SalesforceOrg
from hpro_connectors.emulators.salesforce.querying import Row


@dataclass(frozen=True, slots=True)
class RecordMaker:
    """Makes records of rows.

    Attributes:
        org: Whose.
        object_name: What was asked for; ``None``: what functions made of many records.
        columns: Parents with dots.
        base: Where the resources of the version lie.
    """

    org: SalesforceOrg
    object_name: str | None
    columns: Sequence[str]
    base: str

    def record(self, row: Row) -> dict[str, object]:
        """Make one.

        Args:
            row: Its values.
        """
        if self.object_name is None:
            return {"attributes": {"type": "AggregateResult"}, **dict(zip(self.columns, row, strict=True))}
        made: dict[str, object] = {"attributes": {"type": self.object_name}}
        for column, value in zip(self.columns, row, strict=True):
            *parents, name = column.split(".")
            place = made
            for depth, parent in enumerate(parents):
                known = place.get(parent)
                if not isinstance(known, dict):
                    known = {"attributes": {"type": self._target(self.object_name, parents[: depth + 1])}}
                    place[parent] = known
                place = known
            place[name] = value
            if name == "Id" and isinstance(value, str):
                attributes = place["attributes"]
                if isinstance(attributes, dict):
                    attributes["url"] = f"{self.base}/sobjects/{attributes['type']}/{value}"
        return _without_missing_parents(made)

    def _target(self, object_name: str, parents: Sequence[str]) -> str:
        """The object that a way over parents leads to; of several possible ones the CRM says ``Name``."""
        one = self.org.schema.find(object_name)
        for parent in parents:
            link = None if one is None else one.find_relationship(parent)
            if link is None or link.polymorphic or not link.reference_to:
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
