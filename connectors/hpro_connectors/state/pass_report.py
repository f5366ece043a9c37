"""The summary of a pass: what people read, and the state keeps."""

from __future__ import annotations

from pydantic import NonNegativeFloat, NonNegativeInt

from hpro_sdk.lead import Frozen, UtcDatetime

MAX_PROBLEMS = 1000


class Problem(Frozen):
    """A lead that a pass could not score or write; the others went on."""

    lead_id: str
    message: str


class PassReport(Frozen):
    """What one pass did.

    Attributes:
        as_of: The server's clock when it began; leads were looked at as of then.
        model_id: The model that scored.
        dry_run: Whether nothing was written; ``to_write`` and ``to_clear`` say what would have been.
        read: Records, deletions and merges that were read, known ones included.
        changed: Open leads that were looked at because something of them changed.
        due: Open leads that were looked at without a change: an age crossed an edge, or the model is another.
        scored: Leads whose prompt or model is another one, and which got a new score.
        model_calls: Prompts that the model evaluated; equal prompts are evaluated once.
        open_leads: Leads that are ranked.
        to_write: Rows that the writing rule asked for.
        to_clear: Leads that are no longer ranked and whose ranks had to be taken off.
        written: Of ``to_write``, rows the CRM took.
        cleared: Of ``to_clear``, rows the CRM took.
        unchanged: Ranked leads whose row needed no write.
        rejected: Rows that were refused or asked to be sent again; the next pass does.
        skipped: Rows of records that take no writes.
        gone: Rows of records that turned out to be deleted.
        calls: Requests that the connector sent.
        seconds: How long it took.
        problem_count: How many problems there were.
        problems: The first thousand of them.
    """

    as_of: UtcDatetime
    model_id: str
    dry_run: bool = False
    read: NonNegativeInt = 0
    changed: NonNegativeInt = 0
    due: NonNegativeInt = 0
    scored: NonNegativeInt = 0
    model_calls: NonNegativeInt = 0
    open_leads: NonNegativeInt = 0
    to_write: NonNegativeInt = 0
    to_clear: NonNegativeInt = 0
    written: NonNegativeInt = 0
    cleared: NonNegativeInt = 0
    unchanged: NonNegativeInt = 0
    rejected: NonNegativeInt = 0
    skipped: NonNegativeInt = 0
    gone: NonNegativeInt = 0
    calls: NonNegativeInt = 0
    seconds: NonNegativeFloat = 0.0
    problem_count: NonNegativeInt = 0
    problems: tuple[Problem, ...] = ()
