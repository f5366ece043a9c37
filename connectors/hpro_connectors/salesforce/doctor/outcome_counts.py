"""Counting leads by stage and outcome, by the very mapping that reading uses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pydantic import JsonValue

from hpro_connectors.doctor import Finding, OutcomeCounts, StageCount, check_outcomes
from hpro_connectors.errors import SchemaDriftError
from hpro_connectors.salesforce.doctor.org_view import OrgView
from hpro_connectors.salesforce.errors import QueryTooLargeError
from hpro_connectors.salesforce.mapping.outcomes import Outcomes
from hpro_connectors.salesforce.rows.soql import among, select
from hpro_connectors.salesforce.settings import OutcomeRule, SalesforceSettings, ScoredObjectName
from hpro_sdk.lead import OutcomeResult

_AREA: Final = "outcomes"
_OF_OPPORTUNITIES: Final = (
    (OutcomeResult.WON, "ConvertedOpportunity.IsWon = true"),
    (OutcomeResult.LOST, "ConvertedOpportunity.IsClosed = true AND ConvertedOpportunity.IsWon = false"),
    (OutcomeResult.LOST, "ConvertedOpportunityId = null"),
    (OutcomeResult.OPEN, "ConvertedOpportunity.IsClosed = false"),
)


def check_outcome_counts(view: OrgView) -> Iterator[Finding]:
    """Look at how many leads were won and lost.

    Args:
        view: Of the org.

    Raises:
        SchemaDriftError: The configuration names a stage that does not exist, or the rule needs a hidden field.
    """
    outcomes = Outcomes(view.settings, view.schema)
    if view.settings.stage_column is not None and not view.scored.has(view.settings.stage_column):
        return  # the check of fields says so
    try:
        counts = count_outcomes(view, outcomes)
    except (QueryTooLargeError, SchemaDriftError) as exc:
        yield Finding.warning(
            _AREA,
            f"Salesforce does not count the records by stage, so that nothing is known of won and lost ones: "
            f"{exc.message}",
            "After the first read, `hpro model train` says how many there are.",
        )
        return
    loses = any(stage.result is OutcomeResult.LOST for stage in outcomes.stages)
    yield from check_outcomes(counts, loses_by_stage=loses or view.settings.rule is OutcomeRule.OPPORTUNITY)


def count_outcomes(view: OrgView, outcomes: Outcomes) -> OutcomeCounts:
    """Count the records that the user sees and that are not excluded, in one query or a few.

    Args:
        view: Of the org.
        outcomes: Decides what each is.

    Raises:
        ConnectorError: Salesforce cannot be asked, or does not count.
    """
    stage = view.settings.stage_column
    columns = [column for column in (stage, *_deciding(view.settings)) if column is not None]
    follows = outcomes.follows_opportunity
    in_named = among(stage, outcomes.named_stages) if stage is not None and outcomes.named_stages else ""
    where = _not_excluded(view)
    if follows:
        where.append(f"(IsConverted = false OR {in_named})" if in_named else "IsConverted = false")
    found: dict[tuple[str | None, OutcomeResult], int] = {}
    if columns:
        soql = f"{select([*columns, 'COUNT(Id) n'], view.scored.name, where)} GROUP BY {','.join(columns)}"
        rows = list(view.client.query(soql).records)
    else:
        total = view.client.query(select(("COUNT()",), view.scored.name, where)).total
        rows = [{"n": total}]
    by_name = {one.name: one for one in outcomes.stages}
    for row in rows:
        name = _text(row.get(stage)) if stage is not None else None
        decided = outcomes.decide(row)[0]
        of_stage = by_name[name].result if name in by_name else OutcomeResult.OPEN
        key = name, decided or of_stage
        found[key] = found.get(key, 0) + _whole(row.get("n"))
    counts = [
        StageCount(
            label=by_name[name].label if name in by_name else name,
            result=result,
            leads=leads,
            described=name is None or name in by_name,
        )
        for (name, result), leads in found.items()
    ]
    order = {one.label: place for place, one in enumerate(outcomes.stages)}
    counts.sort(key=lambda one: (order.get(one.label or "", len(order)), one.label or "", one.result.value))
    of_opportunities = _of_opportunities(view, f"(NOT {in_named})" if in_named else "") if follows else ()
    return OutcomeCounts(stages=(*counts, *of_opportunities))


def _deciding(settings: SalesforceSettings) -> tuple[str, ...]:
    """Give the columns beside the stage by which a row says of itself whether it is won or lost."""
    if settings.rule is OutcomeRule.STATUS:
        return ()
    if settings.scored_object is ScoredObjectName.OPPORTUNITY:
        return ("IsClosed", "IsWon")
    return ("IsConverted",) if settings.rule is OutcomeRule.CONVERTED else ()


def _of_opportunities(view: OrgView, condition_of_stage: str) -> Iterator[StageCount]:
    """Count converted leads by what became of their opportunities."""
    found: dict[OutcomeResult, int] = {}
    for result, condition in _OF_OPPORTUNITIES:
        where = [*_not_excluded(view), "IsConverted = true", condition, condition_of_stage]
        total = view.client.query(select(("COUNT()",), view.scored.name, where)).total
        found[result] = found.get(result, 0) + total
    for result, leads in found.items():
        if leads:
            yield StageCount(label="converted", result=result, leads=leads)


def _not_excluded(view: OrgView) -> list[str]:
    field = view.scored.by_name.get(view.settings.exclude_column or "")
    return [f"{field.name} = false"] if field is not None and field.type == "boolean" else []


def _text(value: JsonValue) -> str | None:
    return value if isinstance(value, str) and value else None


def _whole(value: JsonValue) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
