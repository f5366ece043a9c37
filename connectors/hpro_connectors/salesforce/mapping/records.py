"""What every stream does alike: sources of what the user sees, and deleted rows as tombstones."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from hpro_connectors.errors import PermissionDeniedError
from hpro_connectors.protocol import Merge, Record, RecordKey, StreamInfo, Tombstone
from hpro_connectors.salesforce.rows.row_reader import RowReader
from hpro_connectors.salesforce.rows.row_source import Row, RowPage, Source
from hpro_connectors.salesforce.schema.crm_schema import CrmObject
from hpro_connectors.salesforce.schema.crm_values import flag_in, id_of, stamp_of
from hpro_connectors.salesforce.schema.links import Links


@dataclass(frozen=True, slots=True)
class Records:
    """Rows as records.

    Attributes:
        upserts: Records that exist.
        tombstones: Deleted ones.
        merges: Merged ones.
    """

    upserts: tuple[Record, ...] = ()
    tombstones: tuple[Tombstone, ...] = ()
    merges: tuple[Merge, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """Records whose rows are asked for.

    Attributes:
        leads: Ids of the scored object.
        persons: Ids of the persons behind them, where a stream belongs to persons.
    """

    leads: Sequence[str]
    persons: Sequence[str] = ()

    @property
    def all(self) -> list[str]:
        """Both."""
        return [*self.leads, *self.persons]


class CrmStream(ABC):
    """One kind of record.

    Args:
        source: All that is read of a record.
        links: Keys of the org.
        reader: Reads rows.

    Attributes:
        info: What the connector says of it.
        belongs_to_persons: Whether its records may belong to the person behind a scored record.
    """

    info: StreamInfo
    belongs_to_persons = True

    def __init__(self, source: Source, links: Links, reader: RowReader) -> None:
        self.source = source
        self.links = links
        self.reader = reader

    def window_sources(self) -> Sequence[Source]:
        """Give what is read in a window, part by part."""
        return (self.source,)

    def existing_sources(self) -> Sequence[Source]:
        """Give what is read in a first load, and listed, part by part."""
        return (self.source,)

    @abstractmethod
    def of_leads(self, wanted: Wanted) -> Iterator[RowPage]:
        """Give the rows that belong to some records now.

        Args:
            wanted: Which records.
        """

    def records(self, rows: Sequence[Row]) -> Records:
        """Make records of rows, and tombstones of deleted ones.

        Args:
            rows: Of one page.

        Raises:
            ConnectorError: What belongs to them cannot be read.
        """
        live = [row for row in rows if not flag_in(row, "IsDeleted")]
        deleted = (row for row in rows if flag_in(row, "IsDeleted"))
        return Records(tuple(self.upserts(live)), tuple(self._tombstone(row) for row in deleted))

    @abstractmethod
    def upserts(self, rows: Sequence[Row]) -> Iterable[Record]:
        """Make records of rows that exist."""

    def key(self, row: Row) -> RecordKey:
        """Give the key of a row."""
        name = self.source.object_name
        return self.links.record_key(name, id_of(row, self.source.id, name))

    def stamp(self, row: Row) -> datetime:
        """Give when a row was last changed."""
        return stamp_of(row, self.source.stamp, self.source.object_name)

    def _tombstone(self, row: Row) -> Tombstone:
        return Tombstone(key=self.key(row), deleted_at=self.stamp(row))


def make_source(
    described: CrmObject,
    required: Sequence[str],
    optional: Iterable[str],
    *,
    of_parents: Mapping[str, str] | None = None,
    stamp: str = "SystemModstamp",
    archived: bool = False,
    bulk: bool = True,
) -> Source:
    """Make the source of an object out of the columns that its user sees.

    Args:
        described: The object.
        required: Columns that nothing can be done without.
        optional: Columns that are read where they are there.
        of_parents: Columns of parent records, with their types; they are not checked.
        stamp: The column that windows go by.
        archived: Whether rows may be archived.
        bulk: Whether the Bulk API knows the object.

    Raises:
        PermissionDeniedError: A required column is hidden from the user.
    """
    missing = [name for name in (*required, stamp) if not described.has(name)]
    if missing:
        raise PermissionDeniedError(
            f"The CRM's user does not see {', '.join(missing)} of {described.name}.",
            hint="Give it read access to them (field-level security, permission set HPRO_Connector), or take "
            f"{described.name} out of interactions.",
            connector="salesforce",
            stream=described.name,
        )
    own = dict.fromkeys((*required, stamp, *described.present(optional)))
    types = {name: described.by_name[name].type for name in own} | dict(of_parents or {})
    return Source(described.name, tuple(types), types, stamp=stamp, bulk=bulk, archived=archived)


def narrowed(source: Source, condition: str) -> Source:
    """Give a source of fewer rows.

    Args:
        source: Of more.
        condition: SOQL, without values that people wrote.
    """
    joined = condition if source.condition is None else f"{source.condition} AND {condition}"
    return replace(source, condition=joined)
