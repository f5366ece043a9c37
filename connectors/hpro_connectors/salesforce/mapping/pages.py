"""Reading one part after the other as one answer, with a ``resume`` that says in which part it stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from pydantic import JsonValue

from hpro_connectors.errors import ResumeExpiredError, ServerError
from hpro_connectors.salesforce.rows.row_source import Row, RowPage

Part = Callable[[JsonValue], Iterator[RowPage]]
"""Gives the pages of one part after a ``resume`` of that part."""


def read_parts(parts: Sequence[Part], resume: JsonValue, stream: str) -> Iterator[RowPage]:
    """Give the pages of all parts; only the last page of the last part is complete.

    Args:
        parts: In their order, which must be the same when the answer is resumed.
        resume: Of one of these pages; ``None`` begins anew.
        stream: Whose parts they are.

    Raises:
        ResumeExpiredError: ``resume`` is none of these pages'.
        ServerError: A part ended without its last page.
    """
    first, at = place_in(resume, len(parts), stream)
    for number in range(first, len(parts)):
        page: RowPage | None = None
        for page in parts[number](at):
            last = page.complete and number + 1 == len(parts)
            if last:
                yield replace(page, resume=None)
            elif page.complete:
                yield replace(page, resume=[number + 1, None], complete=False)
            else:
                yield replace(page, resume=[number, page.resume])
        if page is None or not page.complete:
            raise ServerError(f"Salesforce stopped in the middle of {stream}.", hint="Try again later.", stream=stream)
        at = None


def place_in(resume: JsonValue, parts: int, stream: str) -> tuple[int, JsonValue]:
    """Give the part that a resume is in, and the resume of that part.

    Raises:
        ResumeExpiredError: It is in none of the parts.
    """
    match resume:
        case None:
            return 0, None
        case [bool(), _]:
            pass
        case [int(number), at] if 0 <= number < parts:
            return number, at
    raise ResumeExpiredError(
        "The place where reading stopped is not one of this connector.",
        hint="Read the stream from its beginning.",
        connector="salesforce",
        stream=stream,
    )


def in_batches(pages: Iterable[RowPage]) -> Iterator[tuple[tuple[Row, ...], bool]]:
    """Give the rows of pages that cannot be resumed, each with whether they are the last ones; at least one batch."""
    before: tuple[Row, ...] | None = None
    for page in pages:
        if before is not None:
            yield before, False
        before = page.rows
    yield before or (), True
