"""What became of the list that people work by between two passes, and how its leads were scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hpro_connectors.protocol import OrgDescription, OrgIdentity
from hpro_connectors.state import QueueRow, StateStore
from hpro_sdk.lead import OutcomeResult


@dataclass(frozen=True, slots=True)
class QueueChanges:
    """What became of the list between two passes, in leads.

    Attributes:
        new: Not in it before.
        won: Left it as won.
        lost: Left it as lost.
        gone: Left it otherwise: deleted, merged away, excluded.
        band_up: Moved to a better band.
        band_down: Moved to a worse band.
    """

    new: int
    won: int
    lost: int
    gone: int
    band_up: int
    band_down: int


def queue_changes(
    store: StateStore, description: OrgDescription, before: Sequence[QueueRow], after: Sequence[QueueRow]
) -> QueueChanges:
    """Say what became of the list.

    Args:
        store: The state of the org.
        description: Of the org; it says what its stages mean.
        before: The list after an earlier pass.
        after: The list after the last pass.
    """
    results = {stage.name: stage.result for stage in description.stages}
    earlier, now = ({row.lead_id: row for row in rows} for rows in (before, after))
    standing = store.results_of(sorted(earlier.keys() - now.keys()))
    ended = {
        lead_id: results.get(stage or "") if result is None else result for lead_id, (stage, result) in standing.items()
    }
    left = [ended.get(lead_id) for lead_id in earlier.keys() - now.keys()]
    won, lost = (left.count(result) for result in (OutcomeResult.WON, OutcomeResult.LOST))
    moved = [(earlier[lead_id].band, now[lead_id].band) for lead_id in earlier.keys() & now.keys()]
    return QueueChanges(
        new=len(now.keys() - earlier.keys()),
        won=won,
        lost=lost,
        gone=len(left) - won - lost,
        band_up=sum(new < old for old, new in moved),  # A is before D
        band_down=sum(new > old for old, new in moved),
    )


def open_rank_scores(store: StateStore, identity: OrgIdentity, description: OrgDescription) -> dict[str, float]:
    """Give the rank scores of all open leads, by lead id.

    Args:
        store: The state of the org.
        identity: Of the org.
        description: Of the org.
    """
    current = store.current_scores(identity.org_id, description.object_type)
    return {one.scored.lead_id: one.scored.rank_score for one in current}
