from __future__ import annotations

from collections.abc import Callable

import pytest
from pydantic import JsonValue

from hpro_connectors.errors import SchemaDriftError
from hpro_connectors.salesforce.mapping.field_choice import choose_fields
from hpro_connectors.salesforce.schema.crm_schema import CrmObject
from hpro_connectors.salesforce.settings import OutcomeRule, SalesforceSettings, ScoredObjectName
from hpro_sdk.errors import ConfigError
from hpro_sdk.field_kind import FieldKind

Describe = Callable[..., dict[str, JsonValue]]


def test_all_fields_of_use_are_read_where_nobody_names_any(describe: Describe) -> None:
    chosen = choose_fields(SalesforceSettings(), CrmObject.read(describe("Lead")))
    assert [field.column for field in chosen] == [
        "Company",
        "Website",
        "Street",
        "City",
        "Description",
        "LeadSource",
        "Industry",
        "AnnualRevenue",
        "NumberOfEmployees",
        "Seats__c",
        "Trial__c",
        "Renewal__c",
        "Tags__c",
    ]


def test_row_6_compounds_and_files_are_never_read(describe: Describe) -> None:
    columns = {field.column for field in choose_fields(SalesforceSettings(), CrmObject.read(describe("Lead")))}
    assert not columns & {"Address", "Name", "Photo__c"}
    for column in ("Address", "Photo__c"):
        with pytest.raises(SchemaDriftError, match=column):
            choose_fields(SalesforceSettings(fields=(column,)), CrmObject.read(describe("Lead")))


def test_our_own_fields_are_never_read_as_the_leads(describe: Describe) -> None:
    described = CrmObject.read(describe("Lead", "HPRO_Score__c:double hpro_Old__c:string"))
    assert not [f for f in choose_fields(SalesforceSettings(), described) if f.column.lower().startswith("hpro")]
    with pytest.raises(SchemaDriftError, match="ours"):
        choose_fields(SalesforceSettings(fields=("HPRO_Score__c",)), described)


def test_named_fields_are_read_whatever_they_are(describe: Describe) -> None:
    settings = SalesforceSettings(fields=("Score_Hint__c", "Email"), field_names={"Seats__c": "seats"})
    chosen = choose_fields(settings, CrmObject.read(describe("Lead")))
    assert [(field.column, field.name, field.kind) for field in chosen] == [
        ("Score_Hint__c", "Score_Hint__c", FieldKind.NUMBER),
        ("Email", "Email", FieldKind.TEXT),
        ("Seats__c", "seats", FieldKind.NUMBER),
    ]


def test_row_3_a_named_field_that_is_gone_stops_and_says_which(describe: Describe) -> None:
    described = CrmObject.read(describe("Lead", without=["Seats__c", "Trial__c"]))
    for settings in (
        SalesforceSettings(fields=("Company", "Seats__c")),
        SalesforceSettings(field_names={"Seats__c": "seats"}),
        SalesforceSettings(exclude_field="Trial__c"),
        SalesforceSettings(stage_field="Seats__c", outcome=OutcomeRule.STATUS),
    ):
        with pytest.raises(SchemaDriftError, match=r"Seats__c|Trial__c") as caught:
            choose_fields(settings, described)
        assert "permission set" in str(caught.value.hint)


def test_row_3_a_field_that_nobody_named_is_simply_no_longer_read(describe: Describe) -> None:
    chosen = choose_fields(SalesforceSettings(), CrmObject.read(describe("Lead", without=["Seats__c"])))
    assert "Seats__c" not in {field.column for field in chosen}


def test_the_name_of_an_assistant_is_a_name(describe: Describe) -> None:
    described = CrmObject.read(describe("Contact", "AssistantName:string"))
    settings = SalesforceSettings(scored_object=ScoredObjectName.CONTACT)
    assert "AssistantName" not in {field.column for field in choose_fields(settings, described)}


def test_two_fields_of_one_name_are_refused(describe: Describe) -> None:
    with pytest.raises(ConfigError, match="Company"):
        choose_fields(SalesforceSettings(field_names={"Seats__c": "Company"}), CrmObject.read(describe("Lead")))
    with pytest.raises(ConfigError, match="seats"):
        SalesforceSettings(field_names={"Seats__c": "seats", "NumberOfEmployees": "seats"})


def test_the_excluding_field_may_be_called_by_either_name(describe: Describe) -> None:
    described = CrmObject.read(describe("Lead"))
    for name in ("Trial__c", "on_trial"):
        settings = SalesforceSettings(fields=("Company",), field_names={"Trial__c": "on_trial"}, exclude_field=name)
        assert ("Trial__c", "on_trial") in [(one.column, one.name) for one in choose_fields(settings, described)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"scored_object": ScoredObjectName.CONTACT, "outcome": OutcomeRule.CONVERTED},
        {"scored_object": ScoredObjectName.CONTACT, "outcome": OutcomeRule.OPPORTUNITY},
        {"interactions": ("Task", "Case")},
        {"won_stages": ("A",), "lost_stages": ("A",)},
    ],
)
def test_settings_that_contradict_each_other_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        SalesforceSettings(**wrong)  # type: ignore[arg-type]
