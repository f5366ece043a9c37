"""What keeps a pass from writing: a pause, an earlier stop, and the two safety rails.

A stop lasts until a person confirms by applying a plan that was made after it. Reading and scoring go on meanwhile.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hpro_connectors.engine.settings import PassSettings
from hpro_connectors.log_events import LogEvent
from hpro_connectors.state import MarkName, StateStore
from hpro_connectors.state.desired import WritingLimits

_LOGGER = logging.getLogger(__name__)

_REMEDY = "look at it with `hpro plan`, then confirm it with `hpro apply --plan ID`"


class StopCode(StrEnum):
    """Why nothing is written."""

    PAUSED = "paused"
    NEW_MODEL = "new_model"
    BAND_CHANGES = "band_changes"


@dataclass(frozen=True, slots=True)
class Stop:
    """Why nothing is written.

    Attributes:
        code: The reason.
        reason: In words, with the remedy.
        at: Since when, by this machine's clock.
        run_id: The run that stopped; ``None`` for a pause by a person.
    """

    code: StopCode
    reason: str
    at: datetime | None
    run_id: int | None = None


def current_stop(store: StateStore) -> Stop | None:
    """Give the pause or stop that stands; ``None`` when a pass may write."""
    paused = store.marks.get(MarkName.PAUSED)
    if paused is not None:
        return Stop(StopCode.PAUSED, paused.value or "Writing is paused; `hpro resume` goes on.", paused.at)
    stopped = store.marks.get(MarkName.STOPPED)
    if stopped is None:
        return None
    told = json.loads(stopped.value or "{}")
    return Stop(StopCode(told["code"]), told["reason"], stopped.at, told.get("run_id"))


def check_rails(
    store: StateStore, limits: WritingLimits, model_id: str, settings: PassSettings, run_id: int
) -> Stop | None:
    """Decide whether a person must look before anything is written, and remember it.

    Args:
        store: The state, ranked by now.
        limits: What would be written.
        model_id: The model in use.
        settings: The limit on band changes, and whether the rails hold.
        run_id: The run that would write.

    Returns:
        The stop; ``None`` when the run may write.
    """
    if not settings.rails:
        return None
    stop: Stop | None = None
    changes = store.band_changes(limits)
    if not store.plans.is_confirmed(model_id):
        reason = f"nobody has confirmed the first writes of the model {model_id}: {_REMEDY}"
        stop = Stop(StopCode.NEW_MODEL, reason, settings.now(), run_id)
    elif changes.percent > settings.max_band_change_percent:
        reason = (
            f"{changes.changed} of the {changes.having_one} leads that show a band would change it, more than "
            f"{settings.max_band_change_percent:g} %: {_REMEDY}"
        )
        stop = Stop(StopCode.BAND_CHANGES, reason, settings.now(), run_id)
    if stop is not None:
        told = json.dumps({"code": stop.code.value, "reason": stop.reason, "run_id": run_id})
        store.marks.set(MarkName.STOPPED, stop.at, told)
        _LOGGER.warning(
            "a safety rail stopped writing", extra={"event": LogEvent.RAIL_STOPPED, "code": stop.code.value}
        )
    return stop
