"""What the histories of one lead tell about any past moment: its fields and interactions."""

from __future__ import annotations

import bisect
from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from hpro_sdk.lead import FieldChange, FieldValue, Interaction, Lead
from hpro_sdk.snapshots.known import known_at, newest_first, text_at


class FieldHistory:
    """The fields of a lead at past moments.

    What is later than the moment decides nothing, not even whether a field is shown: were a value wound back from
    a later change alone, the mere presence of the field would tell that it is going to change. So only a field that
    was known at creation, and of which every lead therefore has a value, is wound back through later changes; any
    other is shown from the first recorded change on.

    Args:
        lead: Today's record and its field changes; those of one instant count in the order given.
        known_at_creation: Fields that were filled in when the lead was created.
    """

    def __init__(self, lead: Lead, known_at_creation: Collection[str]) -> None:
        self._first: dict[str, FieldValue] = {
            name: value for name, value in lead.fields.items() if name in known_at_creation
        }
        changes: defaultdict[str, list[FieldChange]] = defaultdict(list)
        for change in sorted(lead.field_changes, key=lambda change: change.at):
            changes[change.field].append(change)
        self._changes = {name: ([change.at for change in one], one) for name, one in changes.items()}
        for name, (_, one) in self._changes.items():
            if name in known_at_creation:
                self._first[name] = one[0].old

    def at(self, moment: datetime) -> dict[str, FieldValue]:
        """Give the values that were known at a moment; fields of which that cannot be told are left out."""
        fields = dict(self._first)
        for name, (moments, changes) in self._changes.items():
            known = bisect.bisect_right(moments, moment)
            if known:
                fields[name] = changes[known - 1].new
        return fields


class InteractionHistory:
    """The interactions of a lead at past moments.

    Of one without any date nobody can tell whether it was there at a past moment, so it is shown at none.

    Args:
        lead: Only its interactions are read.

    Attributes:
        undated: How many interactions are left out for having no date.
    """

    def __init__(self, lead: Lead) -> None:
        self._interactions = [
            # What was modified when is no part of a past: a conversion modifies everything.
            (known, interaction, interaction.model_copy(update={"text_versions": (), "modified_at": None}))
            for interaction in newest_first(lead.interactions)
            if (known := known_at(interaction)) is not None
        ]
        self.undated = len(lead.interactions) - len(self._interactions)

    def at(self, moment: datetime) -> tuple[Interaction, ...]:
        """Give what had happened and was recorded by a moment, newest first, with the texts stored by then."""
        return tuple(
            plain.model_copy(update={"text": text_at(interaction, moment)}) if interaction.text_versions else plain
            for known, interaction, plain in self._interactions
            if known <= moment
        )
