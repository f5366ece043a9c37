"""The names of our log events, which alerts and dashboards rely on."""

from __future__ import annotations

import json

from hpro_connectors.log_events import EVENT_MEANINGS, LogEvent


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
    assert list(EVENT_MEANINGS) == list(LogEvent)
    assert all(meaning.endswith(".") and "\n" not in meaning for meaning in EVENT_MEANINGS.values())
    assert len(set(EVENT_MEANINGS.values())) == len(EVENT_MEANINGS)


def test_it_is_plain_text_in_json() -> None:
    assert json.dumps({"event": LogEvent.PASS_ENDED}) == '{"event": "pass_ended"}'
