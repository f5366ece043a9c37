"""Whether every stage of the CRM has a place in the funnel, and every stage that the funnel names exists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from hpro_connectors.config.crm import CrmFunnel
from hpro_connectors.doctor.finding import Finding
from hpro_connectors.protocol import OrgDescription, StageInfo
from hpro_sdk.lead import OutcomeResult

_AREA = "funnel"
_TABLE = "the funnel's table in hpro.toml"


def check_funnel(description: OrgDescription, funnel: CrmFunnel) -> Iterator[Finding]:
    """Look at the funnel that a model is trained on.

    Args:
        description: Of the org.
        funnel: What the configuration says of it.
    """
    by_result = {result: [stage for stage in description.stages if stage.result is result] for result in OutcomeResult}
    opened = by_result[OutcomeResult.OPEN]
    if not opened:
        yield Finding.problem(
            _AREA,
            "The CRM describes no open stage, so there is no funnel to learn or to score by.",
            "Check scored_object, stage_field and won_stages and lost_stages in hpro.toml.",
        )
        return
    problems = list(_problems(by_result, funnel))
    yield from problems
    if not problems:
        key_stage = funnel.key_stage or (funnel.stages[-1] if funnel.stages else opened[-1].label)
        yield Finding.ok(_AREA, f"Open stages in order: {_labels(opened)}. The decisive one is {key_stage}.")


def _problems(by_result: dict[OutcomeResult, list[StageInfo]], funnel: CrmFunnel) -> Iterator[Finding]:
    opened = by_result[OutcomeResult.OPEN]
    if funnel.stages is not None:
        homeless = [stage for stage in opened if stage.name not in funnel.stages and stage.label not in funnel.stages]
        if homeless:
            yield Finding.problem(
                _AREA,
                f"Open stages of the CRM have no place in the funnel: {_labels(homeless)}.",
                f"Add them to stages in {_TABLE}, each in its place, or leave stages away.",
            )
        yield from _unknown("stages", funnel.stages, opened)
    for key, name, result in (("won", funnel.won, OutcomeResult.WON), ("lost", funnel.lost, OutcomeResult.LOST)):
        if name is not None:
            yield from _unknown(key, (name,), by_result[result])
    if funnel.key_stage is not None and funnel.stages is None:
        yield from _unknown("key_stage", (funnel.key_stage,), opened)


def _unknown(key: str, names: Iterable[str], stages: Sequence[StageInfo]) -> Iterator[Finding]:
    known = {stage.name for stage in stages} | {stage.label for stage in stages}
    unknown = [name for name in names if name not in known]
    if unknown:
        yield Finding.problem(
            _AREA,
            f"The key {key} of the funnel names what the CRM does not have: {', '.join(unknown)}.",
            f"Correct {key} in {_TABLE}; the CRM has: {_labels(stages) or 'none'}.",
        )


def _labels(stages: Iterable[StageInfo]) -> str:
    return ", ".join(stage.label for stage in stages)
