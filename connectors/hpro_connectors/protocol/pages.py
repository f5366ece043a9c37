"""What is asked for, and the pages that come."""

from __future__ import annotations

from typing import Self

from pydantic import JsonValue, model_validator

from hpro_connectors.protocol.records import Merge, Record, Tombstone
from hpro_sdk.lead import Frozen, UtcDatetime


class Window(Frozen):
    """What was modified in ``[start, end)``, by the server's clock."""

    start: UtcDatetime
    end: UtcDatetime

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.start > self.end:
            raise ValueError("a window must not end before it starts")
        return self


class Backfill(Frozen):
    """Everything that exists and was modified before ``end``: the first read of a stream."""

    end: UtcDatetime


class Page(Frozen):
    """One answer.

    Attributes:
        upserts: Records as they are now; the same one may come again.
        tombstones: Deleted records.
        merges: Records that were merged away.
        resume: Opaque; reading goes on after this page when it is given back. ``None`` on the last page.
        complete: Whether this is the last page of what was asked for.
        deletions_lost: Whether the CRM no longer knows of all deletions in the window: then ids are compared.
    """

    upserts: tuple[Record, ...] = ()
    tombstones: tuple[Tombstone, ...] = ()
    merges: tuple[Merge, ...] = ()
    resume: JsonValue = None
    complete: bool
    deletions_lost: bool = False


class IdList(Frozen):
    """Ids that exist now; only a complete list may tell that a record is gone."""

    ids: frozenset[str]
    complete: bool
