"""The funnel that a model is trained on, from the stages of the CRM and what a person said of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from hpro_connectors.learning.settings import LearningSettings
from hpro_connectors.protocol import OrgDescription, StageInfo
from hpro_sdk.errors import ConfigError
from hpro_sdk.funnel import Funnel
from hpro_sdk.lead import OutcomeResult

_ENDS = {OutcomeResult.WON: "won", OutcomeResult.LOST: "lost"}


@dataclass(frozen=True, slots=True)
class OrgFunnel:
    """The funnel of an org.

    Attributes:
        funnel: With every value of the CRM's stages that differs from the funnel's name of it.
    """

    funnel: Funnel

    def name_of(self, stage: str) -> str:
        """Give the funnel's name of a stage as the CRM writes it.

        Raises:
            UnknownStageError: The CRM does not describe it.
        """
        return self.funnel.resolve(stage)

    def result_of(self, stage: str | None) -> OutcomeResult:
        """Give what a stage, by the funnel's name, says of a lead; no stage says open."""
        if stage == self.funnel.won:
            return OutcomeResult.WON
        return OutcomeResult.LOST if stage == self.funnel.lost else OutcomeResult.OPEN


def funnel_of_org(description: OrgDescription, settings: LearningSettings) -> OrgFunnel:
    """Give the funnel of an org.

    Its stages are called as the CRM's records call them, or as ``settings.stages`` does, which may name them by their
    labels. Of several winning (or losing) stages all count as the one that is named, or else as ``won`` (``lost``).

    Args:
        description: Of the org.
        settings: What a person said of the stages.

    Raises:
        ConfigError: There is no open stage, a named stage does not exist, or an open one is not named.
    """
    names: dict[str, str] = {}
    opened = [stage for stage in description.stages if stage.result is OutcomeResult.OPEN]
    if not opened:
        raise ConfigError(
            "The CRM describes no open stage, so there is no funnel to learn.",
            hint="Check which object is scored, or give its stages in the funnel's table.",
        )
    for stage in opened:
        names[stage.name] = stage.name if settings.stages is None else _named(stage, settings.stages)
    stages = tuple(dict.fromkeys(names.values())) if settings.stages is None else settings.stages
    _require_known(stages, opened, "open")
    ends: dict[OutcomeResult, str] = {}
    for result, wanted in ((OutcomeResult.WON, settings.won), (OutcomeResult.LOST, settings.lost)):
        of_result = [stage for stage in description.stages if stage.result is result]
        if wanted is not None:
            _require_known((wanted,), of_result, result.value)
        ends[result] = wanted or (of_result[0].name if len(of_result) == 1 else _ENDS[result])
        names |= dict.fromkeys((stage.name for stage in of_result), ends[result])
    key_stage = settings.key_stage or stages[-1]
    if key_stage not in stages:
        key_stage = names.get(key_stage, _by_label(opened).get(key_stage, key_stage))
    return OrgFunnel(_funnel(stages, ends, key_stage, names))


def _funnel(
    stages: tuple[str, ...], ends: Mapping[OutcomeResult, str], key_stage: str, names: Mapping[str, str]
) -> Funnel:
    try:
        return Funnel(
            stages=stages,
            won=ends[OutcomeResult.WON],
            lost=ends[OutcomeResult.LOST],
            key_stage=key_stage,
            values={value: name for value, name in names.items() if value != name},
        )
    except ValidationError as exc:
        problem = exc.errors(include_url=False, include_input=False)[0]["msg"].removeprefix("Value error, ")
        raise ConfigError(
            f"The org's stages make no funnel: {problem}.",
            hint="Name stages, won and lost in [crm.NAME.funnel]; in Salesforce, first name the stages that mean "
            "lost in lost_stages.",
        ) from exc


def _named(stage: StageInfo, stages: tuple[str, ...]) -> str:
    for name in (stage.name, stage.label):
        if name in stages:
            return name
    raise ConfigError(
        f"The CRM's open stage {stage.label!r} is not among the funnel's stages {', '.join(stages)}.",
        hint="Add it to stages, in its place, or leave stages away to take them from the CRM.",
    )


def _require_known(names: Iterable[str], stages: list[StageInfo], what: str) -> None:
    known = {stage.name for stage in stages} | {stage.label for stage in stages}
    for name in names:
        if name not in known:
            labels = ", ".join(stage.label for stage in stages) or "none"
            raise ConfigError(
                f"The CRM has no {what} stage {name!r}.", hint=f"Its {what} stages are: {labels}. Correct the funnel."
            )


def _by_label(stages: list[StageInfo]) -> dict[str, str]:
    return {stage.label: stage.name for stage in stages}
