"""The table of `hpro doctor`: lines that fit, and commands in one piece."""

from __future__ import annotations

import click
import pytest

from hpro_connectors.cli.doctor_output import checkup_lines
from hpro_connectors.doctor import Finding
from hpro_connectors.orgs.doctor import Checkup

FINDINGS = (
    Finding.ok("short", "Fine."),
    Finding.ok("short", "Fine so far.", "Go on."),
    Finding.warning("a longer area", "word " * 60 + "end.", "Run `hpro fields install --with many words` " * 4),
    Finding.problem("short", "Wrong.", "Change it."),
)


def plain_lines(name: str, checkup: Checkup, width: int) -> list[str]:
    """Give the table as it comes where no terminal is."""
    return [click.unstyle(line) for line in checkup_lines(name, checkup, width)]


@pytest.mark.parametrize("width", [60, 72, 100, 120])
def test_lines_fit_and_commands_stay_whole(width: int) -> None:
    lines = plain_lines("main", Checkup(FINDINGS, None), width)
    assert max(len(line) for line in lines) <= width
    if width >= 72:
        assert sum("`hpro fields install --with many words`" in line for line in lines) >= 2
    assert lines[0] == "main"
    assert lines[-1] == "1 problem and 1 warning."


def test_remedies_stand_beneath_what_was_seen() -> None:
    lines = plain_lines("main", Checkup((FINDINGS[1], FINDINGS[3]), None), 80)
    assert lines[1:-1] == [
        "  ok       short  Fine so far.",
        "                  Next: Go on.",
        "  problem  short  Wrong.",
        "                  To do: Change it.",
    ]


@pytest.mark.parametrize(
    ("findings", "verdict"),
    [
        ((FINDINGS[0],), "All is fine."),
        ((FINDINGS[2], FINDINGS[2]), "2 warnings."),
        ((FINDINGS[3], Finding.fatal("x", "Shut.", "Open.")), "There is no way into the CRM."),
    ],
)
def test_the_last_line_is_the_verdict(findings: tuple[Finding, ...], verdict: str) -> None:
    assert plain_lines("main", Checkup(findings, None), 80)[-1] == verdict
