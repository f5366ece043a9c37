"""Which files stand for an org and its states: names alone, so that asking costs nothing."""

from __future__ import annotations

from pathlib import Path

ORG_OF_A_DEMO = "org.sqlite"
"""What `hpro demo` calls the org that it makes."""

STATE_OF_A_DEMO = "state.sqlite"
"""What it calls the state of that org."""

STATE_OF_A_SALESFORCE_DEMO = "state-salesforce.sqlite"
"""What it calls the state of an emulated Salesforce, of which nothing else is kept."""


def state_named_after(org: Path) -> Path:
    """Give where the state of an org lies that no demo made.

    Args:
        org: The org file; it need not exist.
    """
    return org.with_name(f"{org.stem}.state.sqlite")
