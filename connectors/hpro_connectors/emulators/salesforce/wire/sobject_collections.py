"""sObject Collections: up to 200 records in one call, each with a result of its own at its own place."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from hpro_connectors.emulators.http.messages import Response
from hpro_connectors.emulators.salesforce.org.api_fault import ApiFault
from hpro_connectors.emulators.salesforce.org.record_maker import RecordMaker
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg
from hpro_connectors.emulators.salesforce.wire.call import Call

MOST_RECORDS = 200
MOST_CHUNKS = 10
MOST_READ = 2_000

WriteOne = Callable[[Call, dict[str, object], set[str]], str]
"""Writes a record, given the ids before it, and gives its id."""


class Collections:
    """The resource ``composite/sobjects``.

    Args:
        org: Whose records.
    """

    def __init__(self, org: SalesforceOrg) -> None:
        self._org = org

    def update(self, call: Call) -> Response:
        """Change records.

        Args:
            call: With ``allOrNone`` and ``records``.
        """
        return self._each(call, self._update_one)

    def create(self, call: Call) -> Response:
        """Make records.

        Args:
            call: With ``allOrNone`` and ``records``.
        """
        return self._each(call, self._create_one)

    def read(self, call: Call) -> Response:
        """Read records by id: ``null`` where there is none.

        Args:
            call: With ids and fields in the query, or in the body of a POST.
        """
        name = call.parts["object"]
        if call.request.method == "POST":
            body = call.object_body()
            ids, fields = _texts(body.get("ids")), _texts(body.get("fields"))
        else:
            ids, fields = call.query_value("ids").split(","), call.query_value("fields").split(",")
        if len(ids) > MOST_READ:
            raise ApiFault(
                400, "EXCEEDED_ID_LIMIT", f"record limit reached. cannot submit more than {MOST_READ} records"
            )
        if not fields or not all(part.replace(".", "").replace("_", "").isalnum() for part in [name, *fields]):
            raise ApiFault(400, "INVALID_FIELD", "the fields are not named rightly")
        wanted = [one for one in ids if one.isalnum()]
        listed = ",".join(f"'{one}'" for one in wanted) or "''"
        columns = list(dict.fromkeys(["Id", *fields]))
        soql = f"SELECT {','.join(columns)} FROM {name} WHERE Id IN ({listed})"  # noqa: S608  # SOQL, and checked
        result = self._org.run_query(soql, user_id=call.user_id)
        maker = RecordMaker(self._org, result.object_name, result.columns, call.base)
        found = {str(row[0])[:15]: maker.record(row) for row in result.rows}
        return Response.of_json([found.get(one[:15]) for one in ids])

    def _each(self, call: Call, write: WriteOne) -> Response:
        body = call.object_body()
        records = body.get("records")
        if not isinstance(records, list) or not records:
            raise ApiFault(400, "REQUIRED_FIELD_MISSING", "records is required")
        if len(records) > MOST_RECORDS:
            raise ApiFault(
                400,
                "EXCEEDED_ID_LIMIT",
                f"record limit reached. cannot submit more than {MOST_RECORDS} records into this call",
            )
        types = [_type_of(record) for record in records]
        chunks = 1 + sum(1 for one, other in itertools.pairwise(types) if one != other)
        if chunks > MOST_CHUNKS:
            raise ApiFault(
                400, "OPERATION_TOO_LARGE", f"Cannot have more than {MOST_CHUNKS} chunks in a single operation."
            )
        all_or_none = body.get("allOrNone") is True
        return Response.of_json(self._results(call, records, write, all_or_none=all_or_none))

    def _results(
        self, call: Call, records: list[object], write: WriteOne, *, all_or_none: bool
    ) -> list[dict[str, object]]:
        results: list[dict[str, object]] = []
        seen: set[str] = set()
        try:
            with self._org.transaction():
                for record in records:
                    try:
                        results.append({"id": write(call, _fields_of(record), seen), "success": True, "errors": []})
                    except ApiFault as exc:
                        results.append(_failed(exc))
                _require(not all_or_none or all(result["success"] for result in results))
        except _RollBackError:
            rolled_back = ApiFault(
                400,
                "ALL_OR_NONE_OPERATION_ROLLED_BACK",
                "Record rolled back because not all records were valid and the request was using AllOrNone header",
            )
            results = [_failed(rolled_back) if result["success"] else result for result in results]
        return results

    def _update_one(self, call: Call, fields: dict[str, object], seen: set[str]) -> str:
        name = _type_of(fields)
        record_id = next((value for key, value in fields.items() if key.lower() == "id"), None)
        if not isinstance(record_id, str) or not record_id:
            raise ApiFault(400, "MISSING_ARGUMENT", "Id not specified in an update call", ("Id",))
        if record_id[:15] in seen:
            raise ApiFault(400, "DUPLICATE_VALUE", f"Duplicate id specified: {record_id}", ("Id",))
        seen.add(record_id[:15])
        values = {key: value for key, value in fields.items() if key != "attributes" and key.lower() != "id"}
        self._org.update(name, record_id, values, user_id=call.user_id)
        return record_id

    def _create_one(self, call: Call, fields: dict[str, object], _seen: set[str]) -> str:
        values = {key: value for key, value in fields.items() if key != "attributes"}
        return self._org.create(_type_of(fields), values, user_id=call.user_id)


class _RollBackError(Exception):
    """Undoes what was done, because one of the records was refused."""


def _require(kept: bool) -> None:  # noqa: FBT001  # what is required
    if not kept:
        raise _RollBackError


def _failed(fault: ApiFault) -> dict[str, object]:
    """A record that was refused: without its id, as the CRM answers."""
    return {
        "success": False,
        "errors": [{"statusCode": fault.code, "message": fault.message, "fields": list(fault.fields)}],
    }


def _fields_of(record: object) -> dict[str, object]:
    if not isinstance(record, dict):
        raise ApiFault(400, "JSON_PARSER_ERROR", "Cannot deserialize a record from this JSON")
    return record


def _type_of(record: object) -> str:
    attributes = record.get("attributes") if isinstance(record, dict) else None
    name = attributes.get("type") if isinstance(attributes, dict) else None
    if not isinstance(name, str):
        raise ApiFault(400, "INVALID_INPUT", "attributes.type is required in each record")
    return name


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
