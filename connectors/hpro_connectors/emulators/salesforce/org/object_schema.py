"""What an object of the org is: a lead, a task, the history of leads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from hpro_connectors.emulators.salesforce.org.field_schema import FieldSchema, label_of


@dataclass(slots=True)
class ObjectSchema:
    """An object; what its fields are may change.

    Attributes:
        name: As the API has it.
        key_prefix: First three characters of its ids; empty where it has no ids of its own.
        fields: By name, in their order.
        label: As people see it.
        label_plural: Of several.
        createable: Whether a user may make records of it.
        updateable: Whether a user may change them.
        deletable: Whether a user may delete them.
        undeletable: Whether they may come back from the recycle bin.
        mergeable: Whether two may become one.
        replicateable: Whether the org tells what was deleted or updated.
        layoutable: Whether people see pages of it.
        bulk: Whether the Bulk API knows it.
        is_activity: Whether records of long ago are archived.
        semi_join: Whether a sub-select may read from it.
        history_of: The object whose changes it holds, or an empty text.
        parent_field: In a history object, the reference to the record that changed.
        tracked: Fields whose changes are kept in the history object.
        required_filter: Fields of which a query has to name one as equal to something.
    """

    name: str
    key_prefix: str
    fields: dict[str, FieldSchema]
    label: str = ""
    label_plural: str = ""
    createable: bool = True
    updateable: bool = True
    deletable: bool = True
    undeletable: bool = True
    mergeable: bool = False
    replicateable: bool = True
    layoutable: bool = True
    bulk: bool = True
    is_activity: bool = False
    semi_join: bool = True
    history_of: str = ""
    parent_field: str = ""
    tracked: set[str] = field(default_factory=set)
    required_filter: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.label = self.label or label_of(self.name)
        if not self.label_plural:
            self.label_plural = f"{self.label[:-1]}ies" if self.label.endswith("y") else f"{self.label}s"

    @property
    def stored(self) -> list[FieldSchema]:
        """Fields that have a column."""
        return [one for one in self.fields.values() if not one.expression]

    @property
    def stamp(self) -> str | None:
        """The field that moves with every change."""
        return next((name for name in ("SystemModstamp", "LastModifiedDate") if name in self.fields), None)

    def find(self, name: str) -> FieldSchema | None:
        """Give a field, whatever the case of its name."""
        found = self.fields.get(name)
        if found is not None:
            return found
        folded = name.lower()
        return next((one for key, one in self.fields.items() if key.lower() == folded), None)

    def find_relationship(self, name: str) -> FieldSchema | None:
        """Give the reference that a path in a query goes over, whatever the case of its name."""
        folded = name.lower()
        return next(
            (one for one in self.fields.values() if one.relationship and one.relationship.lower() == folded), None
        )


def by_name(fields: Iterable[FieldSchema]) -> dict[str, FieldSchema]:
    """Give fields by their names, each with a label."""
    return {one.name: one.with_label() for one in fields}
