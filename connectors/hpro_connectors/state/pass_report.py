"""The summary of a pass: what people read, and the state keeps."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field, NonNegativeFloat, NonNegativeInt

from hpro_sdk.lead import Frozen, UtcDatetime

MAX_PROBLEMS = 1000


class Problem(Frozen):
    """A lead that a pass could not score or write, or something that a person must look at; the others went on.

    Attributes:
        lead_id: Which one; empty where it is of no one lead.
        code: What kind of problem: the CRM's own code or answer, or the name of the error.
        message: In words, some of which may be the CRM's; empty in a stored report.
    """

    lead_id: str
    code: str
    message: str = ""


class StageSeconds(Frozen):
    """How long the parts of a pass took, in seconds.

    Attributes:
        read: Reading the CRM and storing what it gave.
        render: Loading leads and rendering their prompts.
        score: Evaluating prompts and storing scores.
        rank: Deciding which leads are open, ranking them, and finding what is to be written.
        write: Writing to the CRM and storing what became of it.
    """

    read: NonNegativeFloat = 0.0
    render: NonNegativeFloat = 0.0
    score: NonNegativeFloat = 0.0
    rank: NonNegativeFloat = 0.0
    write: NonNegativeFloat = 0.0


class PassReport(Frozen):
    """What one pass did.

    Attributes:
        run_id: Its number.
        as_of: The server's clock when it began; leads were looked at as of then.
        model_id: The model that scored; ``None``: there is none, and the pass only read.
        dry_run: Whether nothing was written; ``to_write`` and ``to_clear`` say what would have been.
        read: Records, deletions and merges that were read, known ones included.
        deleted: Leads that a comparison of all ids found to be gone.
        texts_erased: Interactions whose text went because their leads closed long ago.
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
        reasons: Why rows are to be written: how many for each reason.
        rejected: Rows that were refused or put off.
        dead: Of those, rows that became dead letters.
        waiting: Rows left in the outbox: put off, or not sent yet.
        skipped: Rows of records that take no writes.
        gone: Rows of records that turned out to be deleted.
        calls: Requests that the connector sent.
        seconds: How long it took.
        took: The parts of that.
        stop_code: Why nothing was written, where a pause or a safety rail kept it from that.
        stop_reason: The same in words, with the remedy.
        is_backfilled: Whether everything was read at least once; before that nothing is scored.
        ended_early: Whether the pass was asked to end before it was through.
        problem_count: How many problems there were.
        problems: The first thousand of them.
    """

    run_id: int = 0
    as_of: UtcDatetime
    model_id: str | None
    dry_run: bool = False
    read: NonNegativeInt = 0
    deleted: NonNegativeInt = 0
    texts_erased: NonNegativeInt = 0
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
    reasons: Mapping[str, int] = Field(default_factory=dict)
    rejected: NonNegativeInt = 0
    dead: NonNegativeInt = 0
    waiting: NonNegativeInt = 0
    skipped: NonNegativeInt = 0
    gone: NonNegativeInt = 0
    calls: NonNegativeInt = 0
    seconds: NonNegativeFloat = 0.0
    took: StageSeconds = StageSeconds()
    stop_code: str | None = None
    stop_reason: str | None = None
    is_backfilled: bool = True
    ended_early: bool = False
    problem_count: NonNegativeInt = 0
    problems: tuple[Problem, ...] = ()

    def without_messages(self) -> PassReport:
        """Give the report as it is stored: of problems only the lead and the code."""
        problems = tuple(problem.model_copy(update={"message": ""}) for problem in self.problems)
        return self.model_copy(update={"problems": problems})
