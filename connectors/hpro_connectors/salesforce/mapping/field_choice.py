"""Which fields of the scored object are read, and what they are called in prompts.

A person names them, or all that are of use are taken. Left out then, beside what the Bulk API cannot give (compounds,
files) and our own fields:

* ids, and what Salesforce keeps of every record (who changed it, when it was last looked at);
* what tells the outcome or is set by it: conversion, probability, forecast, closing date;
* names, mail addresses and phone numbers, which no model is shown;
* formulas: they change without the record changing, so an increment would miss them, and a full read would take each
  for a change.

Each of them can still be named.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from hpro_connectors.errors import SchemaDriftError
from hpro_connectors.salesforce.schema.crm_schema import CrmField, CrmObject
from hpro_connectors.salesforce.schema.crm_values import KINDS
from hpro_connectors.salesforce.settings import SalesforceSettings
from hpro_connectors.salesforce.writing.score_fields import is_own
from hpro_sdk.errors import ConfigError
from hpro_sdk.field_kind import FieldKind

_PRIVATE_TYPES: Final = frozenset({"email", "phone"})
_OF_EVERY_RECORD: Final = frozenset(
    {
        "Id",
        "IsDeleted",
        "MasterRecordId",
        "CreatedDate",
        "LastModifiedDate",
        "SystemModstamp",
        "LastActivityDate",
        "LastViewedDate",
        "LastReferencedDate",
        "LastCURequestDate",
        "LastCUUpdateDate",
        "FirstCallDateTime",
        "FirstEmailDateTime",
        "ActivityMetricId",
        "ActivityMetricRollupId",
        "EmailBouncedReason",
        "EmailBouncedDate",
        "IsEmailBounced",
        "IsUnreadByOwner",
        "IsPriorityRecord",
        "PhotoUrl",
        "CleanStatus",
        "GeocodeAccuracy",
        "Jigsaw",
        "JigsawContactId",
        "HasOpenActivity",
        "HasOverdueTask",
        "CurrencyIsoCode",
    }
)
_OF_THE_OUTCOME: Final = frozenset(
    {
        "IsConverted",
        "ConvertedDate",
        "IsClosed",
        "IsWon",
        "CloseDate",
        "Probability",
        "ExpectedRevenue",
        "ForecastCategory",
        "ForecastCategoryName",
        "Fiscal",
        "FiscalQuarter",
        "FiscalYear",
        "LastStageChangeDate",
        "PushCount",
    }
)
_NAMES: Final = frozenset({"Name", "FirstName", "MiddleName", "LastName", "Salutation", "Suffix", "AssistantName"})


@dataclass(frozen=True, slots=True)
class ChosenField:
    """A field that is read.

    Attributes:
        column: Its API name.
        name: What it is called in prompts, and in records.
        label: As people see it.
        type: As the CRM calls it.
        updateable: Whether this user may write it.
    """

    column: str
    name: str
    label: str
    type: str
    updateable: bool

    @property
    def kind(self) -> FieldKind:
        """How its values are read."""
        return KINDS[self.type]


def choose_fields(settings: SalesforceSettings, described: CrmObject) -> tuple[ChosenField, ...]:
    """Choose the fields to read, in the order of the settings or else of the CRM.

    Args:
        settings: What a person named. A field that is given a name in prompts, or that excludes records, is read too.
        described: The scored object as this user sees it.

    Raises:
        SchemaDriftError: Named fields are not there, are hidden from this user, or cannot be read.
        ConfigError: Two fields would have one name.
    """
    asked_for = dict.fromkeys(named_columns(settings))
    if settings.stage_field is not None and settings.has_own_stage_field:
        _require(settings, described, (settings.stage_field,))
    asked_for.pop(settings.stage_column or "", None)
    _require(settings, described, tuple(asked_for))
    if settings.fields:
        found = [described.by_name[column] for column in asked_for]
    else:
        compounds = {field.compound for field in described.fields}
        found = [
            field
            for field in described.fields
            if field.name in asked_for or (field.name not in compounds and _is_of_use(field, settings))
        ]
    chosen = tuple(
        ChosenField(
            column=field.name,
            name=settings.prompt_name(field.name),
            label=field.label,
            type=field.type,
            updateable=field.updateable,
        )
        for field in found
    )
    _refuse_twice(chosen)
    return chosen


def named_columns(settings: SalesforceSettings) -> tuple[str, ...]:
    """Give the columns that a person named in the settings, each once; the stage's is not among them.

    Args:
        settings: Of the configuration.
    """
    excluding = () if settings.exclude_column is None else (settings.exclude_column,)
    return tuple(dict.fromkeys((*settings.fields, *settings.field_names, *excluding)))


def unreadable_columns(described: CrmObject, columns: Iterable[str]) -> tuple[str, ...]:
    """Give those of some columns that are there, and cannot be read as fields of a record.

    Args:
        described: The scored object as this user sees it.
        columns: Their API names.
    """
    return tuple(
        column for column in described.present(columns) if is_own(column) or described.by_name[column].type not in KINDS
    )


def _is_of_use(field: CrmField, settings: SalesforceSettings) -> bool:
    return (
        field.type in KINDS
        and field.type not in _PRIVATE_TYPES
        and not field.calculated
        and not is_own(field.name)
        and field.name not in _OF_EVERY_RECORD
        and field.name not in _OF_THE_OUTCOME
        and field.name not in _NAMES
        and field.name != settings.stage_column
    )


def _require(settings: SalesforceSettings, described: CrmObject, columns: tuple[str, ...]) -> None:
    missing = [column for column in columns if not described.has(column)]
    if missing:
        raise SchemaDriftError(
            f"The configuration names fields of {described.name} that the CRM's user does not see: "
            f"{', '.join(missing)}.",
            hint="Give that user read access to them (field-level security, permission set HPRO_Connector), or take "
            "them out of the configuration if they were deleted.",
            connector="salesforce",
            stream=settings.scored_object.value,
        )
    for column in unreadable_columns(described, columns):
        what = ": it is one of ours" if is_own(column) else f" ({described.by_name[column].type})"
        raise SchemaDriftError(
            f"The field {column} of {described.name} cannot be read as a field of a record{what}.",
            hint="Take it out of the configuration; of an address name its parts.",
            connector="salesforce",
            stream=settings.scored_object.value,
        )


def _refuse_twice(chosen: tuple[ChosenField, ...]) -> None:
    seen: dict[str, str] = {}
    for field in chosen:
        if field.name in seen:
            raise ConfigError(
                f"{seen[field.name]} and {field.column} would both be called {field.name!r}.",
                hint="Give each a name of its own in field_names.",
            )
        seen[field.name] = field.column
