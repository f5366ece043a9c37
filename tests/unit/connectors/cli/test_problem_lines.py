"""Problems of a pass in a few lines."""

from __future__ import annotations

from datetime import UTC, datetime

from hpro_connectors.cli.problems import problem_lines
from hpro_connectors.state import PassReport, Problem


def report(*problems: Problem) -> PassReport:
    as_of = datetime(2026, 3, 2, tzinfo=UTC)
    return PassReport(as_of=as_of, model_id="m", problem_count=len(problems), problems=problems)


def test_what_is_of_no_one_lead_is_told_first_and_counted_as_none() -> None:
    missing = Problem(lead_id="", code="too_many_missing", message="7 records are missing in the CRM.")
    assert problem_lines(report()) == []
    assert problem_lines(report(missing)) == ["7 records are missing in the CRM."]
    refused = Problem(lead_id="L1", code="X", message="Lead L1: the CRM refused it (X).")
    assert problem_lines(report(refused, missing)) == [
        "7 records are missing in the CRM.",
        "the CRM refused it (X). (1 lead)",
        "Partial: 1 lead could not be scored or written; --json lists them.",
    ]
