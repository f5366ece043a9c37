"""Comparing ids with the CRM's: what was deleted without a word, and what we never heard of."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from hpro_connectors.engine.settings import PassSettings
from hpro_connectors.log_events import LogEvent
from hpro_connectors.protocol import Connector, StreamContent, StreamInfo
from hpro_connectors.state import Problem, StateStore
from hpro_connectors.state.marks import Mark, MarkName

ASK_AGAIN_AFTER = timedelta(days=1)
"""While too many are missing, the lists are asked for so often: it may have been the CRM's mistake."""

_BATCH = 500
_LOGGER = logging.getLogger(__name__)

_Id = TypeVar("_Id", str, tuple[str, str])


class ReconcilingProblem(StrEnum):
    """Codes of problems that are of no one lead."""

    TOO_MANY_MISSING = "too_many_missing"
    INCOMPLETE_LIST = "incomplete_list"


@dataclass(slots=True)
class Reconciliation:
    """What comparing the ids did.

    Attributes:
        deleted: Leads that are no longer there.
        deleted_others: Interactions and history rows likewise.
        expected: Leads that are there and were not known; they are to be read by id.
        problems: Why nothing, or not all, was done.
        complete: Whether all lists were compared.
    """

    deleted: int = 0
    deleted_others: int = 0
    expected: int = 0
    problems: list[Problem] = field(default_factory=list)
    complete: bool = False


def note_outage(store: StateStore, as_of: datetime, settings: PassSettings) -> None:
    """Have ids compared when nothing was read for so long that the CRM may have forgotten its deletions.

    Called before anything is read; a pass that is cut off leaves it noted.

    Args:
        store: The state.
        as_of: The server's clock.
        settings: How long an outage that is.
    """
    last = store.marks.get(MarkName.LAST_READ)
    if last is not None and last.at is not None and as_of - last.at > settings.reconcile_after_outage:
        store.marks.set(MarkName.DELETIONS_LOST)


def is_due(store: StateStore, as_of: datetime, settings: PassSettings) -> bool:
    """Decide whether ids are compared now: never before all was read once.

    Args:
        store: The state.
        as_of: The server's clock.
        settings: How often.
    """
    if not store.is_backfilled():
        return False
    last = store.marks.get(MarkName.LAST_RECONCILED)
    if last is None or last.at is None:
        return True
    if store.marks.get(MarkName.MISSING) is None:
        return store.marks.get(MarkName.DELETIONS_LOST) is not None or as_of - last.at >= settings.reconcile_after
    return settings.confirm_missing or as_of - last.at >= min(ASK_AGAIN_AFTER, settings.reconcile_after)


def missing_problem(store: StateStore) -> list[Problem]:
    """Give the problem that more is missing than is taken for deleted, as long as nobody confirmed it."""
    missing = store.marks.get(MarkName.MISSING)
    if missing is None:
        return []
    message = (
        f"{missing.value} records that are known are missing in the CRM, which is more than is taken for deleted; "
        "nothing was deleted. Look at what the CRM's user may see, and confirm it if they were deleted."
    )
    return [Problem(lead_id="", code=ReconcilingProblem.TOO_MANY_MISSING.value, message=message)]


def reconcile(connector: Connector, store: StateStore, as_of: datetime, settings: PassSettings) -> Reconciliation:
    """Compare the ids of leads, and of streams that report no deletions or lost some, with those that the CRM lists.

    What we hold and a complete list lacks is deleted as of now, with its text. Leads that it has and we do not are
    marked to be read by id. Where more is missing than the settings allow, nothing of that stream is deleted before a
    person confirms it.

    Args:
        connector: The CRM.
        store: The state.
        as_of: The server's clock.
        settings: Limits; ``stop`` is asked between batches.

    Raises:
        ConnectorError: A request failed.
    """
    done = Reconciliation()
    streams = connector.streams()
    lead_streams = [stream for stream in streams if stream.content is StreamContent.LEAD]
    lost = store.marks.get(MarkName.DELETIONS_LOST)
    silent = [
        stream
        for stream in streams
        if stream.content is not StreamContent.LEAD and (not stream.reports_deletions or _is_named(stream, lost))
    ]
    refused, stopped = 0, False
    listed = _list(connector, lead_streams, done)
    if listed is not None:
        held = store.known_ids.live_leads()
        missing = held - listed
        done.expected = store.known_ids.expect(listed - held)
        if _too_many(len(missing), len(held), settings):
            refused += len(missing)
        else:
            done.deleted = _in_batches(store.known_ids.delete_leads, missing, as_of, settings)
            stopped = done.deleted < len(missing)
    for stream in silent:
        listed = _list(connector, [stream], done)
        if listed is None:
            continue
        of_stream = store.known_ids.others(stream.object_types or (stream.name,))
        gone = [key for key in of_stream if key[1] not in listed]
        if _too_many(len(gone), len(of_stream), settings):
            refused += len(gone)
        else:
            deleted = _in_batches(store.known_ids.delete_others, gone, as_of, settings)
            done.deleted_others += deleted
            stopped = stopped or deleted < len(gone)
    if done.problems or stopped:
        return done
    if refused:
        store.marks.set(MarkName.MISSING, as_of, str(refused))
    else:
        store.marks.clear(MarkName.MISSING)
        store.marks.clear(MarkName.DELETIONS_LOST)
    store.marks.set(MarkName.LAST_RECONCILED, as_of)
    done.complete = True
    _LOGGER.info(
        "ids were compared",
        extra={
            "event": LogEvent.RECONCILED,
            "deleted": done.deleted,
            "deleted_others": done.deleted_others,
            "unknown": done.expected,
            "not_deleted": refused,
        },
    )
    return done


def _list(connector: Connector, streams: Sequence[StreamInfo], done: Reconciliation) -> frozenset[str] | None:
    """Give the ids of streams together; ``None`` where one of the lists is not complete."""
    ids: set[str] = set()
    for stream in streams:
        listed = connector.list_ids(stream.name)
        if not listed.complete:
            message = f"The CRM did not list all ids of {stream.name}; they are compared by the next pass."
            code = ReconcilingProblem.INCOMPLETE_LIST.value
            done.problems.append(Problem(lead_id="", code=code, message=message))
            return None
        ids |= listed.ids
    return frozenset(ids)


def _is_named(stream: StreamInfo, lost: Mark | None) -> bool:
    return lost is not None and (lost.value is None or stream.name in json.loads(lost.value))


def _too_many(missing: int, held: int, settings: PassSettings) -> bool:
    return not settings.confirm_missing and 100 * missing > settings.max_missing_percent * held


def _in_batches(
    delete: Callable[[Sequence[_Id], datetime], None], ids: Iterable[_Id], as_of: datetime, settings: PassSettings
) -> int:
    """Delete, until told to stop, and give how many."""
    ordered = sorted(ids)
    for start in range(0, len(ordered), _BATCH):
        if settings.stop():
            return start
        delete(ordered[start : start + _BATCH], as_of)
    return len(ordered)
