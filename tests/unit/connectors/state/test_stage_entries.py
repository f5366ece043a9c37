"""Stages made whole from a history that logs changes only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hpro_connectors.state.stage_entries import StageEntry, stages_entered

_CREATED = datetime(2026, 1, 1, tzinfo=UTC)


def _at(seconds: int) -> datetime:
    return _CREATED + timedelta(seconds=seconds)


def _names(entries: list[StageEntry], created_at: datetime | None = _CREATED) -> list[str]:
    return [change.stage for change in stages_entered(entries, created_at)]


def test_the_first_stage_is_what_the_first_change_left() -> None:
    changes = stages_entered([StageEntry("talking", _at(5), "new")], _CREATED)
    assert [(change.stage, change.at) for change in changes] == [("new", _CREATED), ("talking", _at(5))]


def test_without_a_date_of_creation_the_first_stage_stays_unknown() -> None:
    assert _names([StageEntry("talking", _at(5), "new")], None) == ["talking"]


def test_an_entry_of_the_creation_that_shows_todays_stage_is_corrected() -> None:
    entries = [
        StageEntry("offer", _at(0)),
        StageEntry("talking", _at(5), "new"),
        StageEntry("offer", _at(9), "talking"),
    ]
    assert _names(entries) == ["new", "talking", "offer"]


def test_a_history_that_never_says_what_was_left_stays_as_it_is() -> None:
    assert _names([StageEntry("new", _at(0)), StageEntry("talking", _at(5))]) == ["new", "talking"]


def test_no_entries_give_no_stages() -> None:
    assert stages_entered([], _CREATED) == ()


@given(st.permutations(["talking", "offer", "won"]), st.lists(st.integers(0, 1), min_size=3, max_size=3))
def test_changes_of_one_second_follow_each_other(order: list[str], gaps: list[int]) -> None:
    chain = ["new", "talking", "offer", "won"]
    moments = [1 + sum(gaps[: place + 1]) for place in range(3)]
    rows = [
        StageEntry(stage, _at(moment), left) for (left, stage), moment in zip(pairwise(chain), moments, strict=True)
    ]
    shuffled = sorted(rows, key=lambda row: (row.at, order.index(row.stage)))
    assert _names(shuffled) == chain
