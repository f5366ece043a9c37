"""Rows of the CRM as every part of the connector sees them, whichever API gave them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from hpro_connectors.salesforce.rows.soql import is_name

Row = Mapping[str, JsonValue]
"""Values by column, parents dotted (``Activity.WhoId``), typed as REST types them; what is empty is ``None``."""

MODSTAMP = "SystemModstamp"
"""Moves with every change of a row, whoever made it."""


@dataclass(frozen=True)
class Source:
    """What is read of one object.

    Attributes:
        object_name: As SOQL names it.
        columns: Every column that a row holds, ``id`` and ``stamp`` among them.
        types: The type that the CRM's description gives each column; only these turn the text of a Bulk result into
            numbers and truth values.
        stamp: The column that windows go by.
        id: The column that rows are known by.
        condition: SOQL that narrows every query, already escaped.
        bulk: Whether the Bulk API knows the object.
        archived: Whether rows may be archived: then all that exists is asked for with the deleted rows, without them.
    """

    object_name: str
    columns: tuple[str, ...]
    types: Mapping[str, str]
    stamp: str = MODSTAMP
    id: str = "Id"
    condition: str | None = None
    bulk: bool = True
    archived: bool = False

    def __post_init__(self) -> None:
        missing = [column for column in (self.id, self.stamp) if column not in self.columns]
        if missing:
            raise ValueError(f"columns of {self.object_name} must include {' and '.join(missing)}")
        if len(set(self.columns)) != len(self.columns):
            raise ValueError(f"columns of {self.object_name} must be named once each")
        for name in (self.object_name, *self.columns):
            if not is_name(name):
                raise ValueError(f"{name!r} cannot name an object or a column")

    @property
    def versions(self) -> tuple[str, ...]:
        """The columns that tell two states of a row apart."""
        other = MODSTAMP in self.columns and self.stamp != MODSTAMP
        return (self.stamp, MODSTAMP) if other else (self.stamp,)

    @property
    def narrowed(self) -> str:
        """The condition, so that it can stand beside others; empty when there is none."""
        return f"({self.condition})" if self.condition else ""

    @property
    def alive(self) -> str:
        """What leaves deleted rows out where they are asked for along with archived ones; empty elsewhere."""
        return "IsDeleted = FALSE" if self.archived else ""


@dataclass(frozen=True)
class RowPage:
    """Some rows of an answer.

    Attributes:
        rows: As they were read; a page may be empty.
        resume: Opaque; reading goes on after this page with it. ``None`` on the last page, and where an answer cannot
            be resumed.
        complete: Whether this is the last page.
    """

    rows: tuple[Row, ...]
    resume: JsonValue
    complete: bool
