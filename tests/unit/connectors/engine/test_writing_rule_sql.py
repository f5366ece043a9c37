"""The writing rule as SQL decides it, against the same rule said in plain Python, over rows at random."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Table, delete, insert, select

from hpro_connectors.engine.writing_rule import EXACT_RANKS, RANK_SHARE_PERCENT, rank_moved
from hpro_connectors.fields import Trend, written_score
from hpro_connectors.state import StateStore
from hpro_connectors.state.dead_letters import DeadLetterStatus
from hpro_connectors.state.desired import WritingLimits, desired
from hpro_connectors.state.schema import DEAD_LETTERS, LEADS, SCORES, WRITTEN_ROWS
from hpro_sdk.lead import Band

NOW = datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
OLD = NOW - timedelta(days=30)
Values = dict[str, object]


@dataclass(frozen=True)
class Case:
    """All that the rule looks at of a lead; ``None``: there is no such row."""

    is_open: bool
    deleted: bool
    score: Values | None
    written: Values | None
    dead: Values | None


# Eighths of a point, so that floats are exact and Python's fractions say what SQL must.
points = st.integers(0, 800).map(lambda eighths: eighths / 8)
ranks = st.one_of(st.none(), st.integers(1, 3), st.integers(90, 120), st.integers(900, 1200))
bands = st.sampled_from([band.value for band in Band])
trends = st.sampled_from([trend.value for trend in Trend])
models = st.sampled_from(["m1", "m2"])
stages = st.sampled_from([None, "new", "offer"])


def hundredths(score: float) -> int:
    return int(written_score(score) * 100)


@st.composite
def rows_like(draw: st.DrawFn, like: Values | None) -> Values:
    """Give a row that was sent: mostly what the lead has now, with some of it changed."""
    drawn: Values = {
        "score": draw(st.none() | points.map(hundredths)),
        "band": draw(st.none() | bands),
        "trend": draw(st.none() | trends),
        "rank": draw(ranks),
        "stage_rank": draw(ranks),
        "stage_size": draw(st.none() | st.integers(1, 9)),
        "model": draw(st.none() | models),
        "stage": draw(stages),
    }
    if like is None:
        return drawn
    score = like["score"]
    assert isinstance(score, float)
    moved = draw(st.sampled_from([0.0, 0.0, 0.125, -0.5, 1.0, -1.0, 1.125, -2.25, 2.375]))
    close = like | {"score": hundredths(min(100.0, max(0.0, score + moved)))}
    changed = draw(st.sets(st.sampled_from(sorted(drawn)), max_size=2))
    return {name: drawn[name] if name in changed else close[name] for name in drawn}


@st.composite
def cases(draw: st.DrawFn) -> Case:
    deleted = draw(st.sampled_from([False, False, False, True]))
    is_open = not deleted and draw(st.booleans())
    score: Values | None = None
    if not deleted and draw(st.integers(0, 4)):
        score = {
            "score": draw(points),
            "band": draw(bands),
            "trend": draw(trends),
            "rank": draw(ranks),
            "stage_rank": draw(ranks),
            "stage_size": draw(st.none() | st.integers(1, 9)),
            "model": draw(models),
            "stage": draw(stages),
        }
    written = dead = None
    if draw(st.integers(0, 4)):
        ages = [timedelta(0), timedelta(days=30) - timedelta(microseconds=1), timedelta(days=30), timedelta(days=31)]
        written = draw(rows_like(score)) | {
            "written_at": NOW - draw(st.sampled_from(ages)),
            "resend": draw(st.sampled_from([False, False, True])),
        }
    if draw(st.booleans()):
        dead = draw(rows_like(score)) | {
            "clears": draw(st.sampled_from([False, False, True])),
            "metadata_hash": draw(st.sampled_from(["now", "now", "before"])),
            "status": draw(st.sampled_from([*DeadLetterStatus, DeadLetterStatus.PARKED])).value,
        }
    return Case(is_open, deleted, score, written, dead)


def reason_of(case: Case, epsilon: float) -> str | None:
    """Say why a lead is written, by the rule; ``None``: it is not."""
    new, old, dead = case.score, case.written, case.dead
    waits = dead is not None and dead["metadata_hash"] == "now" and dead["status"] != "replay"
    if not (case.is_open and new is not None and new["rank"] is not None):
        if old is None or case.deleted:
            return None
        shows = old["resend"] or any(old[name] is not None for name in ("rank", "stage_rank", "stage_size"))
        return "clear" if shows and not (waits and dead is not None and dead["clears"]) else None
    if dead is not None and waits and not dead["clears"] and not difference(new, dead, epsilon):
        return None
    if old is None:
        return "new"
    first = difference(new, old, epsilon)
    if first in {"band", "model"}:
        return first
    if old["resend"]:
        return "drift"
    written_at = old["written_at"]
    assert isinstance(written_at, datetime)
    return first or ("refresh" if written_at <= OLD else None)


def difference(new: Values, old: Mapping[str, object], epsilon: float) -> str | None:
    """Say in what a row differs from one that was sent, most telling first."""
    for name in ("band", "model", "trend"):
        if new[name] != old[name]:
            return name
    before, now = old["score"], new["score"]
    assert isinstance(now, float)
    if not isinstance(before, int):
        return "score"
    # A score that rounds to what was written did not move.
    if abs(Fraction(now) - Fraction(before, 100)) > max(Fraction(epsilon), Fraction(1, 200)):
        return "score"
    if new["stage"] != old["stage"]:
        return "stage"
    moved = (rank_moved(as_rank(new[name]), as_rank(old[name])) for name in ("rank", "stage_rank"))
    return "rank" if any(moved) else None


def as_rank(value: object) -> int | None:
    assert value is None or isinstance(value, int)
    return value


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StateStore]:
    with StateStore.open(tmp_path_factory.mktemp("rule") / "state.db") as made:
        yield made


def put(store: StateStore, found: Mapping[str, Case]) -> None:
    """Have the state hold some leads and nothing else."""
    scored = {"input_hash": "", "rank_score": 0.0, "probability": 0.0, "scored_at": NOW}
    scored |= {"interactions_dropped": 0, "interactions_cut": 0}
    refused = {"code": "", "message": "", "attempts": 1, "first_at": NOW, "last_at": NOW, "run_id": 1}
    rows: dict[Table, list[Values]] = {LEADS: [], SCORES: [], WRITTEN_ROWS: [], DEAD_LETTERS: []}
    for lead_id, case in found.items():
        key: Values = {"lead_id": lead_id}
        rows[LEADS].append(
            key | {"modified_at": NOW, "open": case.is_open, "deleted_at": NOW if case.deleted else None}
        )
        if case.score is not None:
            score = {("model_id" if name == "model" else name): value for name, value in case.score.items()}
            rows[SCORES].append(key | scored | score)
        if case.written is not None:
            rows[WRITTEN_ROWS].append(key | case.written)
        if case.dead is not None:
            rows[DEAD_LETTERS].append(key | refused | case.dead)
    with store.transactions.writing() as connection:
        for table in reversed(rows):
            connection.execute(delete(table))
        for table, values in rows.items():
            if values:
                connection.execute(insert(table), values)


def limits_with(epsilon: float) -> WritingLimits:
    return WritingLimits(
        score_epsilon=epsilon,
        exact_ranks=EXACT_RANKS,
        rank_share_percent=RANK_SHARE_PERCENT,
        written_before=OLD,
        metadata_hash="now",
    )


@given(drawn=st.lists(cases(), min_size=1, max_size=6), epsilon=st.sampled_from([0.0, 0.5, 1.0, 2.25]))
@settings(max_examples=150)
def test_sql_decides_as_the_rule_says(store: StateStore, drawn: list[Case], epsilon: float) -> None:
    found = {f"L{number}": case for number, case in enumerate(drawn)}
    put(store, found)
    limits = limits_with(epsilon)
    with store.transactions.reading() as connection:
        rows = connection.execute(select(desired(limits).subquery())).all()
    told = {row.lead_id: row.reason for row in rows}
    assert len(told) == len(rows)  # each lead once
    expected = {lead_id: reason_of(case, epsilon) for lead_id, case in found.items()}
    assert told == {lead_id: reason for lead_id, reason in expected.items() if reason is not None}
    assert all(bool(row.clears) is (row.reason == "clear") for row in rows)
    wanted = store.outbox.count_wanted(limits)
    assert wanted.clears == list(told.values()).count("clear")
    assert wanted.rows == len(told) - wanted.clears
    changes = store.band_changes(limits)
    ranked = [case for name, case in found.items() if shows_a_band(case)]
    assert changes.having_one == len(ranked)
    assert changes.changed == sum(reason_of(case, epsilon) == "band" for case in ranked)


def shows_a_band(case: Case) -> bool:
    is_ranked = case.is_open and case.score is not None and case.score["rank"] is not None
    return is_ranked and case.written is not None and case.written["band"] is not None


NEW: Values = {"band": "A", "trend": "steady", "score": 80.0, "rank": 1, "stage_rank": 1, "model": "m1"}
NEW |= {"stage": "new", "stage_size": 3}
SENT: Values = NEW | {"score": 8000}
WRITTEN: Values = SENT | {"written_at": NOW, "resend": False}
REFUSED: Values = SENT | {"clears": False, "metadata_hash": "now", "status": "parked"}


@pytest.mark.parametrize(
    ("refused", "reason"),
    [
        ({}, None),
        ({"status": "dropped"}, None),
        ({"status": "replay"}, "band"),
        ({"metadata_hash": "before"}, "band"),
        ({"clears": True}, "band"),
        ({"band": "B"}, "band"),
        ({"score": 8101}, "band"),
        ({"score": 8100}, None),
        ({"rank": 2}, "band"),
        ({"stage_size": 4}, None),
    ],
)
def test_a_row_like_a_refused_one_waits(store: StateStore, refused: Values, reason: str | None) -> None:
    put(store, {"L0": Case(True, False, NEW, WRITTEN | {"band": "C"}, REFUSED | refused)})
    assert store.outbox.count_wanted(limits_with(1.0)).reasons == ({} if reason is None else {reason: 1})


@pytest.mark.parametrize(
    ("refused", "cleared"),
    [(None, 1), ({}, 1), ({"clears": True}, 0), ({"clears": True, "status": "replay"}, 1)],
)
def test_only_a_refused_clear_keeps_ranks_from_being_taken_off(
    store: StateStore, refused: Values | None, cleared: int
) -> None:
    dead = None if refused is None else REFUSED | refused
    put(store, {"L0": Case(False, False, NEW | {"rank": None}, WRITTEN, dead)})
    assert store.outbox.count_wanted(limits_with(1.0)).clears == cleared
