"""The resource ``sobjects``: what objects there are, and single records of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from hpro_connectors.emulators.http.messages import Response
from hpro_connectors.emulators.salesforce.org.api_fault import ApiFault, not_found
from hpro_connectors.emulators.salesforce.org.field_schema import FieldType
from hpro_connectors.emulators.salesforce.org.ids import long_id
from hpro_connectors.emulators.salesforce.org.record_maker import RecordMaker
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg
from hpro_connectors.emulators.salesforce.wire.call import Call

_NAME = re.compile(r"[\w.]+")


class Records:
    """Objects and single records of an org.

    Args:
        org: Whose.
    """

    def __init__(self, org: SalesforceOrg) -> None:
        self._org = org

    def objects(self, call: Call) -> Response:
        """Name all objects that the user sees.

        Args:
            call: By whom.
        """
        return Response.of_json(self._org.describe_global(user_id=call.user_id, api_version=call.version))

    def overview(self, call: Call) -> Response:
        """Say a little of an object.

        Args:
            call: With the object's name.
        """
        name = call.parts["object"]
        listed = self._org.describe_global(user_id=call.user_id, api_version=call.version)["sobjects"]
        found = (
            [one for one in listed if isinstance(one, dict) and one["name"] == name] if isinstance(listed, list) else []
        )
        if not found:
            raise not_found()
        return Response.of_json({"objectDescribe": found[0], "recentItems": []})

    def describe(self, call: Call) -> Response:
        """Say all of an object that the user may know.

        Args:
            call: With the object's name.
        """
        return Response.of_json(
            self._org.describe(call.parts["object"], user_id=call.user_id, api_version=call.version)
        )

    def deleted(self, call: Call) -> Response:
        """Name what was deleted in a time.

        Args:
            call: With ``start`` and ``end`` in the query.
        """
        return Response.of_json(self._org.deleted(self._seen(call), _moment(call, "start"), _moment(call, "end")))

    def updated(self, call: Call) -> Response:
        """Name what was made or changed in a time.

        Args:
            call: With ``start`` and ``end`` in the query.
        """
        return Response.of_json(self._org.updated(self._seen(call), _moment(call, "start"), _moment(call, "end")))

    def read(self, call: Call) -> Response:
        """Give one record.

        Args:
            call: With object and id, and perhaps ``fields`` in the query.
        """
        name, record_id = call.parts["object"], self._id_of(call)
        record = self._org.get(name, record_id, user_id=call.user_id)
        columns: Sequence[str] = tuple(record)
        row: Sequence[object] = tuple(record.values())
        if fields := [one for one in call.request.query.get("fields", "").split(",") if one]:
            if not all(_NAME.fullmatch(one) for one in fields):
                raise not_found()
            columns = list(dict.fromkeys([*fields, "Id"]))
            soql = f"SELECT {','.join(columns)} FROM {name} WHERE Id = '{record_id}'"  # noqa: S608  # SOQL, and checked
            result = self._org.run_query(soql, user_id=call.user_id, api_version=call.version)
            columns, row = result.columns, result.rows[0]
        one = self._org.schema[name]
        return Response.of_json(RecordMaker(self._org, one.name, columns, call.base).record(row))

    def content(self, call: Call) -> Response:
        """Give the content of a note or a document.

        Args:
            call: With object, id and field.
        """
        name, field, record_id = call.parts["object"], call.parts["field"], self._id_of(call)
        one = self._org.schema.find(name)
        found = None if one is None else one.find(field)
        if (
            found is None
            or found.type is not FieldType.BASE64
            or field not in self._org.get(name, record_id, user_id=call.user_id)
        ):
            raise not_found()
        return Response(200, self._org.content(name, record_id, field), "application/octet-stream")

    def create(self, call: Call) -> Response:
        """Make a record.

        Args:
            call: With the object's name and a body.
        """
        values = {name: value for name, value in call.object_body().items() if name != "attributes"}
        record_id = self._org.create(call.parts["object"], values, user_id=call.user_id)
        answer = Response.of_json({"id": record_id, "success": True, "errors": []}, 201)
        answer.headers["Location"] = f"{call.base}/sobjects/{call.parts['object']}/{record_id}"
        return answer

    def update(self, call: Call) -> Response:
        """Change a record.

        Args:
            call: With object, id and a body.
        """
        values = {name: value for name, value in call.object_body().items() if name != "attributes"}
        self._org.update(call.parts["object"], self._id_of(call), values, user_id=call.user_id)
        return Response.empty()

    def delete(self, call: Call) -> Response:
        """Put a record into the recycle bin.

        Args:
            call: With object and id.
        """
        self._org.delete(call.parts["object"], self._id_of(call), user_id=call.user_id)
        return Response.empty()

    def _seen(self, call: Call) -> str:
        name = call.parts["object"]
        if not self._org.access.can_see_object(call.user_id, name):
            raise not_found()
        return name

    def _id_of(self, call: Call) -> str:
        record_id = long_id(call.parts["id"])
        if record_id is None:
            raise ApiFault(404, "NOT_FOUND", "Provided external ID field does not exist or is not accessible: Id")
        return record_id


def _moment(call: Call, name: str) -> datetime:
    text = call.query_value(name)
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ApiFault(400, "INVALID_REPLICATION_DATE", f"{name} is not a valid date-time: {text}")
    return moment.astimezone(UTC).replace(microsecond=0)
