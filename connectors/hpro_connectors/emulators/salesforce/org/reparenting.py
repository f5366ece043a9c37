"""Hanging up what belongs to one record at another one, which stamps it."""

# ruff: noqa: S608 - what is put into SQL are names of our own; values are always bound

from __future__ import annotations

from collections.abc import Iterable

from hpro_connectors.emulators.salesforce.org.org_state import OrgState

Link = tuple[str, str]
"""An object and its field that leads to the record."""


def reparent(state: OrgState, links: Iterable[Link], old_id: str, new_id: str) -> None:
    """Let all that leads to one record lead to another one.

    Records in the recycle bin are moved with the others, so that they come back where they belong.

    Args:
        state: The org.
        links: What may lead there.
        old_id: Where they lead.
        new_id: Where they shall lead.
    """
    at = state.now()
    for name, field in links:
        one = state.schema.find(name)
        if one is None or field not in one.fields:
            continue
        stamp = f", SystemModstamp = {at}" if "SystemModstamp" in one.fields else ""
        state.database.run(f'UPDATE "{one.name}" SET "{field}" = ?{stamp} WHERE "{field}" = ?', (new_id, old_id))
