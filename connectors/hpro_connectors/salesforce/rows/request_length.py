"""How long a query may be in a URL; learnt when a server, or a proxy on the way, takes less."""

from __future__ import annotations

from hpro_connectors.errors import FatalError

LONGEST_QUERY = 12_000
"""Encoded characters. Salesforce takes a request line of 16,384; address, path and proxies take their share."""

_SHORTEST_LIMIT = 1_000


class RequestLength:
    """The limit that queries by URL keep to; it only ever falls.

    Attributes:
        limit: Encoded characters of a query.
    """

    def __init__(self, limit: int = LONGEST_QUERY) -> None:
        self.limit = limit

    def halve(self, length: int, refused: FatalError) -> None:
        """Take half of a query that was refused for the limit.

        Args:
            length: Encoded characters of that query.
            refused: What the CRM said of it; raised when the limit cannot fall any further.
        """
        limit = max(_SHORTEST_LIMIT, min(self.limit, length) // 2)
        if limit >= self.limit:
            raise refused
        self.limit = limit
