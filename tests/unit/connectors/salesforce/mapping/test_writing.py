from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pytest
from pydantic import JsonValue

from hpro_connectors.errors import PermissionDeniedError, SchemaDriftError, ServerError
from hpro_connectors.fields import ScoreRow
from hpro_connectors.protocol import WriteStatus
from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient
from hpro_connectors.salesforce.schema.crm_schema import CrmField, CrmObject
from hpro_connectors.salesforce.schema.links import Links
from hpro_connectors.salesforce.settings import ScoredObjectName
from hpro_connectors.salesforce.writing.score_fields import SCORE_COLUMN_TYPES
from hpro_connectors.salesforce.writing.score_rows import require_writable, write_rows
from hpro_sdk.lead import LeadKey

LINKS = Links("00D000000000001EAA", ScoredObjectName.LEAD)


class Collections:
    """Answers collections as the CRM does: failed rows without an id, by a list of faults that goes by place."""

    def __init__(self, faults: Mapping[int, str] | None = None) -> None:
        self.faults = faults or {}
        self.sent: list[list[dict[str, Any]]] = []
        self.headers: dict[str, str] = {}
        self.written = 0
        self.answer: JsonValue = None

    def request(
        self, method: str, path: str, *, json: dict[str, Any], headers: dict[str, str], where: str | None = None
    ) -> JsonValue:
        assert (method, path) == ("PATCH", "composite/sobjects")
        assert json["allOrNone"] is False
        self.headers = headers
        self.sent.append(json["records"])
        if self.answer is not None:
            return self.answer
        answer: list[JsonValue] = []
        for place, record in enumerate(json["records"]):
            code = self.faults.get(place)
            if code is None:
                answer.append({"id": record["id"], "success": True, "errors": []})
            else:
                answer.append({"success": False, "errors": [{"statusCode": code, "message": "no", "fields": ["X"]}]})
        return answer

    def count_written(self, rows: int) -> None:
        self.written += rows


def _rows(count: int) -> list[ScoreRow]:
    return [ScoreRow(lead=LINKS.lead_key(f"00Q00000000{number:04d}AAA"), rank=1 + number) for number in range(count)]


def _write(crm: Collections, rows: list[ScoreRow]) -> list[tuple[WriteStatus, str | None]]:
    results = write_rows(cast("SalesforceClient", crm), LINKS, rows)
    assert [result.lead for result in results] == [row.lead for row in rows]
    return [(result.status, result.code) for result in results]


def test_rows_go_out_200_at_a_time_and_wake_no_rule() -> None:
    crm = Collections()
    assert {status for status, _ in _write(crm, _rows(401))} == {WriteStatus.WRITTEN}
    assert [len(request) for request in crm.sent] == [200, 200, 1]
    assert crm.written == 401
    assert crm.headers["Sforce-Auto-Assign"] == "FALSE"
    first = crm.sent[0][0]
    assert (first["attributes"], first["id"]) == ({"type": "Lead"}, "00Q000000000000AAA")
    assert set(first) == {"attributes", "id", *SCORE_COLUMN_TYPES}


def test_row_28_failed_rows_are_told_by_their_place() -> None:
    faults = {1: "UNABLE_TO_LOCK_ROW", 3: "FIELD_CUSTOM_VALIDATION_EXCEPTION", 4: "ENTITY_IS_DELETED"}
    crm = Collections(faults)
    results = _write(crm, _rows(6))
    assert [status for status, _ in results] == [
        WriteStatus.WRITTEN,
        WriteStatus.RETRY,
        WriteStatus.WRITTEN,
        WriteStatus.REJECTED,
        WriteStatus.GONE,
        WriteStatus.WRITTEN,
    ]
    assert results[3][1] == "FIELD_CUSTOM_VALIDATION_EXCEPTION"
    assert crm.written == 3


def test_row_18_a_converted_lead_is_skipped() -> None:
    assert _write(Collections({0: "CANNOT_UPDATE_CONVERTED_LEAD"}), _rows(1)) == [
        (WriteStatus.SKIPPED, "CANNOT_UPDATE_CONVERTED_LEAD")
    ]


def test_rows_that_cannot_be_of_the_object_never_reach_the_crm() -> None:
    crm = Collections()
    good = _rows(1)[0]
    bad = [
        good.model_copy(update={"lead": LINKS.lead_key("no-such-lead")}),
        good.model_copy(update={"lead": LINKS.lead_key("003000000000001AAA")}),
        good.model_copy(update={"lead": LeadKey("00D000000000002EAA", "lead", good.lead.lead_id)}),
    ]
    statuses = [status for status, _ in _write(crm, [*bad, good, good])]
    assert statuses == [
        WriteStatus.GONE,
        WriteStatus.GONE,
        WriteStatus.REJECTED,
        WriteStatus.WRITTEN,
        WriteStatus.REJECTED,
    ]
    assert [len(request) for request in crm.sent] == [1]
    assert _write(Collections(), bad[:1]) == [(WriteStatus.GONE, "MALFORMED_ID")]


def test_a_field_that_may_not_be_written_stops_and_is_named() -> None:
    with pytest.raises(PermissionDeniedError) as caught:
        _write(Collections({2: "INVALID_FIELD_FOR_INSERT_UPDATE"}), _rows(3))
    assert "X" in str(caught.value.hint)


def test_records_that_none_may_be_written_stop_and_single_ones_are_rejected() -> None:
    code = "INSUFFICIENT_ACCESS_OR_READONLY"
    with pytest.raises(PermissionDeniedError):
        _write(Collections(dict.fromkeys(range(3), code)), _rows(3))
    assert [status for status, _ in _write(Collections({0: code}), _rows(2))] == [
        WriteStatus.REJECTED,
        WriteStatus.WRITTEN,
    ]


@pytest.mark.parametrize(
    "answer", [[], {"hasErrors": True}, [{"success": True}], [{"success": False, "errors": []}, {"success": True}]]
)
def test_an_answer_that_does_not_tell_of_each_row_is_a_failed_one(answer: JsonValue) -> None:
    crm = Collections()
    crm.answer = answer
    with pytest.raises(ServerError):
        _write(crm, _rows(2))


def _described(**changes: object) -> CrmObject:
    fields = [
        CrmField.model_validate(
            {"name": name, "label": name, "type": kind, "precision": 18, "scale": 2, "length": 80, "updateable": True}
            | (changes if name == "HPRO_Model__c" else {})
        )
        for name, kind in SCORE_COLUMN_TYPES.items()
    ]
    return CrmObject(name="Lead", fields=tuple(fields))


def test_rows_1_and_2_fields_that_cannot_be_written_are_named_before_the_first_row() -> None:
    require_writable(_described())
    hidden = CrmObject(name="Lead", fields=_described().fields[:-2])
    with pytest.raises(SchemaDriftError, match="HPRO_Model__c, HPRO_Scored_At__c") as missing:
        require_writable(hidden)
    assert "HPRO_Connector" in str(missing.value.hint)
    with pytest.raises(PermissionDeniedError, match="HPRO_Model__c"):
        require_writable(_described(updateable=False))
    with pytest.raises(SchemaDriftError, match="not as HPRO makes it"):
        require_writable(_described(type="picklist"))
