"""What learning may be told."""

from __future__ import annotations

from dataclasses import dataclass

from hpro_sdk.errors import ConfigError


@dataclass(frozen=True, slots=True)
class LearningSettings:
    """How a model is learnt from an org's history; the stages and fields are named as the CRM names them.

    Attributes:
        stages: Open stages in order, by name or label; ``None``: as the CRM describes them.
        won: The winning end, by name or label; ``None``: as the CRM describes it.
        lost: The losing end; likewise.
        key_stage: The decisive step; ``None``: the last open stage.
        horizon_days: Days after a snapshot in which a lead must be won to count as won.
        cutoff_every_days: Days between two looks at the same lead.
        leave_out: Names of fields that the model is never shown.
        known_at_creation: Names of fields that are set at creation and stay, beyond those that the CRM marks so.
        max_minutes: Minutes of training at most.
        max_tokens: Tokens of a prompt.
        seed: Of weights, batches and bootstrap.
        retention_days: After how many days the texts of closed leads are erased; ``None``: never. Leads are looked at
            since then only: before that, a lead without texts would be one that ended long ago.
        exclude_field: A boolean field that keeps a lead from being scored, and learnt from; ``None``: there is none.
    """

    stages: tuple[str, ...] | None = None
    won: str | None = None
    lost: str | None = None
    key_stage: str | None = None
    horizon_days: int = 90
    cutoff_every_days: int = 30
    leave_out: tuple[str, ...] = ()
    known_at_creation: tuple[str, ...] = ()
    max_minutes: float = 15.0
    max_tokens: int = 352
    seed: int = 0
    retention_days: int | None = None
    exclude_field: str | None = None

    def __post_init__(self) -> None:
        """Refuse what no training could be made of."""
        if self.horizon_days < 1 or self.cutoff_every_days < 1:
            raise ConfigError("horizon_days and cutoff_every_days must be at least 1.", hint="Give whole days.")
