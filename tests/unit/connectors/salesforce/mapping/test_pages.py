from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from hpro_connectors.errors import ResumeExpiredError, ServerError
from hpro_connectors.salesforce.mapping.pages import Part, in_batches, read_parts
from hpro_connectors.salesforce.rows.row_source import RowPage


def _part(name: str, sizes: list[int]) -> Part:
    """Pages of so many rows, with the number of the page as resume."""

    def read(at: JsonValue) -> Iterator[RowPage]:
        first = 0 if at is None else int(str(at)) + 1
        for page in range(first, len(sizes)):
            last = page + 1 == len(sizes)
            rows = tuple({"Id": f"{name}{page}.{row}"} for row in range(sizes[page]))
            yield RowPage(rows, None if last else page, complete=last)

    return read


def _ids(pages: list[RowPage]) -> list[object]:
    return [row["Id"] for page in pages for row in page.rows]


@given(st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=4), min_size=1, max_size=3))
def test_parts_are_one_answer_that_goes_on_after_any_page(sizes: list[list[int]]) -> None:
    parts = [_part(f"p{number}-", of_part) for number, of_part in enumerate(sizes)]
    pages = list(read_parts(parts, None, "Lead"))
    assert [page.complete for page in pages] == [False] * (len(pages) - 1) + [True]
    assert all((page.resume is None) is page.complete for page in pages)
    for number, page in enumerate(pages[:-1]):
        assert _ids(list(read_parts(parts, page.resume, "Lead"))) == _ids(pages[number + 1 :])


@pytest.mark.parametrize(
    "stranger", [{"no": "such place"}, "x", 3, [2, None], [-1, None], [True, None], [0], [None, 1]]
)
def test_a_strangers_resume_is_refused(stranger: JsonValue) -> None:
    with pytest.raises(ResumeExpiredError):
        list(read_parts([_part("a", [1]), _part("b", [1])], stranger, "Lead"))


def test_a_part_that_ends_too_soon_is_a_failed_answer() -> None:
    def cut(_at: JsonValue) -> Iterator[RowPage]:
        yield RowPage((), "x", complete=False)

    with pytest.raises(ServerError, match="middle of Lead"):
        list(read_parts([cut, _part("b", [1])], None, "Lead"))


def test_batches_end_with_the_last_one() -> None:
    assert list(in_batches([])) == [((), True)]
    pages = [RowPage(({"Id": number},), None, complete=True) for number in range(3)]
    assert [(rows[0]["Id"], last) for rows, last in in_batches(pages)] == [(0, False), (1, False), (2, True)]
