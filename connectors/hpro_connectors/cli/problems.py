"""What a pass could not do, in a few lines."""

from __future__ import annotations

import re
from collections import Counter

from hpro_connectors.state import PassReport, Problem
from hpro_sdk.cli.output import terminal_safe

MOST_LINES = 5


def problem_lines(report: PassReport) -> list[str]:
    """Give the problems of a pass: those of no one lead, then with how many leads have each, the most frequent first.

    Args:
        report: Of the pass.

    Returns:
        Those of no one lead, at most five others, and one line that begins with "Partial" and gives the sum of these.
    """
    of_no_lead = [terminal_safe(one.message or one.code) for one in report.problems if not one.lead_id]
    leads = report.problem_count - len(of_no_lead)
    if not leads:
        return of_no_lead
    counts = Counter(_of_any_lead(one) for one in report.problems if one.lead_id)
    lines = [
        terminal_safe(f"{message} ({count_words(count, 'lead')})") for message, count in counts.most_common(MOST_LINES)
    ]
    return [
        *of_no_lead,
        *lines,
        f"Partial: {count_words(leads, 'lead')} could not be scored or written; --json lists them.",
    ]


def problems_of(report: PassReport, lead_id: str) -> tuple[str, ...]:
    """Give what a pass could not do with one lead; in a report that was stored, only the codes of it.

    Args:
        report: Of the pass.
        lead_id: Which one.
    """
    return tuple(one.message or one.code for one in report.problems if one.lead_id == lead_id)


def _of_any_lead(problem: Problem) -> str:
    """Take the id out of a message, with which each would be one of its own."""
    lead = f"lead {re.escape(problem.lead_id)}"
    message = re.sub(f"^{lead}: ", "", problem.message or problem.code, flags=re.IGNORECASE)
    return re.sub(rf"\b{lead}(?!\w)", "a lead", message, flags=re.IGNORECASE)


def count_words(count: int, noun: str) -> str:
    """Give a number with its noun, such as "1 lead" and "1,200 leads".

    Args:
        count: How many.
        noun: In the singular; its plural ends with "s".
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
