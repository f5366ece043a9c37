"""What an org holds, as its user sees it: objects, fields, stages, reps. Read now and then, and kept in between."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Self

from pydantic import JsonValue

from hpro_connectors.errors import ServerError
from hpro_connectors.protocol import Owner
from hpro_sdk.lead import Frozen, Identifier, UtcDatetime


class CrmOption(Frozen):
    """A value of a picklist; inactive ones may still stand in records."""

    value: str
    label: str
    active: bool = True


class CrmField(Frozen):
    """A field of an object.

    Attributes:
        name: Its API name.
        label: As people see it.
        type: As the CRM calls it, such as ``picklist``.
        updateable: Whether this user may write it.
        calculated: Whether it is a formula.
        compound: The field that it is a part of, such as the address that a street belongs to.
        length: Characters of a text at most.
        precision: Digits of a number in all.
        scale: Digits behind the point.
        restricted: Whether a picklist takes no other values than its options.
        options: Of a picklist.
    """

    name: Identifier
    label: str
    type: str
    updateable: bool = False
    calculated: bool = False
    compound: str | None = None
    length: int = 0
    precision: int = 0
    scale: int = 0
    restricted: bool = False
    options: tuple[CrmOption, ...] = ()


class CrmObject(Frozen):
    """An object and the fields of it that this user sees: what field-level security hides is not there.

    Attributes:
        name: As the API calls it.
        fields: Those that the user sees.
        updateable: Whether the user may change records of it.
        replicateable: Whether the CRM keeps a log of what of it was deleted.
    """

    name: Identifier
    fields: tuple[CrmField, ...]
    updateable: bool = True
    replicateable: bool = True

    @cached_property
    def by_name(self) -> Mapping[str, CrmField]:
        """Fields by API name."""
        return {field.name: field for field in self.fields}

    def has(self, name: str) -> bool:
        """Whether this user sees a field."""
        return name in self.by_name

    def present(self, names: Iterable[str]) -> tuple[str, ...]:
        """Give those of some fields that this user sees."""
        return tuple(name for name in names if name in self.by_name)

    @classmethod
    def read(cls, described: Mapping[str, JsonValue]) -> Self:
        """Make one of the answer to a describe call.

        Raises:
            ServerError: The answer is no description.
        """
        name, fields = described.get("name"), described.get("fields")
        if not isinstance(name, str) or not name or not isinstance(fields, list) or not fields:
            raise ServerError("Salesforce described an object without its fields.", hint="Try again later.")
        return cls(
            name=name,
            fields=tuple(_field(one, name) for one in fields),
            updateable=described.get("updateable") is not False,
            replicateable=described.get("replicateable") is not False,
        )


class CrmStage(Frozen):
    """A stage as the CRM's own list of stages has it.

    Attributes:
        value: What records hold.
        label: As people see it.
        converted: Whether it is the status of converted leads.
        closed: Whether an opportunity in it is closed.
        won: Whether it is closed and won.
    """

    value: Identifier
    label: str
    converted: bool = False
    closed: bool = False
    won: bool = False


class CrmSchema(Frozen):
    """All that was described of an org.

    Attributes:
        org_id: Which org.
        made_for: Fingerprint of user and settings that it was described for.
        described_at: When, by the server's clock.
        objects: The objects that exist for this user, by name.
        stages: The stages of the scored object, in order.
        owners: Reps, inactive ones among them.
        tracked: Fields of the scored object whose history the CRM keeps; ``None``: it does not say.
        tracked_by_history: Whether ``tracked`` is only what the history itself shows, because the user may not ask.
        stage_tracked_since: Since when changes of the stage were surely logged: its oldest row, or else since the org
            was described; ``None``: they are not.
    """

    org_id: Identifier
    made_for: str
    described_at: UtcDatetime
    objects: Mapping[str, CrmObject]
    stages: tuple[CrmStage, ...] = ()
    owners: tuple[Owner, ...] = ()
    tracked: frozenset[str] | None = None
    tracked_by_history: bool = False
    stage_tracked_since: UtcDatetime | None = None


def _field(described: JsonValue, object_name: str) -> CrmField:
    if not isinstance(described, dict) or not isinstance(described.get("name"), str):
        raise ServerError(f"Salesforce described a field of {object_name} without its name.", hint="Try again later.")
    name = str(described["name"])
    options = described.get("picklistValues")
    compound = described.get("compoundFieldName")
    return CrmField(
        name=name,
        label=_text(described.get("label")) or name,
        type=_text(described.get("type")),
        updateable=described.get("updateable") is True,
        calculated=described.get("calculated") is True,
        compound=compound if isinstance(compound, str) and compound != name else None,
        length=_whole(described.get("length")),
        precision=_whole(described.get("precision")),
        scale=_whole(described.get("scale")),
        restricted=described.get("restrictedPicklist") is True,
        options=tuple(_options(options if isinstance(options, list) else [])),
    )


def _options(options: list[JsonValue]) -> Iterable[CrmOption]:
    for option in options:
        if isinstance(option, dict) and isinstance(option.get("value"), str):
            value = str(option["value"])
            yield CrmOption(value=value, label=_text(option.get("label")) or value, active=option.get("active") is True)


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else ""


def _whole(value: JsonValue) -> int:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0
