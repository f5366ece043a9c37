"""How many leads were won and lost, as the configuration maps it, and whether they are enough to learn from."""

from __future__ import annotations

from collections.abc import Iterator

from hpro_connectors.config.enough_outcomes import FEW_WON, FEWEST_OF_EITHER
from hpro_connectors.doctor.finding import Finding
from hpro_sdk.lead import Frozen, OutcomeResult

_AREA = "outcomes"
_TRAINING = "training"
_MAPPING = "set outcome, won_stages and lost_stages in hpro.toml"


class StageCount(Frozen):
    """Leads of one stage that have one outcome.

    Attributes:
        label: The stage as people see it; ``None``: no stage.
        result: Their outcome.
        leads: How many.
        described: Whether the CRM still lists the stage.
    """

    label: str | None
    result: OutcomeResult
    leads: int
    described: bool = True


class OutcomeCounts(Frozen):
    """All leads that the user sees, by stage and outcome."""

    stages: tuple[StageCount, ...] = ()

    def of(self, result: OutcomeResult) -> int:
        """Count the leads of an outcome.

        Args:
            result: Which.
        """
        return sum(stage.leads for stage in self.stages if stage.result is result)


def check_outcomes(counts: OutcomeCounts, *, loses_by_stage: bool) -> Iterator[Finding]:
    """Look at the counts.

    Args:
        counts: Of the leads.
        loses_by_stage: Whether there is a stage that counts as lost.
    """
    won, lost, open_ = (counts.of(one) for one in (OutcomeResult.WON, OutcomeResult.LOST, OutcomeResult.OPEN))
    stages = "; ".join(_words(stage) for stage in counts.stages) or "there are none"
    yield Finding.ok(_AREA, f"{won:,} won, {lost:,} lost, {open_:,} open. By stage: {stages}.")
    gone = [stage for stage in counts.stages if not stage.described]
    if gone:
        yield Finding.warning(
            _AREA,
            f"{sum(stage.leads for stage in gone):,} leads are in stages that the CRM no longer lists, and that have "
            f"no place in the funnel: {', '.join(stage.label or '' for stage in gone)}.",
            "Give these leads a stage that there is, or list the stage in the CRM again.",
        )
    if not lost and not loses_by_stage:
        yield Finding.warning(
            _AREA,
            "No lead is lost, and no stage counts as lost: leads that came to nothing are scored for ever.",
            "Name the stages that mean lost with lost_stages in hpro.toml.",
        )
    yield _enough(won, lost + open_)


def _enough(won: int, others: int) -> Finding:
    if won < FEWEST_OF_EITHER or others < FEWEST_OF_EITHER:
        return Finding.warning(
            _TRAINING,
            f"Training on this history will be refused: it needs {FEWEST_OF_EITHER} won leads and "
            f"{FEWEST_OF_EITHER} others at least, and there are {won:,} and {others:,}.",
            f"Wait for more outcomes; where the company marks success in another way, {_MAPPING}.",
        )
    if won < FEW_WON:
        return Finding.warning(
            _TRAINING,
            f"{won:,} won leads are few: a model of fewer than {FEW_WON} is a weak one.",
            f"Train, and train again when there are more; where the company marks success in another way, {_MAPPING}.",
        )
    return Finding.ok(
        _TRAINING, f"{won:,} won leads and {others:,} others are enough to train on, unless most of them are very new."
    )


def _words(stage: StageCount) -> str:
    return f"{stage.label or 'without a stage'} {stage.leads:,} ({stage.result.value})"
