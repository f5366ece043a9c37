"""The summary of a pass: what people read, and the state keeps."""

from __future__ import annotations

from pydantic import NonNegativeFloat, NonNegativeInt

from hpro_sdk.lead import Frozen, UtcDatetime

MAX_PROBLEMS = 1000


class Problem(Frozen):
    """A lead that a pass could not score or write; the others went on.

    Attributes:
        lead_id: Which one.
        code: What kind of problem: the CRM's own code or answer, or the name of the error.
        message: In words, some of which may be the CRM's; empty in a stored report.
    """

    lead_id: str
    code: str
    message: str = ""


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
        model_calls: Prompts that the model evaluated. Equal prompts of leads that are looked at together, 64 at a time,
            are evaluated once; where the model gives no number for one of them, each is evaluated once more, alone.
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

    def without_messages(self) -> PassReport:
        """Give the report as it is stored: of problems only the lead and the code."""
        problems = tuple(problem.model_copy(update={"message": ""}) for problem in self.problems)
        return self.model_copy(update={"problems": problems})
