"""When a record is won or lost: by its conversion, its opportunity, or its stage."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from hpro_connectors.errors import SchemaDriftError
from hpro_connectors.protocol import StageInfo
from hpro_connectors.salesforce.rows.row_source import Row
from hpro_connectors.salesforce.schema.crm_schema import CrmObject, CrmSchema, CrmStage
from hpro_connectors.salesforce.schema.crm_values import flag_in, moment_in, text_in
from hpro_connectors.salesforce.settings import OutcomeRule, SalesforceSettings, ScoredObjectName
from hpro_sdk.lead import OutcomeResult

OPPORTUNITY_STAMP: Final = "ConvertedOpportunity.SystemModstamp"
"""Moves when the opportunity of a converted lead is won or lost, while the lead itself stays as it is."""

USUAL_LOST_STAGES: Final = ("Closed - Not Converted", "Unqualified")
"""Statuses of lost leads that Salesforce ships with; they count where nobody named any."""

_OF_CONVERSION: Final = ("IsConverted", "ConvertedDate")
_OF_OPPORTUNITY: Final = MappingProxyType(
    {
        "ConvertedOpportunityId": "reference",
        "ConvertedOpportunity.IsClosed": "boolean",
        "ConvertedOpportunity.IsWon": "boolean",
        "ConvertedOpportunity.CloseDate": "date",
        OPPORTUNITY_STAMP: "datetime",
    }
)
_OF_CLOSING: Final = ("IsClosed", "IsWon", "CloseDate")

Decision = tuple[OutcomeResult | None, datetime | None]
"""Won, lost or open where the record itself says so, and when that was decided; ``None``: its stage tells."""


class Outcomes:
    """Decides for each record, and for each stage, by one rule.

    Args:
        settings: The rule, and the stages that a person named.
        schema: What the org holds.

    Raises:
        SchemaDriftError: A named stage does not exist, or the rule needs what this user does not see.
    """

    def __init__(self, settings: SalesforceSettings, schema: CrmSchema) -> None:
        self._settings = settings
        self._rule = settings.rule
        self._is_lead = settings.scored_object is ScoredObjectName.LEAD
        self._lost = settings.lost_stages or (USUAL_LOST_STAGES if self._is_lead else ())
        self.stages: tuple[StageInfo, ...] = tuple(self._stage(stage) for stage in schema.stages)
        self._require_known(schema.stages)
        self.columns: Mapping[str, str] = self._columns(schema.objects[settings.scored_object.value])

    @property
    def follows_opportunity(self) -> bool:
        """Whether a lead may be won or lost by a change of another record, its opportunity."""
        return self._is_lead and self._rule is OutcomeRule.OPPORTUNITY

    def decide(self, row: Row) -> Decision:
        """Give what a row says of its outcome.

        Args:
            row: Of the scored object.
        """
        if self._rule is OutcomeRule.STATUS:
            return None, None
        if not self._is_lead:
            return _closing(row, "") if flag_in(row, "IsClosed") else (None, None)
        if not flag_in(row, "IsConverted"):
            return None, None
        converted_at = _not_before_creation(row, moment_in(row, "ConvertedDate"))
        if self._rule is OutcomeRule.CONVERTED:
            return OutcomeResult.WON, converted_at
        if text_in(row, "ConvertedOpportunityId") is None:
            return OutcomeResult.LOST, converted_at  # it left the funnel, and there is nothing to win
        if not flag_in(row, "ConvertedOpportunity.IsClosed"):
            return OutcomeResult.OPEN, None
        return _closing(row, "ConvertedOpportunity.")

    def _stage(self, stage: CrmStage) -> StageInfo:
        return StageInfo(name=stage.value, label=stage.label, result=self._result(stage))

    def _result(self, stage: CrmStage) -> OutcomeResult:
        """What a stage says; what a person named goes before what the CRM says."""
        names = {stage.value, stage.label}
        if not names.isdisjoint(self._settings.won_stages):
            return OutcomeResult.WON
        if not names.isdisjoint(self._lost):
            return OutcomeResult.LOST
        if stage.closed:
            return OutcomeResult.WON if stage.won else OutcomeResult.LOST
        # By the opportunity's rule a converted lead is still open: its status is the deepest stage of the funnel.
        by_status = self._rule is OutcomeRule.STATUS and not self._settings.won_stages
        wins = stage.converted and (self._rule is OutcomeRule.CONVERTED or by_status)
        return OutcomeResult.WON if wins else OutcomeResult.OPEN

    def _require_known(self, stages: tuple[CrmStage, ...]) -> None:
        known = {stage.value for stage in stages} | {stage.label for stage in stages}
        for name in (*self._settings.won_stages, *self._settings.lost_stages):
            if name not in known:
                labels = ", ".join(stage.label for stage in stages) or "none"
                raise SchemaDriftError(
                    f"{self._settings.scored_object} has no stage {name!r}.",
                    hint=f"Its stages are: {labels}. Correct won_stages or lost_stages.",
                    connector="salesforce",
                    stream=self._settings.scored_object.value,
                )

    def _columns(self, described: CrmObject) -> Mapping[str, str]:
        """Columns to read beside the stage, with their types."""
        if self._rule is OutcomeRule.STATUS and not self._is_lead:
            return {}
        wanted = _OF_CONVERSION if self._is_lead else _OF_CLOSING
        missing = [column for column in wanted if not described.has(column)]
        if self.follows_opportunity and not described.has("ConvertedOpportunityId"):
            missing.append("ConvertedOpportunityId")
        if missing and self._rule is not OutcomeRule.STATUS:
            raise SchemaDriftError(
                f"The CRM's user does not see {', '.join(missing)} of {described.name}, so nothing tells what was won.",
                hint="Give it read access to them, or set outcome to another rule.",
                connector="salesforce",
                stream=described.name,
            )
        columns = {column: described.by_name[column].type for column in described.present(wanted)}
        return {**columns, **(_OF_OPPORTUNITY if self.follows_opportunity else {})}


def _closing(row: Row, of: str) -> Decision:
    won = flag_in(row, f"{of}IsWon")
    closed_at = _not_before_creation(row, moment_in(row, f"{of}CloseDate"))
    return OutcomeResult.WON if won else OutcomeResult.LOST, closed_at


def _not_before_creation(row: Row, day: datetime | None) -> datetime | None:
    """The midnight of a day, or the creation where that came later on it.

    The CRM says the day only. Its beginning is the careful choice: nothing that was written after the decision can
    then count as known before it.
    """
    created_at = moment_in(row, "CreatedDate")
    return day if day is None or created_at is None else max(day, created_at)
