"""The funnel: ordered open stages, won and lost, the key stage, and the preference rules built on them.

All of it is configuration (the ``[funnel]`` table of a mapping or of ``hpro.toml``) and travels inside the model
file; nothing in HPRO knows a stage by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from hpro_sdk.errors import UnknownStageError
from hpro_sdk.lead import Frozen, Identifier, Outcome, OutcomeResult

KEY_STAGE = "key"
"""Stands for the funnel's key stage in a rule, so that default rules fit every funnel."""

NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class PairSide(Frozen):
    """Which leads stand on one side of a preference rule: those that meet every condition given.

    Attributes:
        outcome: ``won``, ``lost``, or ``not_won`` (lost or still open).
        reached: Reached this open stage or a deeper one; won counts as deeper than all. ``"key"`` is the key stage.
        not_reached: Did not get as far as this stage, and that is known.
        signal: A soft signal known at the time of the snapshot: ``call_seconds`` (longest call), ``replies``
            (interactions in which the lead spoke), ``meetings``, or ``field:NAME`` for a numeric field.
        at_least: The signal's lower bound, in its own unit.
        at_most: The signal's upper bound.
    """

    outcome: Literal["won", "lost", "not_won"] | None = None
    reached: Identifier | None = None
    not_reached: Identifier | None = None
    signal: Annotated[str, Field(pattern=r"^(call_seconds|replies|meetings|field:.+)$")] | None = None
    at_least: Annotated[float, Field(allow_inf_nan=False)] | None = None
    at_most: Annotated[float, Field(allow_inf_nan=False)] | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.signal is None) != (self.at_least is None and self.at_most is None):
            raise ValueError("signal needs at_least or at_most, and they need a signal")
        if self == PairSide.model_construct():
            raise ValueError("a side of a rule needs at least one condition")
        return self


class PreferenceRule(Frozen):
    """Who is chosen over whom, by what margin, and how much that counts.

    Attributes:
        name: Shown in reports.
        chosen: Which leads should score higher.
        rejected: Which should score lower.
        margin: Gap demanded between their rank logits.
        weight: Factor of this rule's mean pair loss in the objective; 0 switches the rule off.
        same_depth: Pair only leads of equal result and depth, so that a soft signal never contradicts the funnel.
    """

    name: Identifier
    chosen: PairSide
    rejected: PairSide
    margin: NonNegative
    weight: NonNegative = 1.0
    same_depth: bool = False


def default_rules() -> tuple[PreferenceRule, ...]:
    """The three levels of the HPRO paper (arXiv 2606.04387) with the margins of its reference code."""
    return (
        PreferenceRule(name="global", chosen=PairSide(outcome="won"), rejected=PairSide(outcome="not_won"), margin=1.0),
        PreferenceRule(
            name="key", chosen=PairSide(reached=KEY_STAGE), rejected=PairSide(not_reached=KEY_STAGE), margin=0.5
        ),
        PreferenceRule(
            name="soft",
            chosen=PairSide(signal="call_seconds", at_least=120),
            rejected=PairSide(signal="call_seconds", at_most=30),
            margin=0.1,
            same_depth=True,
        ),
    )


class Funnel(Frozen):
    """Ordered open stages, the two ways out, and the preference rules.

    Attributes:
        stages: Open stages in order, shallow first.
        won: Name of the winning end.
        lost: Name of the losing end.
        key_stage: The decisive step; default: the last open stage.
        values: Values as the data write them, to stage names; a stage's own name always stands for itself.
        rules: Preference rules; default: the paper's three levels.
    """

    stages: Annotated[tuple[Identifier, ...], Field(min_length=1)]
    won: Identifier = "won"
    lost: Identifier = "lost"
    key_stage: Identifier = ""
    values: Mapping[str, str] = Field(default_factory=dict)
    rules: tuple[PreferenceRule, ...] = Field(default_factory=default_rules)

    @model_validator(mode="before")
    @classmethod
    def _default_key_stage(cls, data: object) -> object:
        if isinstance(data, dict) and not data.get("key_stage"):
            stages = data.get("stages")
            if isinstance(stages, list | tuple) and stages:
                return {**data, "key_stage": stages[-1]}
        return data

    @model_validator(mode="after")
    def _check(self) -> Self:
        names = [*self.stages, self.won, self.lost]
        if len(set(names)) != len(names):
            raise ValueError("the names of stages, won and lost must differ from each other")
        if self.key_stage not in self.stages:
            raise ValueError(f"key_stage {self.key_stage!r} is not one of the open stages {list(self.stages)}")
        if KEY_STAGE in names and self.key_stage != KEY_STAGE:
            raise ValueError(f"only the key stage may be called {KEY_STAGE!r}: rules call it so")
        for value, name in self.values.items():
            if name not in names:
                raise ValueError(f"values: {value!r} is mapped to {name!r}, which is not one of {names}")
        if len({rule.name for rule in self.rules}) != len(self.rules):
            raise ValueError("two preference rules have the same name")
        for rule in self.rules:
            for side in (rule.chosen, rule.rejected):
                for stage in (side.reached, side.not_reached):
                    if stage is not None and stage != KEY_STAGE and stage not in self.stages:
                        raise ValueError(f"rule {rule.name!r} names {stage!r}, which is not an open stage")
        return self

    def resolve(self, value: str) -> str:
        """Give the stage name for a value as the data write it.

        Args:
            value: A stage's own name, or a key of ``values``.

        Raises:
            UnknownStageError: It is neither.
        """
        names = (*self.stages, self.won, self.lost)
        name = value if value in names else self.values.get(value)
        if name is None:
            raise UnknownStageError(
                f"The stage {value!r} is not part of the funnel.",
                hint=f"Map it in [funnel.values] to one of: {', '.join(names)}.",
                value=value,
            )
        return name

    def depth_of_stage(self, stage: str) -> int:
        """Position of a stage, 1 for the first open one; won is deeper than all. ``key`` is the key stage.

        Raises:
            UnknownStageError: Not an open stage, nor won.
        """
        if stage == self.won:
            return len(self.stages) + 1
        try:
            return 1 + self.stages.index(self.key_stage if stage == KEY_STAGE else stage)
        except ValueError:
            raise UnknownStageError(f"{stage!r} is not an open stage of the funnel.", value=stage) from None

    def depth(self, outcome: Outcome) -> int:
        """How deep a lead got: 0 no stage known, 1 the first open stage, ..., won deepest.

        Raises:
            UnknownStageError: ``outcome.reached`` is not an open stage.
        """
        if outcome.result is OutcomeResult.WON:
            return len(self.stages) + 1
        return 0 if outcome.reached is None else self.depth_of_stage(outcome.reached)
