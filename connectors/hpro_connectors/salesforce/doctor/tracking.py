"""Whether the CRM keeps when a record entered its stages, and what it means where it does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from hpro_connectors.doctor import Finding
from hpro_connectors.salesforce.doctor.org_view import OrgView
from hpro_connectors.salesforce.rows.soql import text_literal
from hpro_connectors.salesforce.schema.describing import HISTORY_OBJECTS

_AREA: Final = "history"
_MEANS: Final = (
    "when records entered their stages is then known from HPRO's own passes only, from the first one on, and a model "
    "trained on this history learns less"
)
_SHOWN: Final = (
    "Training is shown tracked fields, and those that known_at_creation of [crm.NAME.training] names; `hpro model "
    "train --dry-run` lists the others."
)


def check_tracking(view: OrgView) -> Iterator[Finding]:
    """Look at the history of the stage.

    Args:
        view: Of the org.
    """
    stage, scored, history = view.settings.stage_column, view.scored.name, HISTORY_OBJECTS[view.settings.scored_object]
    if stage is None:
        yield Finding.ok(_AREA, f"{scored} has no stage, so that there is no history of it to read.")
        return
    switch_on = f"In Setup, Object Manager, {scored}, Fields & Relationships, Set History Tracking, tick {stage}"
    if history not in view.schema.objects:
        yield Finding.warning(
            _AREA,
            f"The user sees no object {history}, in which changes of {stage} are kept: {_MEANS}.",
            f"{switch_on}, and let the user read {scored}; the object is there once something is tracked.",
        )
        return
    if view.schema.tracked is not None and stage not in view.schema.tracked:
        yield Finding.warning(
            _AREA,
            f"History tracking of {stage} is off: {_MEANS}.",
            f"{switch_on}. What happened before is not made up for.",
        )
        return
    rows = view.count(history, f"Field = {text_literal(stage)}")
    if view.schema.tracked_by_history:
        yield _by_history(stage, switch_on, is_kept=view.schema.tracked is not None)
    elif rows == 0:
        yield Finding.warning(
            _AREA,
            f"History tracking of {stage} is on, and nothing was recorded yet: until then, {_MEANS}.",
            "Wait: history begins when tracking is switched on.",
        )
    else:
        others = len(view.schema.tracked or ()) - 1
        counted = "" if rows is None else f", {rows:,} changes recorded"
        yield Finding.ok(
            _AREA, f"History tracking of {stage} is on{counted}; fields tracked beside it: {others}.", _SHOWN
        )


def _by_history(stage: str, switch_on: str, *, is_kept: bool) -> Finding:
    """Say what the history shows to a user who may not ask what is tracked."""
    shown = (
        f"The history holds changes of {stage}; the user may not ask which other fields are tracked, so that only its "
        "history is read."
        if is_kept
        else f"The user may not ask which fields are tracked, and the history shows no change of {stage}: {_MEANS}."
    )
    remedy = "Let the user read FieldDefinition (permission View Setup and Configuration)."
    if not is_kept:
        remedy += f" If nothing is tracked yet: {switch_on[0].lower()}{switch_on[1:]}."
    return Finding.warning(_AREA, shown, remedy)
