"""From stored records to the lead that a snapshot is taken of."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import ValidationError

from hpro_connectors.state.rows import StoredInteraction, StoredLead
from hpro_connectors.state.stage_entries import joined
from hpro_sdk.errors import LeadValidationError, UnknownStageError
from hpro_sdk.lead import FieldChange, Interaction, Lead, StageChange

StageName = Callable[[str], str]
"""Gives the funnel's name of a stage as the CRM writes it; raises ``UnknownStageError``."""


def as_the_crm_says(stage: str) -> str:
    """Leave a stage as it is."""
    return stage


def assemble_lead(stored: StoredLead, stage_name: StageName = as_the_crm_says) -> Lead:
    """Give the lead that stored records tell of.

    The CRM's history goes before our own ledger, of stages as of each field: from its first row of the lead on it tells
    what changed. What was before that row, and all where there is none, the ledger tells: the CRM may have begun to log
    late. It may also cease to: of stages the ledger tells what came after the last row.

    A history row of a stage that nobody knows any more is left out; such a stage *now* is an error.

    Args:
        stored: Of one live lead.
        stage_name: Gives stages their names.

    Raises:
        UnknownStageError: The stage that the lead is in has no name.
        LeadValidationError: The records break the domain model.
    """
    record = stored.record
    try:
        stage = None if record.stage is None else stage_name(record.stage)
    except UnknownStageError as exc:
        raise UnknownStageError(f"Lead {record.key.lead_id}: {exc.message}", hint=exc.hint) from exc
    try:
        return Lead(
            org_id=record.key.org_id,
            object_type=record.key.object_type,
            lead_id=record.key.lead_id,
            person_id=record.person_id,
            account_id=record.account_id,
            created_at=record.created_at,
            stage=stage,
            fields=record.fields,
            interactions=tuple(_interaction(interaction) for interaction in stored.interactions),
            stage_changes=_stage_changes(stored, stage_name),
            field_changes=_field_changes(stored),
        )
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        raise LeadValidationError(
            f"Lead {record.key.lead_id}: {where} {first['msg']}.", hint="Correct the record in the CRM."
        ) from exc


def _interaction(stored: StoredInteraction) -> Interaction:
    record = stored.record
    return Interaction(
        interaction_id=record.key.record_id,
        kind=record.kind,
        speaker=record.speaker,
        text=record.text,
        text_versions=stored.versions,
        call_seconds=record.call_seconds,
        occurred_at=record.occurred_at,
        recorded_at=record.recorded_at,
        modified_at=record.modified_at,
    )


def _stage_changes(stored: StoredLead, stage_name: StageName) -> tuple[StageChange, ...]:
    changes: list[StageChange] = []
    for change in joined(stored.stage_changes, stored.stages_seen, stored.record.created_at):
        try:
            changes.append(StageChange(stage=stage_name(change.stage), at=change.at))
        except UnknownStageError:
            continue
    return tuple(changes)


def _field_changes(stored: StoredLead) -> tuple[FieldChange, ...]:
    first = {change.field: change.at for change in reversed(stored.field_changes)}
    return (
        *(change for change in stored.fields_seen if change.field not in first or change.at < first[change.field]),
        *(
            FieldChange(field=change.field, old=change.old, new=change.new, at=change.at)
            for change in stored.field_changes
        ),
    )
