"""What every change of an org works on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from hpro_connectors.emulators.http.clock import EmulatorClock
from hpro_connectors.emulators.salesforce.org.access import Access
from hpro_connectors.emulators.salesforce.org.api_fault import ApiFault, not_found
from hpro_connectors.emulators.salesforce.org.database import Database
from hpro_connectors.emulators.salesforce.org.ids import long_id, make_id
from hpro_connectors.emulators.salesforce.org.object_schema import ObjectSchema
from hpro_connectors.emulators.salesforce.org.row_order import RowOrder
from hpro_connectors.emulators.salesforce.org.schema import OrgSchema
from hpro_connectors.emulators.salesforce.org.values import moment_to_seconds
from hpro_connectors.emulators.salesforce.org.write_plan import WritePlans
from hpro_connectors.emulators.salesforce.org.write_rules import WriteRules


@dataclass(slots=True)
class OrgState:
    """An org's parts.

    Attributes:
        org_id: Its id, of 18 characters.
        database: Its records.
        schema: Its objects and fields.
        access: Who sees what.
        clock: What time it is there.
        system_user_id: Who does what nobody else does.
        counters: Last number of an id by prefix.
        plans: How records are written.
        rules: What holds for what users write.
        row_order: How rows come that nobody ordered.
    """

    org_id: str
    database: Database
    schema: OrgSchema
    access: Access
    clock: EmulatorClock
    system_user_id: str = ""
    counters: Counter[str] = field(default_factory=Counter)
    plans: WritePlans = field(init=False)
    rules: WriteRules = field(default_factory=WriteRules)
    row_order: RowOrder = field(default_factory=RowOrder)

    def __post_init__(self) -> None:
        self.plans = WritePlans(self.schema)

    @property
    def instance(self) -> str:
        """The two characters that are the same in all its ids."""
        return self.org_id[3:5]

    def now(self) -> int:
        """What time it is, in seconds since 1970."""
        return moment_to_seconds(self.clock.now())

    def new_id(self, prefix: str) -> str:
        """Give an id that was not given before."""
        self.counters[prefix] += 1
        return make_id(prefix, self.counters[prefix], instance=self.instance)

    def object(self, name: str) -> ObjectSchema:
        """Give an object.

        Raises:
            ApiFault: There is no such object.
        """
        one = self.schema.find(name)
        if one is None:
            raise not_found()
        return one

    def record_id(self, one: ObjectSchema, record_id: str) -> str:
        """Give the 18 characters of an id of an object.

        Raises:
            ApiFault: It is no id, or one of another object.
        """
        found = long_id(record_id)
        if found is None or found[:3] != one.key_prefix:
            raise ApiFault(404, "NOT_FOUND", "The requested resource does not exist")
        return found

    def is_live(self, one: ObjectSchema, record_id: str) -> bool | None:
        """Say whether a record exists and is not deleted; ``None`` where there never was one."""
        if "IsDeleted" not in one.fields:
            found = self.database.row(f'SELECT 0 FROM "{one.name}" WHERE Id = ?', (record_id,))  # noqa: S608
        else:
            found = self.database.row(f'SELECT IsDeleted FROM "{one.name}" WHERE Id = ?', (record_id,))  # noqa: S608
        return None if found is None else not found[0]

    def require_live(self, object_name: str, record_id: str) -> tuple[ObjectSchema, str]:
        """Give an object and the long id of one of its records.

        Raises:
            ApiFault: There is no such record, or it was deleted.
        """
        one = self.object(object_name)
        found = self.record_id(one, record_id)
        live = self.is_live(one, found)
        if live is None:
            raise not_found()
        if not live:
            raise ApiFault(404, "ENTITY_IS_DELETED", "entity is deleted")
        return one, found
