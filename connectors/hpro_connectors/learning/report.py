"""What learning did: the report that lies beside a model file. No lead text but the words of leak findings."""

from __future__ import annotations

from datetime import datetime

from hpro_connectors.learning.compare import Comparison
from hpro_connectors.learning.decision import Decision
from hpro_connectors.learning.examples import ExampleCounts
from hpro_connectors.learning.history import HistoryCounts
from hpro_connectors.learning.template import PAST_UNKNOWN
from hpro_sdk.lead import Frozen
from hpro_sdk.training.report import TrainingReport


class DataReport(Frozen):
    """What there is to learn from.

    Attributes:
        org_id: Of which org.
        object_type: The scored object.
        known_until: Until when it was read.
        horizon_days: Days in which a lead must be won.
        cutoff_every_days: Days between two looks at a lead.
        stages: The funnel's open stages.
        fields: Fields that are shown.
        left_out: Why each other field is not, by name.
        history: Leads in the state.
        examples: Snapshots of them.
        leaks: What alone nearly gives the outcome away.
        warnings: What a person should know.
    """

    org_id: str
    object_type: str
    known_until: datetime
    horizon_days: int
    cutoff_every_days: int
    stages: tuple[str, ...]
    fields: tuple[str, ...]
    left_out: dict[str, str]
    history: HistoryCounts
    examples: ExampleCounts
    leaks: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def past_unknown(self) -> tuple[str, ...]:
        """Fields that are not shown, since they may have been filled in after the outcome."""
        return tuple(name for name, reason in self.left_out.items() if reason == PAST_UNKNOWN)


class LearningReport(Frozen):
    """A model and everything about it.

    Attributes:
        model_id: Its id.
        file: Its name within the models folder.
        bytes: Its size.
        made_at: When, by this machine's clock.
        data: What it learnt from.
        training: How.
        parity: Kendall's tau between the file and the checkpoint it was made from.
        comparison: On the newest fifth.
        decision: Whether it was put to use.
        minutes: Of all of it.
    """

    model_id: str
    file: str
    bytes: int
    made_at: datetime
    data: DataReport
    training: TrainingReport
    parity: float
    comparison: Comparison
    decision: Decision
    minutes: float
