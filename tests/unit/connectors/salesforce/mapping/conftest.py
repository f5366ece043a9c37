from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import cast

import pytest
from pydantic import JsonValue

from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient
from hpro_connectors.salesforce.mapping.org_streams import OrgStreams
from hpro_connectors.salesforce.rows.row_reader import RowReader
from hpro_connectors.salesforce.rows.row_source import Row, RowPage, Source
from hpro_connectors.salesforce.schema.crm_schema import CrmObject, CrmSchema, CrmStage
from hpro_connectors.salesforce.settings import SalesforceSettings

ORG_ID = "00D000000000001EAA"

_LEAD = (
    "Id:id IsDeleted:boolean MasterRecordId:reference Name:string FirstName:string:Name LastName:string:Name"
    " Email:email Phone:phone Company:string Website:url Address:address Street:textarea:Address City:string:Address"
    " Description:textarea Status:picklist LeadSource:picklist Industry:picklist AnnualRevenue:currency"
    " NumberOfEmployees:int OwnerId:reference CreatedDate:datetime CreatedById:reference LastModifiedDate:datetime"
    " SystemModstamp:datetime LastActivityDate:date IsConverted:boolean ConvertedDate:date"
    " ConvertedAccountId:reference ConvertedContactId:reference ConvertedOpportunityId:reference"
    " Seats__c:double Trial__c:boolean Renewal__c:date Tags__c:multipicklist Photo__c:base64 Score_Hint__c:double"
)
_OBJECTS = {
    "Lead": _LEAD,
    "Contact": "Id:id IsDeleted:boolean MasterRecordId:reference AccountId:reference OwnerId:reference"
    " CreatedDate:datetime SystemModstamp:datetime Title:string Stage__c:picklist",
    "Opportunity": "Id:id IsDeleted:boolean AccountId:reference ContactId:reference OwnerId:reference"
    " CreatedDate:datetime SystemModstamp:datetime StageName:picklist IsClosed:boolean IsWon:boolean CloseDate:date"
    " LastStageChangeDate:datetime Amount:currency Probability:percent",
    "Task": "Id:id IsDeleted:boolean WhoId:reference WhatId:reference Subject:combobox Description:textarea"
    " TaskSubtype:picklist CallType:picklist CallDurationInSeconds:int ActivityDate:date CompletedDateTime:datetime"
    " CreatedDate:datetime SystemModstamp:datetime",
    "Event": "Id:id IsDeleted:boolean WhoId:reference WhatId:reference Subject:combobox Description:textarea"
    " StartDateTime:datetime ActivityDateTime:datetime ActivityDate:date IsChild:boolean CreatedDate:datetime"
    " SystemModstamp:datetime",
    "EmailMessage": "Id:id IsDeleted:boolean ActivityId:reference RelatedToId:reference Subject:string"
    " TextBody:textarea HtmlBody:textarea Incoming:boolean MessageDate:datetime Status:picklist CreatedDate:datetime"
    " SystemModstamp:datetime",
    "EmailMessageRelation": "Id:id EmailMessageId:reference RelationId:reference SystemModstamp:datetime",
    "Note": "Id:id IsDeleted:boolean ParentId:reference Title:string Body:textarea CreatedDate:datetime"
    " SystemModstamp:datetime",
    "ContentNote": "Id:id Title:string TextPreview:string CreatedDate:datetime LastModifiedDate:datetime",
    "ContentDocumentLink": "Id:id ContentDocumentId:reference LinkedEntityId:reference SystemModstamp:datetime",
    "LeadHistory": "Id:id IsDeleted:boolean LeadId:reference Field:picklist DataType:picklist OldValue:anyType"
    " NewValue:anyType CreatedDate:datetime",
    "ContactHistory": "Id:id IsDeleted:boolean ContactId:reference Field:picklist DataType:picklist OldValue:anyType"
    " NewValue:anyType CreatedDate:datetime",
    "OpportunityFieldHistory": "Id:id IsDeleted:boolean OpportunityId:reference Field:picklist DataType:picklist"
    " OldValue:anyType NewValue:anyType CreatedDate:datetime",
}
_STAGES = {
    "Lead": (
        CrmStage(value="Open", label="Open"),
        CrmStage(value="Working", label="Working on it"),
        CrmStage(value="Closed - Not Converted", label="Closed - Not Converted"),
        CrmStage(value="Qualified", label="Qualified", converted=True),
    ),
    "Contact": (CrmStage(value="Cold", label="Cold"), CrmStage(value="Customer", label="Customer")),
    "Opportunity": (
        CrmStage(value="Prospecting", label="Prospecting"),
        CrmStage(value="Won", label="Won", closed=True, won=True),
        CrmStage(value="Lost", label="Lost", closed=True),
    ),
}

Describe = Callable[..., dict[str, JsonValue]]


def _described(name: str, fields: str) -> dict[str, JsonValue]:
    described: list[JsonValue] = []
    for field in fields.split():
        column, kind, *of = field.split(":")
        compound = of[0] if of else None
        described.append(
            {
                "name": column,
                "label": column.removesuffix("__c").replace("_", " "),
                "type": kind,
                "compoundFieldName": compound,
                "calculated": column == "Score_Hint__c",
                "updateable": False,
                "length": 32_000 if kind == "textarea" else 80 if kind == "string" else 0,
                "precision": 18 if kind in {"double", "currency"} else 0,
                "scale": 2 if kind in {"double", "currency"} else 0,
                "picklistValues": [{"value": "a", "label": "A", "active": True}] if kind == "picklist" else [],
            }
        )
    return {"name": name, "fields": described}


@pytest.fixture
def describe() -> Describe:
    """Describes an object as the REST API does, with further fields, or without some."""

    def make(name: str, more: str = "", without: Sequence[str] = ()) -> dict[str, JsonValue]:
        fields = [one for one in f"{_OBJECTS[name]} {more}".split() if one.split(":")[0] not in without]
        return _described(name, " ".join(fields))

    return make


class Rows(RowReader):
    """Rows in memory, asked for by value only; whatever is asked for is noted."""

    def __init__(self, rows: Mapping[str, Sequence[Row]]) -> None:
        self.rows = rows
        self.asked: list[tuple[str, str, tuple[str, ...]]] = []

    def by_values(self, source: Source, column: str, values: Sequence[str]) -> Iterator[RowPage]:
        self.asked.append((source.object_name, column, tuple(values)))
        found = [row for row in self.rows.get(source.object_name, ()) if row.get(column) in values]
        yield RowPage(tuple(found), None, complete=True)


class Texts:
    """A client that reads whole notes and nothing else."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def text(self, path: str) -> str:
        self.asked.append(path)
        return "<p>The <b>whole</b> note</p>"


MakeStreams = Callable[..., OrgStreams]


@pytest.fixture
def make_streams(describe: Describe) -> MakeStreams:
    """Makes the streams of an org; ``rows`` is what helper queries find."""

    def make(
        settings: SalesforceSettings | None = None,
        *,
        rows: Mapping[str, Sequence[Row]] | None = None,
        more: str = "",
        without: Mapping[str, Sequence[str]] | None = None,
        missing: Sequence[str] = (),
        tracked: frozenset[str] | None = frozenset(),
        reader: RowReader | None = None,
        stages: tuple[CrmStage, ...] | None = None,
        stage_tracked_since: str | None = "2026-02-01T00:00:00Z",
    ) -> OrgStreams:
        settings = settings or SalesforceSettings()
        scored = settings.scored_object.value
        hidden = without or {}
        objects = {
            name: CrmObject.read(describe(name, more if name == scored else "", hidden.get(name, ())))
            for name in _OBJECTS
            if name not in missing
        }
        schema = CrmSchema.model_validate(
            {
                "org_id": ORG_ID,
                "made_for": "",
                "described_at": "2026-03-01T00:00:00Z",
                "objects": objects,
                "stages": _STAGES[scored] if stages is None else stages,
                "tracked": tracked,
                "stage_tracked_since": stage_tracked_since,
            }
        )
        return OrgStreams(schema, settings, reader or Rows(rows or {}), cast("SalesforceClient", Texts()))

    return make


@pytest.fixture
def lead_row() -> Callable[..., dict[str, JsonValue]]:
    """A lead as REST gives it."""

    def make(**values: JsonValue) -> dict[str, JsonValue]:
        return {
            "Id": "00Q000000000001AAA",
            "IsDeleted": False,
            "MasterRecordId": None,
            "OwnerId": "005000000000001AAA",
            "CreatedDate": "2026-01-05T10:00:00.000+0000",
            "SystemModstamp": "2026-02-01T12:30:00.000+0000",
            "Status": "Working",
            "IsConverted": False,
            "Company": "Acme",
            **values,
        }

    return make
