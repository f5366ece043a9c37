"""This machine's clock against that of the CRM."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from hpro_connectors.doctor.finding import Finding

LARGEST_DIFFERENCE_S: Final = 120.0
"""Seconds by which the clocks may differ; a signed assertion lives three minutes."""

_AREA: Final = "clock"


def check_clock(theirs: datetime, ours: datetime) -> Iterator[Finding]:
    """Compare the clocks.

    Args:
        theirs: The CRM's clock.
        ours: This machine's, at the same moment.
    """
    difference_s = (ours - theirs).total_seconds()
    amount = _words(abs(difference_s))
    if abs(difference_s) <= LARGEST_DIFFERENCE_S:
        yield Finding.ok(_AREA, f"This machine's clock and that of the CRM differ by {amount}.")
        return
    yield Finding.warning(
        _AREA,
        f"This machine's clock is {amount} {'fast' if difference_s > 0 else 'slow'}. What is read goes by the CRM's "
        "clock and is right all the same; schedules and ages in `hpro status` are not, and a signed sign-in (jwt) may "
        "be refused.",
        "Set this machine's clock, best by a time service (NTP).",
    )


def _words(seconds: float) -> str:
    for size, unit in ((86_400.0, "days"), (3_600.0, "hours"), (60.0, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:,.0f} {unit}"
    return f"{seconds:.0f} s"
