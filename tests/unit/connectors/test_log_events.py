"""The names of our log events, which alerts and dashboards rely on."""

from __future__ import annotations

import inspect
import json
import re

from hpro_connectors import log_events
from hpro_connectors.log_events import LogEvent


def test_names() -> None:
    assert sorted(LogEvent) == [
        "batch_written",
        "breaker_opened",
        "budget_reached",
        "forgotten",
        "lease_lost",
        "lease_taken",
        "model_installed",
        "page_stored",
        "pass_ended",
        "planned",
        "rail_stopped",
        "reconciled",
        "retried",
        "row_rejected",
        "row_retried",
        "run_started",
        "schedule_tick",
        "scored",
        "serve_stopping",
        "stream_read",
    ]
    assert all(event.value == event.name.lower() for event in LogEvent)


def test_each_has_a_line_of_its_own() -> None:
    source = inspect.getsource(log_events)
    described = re.findall(r'^    ([A-Z_]+) = "\w+".*\n    """.+\."""$', source, flags=re.MULTILINE)
    assert described == list(LogEvent.__members__)


def test_it_is_plain_text_in_json() -> None:
    assert json.dumps({"event": LogEvent.PASS_ENDED}) == '{"event": "pass_ended"}'
