"""What writing records of an object takes, worked out once for each state of the schema."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hpro_connectors.emulators.salesforce.org.database import StoredValue
from hpro_connectors.emulators.salesforce.org.field_schema import FieldSchema, FieldType
from hpro_connectors.emulators.salesforce.org.object_schema import ObjectSchema
from hpro_connectors.emulators.salesforce.org.schema import OrgSchema
from hpro_connectors.emulators.salesforce.org.values import storing

_AUDIT = ("OwnerId", "CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp")


@dataclass(frozen=True, slots=True)
class PlannedField:
    """A field that may be written.

    Attributes:
        field: The field.
        store: Gives a value as the database keeps it.
        targets: Objects that a reference may lead to; ``None`` where the field is none, or may lead to an object that
            this org does not hold, such as a queue.
    """

    field: FieldSchema
    store: Callable[[FieldSchema, object], StoredValue]
    targets: tuple[ObjectSchema, ...] | None


@dataclass(frozen=True, slots=True)
class WritePlan:
    """How records of an object are written.

    Attributes:
        version: Of the schema that it is made for.
        fields: What may be written, by name.
        defaults: What a new record has where nothing is given.
        audit: Fields that the org fills in itself.
        unique: Fields of which no two records have the same value.
        required: Fields that a user has to fill in.
    """

    version: int
    fields: dict[str, PlannedField]
    defaults: dict[str, StoredValue]
    audit: tuple[str, ...]
    unique: tuple[str, ...]
    required: tuple[str, ...]


class WritePlans:
    """The plans of an org.

    Args:
        schema: Its objects and fields.
    """

    def __init__(self, schema: OrgSchema) -> None:
        self._schema = schema
        self._plans: dict[str, WritePlan] = {}

    def of(self, one: ObjectSchema) -> WritePlan:
        """Give the plan of an object."""
        plan = self._plans.get(one.name)
        if plan is None or plan.version != self._schema.version:
            plan = self._plans[one.name] = self._make(one)
        return plan

    def _make(self, one: ObjectSchema) -> WritePlan:
        stored = one.stored
        return WritePlan(
            self._schema.version,
            {
                field.name: PlannedField(field, storing(field), self._targets(field))
                for field in stored
                if field.type is not FieldType.ID
            },
            {field.name: value for field in stored if (value := _default(field)) is not None},
            tuple(name for name in _AUDIT if name in one.fields),
            tuple(field.name for field in stored if field.unique),
            tuple(field.name for field in stored if _is_required(field)),
        )

    def _targets(self, field: FieldSchema) -> tuple[ObjectSchema, ...] | None:
        if field.type is not FieldType.REFERENCE:
            return None
        found = [self._schema.find(name) for name in field.reference_to]
        return None if None in found else tuple(one for one in found if one is not None)


def _default(field: FieldSchema) -> StoredValue:
    if field.type is FieldType.BOOLEAN:
        return int(bool(field.default))
    if field.default is not None:
        return field.default
    return next((value.value for value in field.picklist if value.default), None)


def _is_required(field: FieldSchema) -> bool:
    return not field.nillable and field.createable and field.default is None and field.name != "OwnerId"
