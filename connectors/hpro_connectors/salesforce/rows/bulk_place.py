"""How far a Bulk job was read: what a later process goes on from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from pydantic import JsonValue

from hpro_connectors.errors import ResumeExpiredError
from hpro_connectors.salesforce.client.record_ids import is_record_id
from hpro_connectors.salesforce.rows.row_source import Source


def fingerprint(source: Source, conditions: Iterable[str]) -> str:
    """Tell apart what jobs are made for; the columns do not count, those are seen in the result."""
    what = "\n".join((source.object_name, *conditions))
    return sha256(what.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class BulkPlace:
    """Where reading of a job stands.

    Attributes:
        job_id: Which job.
        of: What it was made for, see :func:`fingerprint`.
        polls: How many empty pages were given while it was waited for.
        expected: Rows of the whole result; ``None`` while the job is waited for.
        given: Rows that were given.
        locator: Of the page of the result that comes next or is begun; ``None`` is the first one.
        skip: Rows of that page that were given.
        done: Whether all rows were given.
    """

    job_id: str
    of: str
    polls: int = 0
    expected: int | None = None
    given: int = 0
    locator: str | None = None
    skip: int = 0
    done: bool = False

    @classmethod
    def from_resume(cls, resume: JsonValue, source: Source, of: str) -> BulkPlace:
        """Read a place that was stored with a page.

        Raises:
            ResumeExpiredError: It is not a place of this source.
        """
        match resume:
            case {"job": str(job_id), "of": str(made_for), **rest} if made_for == of and is_record_id(job_id):
                match rest:
                    case {"done": True}:
                        return cls(job_id, of, done=True)
                    case {
                        "locator": None | str() as locator,
                        "skip": int(skip),
                        "given": int(given),
                        "expected": int(expected),
                    } if min(skip, given, expected) >= 0:
                        return cls(job_id, of, expected=expected, given=given, locator=locator, skip=skip)
                    case {"polls": int(polls)}:
                        return cls(job_id, of, polls=polls)
        raise ResumeExpiredError(
            f"The place where reading {source.object_name} stopped is not one of this first load.",
            hint="Read it from its beginning.",
            connector="salesforce",
            stream=source.object_name,
        )

    def as_resume(self) -> JsonValue:
        """Give what is stored with a page."""
        place: dict[str, JsonValue] = {"job": self.job_id, "of": self.of}
        if self.done:
            return {**place, "done": True}
        if self.expected is None:
            return {**place, "polls": self.polls}
        return {**place, "locator": self.locator, "skip": self.skip, "given": self.given, "expected": self.expected}
