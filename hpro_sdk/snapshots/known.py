"""When interactions and their texts count as known."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from hpro_sdk.lead import Interaction

_NO_TIME = datetime.min.replace(tzinfo=UTC)


def known_at(interaction: Interaction) -> datetime | None:
    """Give when an interaction counts as known: it has happened and was recorded; ``None``: from the start."""
    times = [at for at in (interaction.occurred_at, interaction.recorded_at) if at is not None]
    return max(times, default=None)


def text_at(interaction: Interaction, as_of: datetime) -> str:
    """Give the newest stored text that is not later than ``as_of``, or else the first one stored.

    Of texts stored at one instant, the one given last is the newest.
    """
    if not interaction.text_versions:
        return interaction.text
    versions = sorted(interaction.text_versions, key=lambda version: version.stored_at)
    known = [version for version in versions if version.stored_at <= as_of]
    return known[-1].text if known else versions[0].text


def newest_first(interactions: Iterable[Interaction]) -> list[Interaction]:
    """Give interactions newest first, undated ones last.

    Equal times are ordered by id, so that a prompt does not depend on the order a CRM answered in.
    """
    return sorted(
        interactions,
        key=lambda i: (i.occurred_at is not None, i.occurred_at or _NO_TIME, i.interaction_id),
        reverse=True,
    )
