"""How a pass is told in words."""

from __future__ import annotations

from collections.abc import Iterator

import click

from hpro_connectors.cli.problems import count_words, problem_lines
from hpro_connectors.state import PassReport
from hpro_sdk.cli.output import terminal_safe

PARTIAL = 3
STOPPED = 2


def exit_code_of(report: PassReport) -> int:
    """Give the exit code that a pass ends with.

    Returns:
        0 done; 2 a pause or a safety rail kept it from writing: a person must decide; 3 rows were refused or put off,
        leads could not be scored, or it ended before it was through.
    """
    if report.stop_code is not None:
        return STOPPED
    partial = report.problem_count or report.ended_early or report.rejected or not report.is_backfilled
    return PARTIAL if partial else 0


def print_pass(name: str, report: PassReport) -> None:
    """Print what a pass did: the summary on stdout, what a person must know on stderr.

    Args:
        name: Of the CRM.
        report: Of the pass.
    """
    click.echo(f"{name}, as of {report.as_of:%Y-%m-%d %H:%M} UTC: " + ", ".join(_parts(report)) + ".")
    for line in [*_notes(report), *problem_lines(report)]:
        click.echo(line, err=True)


def _parts(report: PassReport) -> Iterator[str]:
    yield f"{report.read:,} read"
    if report.model_id is not None:
        yield f"{report.changed:,} changed and {report.due:,} due"
        yield f"{report.scored:,} scored with {count_words(report.model_calls, 'model call')}"
        yield f"{count_words(report.open_leads, 'open lead')} ranked"
        if report.dry_run or report.stop_code:
            yield f"{report.to_write + report.to_clear:,} would be written, {report.unchanged:,} unchanged"
        else:
            yield f"{report.written + report.cleared:,} written, {report.unchanged:,} unchanged"
        told = (
            (report.rejected, "not taken"),
            (report.dead, "dead"),
            (report.skipped, "skipped"),
            (report.gone, "gone"),
        )
        yield from (f"{count:,} {word}" for count, word in told if count)
    yield f"{count_words(report.calls, 'request')}, {report.seconds:.1f} s"


def _notes(report: PassReport) -> Iterator[str]:
    if report.model_id is None:
        yield "There is no model yet, so nothing was scored. Train one with `hpro model train`."
    if not report.is_backfilled:
        yield "Not everything has been read once yet, so nothing was scored. The next run goes on."
    elif report.ended_early:
        yield "It ended before it was through. The next run goes on."
    if report.stop_reason is not None:
        yield terminal_safe(f"Nothing was written: {report.stop_reason}.")
    if report.waiting and report.stop_code is None:
        yield f"{count_words(report.waiting, 'row')} wait to be sent by a later run."
    if report.dead:
        yield (
            f"{count_words(report.dead, 'new dead letter')}: `hpro deadletter list` shows what the CRM said. When the "
            "cause is gone, `hpro deadletter replay` has the next run try again."
        )
