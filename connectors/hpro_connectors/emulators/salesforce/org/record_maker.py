"""How the rows of a query's answer become records, as REST gives them."""

from __future__ import annotations

from collections.abc import Sequence

from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg

_SEVERAL = "Name"
"""What the CRM calls the type of a parent that may be of several objects."""


class RecordMaker:
    """Makes records of rows: a column with dots becomes a record within the record.

    Args:
        org: Whose.
        object_name: What was asked for; ``None``: what functions made of many records.
        columns: Parents with dots.
        base: Where the resources of the version lie.
    """

    def __init__(self, org: SalesforceOrg, object_name: str | None, columns: Sequence[str], base: str) -> None:
        places = list(enumerate(columns))
        if object_name is None:
            self._record = _Part("AggregateResult", None, list(places), [])
        else:
            self._record = _part(org, object_name, [(place, column.split(".")) for place, column in places], base)

    def record(self, row: Sequence[object]) -> dict[str, object]:
        """Make one.

        Args:
            row: Its values.
        """
        return self._record.made(row)


class _Part:
    """A record, or a parent within one.

    Args:
        kind: The type that it says it is of.
        url: Where records of its type lie; ``None``: nowhere.
        values: Place in the row, and name, of its own values.
        parents: Name and makers of the parents within it.
    """

    def __init__(
        self, kind: str, url: str | None, values: list[tuple[int, str]], parents: list[tuple[str, _Part]]
    ) -> None:
        self._kind, self._url, self._values, self._parents = kind, url, values, parents
        self._id_place = next((place for place, name in values if name == "Id"), None)

    def made(self, row: Sequence[object]) -> dict[str, object]:
        attributes: dict[str, object] = {"type": self._kind}
        if self._url is not None and self._id_place is not None:
            attributes["url"] = f"{self._url}/{row[self._id_place]}"
        record: dict[str, object] = {"attributes": attributes}
        for place, name in self._values:
            record[name] = row[place]
        for name, parent in self._parents:
            record[name] = parent.made(row) if parent.is_there(row) else None
        return record

    def is_there(self, row: Sequence[object]) -> bool:
        """Whether anything is known of it: of a parent that is not there, REST gives null."""
        return any(row[place] is not None for place, _ in self._values) or any(
            parent.is_there(row) for _, parent in self._parents
        )


def _part(org: SalesforceOrg, object_name: str, columns: Sequence[tuple[int, list[str]]], base: str) -> _Part:
    own = [(place, path[0]) for place, path in columns if len(path) == 1]
    groups: dict[str, list[tuple[int, list[str]]]] = {}
    for place, path in columns:
        if len(path) > 1:
            groups.setdefault(path[0], []).append((place, path[1:]))
    parents = [(name, _part(org, _target(org, object_name, name), group, base)) for name, group in groups.items()]
    return _Part(object_name, f"{base}/sobjects/{object_name}", own, parents)


def _target(org: SalesforceOrg, object_name: str, relationship: str) -> str:
    """The object that a relationship leads to."""
    one = org.schema.find(object_name)
    link = None if one is None else one.find_relationship(relationship)
    return link.reference_to[0] if link is not None and len(link.reference_to) == 1 else _SEVERAL
