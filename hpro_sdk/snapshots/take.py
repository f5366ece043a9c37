"""The snapshot of a lead for scoring: the record as it stands, less what has not happened yet."""

from __future__ import annotations

from datetime import datetime

from hpro_sdk.lead import FieldValue, Interaction, Lead, LeadSnapshot
from hpro_sdk.snapshots.known import known_at, newest_first, text_at


def take_snapshot(lead: Lead, as_of: datetime) -> LeadSnapshot:
    """Give what was known about a lead at ``as_of``.

    Tracked fields are wound back through their history. A field without history is shown as it stands today, so
    a snapshot of the past is honest only for fields that do not change or are tracked; training examples from
    histories are made by :func:`hpro_sdk.snapshots.build_snapshots`, which is stricter.

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
            (at for at in map(known_at, lead.interactions) if at is not None and at > as_of), default=None
        ),
    )


def _fields_at(lead: Lead, as_of: datetime) -> dict[str, FieldValue]:
    fields = dict(lead.fields)
    later = sorted((change for change in lead.field_changes if change.at > as_of), key=lambda change: change.at)
    for change in reversed(later):  # so that of changes at one instant, the one given first is undone last
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
    return tuple(
        newest_first(
            interaction.model_copy(update={"text": text_at(interaction, as_of), "text_versions": ()})
            if interaction.text_versions
            else interaction
            for interaction in lead.interactions
            if (known := known_at(interaction)) is None or known <= as_of
        )
    )
