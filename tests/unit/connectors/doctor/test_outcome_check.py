"""Counts of won and lost leads: what is enough to train on, and what is odd about them."""

from __future__ import annotations

import pytest

from hpro_connectors.config.enough_outcomes import FEW_WON, FEWEST_OF_EITHER
from hpro_connectors.doctor import Finding, Level, OutcomeCounts, StageCount, check_outcomes
from hpro_sdk.lead import OutcomeResult


def counts(won: int, lost: int = 0, open_: int = 0) -> OutcomeCounts:
    results = ((OutcomeResult.WON, won), (OutcomeResult.LOST, lost), (OutcomeResult.OPEN, open_))
    return OutcomeCounts(
        stages=tuple(StageCount(label=f"S {result}", result=result, leads=count) for result, count in results)
    )


def of(area: str, findings: list[Finding]) -> Finding:
    (finding,) = [one for one in findings if one.area == area]
    return finding


@pytest.mark.parametrize(
    ("won", "others", "level", "words"),
    [
        (FEWEST_OF_EITHER - 1, 1000, Level.WARNING, "refused"),
        (1000, FEWEST_OF_EITHER - 1, Level.WARNING, "refused"),
        (FEWEST_OF_EITHER, FEWEST_OF_EITHER, Level.WARNING, "few"),
        (FEW_WON - 1, 1000, Level.WARNING, "few"),
        (FEW_WON, FEWEST_OF_EITHER, Level.OK, "enough"),
    ],
)
def test_how_many_are_enough(won: int, others: int, level: Level, words: str) -> None:
    for split in (counts(won, others, 0), counts(won, 1, others - 1)):
        finding = of("training", list(check_outcomes(split, loses_by_stage=True)))
        assert finding.level is level
        assert words in finding.seen


def test_every_stage_is_counted() -> None:
    found = list(check_outcomes(counts(1200, 300, 50), loses_by_stage=True))
    assert of("outcomes", found).seen == (
        "1,200 won, 300 lost, 50 open. By stage: S won 1,200 (won); S lost 300 (lost); S open 50 (open)."
    )


def test_nothing_that_is_ever_lost_is_odd() -> None:
    found = list(check_outcomes(counts(200, 0, 200), loses_by_stage=False))
    assert [finding.level for finding in found] == [Level.OK, Level.WARNING, Level.OK]
    assert len(list(check_outcomes(counts(200, 0, 200), loses_by_stage=True))) == 2
    assert len(list(check_outcomes(counts(200, 1, 200), loses_by_stage=False))) == 2


def test_stages_that_the_crm_no_longer_lists_are_named() -> None:
    old = StageCount(label="Old", result=OutcomeResult.OPEN, leads=7, described=False)
    none = StageCount(label=None, result=OutcomeResult.OPEN, leads=3)
    found = list(check_outcomes(OutcomeCounts(stages=(*counts(200, 90).stages, old, none)), loses_by_stage=True))
    assert found[1].level is Level.WARNING
    assert "7 leads" in found[1].seen
    assert found[1].seen.endswith("Old.")
    assert "without a stage 3 (open)" in found[0].seen
