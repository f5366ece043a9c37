"""Findings: what an error becomes, when an examination ends, and the exit code that a monitor goes by."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hpro_connectors.doctor import Finding, Findings, Level, exit_code_of
from hpro_connectors.errors import (
    AuthError,
    NetworkError,
    PermissionDeniedError,
    QuotaExhaustedError,
    SafetyRailError,
    SchemaDriftError,
    ServerError,
)
from hpro_sdk.errors import ConfigError, HproError

FINE = Finding.ok("a", "Fine.")
WARNING = Finding.warning("b", "Odd.", "Look.")
PROBLEM = Finding.problem("c", "Wrong.", "Change it.")
FATAL = Finding.fatal("d", "Shut.", "Open it.")


@pytest.mark.parametrize(
    ("findings", "code"),
    [
        ([], 0),
        ([FINE], 0),
        ([FINE, WARNING], 3),
        ([WARNING, PROBLEM, FINE], 2),
        ([PROBLEM, FATAL, WARNING], 1),
    ],
)
def test_the_worst_finding_gives_the_exit_code(findings: list[Finding], code: int) -> None:
    assert exit_code_of(findings) == code
    assert exit_code_of(reversed(findings)) == code


@pytest.mark.parametrize(
    ("error", "level"),
    [
        (AuthError("No."), Level.FATAL),
        (NetworkError("No."), Level.FATAL),
        (ServerError("No."), Level.FATAL),
        (PermissionDeniedError("No."), Level.PROBLEM),
        (SchemaDriftError("No."), Level.PROBLEM),
        (QuotaExhaustedError("No."), Level.PROBLEM),
        (SafetyRailError("No."), Level.PROBLEM),
        (ConfigError("No."), Level.PROBLEM),
    ],
)
def test_an_error_is_fatal_where_there_is_no_way_in(error: HproError, level: Level) -> None:
    assert Finding.of_error("x", error).level is level


def failing(error: HproError) -> Iterator[Finding]:
    yield FINE
    raise error


def test_what_a_check_found_before_it_failed_is_kept() -> None:
    findings = Findings()
    assert not findings.attempt("x", failing(ConfigError("Wrong.", hint="Change it.")))
    assert findings.found == [FINE, Finding.problem("x", "Wrong.", "Change it.")]
    assert findings.attempt("y", [WARNING])
    assert findings.found[-1] == WARNING


def test_nothing_is_asked_after_a_fatal_finding() -> None:
    findings = Findings()
    assert not findings.attempt("x", failing(NetworkError("Gone.")))
    assert not findings.attempt("y", failing(AssertionError("asked")))  # type: ignore[arg-type] # never raised
    assert [finding.level for finding in findings.found] == [Level.OK, Level.FATAL]


def test_two_checks_that_stumble_over_the_same_thing_say_it_once() -> None:
    findings = Findings()
    for area in ("x", "y"):
        findings.attempt(area, failing(ConfigError("Wrong.")))
    assert [finding.seen for finding in findings.found] == ["Fine.", "Wrong.", "Fine."]


def test_what_prevents_something_is_told_by_area() -> None:
    findings = Findings()
    findings.attempt("x", [FINE, WARNING])
    assert not findings.prevents()
    findings.attempt("x", [PROBLEM])
    assert findings.prevents()
    assert findings.prevents("c")
    assert not findings.prevents("b", "d")
