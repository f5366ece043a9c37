"""Stages made whole from a history that logs changes only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hpro_connectors.state.stage_entries import StageEntry, joined, stages_entered
from hpro_sdk.lead import StageChange

_CREATED = datetime(2026, 1, 1, tzinfo=UTC)


def _at(seconds: int) -> datetime:
    return _CREATED + timedelta(seconds=seconds)


def _names(entries: list[StageEntry]) -> list[str]:
    return [change.stage for change in stages_entered(entries)]


def test_what_the_first_change_left_is_not_put_at_the_creation() -> None:
    changes = stages_entered([StageEntry("won", _at(5), "offer")])
    assert [(change.stage, change.at) for change in changes] == [("won", _at(5))]


def test_a_stage_entered_out_of_none_is_what_it_says() -> None:
    assert _names([StageEntry("talking", _at(5), ""), StageEntry("won", _at(9), "offer")]) == ["talking", "won"]


def test_a_lead_that_was_created_without_a_stage_is_told_none_before_its_first() -> None:
    entries = [StageEntry("won", _at(0)), StageEntry("talking", _at(5), ""), StageEntry("won", _at(9), "talking")]
    assert [(change.stage, change.at) for change in stages_entered(entries)] == [("talking", _at(5)), ("won", _at(9))]


def test_both_creations_of_merged_leads_are_corrected() -> None:
    entries = [StageEntry("lost", _at(0)), StageEntry("new", _at(5)), StageEntry("lost", _at(9), "new")]
    assert _names(entries) == ["new", "new", "lost"]


def test_a_creation_after_a_change_came_with_a_merge_and_tells_no_stage() -> None:
    entries = [
        StageEntry("new", _at(0)),
        StageEntry("talking", _at(5), "new"),
        StageEntry("lost", _at(7)),  # as it was when it was read: long after
        StageEntry("lost", _at(9), "new"),
    ]
    assert [(change.stage, change.at) for change in stages_entered(entries)] == [
        ("new", _at(0)),
        ("talking", _at(5)),
        ("lost", _at(9)),
    ]


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
    assert stages_entered([]) == ()


@given(st.permutations(["talking", "offer", "won"]), st.lists(st.integers(0, 1), min_size=3, max_size=3))
def test_changes_of_one_second_follow_each_other(order: list[str], gaps: list[int]) -> None:
    chain = ["new", "talking", "offer", "won"]
    moments = [1 + sum(gaps[: place + 1]) for place in range(3)]
    rows = [
        StageEntry(stage, _at(moment), left) for (left, stage), moment in zip(pairwise(chain), moments, strict=True)
    ]
    shuffled = sorted(rows, key=lambda row: (row.at, order.index(row.stage)))
    assert _names(shuffled) == chain[1:]
    assert _names([StageEntry("won", _at(0)), *shuffled]) == chain


_SEEN = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9)), max_size=4)


@given(_SEEN, _SEEN)
def test_the_ledger_tells_what_was_before_the_history_and_what_changed_after_it(
    told: list[tuple[str, int]], seen: list[tuple[str, int]]
) -> None:
    history = [StageChange(stage=stage, at=_at(at)) for stage, at in sorted(told, key=lambda one: one[1])]
    ledger = [StageChange(stage=stage, at=_at(at)) for stage, at in sorted(seen, key=lambda one: one[1])]
    changes = joined(history, ledger, _at(2))
    if not history:
        assert changes == tuple(ledger)
        return
    before = [change for change in ledger if _at(2) <= change.at < history[0].at]
    assert list(changes[: len(before)]) == before
    assert list(changes[len(before) : len(before) + len(history)]) == history
    after = changes[len(before) + len(history) :]
    assert all(change in ledger and change.at > history[-1].at for change in after)
    assert all(one.stage != other.stage for one, other in pairwise((history[-1], *after)))
    later = [change for change in ledger if change.at > history[-1].at]
    assert (history[-1], *after)[-1].stage == (history[-1], *later)[-1].stage
