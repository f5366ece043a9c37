"""In which order rows come that nobody ordered: in none that a client may rely on, and the same each time."""

from __future__ import annotations

from array import array
from dataclasses import dataclass

_SIZE = 1 << 32
_FAR = 2_654_435_761  # of this size's golden section: what is near by number comes far apart


@dataclass(slots=True)
class RowOrder:
    """The order of rows that are equal to a query.

    Attributes:
        seed: Another one is another order; may be changed.
    """

    seed: int = 1

    def sql(self, place: str) -> str:
        """Give the SQL that rows are sorted by.

        Args:
            place: The SQL of SQLite's own number of a record.
        """
        return f"({place} * {self._factor}) % {_SIZE}"

    def scrambled(self, places: array[int]) -> array[int]:
        """Give places in this order, whatever order they were in.

        Args:
            places: SQLite's own numbers of records.
        """
        factor = self._factor
        return array("q", sorted(places, key=lambda place: (place * factor) % _SIZE))

    @property
    def _factor(self) -> int:
        return _FAR * (2 * self.seed - 1) % _SIZE  # odd: no two places come to one
