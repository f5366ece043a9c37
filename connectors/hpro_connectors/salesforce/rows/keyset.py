"""The place after a row in the order (stamp, id): what reading goes on from when nothing else is left of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import JsonValue

from hpro_connectors.errors import ResumeExpiredError, ServerError
from hpro_connectors.salesforce.rows.row_source import Row, Source
from hpro_connectors.salesforce.rows.soql import moment_literal, text_literal

_LONGEST_ID = 64


def whole_seconds(moment: datetime) -> datetime:
    """Round down to a second: stamps are that coarse, and so are the comparisons of SOQL."""
    return moment.astimezone(UTC).replace(microsecond=0)


def read_stamp(row: Row, source: Source) -> datetime:
    """Give the stamp of a row, in whole seconds.

    Raises:
        ServerError: The row has none.
    """
    text = row[source.stamp]
    try:
        if isinstance(text, str):
            return whole_seconds(_aware(text))
    except ValueError:
        pass
    raise ServerError(
        f"Salesforce gave a row of {source.object_name} whose {source.stamp} is no moment.",
        hint="Try again later.",
        connector="salesforce",
        stream=source.object_name,
    )


def read_id(row: Row, source: Source) -> str:
    """Give the id of a row.

    Raises:
        ServerError: The row has none.
    """
    row_id = row[source.id]
    if isinstance(row_id, str) and row_id:
        return row_id
    raise ServerError(
        f"Salesforce gave a row of {source.object_name} without {source.id}.",
        hint="Try again later.",
        connector="salesforce",
        stream=source.object_name,
    )


@dataclass(frozen=True, slots=True)
class Place:
    """Right after a row.

    Attributes:
        stamp: Of the row, in whole seconds.
        row_id: Of the row.
    """

    stamp: datetime
    row_id: str

    @classmethod
    def after(cls, row: Row, source: Source) -> Place:
        """Give the place after a row."""
        return cls(read_stamp(row, source), read_id(row, source))

    @classmethod
    def from_resume(cls, resume: JsonValue, source: Source, start: datetime | None, end: datetime) -> Place:
        """Read a place that was stored with a page.

        Args:
            resume: As :meth:`as_resume` gave it.
            source: What is read.
            start: Where the window begins; ``None``: nowhere.
            end: Where it ends.

        Raises:
            ResumeExpiredError: It is not a place of this window.
        """
        match resume:
            case [str(text), str(row_id)] if 0 < len(row_id) <= _LONGEST_ID:
                try:
                    stamp = whole_seconds(_aware(text))
                except ValueError:
                    stamp = None
                if (
                    stamp is not None
                    and stamp < whole_seconds(end)
                    and (start is None or stamp >= whole_seconds(start))
                ):
                    return cls(stamp, row_id)
        raise ResumeExpiredError(
            f"The place where reading {source.object_name} stopped is not one of this window.",
            hint="Read it from its beginning.",
            connector="salesforce",
            stream=source.object_name,
        )

    def as_resume(self) -> JsonValue:
        """Give what is stored with a page."""
        return [moment_literal(self.stamp), self.row_id]

    def conditions(self, source: Source) -> tuple[str, str]:
        """Give SOQL for all that comes after; the first condition alone is what an index can use."""
        stamp = moment_literal(self.stamp)
        return (
            f"{source.stamp} >= {stamp}",
            f"({source.stamp} > {stamp} OR {source.id} > {text_literal(self.row_id)})",
        )


def _aware(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a moment without a zone")
    return moment
