"""The picture of scores by stage."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpro_connectors.cli.picture import BLOCKS, PLAIN, heights_for, picture, print_scores_by_stage, scores_by_stage
from hpro_connectors.fields import Trend
from hpro_connectors.state import QueueRow
from hpro_sdk.lead import Band

ROW = QueueRow(1, "L1", 50.0, Band.B, Trend.STEADY, "new", 1, 1, None, None)

rows = st.lists(
    st.builds(
        lambda score, band, stage: replace(ROW, score=score, band=band, stage=stage),
        st.floats(0, 100),
        st.sampled_from(Band),
        st.sampled_from(["new", "talk", None, "other"]),
    )
)


@given(rows)
def test_every_lead_is_counted_once(queue: list[QueueRow]) -> None:
    counted = scores_by_stage(queue, ["new", "talk"])
    assert [one.stage for one in counted][:2] == ["new", "talk"]
    for one in counted:
        mine = [row for row in queue if row.stage == one.stage]
        assert one.leads == len(mine) == sum(one.by_ten_points) == sum(one.by_band.values())
        for row in mine:
            assert one.by_ten_points[min(9, int(row.score // 10))] > 0
    assert sum(one.leads for one in counted) == len(queue)


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=10), st.sampled_from([BLOCKS, PLAIN]))
def test_higher_counts_are_drawn_no_lower_and_one_lead_is_seen(counts: list[int], heights: str) -> None:
    drawn = picture(counts, heights)
    levels = [heights.index(character) for character in drawn[::2]]
    assert drawn == "".join(2 * character for character in drawn[::2])
    for count, level in zip(counts, levels, strict=True):
        assert (level == 0) == (count == 0)
        assert all(level <= other for more, other in zip(counts, levels, strict=True) if more >= count)
    assert max(levels) in (0, len(heights) - 1)


@pytest.mark.parametrize(
    ("encoding", "heights"),
    [("utf-8", BLOCKS), ("ascii", PLAIN), ("latin-1", PLAIN), (None, PLAIN), ("no such encoding", PLAIN)],
)
def test_blocks_are_drawn_only_where_they_can_be(encoding: str | None, heights: str) -> None:
    assert heights_for(encoding) == heights
    assert len(BLOCKS) == len(PLAIN)


def test_a_file_gets_counts(capsys: pytest.CaptureFixture[str]) -> None:
    print_scores_by_stage(scores_by_stage([replace(ROW, score=100.0), replace(ROW, score=9.99)], ["new", "talk"]))
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == ["stage", "leads", *(f"{ten}-{ten + 10}" for ten in range(0, 100, 10))]
    assert lines[1] == ["new", "2", "1", *"00000000", "1"]
    assert lines[2] == ["talk", "0", *"0000000000"]


def test_a_terminal_gets_a_picture(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    print_scores_by_stage(scores_by_stage([ROW, replace(ROW, stage="a\x1b[2Jb")], ["new"]))
    out = capsys.readouterr().out
    assert "█" * 2 in out
    assert "B 1" in out
    assert "\\x1b[2J" in out
