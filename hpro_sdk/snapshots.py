"""What was known about a lead at one moment.

A snapshot holds interactions and stage changes only when both their event time and the time they were recorded
are not after ``as_of``. *When something was modified* never decides: a conversion re-parents, and so modifies,
every activity of the lead, and leaving those out would leak the outcome.
"""

from __future__ import annotations

from datetime import datetime

from hpro_sdk.lead import FieldValue, Interaction, Lead, LeadSnapshot


def take_snapshot(lead: Lead, as_of: datetime) -> LeadSnapshot:
    """Give what was known about a lead at ``as_of``.

    Tracked fields are wound back through their history. A field without history is shown as it stands today, so
    a snapshot of the past is honest only for fields that do not change or are tracked.

    Args:
        lead: Today's record with its histories.
        as_of: The moment, with a time zone.

    Raises:
        ValueError: ``as_of`` has no time zone.
    """
    if as_of.tzinfo is None:
        raise ValueError(f"as_of {as_of.isoformat()} has no time zone")
    stage, stage_entered_at = _stage_at(lead, as_of)
    return LeadSnapshot(
        as_of=as_of,
        org_id=lead.org_id,
        object_type=lead.object_type,
        lead_id=lead.lead_id,
        created_at=lead.created_at,
        stage=stage,
        stage_entered_at=stage_entered_at,
        fields=_fields_at(lead, as_of),
        interactions=_interactions_at(lead, as_of),
        next_known_at=min(
            (at for at in map(_known_at, lead.interactions) if at is not None and at > as_of), default=None
        ),
    )


def _known_at(interaction: Interaction) -> datetime | None:
    """When an interaction counts as known: it has happened and has been recorded; ``None``: from the start."""
    times = [at for at in (interaction.occurred_at, interaction.recorded_at) if at is not None]
    return max(times, default=None)


def _fields_at(lead: Lead, as_of: datetime) -> dict[str, FieldValue]:
    fields = dict(lead.fields)
    later = [change for change in lead.field_changes if change.at > as_of]
    for change in sorted(later, key=lambda change: change.at, reverse=True):
        fields[change.field] = change.old
    return fields


def _stage_at(lead: Lead, as_of: datetime) -> tuple[str | None, datetime | None]:
    if not lead.stage_changes:
        return lead.stage, None
    changes = sorted(lead.stage_changes, key=lambda change: change.at)
    known = [change for change in changes if change.at <= as_of]
    if not known:
        return None, None
    if len(known) == len(changes):
        # The record itself is the last word on where the lead stands today.
        return (lead.stage or known[-1].stage), (known[-1].at if lead.stage in (None, known[-1].stage) else None)
    return known[-1].stage, known[-1].at


def _interactions_at(lead: Lead, as_of: datetime) -> tuple[Interaction, ...]:
    shown = [
        interaction.model_copy(update={"text": _text_at(interaction, as_of), "text_versions": ()})
        if interaction.text_versions
        else interaction
        for interaction in lead.interactions
        if (known_at := _known_at(interaction)) is None or known_at <= as_of
    ]
    # Equal times are ordered by id, so that a prompt does not depend on the order a CRM answered in.
    shown.sort(key=lambda i: (i.occurred_at is not None, i.occurred_at or as_of, i.interaction_id), reverse=True)
    return tuple(shown)


def _text_at(interaction: Interaction, as_of: datetime) -> str:
    """The newest stored text that is not later than ``as_of``, or else the first one stored."""
    versions = sorted(interaction.text_versions, key=lambda version: version.stored_at)
    known = [version for version in versions if version.stored_at <= as_of]
    return known[-1].text if known else versions[0].text
