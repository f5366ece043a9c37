"""What the demo on an emulated Salesforce relies on, and how it tells of calls."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from hpro_connectors.cli.demo_output import calls_words
from hpro_connectors.cli.demo_run import DemoOptions
from hpro_connectors.cli.salesforce_demo import QUIET
from hpro_connectors.cli.salesforce_demo_calls import count_calls
from hpro_connectors.cli.salesforce_demo_training import reason_not_to_train
from hpro_connectors.demo import events as ev
from hpro_connectors.demo.simulation import Simulation
from hpro_connectors.demo.simulator.companies import COMPANIES
from hpro_connectors.emulators.http.journal import JournalEntry


@pytest.mark.parametrize("company", COMPANIES)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_in_the_quiet_minutes_only_closed_leads_are_written_about(company: str, seed: int) -> None:
    """Otherwise an age in a prompt could cross an edge between two passes, and a quiet pass would call the model."""
    simulation = Simulation(COMPANIES[company], seed, leads_per_year=300, reserved_phrases=True)
    closed: set[str] = set()
    late = []
    for event in simulation.events(200):
        if isinstance(event, ev.StageEntered) and event.stage in {"won", "lost"}:
            closed.add(event.lead_id)
        moments = [event.at, event.occurred_at] if isinstance(event, ev.InteractionLogged) else [event.at]
        if any((moment + QUIET).date() > moment.date() for moment in moments):
            late.append(event)
    assert all(isinstance(event, ev.InteractionLogged) and event.lead_id in closed for event in late)
    assert late
    assert timedelta(minutes=20) < QUIET  # two passes and the minutes before them lie in it


def entry(number: int, path: str) -> JournalEntry:
    return JournalEntry(number, "GET", path, {}, 200)


def test_calls_are_counted_by_what_they_were_for() -> None:
    base = "/services/data/v62.0"
    paths = {
        "/services/oauth2/token": "sign-in",
        f"{base}/sobjects/Lead/describe": "describe",
        f"{base}/sobjects/Lead/describe/": "describe",
        f"{base}/query/": "query",
        f"{base}/queryAll": "query",
        f"{base}/query/01gHp0000000001-2000": "query",
        f"{base}/jobs/query/750Hp0000000001IAA/results": "bulk query",
        f"{base}/composite/sobjects": "write",
        f"{base}/jobs/ingest/750Hp0000000002IAA/batches": "write",
        f"{base}/tooling/sobjects/CustomField/": "fields",
        f"{base}/tooling/query/": "fields",
        f"{base}/sobjects/Lead/deleted/": "deletions",
        f"{base}/limits": "other",
    }
    for path, purpose in paths.items():
        assert count_calls([entry(1, path)]) == {purpose: 1}, path
    counted = count_calls(entry(number, path) for number, path in enumerate([*paths, f"{base}/query/"]))
    assert counted["query"] == 4
    assert calls_words({"query": 1_234, "write": 1}) == "1,235 API calls (1,234 query, 1 write)."
    assert calls_words({"query": 1}) == "1 API call (1 query)."


@pytest.mark.parametrize(
    ("wish", "model", "words"),
    [
        (False, None, "--no-train was given"),
        (None, Path("mine.gguf"), "--model names one"),
        (None, None, None),
        (True, None, None),
        (True, Path("mine.gguf"), None),
    ],
)
def test_training_is_left_out_for_a_reason_that_is_told(
    wish: bool | None, model: Path | None, words: str | None
) -> None:
    reason = reason_not_to_train(DemoOptions("test_drive", 80, 1, 7, model, demo_model=False, train=wish))
    assert reason == words if words is None else words in str(reason)
