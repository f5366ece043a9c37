"""What an org does with what its users write: validation rules, triggers, locks, assignment rules.

None of it holds for what the org does itself.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from hpro_connectors.emulators.salesforce.org.api_fault import ApiFault, no_access

Record = Mapping[str, object]
"""A record as it would be, by field, as the database keeps it: moments are seconds since 1970, yes and no 1 and 0."""

Refuses = Callable[[Record], bool] | Mapping[str, object]
"""Which records are meant: those that a function says yes to, or that have certain values."""

LOCKED = "unable to obtain exclusive access to this record or 1 records: {}"


@dataclass(frozen=True, slots=True)
class _Check:
    """A validation rule or a trigger."""

    object_name: str
    refuses: Refuses
    fault: ApiFault

    def check(self, object_name: str, record: Record) -> None:
        if self.object_name == object_name and self._means(record):
            raise self.fault

    def _means(self, record: Record) -> bool:
        if isinstance(self.refuses, Mapping):
            return all(record.get(name) == value for name, value in self.refuses.items())
        return self.refuses(record)


@dataclass(slots=True)
class _Lock:
    """Records that somebody else holds."""

    object_name: str
    record_ids: frozenset[str] | None
    requests_left: int | None
    above: int
    was_hit: bool = False

    def holds(self, object_name: str, record_id: str, records: int) -> bool:
        return (
            self.object_name == object_name
            and (self.record_ids is None or record_id in self.record_ids)
            and records > self.above
        )


class WriteRules:
    """The rules of an org. They are changed between two requests, and not while one is answered.

    Attributes:
        assigned_to: The owner whom the active assignment rule gives records to, by object. It runs where a client does
            not say that it must not.
        are_converted_leads_editable: Whether users may change converted leads, as a permission of an org allows it.
        is_storage_full: Whether the org takes no more data.
    """

    def __init__(self) -> None:
        self.assigned_to: dict[str, str] = {}
        self.are_converted_leads_editable = False
        self.is_storage_full = False
        self._validations: list[_Check] = []
        self._triggers: list[_Check] = []
        self._locks: list[_Lock] = []
        self._ignored: set[tuple[str, str]] = set()
        self._read_only: set[str] = set()
        self._records = 1

    def add_validation(self, object_name: str, message: str, refuses: Refuses, *, field: str = "") -> None:
        """Add a validation rule.

        Args:
            object_name: Of which object.
            message: What it says.
            refuses: What it refuses.
            field: Beside which field it says so; default: on top of the page.
        """
        fault = ApiFault(400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", message, [field] if field else [])
        self._validations.append(_Check(object_name, refuses, fault))

    def add_trigger(self, object_name: str, name: str, fails: Refuses, *, cause: str = "") -> None:
        """Add a trigger that fails.

        Args:
            object_name: Of which object.
            name: What it is called.
            fails: On which records.
            cause: Why, in its words.
        """
        cause = cause or "System.NullPointerException: Attempt to de-reference a null object"
        message = f"{name}: execution of AfterUpdate\n\ncaused by: {cause}\n\nTrigger.{name}: line 7, column 1"
        fault = ApiFault(400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", message)
        self._triggers.append(_Check(object_name, fails, fault))

    def lock(
        self,
        object_name: str,
        record_ids: Collection[str] | None = None,
        *,
        requests: int | None = 1,
        above: int = 0,
    ) -> None:
        """Let somebody else hold records.

        Args:
            object_name: Of which object.
            record_ids: Which; default: all.
            requests: In so many requests that meet one of them; ``None``: until :meth:`unlock`.
            above: Only in requests of more records than this: what several writers contend for, few records get.
        """
        ids = None if record_ids is None else frozenset(record_ids)
        self._locks.append(_Lock(object_name, ids, requests, above))

    def unlock(self) -> None:
        """Let go of all that is locked."""
        self._locks.clear()

    def ignore(self, object_name: str, field: str) -> None:
        """Let a field keep its value, whatever users write, without a word: some automation puts it back at once."""
        self._ignored.add((object_name, field))

    def make_read_only(self, record_id: str) -> None:
        """Let a record be one that users see and may not change, as a sharing rule does."""
        self._read_only.add(record_id)

    @contextlib.contextmanager
    def request(self, records: int) -> Iterator[None]:
        """Answer a request; what is locked for so many of them is counted down at its end.

        Args:
            records: How many records it writes.
        """
        self._records = records
        try:
            yield
        finally:
            self._records = 1
            for lock in self._locks:
                if lock.was_hit and lock.requests_left is not None:
                    lock.requests_left -= 1
                lock.was_hit = False
            self._locks = [lock for lock in self._locks if lock.requests_left != 0]

    def check_free(self, object_name: str, record_id: str) -> None:
        """Refuse a record that the user may not change now.

        Raises:
            ApiFault: It is locked, read-only for users, or the org is full.
        """
        if self.is_storage_full:
            raise ApiFault(400, "STORAGE_LIMIT_EXCEEDED", "storage limit exceeded")
        if record_id in self._read_only:
            raise no_access()
        for lock in self._locks:
            if lock.holds(object_name, record_id, self._records):
                lock.was_hit = True
                raise ApiFault(400, "UNABLE_TO_LOCK_ROW", LOCKED.format(record_id))

    def check_values(self, object_name: str, record: Callable[[], Record]) -> None:
        """Refuse a record for what it would hold.

        Args:
            object_name: Of which object.
            record: Gives it as it would be.

        Raises:
            ApiFault: A validation rule refuses it, or a trigger fails.
        """
        checks = [one for one in (*self._validations, *self._triggers) if one.object_name == object_name]
        if checks:
            found = record()
            for one in checks:
                one.check(object_name, found)

    def kept(self, object_name: str, fields: Collection[str]) -> list[str]:
        """Give those of some fields that keep their values without a word."""
        return [name for name in fields if (object_name, name) in self._ignored]
