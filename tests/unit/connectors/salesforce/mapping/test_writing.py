from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import pytest
from pydantic import JsonValue

from hpro_connectors.errors import (
    PermissionDeniedError,
    QuotaExhaustedError,
    RecordRejectedError,
    RunStoppedError,
    SchemaDriftError,
    ServerError,
)
from hpro_connectors.fields import ScoreRow
from hpro_connectors.protocol import WriteStatus
from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient
from hpro_connectors.salesforce.schema.crm_schema import CrmField, CrmObject
from hpro_connectors.salesforce.schema.links import Links
from hpro_connectors.salesforce.settings import SalesforceSettings, ScoredObjectName
from hpro_connectors.salesforce.writing.score_fields import SCORE_COLUMN_TYPES
from hpro_connectors.salesforce.writing.score_rows import ScoreWriter, require_writable
from hpro_sdk.errors import ConfigError
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
        self.sleeps: list[float] = []
        self.looks = 0

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

    def look_again(self) -> None:
        self.looks += 1

    def count_written(self, rows: int) -> None:
        self.written += rows


def _rows(count: int) -> list[ScoreRow]:
    return [ScoreRow(lead=LINKS.lead_key(f"00Q00000000{number:04d}AAA"), rank=1 + number) for number in range(count)]


def _write(
    crm: Collections, rows: list[ScoreRow], shown: Callable[[ScoreRow], ScoreRow | None] = lambda row: row
) -> list[tuple[WriteStatus, str | None]]:
    """Write rows; when they are read back, the CRM shows what ``shown`` makes of them."""
    writer = ScoreWriter(cast("SalesforceClient", crm), LINKS, SalesforceSettings(), sleep=crm.sleeps.append)
    by_id = {row.lead.lead_id: row for row in rows}
    results = writer.write(rows, lambda ids: {one: shown(by_id[one]) for one in ids}, crm.look_again)
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
        WriteStatus.WRITTEN,  # it was locked, and tried again alone
        WriteStatus.WRITTEN,
        WriteStatus.REJECTED,
        WriteStatus.GONE,
        WriteStatus.WRITTEN,
    ]
    assert results[3][1] == "FIELD_CUSTOM_VALIDATION_EXCEPTION"
    assert [[record["id"][11:15] for record in request] for request in crm.sent[1:]] == [["0001"]]
    assert (crm.written, len(crm.sleeps)) == (4, 1)


@pytest.mark.parametrize(
    ("code", "looks"),
    [("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", 1), ("STRING_TOO_LONG", 1), ("FIELD_CUSTOM_VALIDATION_EXCEPTION", 0)],
)
def test_a_value_that_does_not_fit_though_the_field_does_is_refused_alone(code: str, looks: int) -> None:
    crm = Collections({1: code})
    assert [status for status, _ in _write(crm, _rows(3))] == [
        WriteStatus.WRITTEN,
        WriteStatus.REJECTED,
        WriteStatus.WRITTEN,
    ]
    assert crm.looks == looks


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


DENIED = "INSUFFICIENT_ACCESS_OR_READONLY"


def test_records_that_none_may_be_written_stop_and_single_ones_are_rejected() -> None:
    with pytest.raises(PermissionDeniedError):
        _write(Collections(dict.fromkeys(range(3), DENIED)), _rows(3))
    assert [status for status, _ in _write(Collections({0: DENIED}), _rows(2))] == [
        WriteStatus.REJECTED,
        WriteStatus.WRITTEN,
    ]


def test_a_record_that_is_sent_alone_and_may_not_be_written_is_no_reason_to_stop() -> None:
    assert _write(Collections({0: DENIED}), _rows(1)) == [(WriteStatus.REJECTED, DENIED)]
    crm = Collections({0: DENIED})
    statuses = [status for status, _ in _write(crm, _rows(201))]
    assert [len(request) for request in crm.sent] == [200, 1]
    assert statuses == [WriteStatus.REJECTED, *[WriteStatus.WRITTEN] * 199, WriteStatus.REJECTED]


def test_a_quota_that_is_used_up_stops_though_a_row_is_sent_alone() -> None:
    with pytest.raises(QuotaExhaustedError):
        _write(Collections({0: "LIMIT_EXCEEDED"}), _rows(1))


class LockedFirst(Collections):
    """Says of some rows that they are locked, and of their next tries other things."""

    def __init__(self, locked: int, *then: str | Exception) -> None:
        super().__init__(dict.fromkeys(range(locked), "UNABLE_TO_LOCK_ROW"))
        self._then = iter(then)

    def request(
        self, method: str, path: str, *, json: dict[str, Any], headers: dict[str, str], where: str | None = None
    ) -> JsonValue:
        if self.sent:
            said = next(self._then)
            if isinstance(said, Exception):
                raise said
            self.faults = dict.fromkeys(range(200), said)
        return super().request(method, path, json=json, headers=headers, where=where)


def test_a_locked_row_that_may_not_be_written_when_it_is_tried_alone_is_rejected() -> None:
    assert [status for status, _ in _write(LockedFirst(1, DENIED), _rows(3))] == [
        WriteStatus.REJECTED,
        WriteStatus.WRITTEN,
        WriteStatus.WRITTEN,
    ]


@pytest.mark.parametrize(
    "then",
    [DENIED, "STORAGE_LIMIT_EXCEEDED", "INVALID_FIELD_FOR_INSERT_UPDATE", "INVALID_FIELD", QuotaExhaustedError("no")],
)
def test_what_stops_while_locked_rows_are_tried_again_loses_no_result_of_the_others(then: str | Exception) -> None:
    crm = LockedFirst(2, then)
    assert [status for status, _ in _write(crm, _rows(4))] == [*[WriteStatus.RETRY] * 2, *[WriteStatus.WRITTEN] * 2]
    assert crm.written == 2


@pytest.mark.parametrize(
    "answer", [[], {"hasErrors": True}, [{"success": True}], [{"success": False, "errors": []}, {"success": True}]]
)
def test_an_answer_that_does_not_tell_of_each_row_is_a_failed_one(answer: JsonValue) -> None:
    crm = Collections()
    crm.answer = answer
    with pytest.raises(ServerError):
        _write(crm, _rows(2))


class Refusing(Collections):
    """Refuses whole requests that hold certain records, with a code."""

    def __init__(self, code: str, *bad: str) -> None:
        super().__init__()
        self.code, self.bad = code, set(bad)

    def request(
        self, method: str, path: str, *, json: dict[str, Any], headers: dict[str, str], where: str | None = None
    ) -> JsonValue:
        if not self.bad.isdisjoint(record["id"] for record in json["records"]):
            raise RecordRejectedError("no", vendor_code=self.code)
        return super().request(method, path, json=json, headers=headers, where=where)


def test_a_request_that_is_refused_for_a_row_of_it_is_halved_until_that_row_stands_alone() -> None:
    rows = _rows(9)
    statuses = [status for status, _ in _write(Refusing("DUPLICATE_VALUE", rows[3].lead.lead_id), rows)]
    assert statuses == [WriteStatus.REJECTED if place == 3 else WriteStatus.WRITTEN for place in range(9)]


def test_a_place_that_is_not_there_is_the_version_and_no_record() -> None:
    rows = _rows(3)
    with pytest.raises(ConfigError, match="version of the API"):
        _write(Refusing("NOT_FOUND", rows[0].lead.lead_id), rows)


def test_rows_that_are_locked_when_the_run_is_to_end_are_put_off() -> None:
    class Stopped(list[float]):
        def append(self, _seconds: float) -> None:
            raise RunStoppedError

    crm = Collections({1: "UNABLE_TO_LOCK_ROW"})
    crm.sleeps = Stopped()
    assert [status for status, _ in _write(crm, _rows(3))] == [
        WriteStatus.WRITTEN,
        WriteStatus.RETRY,
        WriteStatus.WRITTEN,
    ]


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
