"""What Salesforce says that reading and mapping act on themselves; everything else is one of the public classes.

The first line of a docstring is the class's default message.
"""

from __future__ import annotations

from typing import Unpack

from hpro_connectors.errors import FatalError, ResumeExpiredError, SchemaDriftError, Where


class QueryTooLargeError(FatalError):
    """Salesforce gave up on a query: it takes too long, or is too large or too complicated for it."""


class RequestTooLongError(FatalError):
    """A request is longer than Salesforce takes (HTTP 414 or 431)."""


class CursorExpiredError(ResumeExpiredError):
    """Salesforce no longer knows the place in a query's answer."""


class JobGoneError(ResumeExpiredError):
    """Salesforce no longer has a Bulk job, or its results."""


class UnknownColumnError(SchemaDriftError):
    """A query names a column that this user does not see, or that does not exist.

    Args:
        message: What happened, in one line.
        columns: The columns that the answer names; empty where it names none.
        **where: Remedy and place, see :class:`~hpro_connectors.errors.Where`.
    """

    def __init__(self, message: str | None = None, *, columns: tuple[str, ...] = (), **where: Unpack[Where]) -> None:
        self.columns = columns
        super().__init__(message, **where)


class UnknownObjectError(SchemaDriftError):
    """A request names an object that this user does not see, or that this edition does not have.

    Args:
        message: What happened, in one line.
        object_name: The object, where the answer names it.
        **where: Remedy and place, see :class:`~hpro_connectors.errors.Where`.
    """

    def __init__(self, message: str | None = None, *, object_name: str | None = None, **where: Unpack[Where]) -> None:
        self.object_name = object_name
        super().__init__(message, **where)


class BulkUnsupportedError(FatalError):
    """The Bulk API does not take this query or object."""


class ReplicationDateError(FatalError):
    """Salesforce no longer knows what was deleted since the time asked for."""
