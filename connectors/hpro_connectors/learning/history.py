"""The leads of an org with their whole histories and how they ended, from the state."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from hpro_connectors.learning.funnel import OrgFunnel
from hpro_connectors.protocol import LeadRecord
from hpro_connectors.state import StateStore, StoredLead, assemble_lead
from hpro_sdk.errors import ConfigError, LeadValidationError, UnknownStageError
from hpro_sdk.lead import Frozen, Lead, OutcomeResult, StageChange

MOST_LEADS = 30_000
"""More leads than that teach nothing new within minutes; which ones are looked at depends on their ids alone."""

_BATCH = 256

LeadProgress = Callable[[int], None]
"""Called with how many leads were read since the last call."""


class HistoryCounts(Frozen):
    """What became of the leads in the state.

    Attributes:
        live: Leads that are not deleted or merged away.
        looked_at: Of those, how many were looked at.
        excluded: Left out because people asked for them not to be scored.
        undated: Left out because nothing says when they were created.
        unknown_stage: Left out because their stage is not part of the funnel.
        malformed: Left out because their records break the domain model.
        without_end: Left out because they ended, or came back, and nothing says when.
        won: Used, and won by now.
        lost: Used, and lost by now.
        open: Used, and open.
    """

    live: int = 0
    looked_at: int = 0
    excluded: int = 0
    undated: int = 0
    unknown_stage: int = 0
    malformed: int = 0
    without_end: int = 0
    won: int = 0
    lost: int = 0
    open: int = 0


@dataclass(frozen=True, slots=True)
class OrgHistory:
    """Leads to learn from; their stages are the funnel's, and tell when each ended.

    Attributes:
        leads: With all that was read of them.
        counts: Who is among them, and who is not.
        known_until: Until when every stream was read.
    """

    leads: tuple[Lead, ...]
    counts: HistoryCounts
    known_until: datetime


def read_until(store: StateStore, streams: Iterable[str]) -> datetime:
    """Give until when all streams of an org were read whole.

    Args:
        store: The state.
        streams: Names of the streams.

    Raises:
        ConfigError: One was never read to its end.
    """
    cursors = {stream: store.cursors.increments(stream).cursor for stream in streams}
    unread = sorted(
        stream for stream, cursor in cursors.items() if cursor is None or store.cursors.backfill(stream) is not None
    )
    if unread or not cursors:
        raise ConfigError(
            f"The org has not been read whole yet ({', '.join(unread) or 'nothing'} is missing).",
            hint="Run `hpro run --once --stage read` first.",
        )
    return min(cursor for cursor in cursors.values() if cursor is not None)


def read_history(
    store: StateStore,
    funnel: OrgFunnel,
    known_until: datetime,
    *,
    exclude_field: str | None = None,
    progress: LeadProgress | None = None,
) -> OrgHistory:
    """Read all live leads, open and closed.

    A lead that ended, by its stage or by what the CRM says beside it, is used only where its history, or the CRM, says
    when: the time of its last change says nothing about that.

    Args:
        store: The state.
        funnel: Gives stages their names.
        known_until: Until when every stream was read, see :func:`read_until`.
        exclude_field: A boolean field that keeps a lead from being learnt from, as from being scored.
        progress: Told of leads.
    """
    live = store.lead_ids()
    ids = store.lead_ids(excluded=False)
    chosen = _chosen(ids)
    counts = {
        "live": len(live),
        "excluded": len(live) - len(ids),
        "looked_at": len(chosen),
        **dict.fromkeys(("undated", "unknown_stage", "malformed", "without_end", "won", "lost", "open"), 0),
    }
    leads: list[Lead] = []
    for stored in _stored(store, chosen):
        if progress is not None:
            progress(1)
        if exclude_field is not None and stored.record.fields.get(exclude_field) == 1:
            counts["excluded"] += 1
            continue
        try:
            lead = assemble_lead(stored, funnel.name_of)
        except UnknownStageError:
            counts["unknown_stage"] += 1
            continue
        except LeadValidationError:
            counts["malformed"] += 1
            continue
        if lead.created_at is None:
            counts["undated"] += 1
            continue
        result = _result_today(stored.record, lead, funnel)
        ended = _with_end(lead, stored.record, result, funnel)
        if ended is None:
            counts["without_end"] += 1
            continue
        counts[result.value] += 1
        leads.append(ended)
    return OrgHistory(tuple(leads), HistoryCounts(**counts), known_until)


def _chosen(lead_ids: Sequence[str]) -> list[str]:
    if len(lead_ids) <= MOST_LEADS:
        return list(lead_ids)
    return sorted(sorted(lead_ids, key=lambda one: sha256(one.encode("utf-8", "surrogatepass")).digest())[:MOST_LEADS])


def _stored(store: StateStore, lead_ids: Sequence[str]) -> Iterator[StoredLead]:
    for start in range(0, len(lead_ids), _BATCH):
        yield from store.load(lead_ids[start : start + _BATCH])


def _result_today(record: LeadRecord, lead: Lead, funnel: OrgFunnel) -> OutcomeResult:
    return funnel.result_of(lead.stage) if record.result is None else record.result


def _with_end(lead: Lead, record: LeadRecord, result: OutcomeResult, funnel: OrgFunnel) -> Lead | None:
    """Give the lead with a history that ends as the lead stands today; ``None`` where nothing says since when."""
    changes = sorted(lead.stage_changes, key=lambda change: change.at)
    last = funnel.result_of(changes[-1].stage) if changes else OutcomeResult.OPEN
    if last is result:
        return lead
    if result is OutcomeResult.OPEN or record.result_at is None:
        return None
    end = StageChange(
        stage=funnel.funnel.won if result is OutcomeResult.WON else funnel.funnel.lost, at=record.result_at
    )
    # What the stage was set to after the end, as a conversion does, is no reopening: the lead stands as ended.
    before = [change for change in changes if change.at <= end.at]
    return lead.model_copy(update={"stage_changes": (*before, end)})
