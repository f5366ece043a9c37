"""When a record is won or lost: by its conversion, its opportunity, or its stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from hpro_connectors.errors import SchemaDriftError
from hpro_connectors.protocol import StageInfo
from hpro_connectors.salesforce.rows.row_source import MODSTAMP, Row
from hpro_connectors.salesforce.schema.crm_schema import CrmObject, CrmSchema, CrmStage
from hpro_connectors.salesforce.schema.crm_values import flag_in, moment_in, text_in
from hpro_connectors.salesforce.settings import OutcomeRule, SalesforceSettings, ScoredObjectName
from hpro_sdk.lead import OutcomeResult

OPPORTUNITY_STAMP: Final = "ConvertedOpportunity.SystemModstamp"
"""Moves when the opportunity of a converted lead is won or lost, while the lead itself stays as it is."""

USUAL_LOST_STAGES: Final = ("Closed - Not Converted", "Unqualified")
"""Statuses of lost leads that Salesforce ships with; they count where nobody named any."""

_OF_CONVERSION: Final = ("IsConverted", "ConvertedDate")
_OF_CLOSING: Final = ("IsClosed", "IsWon", "CloseDate")
_STAGE_CHANGED: Final = "LastStageChangeDate"
_OPPORTUNITY_ID: Final = "ConvertedOpportunityId"
_OPPORTUNITY_OF_LEAD: Final = "ConvertedOpportunity."

_FARTHEST_EAST: Final = timedelta(hours=14)
"""So much before midnight in UTC a day has begun somewhere."""

Decision = tuple[OutcomeResult | None, datetime | None]
"""Won, lost or open where the record itself says so, and when that was decided; ``None``: its stage tells."""


class Outcomes:
    """Decides for each record, and for each stage, by one rule.

    Args:
        settings: The rule, and the stages that a person named.
        schema: What the org holds.

    Attributes:
        stages: All stages, each with what it says of a record.
        named_stages: What the stages say that a person named, by value.
        columns: Columns to read beside the stage, with their types.

    Raises:
        SchemaDriftError: A named stage does not exist, or the rule needs what this user does not see.
    """

    def __init__(self, settings: SalesforceSettings, schema: CrmSchema) -> None:
        self._settings = settings
        self._rule = settings.rule
        self._is_lead = settings.scored_object is ScoredObjectName.LEAD
        self._usually_lost = USUAL_LOST_STAGES if self._is_lead and not settings.lost_stages else ()
        named = {stage.value: self._named_result(stage) for stage in schema.stages}
        self.named_stages: Mapping[str, OutcomeResult] = {
            value: result for value, result in named.items() if result is not None
        }
        self.stages: tuple[StageInfo, ...] = tuple(self._stage(stage) for stage in schema.stages)
        self._require_known(schema.stages)
        self.columns: Mapping[str, str] = self._columns(schema)

    @property
    def follows_opportunity(self) -> bool:
        """Whether a lead may be won or lost by a change of another record, its opportunity."""
        return self._settings.follows_opportunity

    def decide(self, row: Row) -> Decision:
        """Give what a row says of its outcome; a stage that a person named goes before what the CRM decided.

        Args:
            row: Of the scored object.
        """
        if self._rule is OutcomeRule.STATUS:
            return None, None
        named = self.named_stages.get(text_in(row, self._settings.stage_column or "") or "")
        if not self._is_lead:
            if not flag_in(row, "IsClosed"):
                return None, None
            result, closed_at = _closing(row, "")
            return named or result, closed_at
        if not flag_in(row, "IsConverted"):
            return None, None
        converted_at = _decided_by(row, "ConvertedDate", MODSTAMP)
        if named is not None or self._rule is OutcomeRule.CONVERTED:
            return named or OutcomeResult.WON, converted_at
        if text_in(row, _OPPORTUNITY_ID) is None:
            return OutcomeResult.LOST, converted_at  # it left the funnel, and there is nothing to win
        if not flag_in(row, f"{_OPPORTUNITY_OF_LEAD}IsClosed"):
            return OutcomeResult.OPEN, None
        return _closing(row, _OPPORTUNITY_OF_LEAD)

    def _named_result(self, stage: CrmStage) -> OutcomeResult | None:
        names = {stage.value, stage.label}
        if not names.isdisjoint(self._settings.won_stages):
            return OutcomeResult.WON
        return None if names.isdisjoint(self._settings.lost_stages) else OutcomeResult.LOST

    def _stage(self, stage: CrmStage) -> StageInfo:
        return StageInfo(name=stage.value, label=stage.label, result=self._result(stage))

    def _result(self, stage: CrmStage) -> OutcomeResult:
        """What a stage says; what a person named goes before what the CRM says."""
        named = self._named_result(stage)
        if named is not None:
            return named
        if not {stage.value, stage.label}.isdisjoint(self._usually_lost):
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

    def _columns(self, schema: CrmSchema) -> Mapping[str, str]:
        if self._rule is OutcomeRule.STATUS:
            return {}
        scored = schema.objects[self._settings.scored_object.value]
        if not self._is_lead:
            return _types(scored, "", _OF_CLOSING, (_STAGE_CHANGED,))
        columns = _types(scored, "", _OF_CONVERSION, ())
        if not self.follows_opportunity:
            return columns
        opportunity = schema.objects.get(ScoredObjectName.OPPORTUNITY.value)
        if opportunity is None:
            raise _hidden("opportunities", scored.name)
        return {
            **columns,
            **_types(scored, "", (_OPPORTUNITY_ID,), ()),
            **_types(opportunity, _OPPORTUNITY_OF_LEAD, (*_OF_CLOSING, MODSTAMP), (_STAGE_CHANGED,)),
        }


def _types(described: CrmObject, of: str, required: Sequence[str], optional: Sequence[str]) -> dict[str, str]:
    """Give the types of columns by how a row of the scored object names them."""
    missing = [column for column in required if not described.has(column)]
    if missing:
        raise _hidden(f"{', '.join(missing)} of {described.name}", described.name)
    return {f"{of}{column}": described.by_name[column].type for column in (*required, *described.present(optional))}


def _hidden(what: str, stream: str) -> SchemaDriftError:
    return SchemaDriftError(
        f"The CRM's user does not see {what}, so nothing tells what was won.",
        hint="Give it read access to them, or set outcome to another rule.",
        connector="salesforce",
        stream=stream,
    )


def _closing(row: Row, of: str) -> Decision:
    won = flag_in(row, f"{of}IsWon")
    at = _decided_by(row, f"{of}CloseDate", f"{of}{_STAGE_CHANGED}", f"{of}{MODSTAMP}")
    return OutcomeResult.WON if won else OutcomeResult.LOST, at


def _decided_by(row: Row, day: str, *moments: str) -> datetime | None:
    """Give a moment at which nothing that was written after a decision was there yet.

    The CRM does not say when it was. It says a day, of a time zone that nobody names; the day on which an opportunity
    closes is planned besides, and may lie in the future or stay as it was. The earliest of all that the decision
    cannot have come after is the careful choice, though never one before the creation of the record.

    Args:
        row: Of the scored object.
        day: The column of the day.
        moments: Columns of moments that the decision did not come after.
    """
    midnight = moment_in(row, day)
    known = [moment_in(row, column) for column in moments]
    known.append(None if midnight is None else midnight - _FARTHEST_EAST)
    earliest = min((one for one in known if one is not None), default=None)
    created_at = moment_in(row, "CreatedDate")
    return earliest if earliest is None or created_at is None else max(earliest, created_at)
