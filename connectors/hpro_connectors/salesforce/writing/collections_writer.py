"""Writing score fields by sObject Collections: 200 rows a request, each row for itself."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from random import Random
from typing import Final

from pydantic import JsonValue

from hpro_connectors.errors import ConnectorError, RecordRejectedError, ServerError
from hpro_connectors.fields import ScoreRow
from hpro_connectors.protocol import WriteResult, WriteStatus
from hpro_connectors.salesforce.client.failures import NAME
from hpro_connectors.salesforce.client.salesforce_client import SalesforceClient
from hpro_connectors.salesforce.writing.row_results import check_together, is_locked, refused_result
from hpro_connectors.salesforce.writing.score_fields import to_crm
from hpro_sdk.errors import ConfigError

ROWS_PER_REQUEST: Final = 200
"""Rows of one request."""

Results = dict[str, WriteResult]
"""Results by record id."""

_HEADERS: Final = {
    "Sforce-Auto-Assign": "FALSE",  # without it an update runs the org's assignment rules and may move the lead
    "Sforce-Duplicate-Rule-Header": "allowSave=true",
}
_LOCKED_ROWS: Final = (50, 10, 1)
_LOCKED_REQUESTS: Final = 8
_FIRST_WAIT_S: Final = 1.0

_LOGGER = logging.getLogger(__name__)


class CollectionsWriter:
    """Writes rows of one object by REST.

    Args:
        client: Of the org.
        object_name: Of which object the rows are.
        sleep: Waits some seconds.
        random: Draws how long locked rows wait, so that two writers do not meet again.
    """

    def __init__(
        self,
        client: SalesforceClient,
        object_name: str,
        *,
        sleep: Callable[[float], None] = time.sleep,
        random: Random | None = None,
    ) -> None:
        self._client = client
        self._object_name = object_name
        self._sleep = sleep
        self._random = random or Random()

    def write(self, rows: Sequence[ScoreRow]) -> Results:
        """Write rows, each record once; those that are locked are tried again, alone and in smaller requests.

        Args:
            rows: Of records whose ids could be ids.

        Returns:
            The result of each.

        Raises:
            ConnectorError: A request failed, or what it says of the rows holds for all that are to come.
        """
        results: Results = {}
        for start in range(0, len(rows), ROWS_PER_REQUEST):
            results |= self._request(rows[start : start + ROWS_PER_REQUEST])
        return results | self.write_locked([row for row in rows if is_locked(results[row.lead.lead_id])])

    def write_locked(self, rows: Sequence[ScoreRow]) -> Results:
        """Try rows again that were locked: few at a time, after waits that grow and are not the same twice.

        Args:
            rows: Which.

        Returns:
            The newest result of each that was tried; a failed request, a refusal of more than a row, or the end of the
            run, ends the tries.
        """
        results: Results = {}
        for number, usual in enumerate(_LOCKED_ROWS):
            if not rows:
                break
            size = min(ROWS_PER_REQUEST, max(usual, -(-len(rows) // _LOCKED_REQUESTS)))
            try:
                self._sleep(_FIRST_WAIT_S * 2**number * self._random.uniform(0.5, 1.0))
                for start in range(0, len(rows), size):
                    results |= self._request(rows[start : start + size])
            except ConnectorError as exc:  # the other rows are answered for; what lasts stops the next write
                extra = {"stream": self._object_name, "error": type(exc).__name__}
                _LOGGER.info("rows that were locked are left to a later write", extra=extra)
                break
            rows = [row for row in rows if is_locked(results[row.lead.lead_id])]
        return results

    def _request(self, rows: Sequence[ScoreRow]) -> Results:
        """Write rows in one request; one that is refused for a row of it is halved until that row stands alone."""
        try:
            answers = self._send(rows)
        except RecordRejectedError as exc:
            if exc.vendor_code == "NOT_FOUND":  # no record is in the request's place
                raise ConfigError(
                    "The org does not offer this version of the API.",
                    hint="Set api_version in hpro.toml to one that it offers; Salesforce retires old ones.",
                ) from exc
            if len(rows) > 1:
                middle = len(rows) // 2
                return self._request(rows[:middle]) | self._request(rows[middle:])
            return {rows[0].lead.lead_id: self._result(rows[0], _refusal(exc.vendor_code or "", exc.message))}
        results = [self._result(row, answer) for row, answer in zip(rows, answers, strict=True)]
        check_together(results, object_name=self._object_name)
        return {result.lead.lead_id: result for result in results}

    def _send(self, rows: Sequence[ScoreRow]) -> list[JsonValue]:
        name = self._object_name
        records: list[JsonValue] = [
            {"attributes": {"type": name}, "id": row.lead.lead_id, **to_crm(row)} for row in rows
        ]
        body: JsonValue = {"allOrNone": False, "records": records}
        answer = self._client.request("PATCH", "composite/sobjects", json=body, headers=_HEADERS, where=name)
        if not isinstance(answer, list) or len(answer) != len(rows):
            raise ServerError(
                f"Salesforce was sent {len(rows)} rows of {name} and did not say what became of each.",
                hint="They are sent again; run again later.",
                connector=NAME,
                stream=name,
            )
        return answer

    def _result(self, row: ScoreRow, answer: JsonValue) -> WriteResult:
        """Read what became of a row; one that failed may come without its id, so only its place tells which it is."""
        if isinstance(answer, dict) and answer.get("success") is True:
            return WriteResult(lead=row.lead, status=WriteStatus.WRITTEN)
        errors = answer.get("errors") if isinstance(answer, dict) else None
        first = errors[0] if isinstance(errors, list) and errors else None
        if not isinstance(first, dict):
            raise ServerError(
                f"Salesforce did not say why it refused a row of {self._object_name}.",
                hint="It is sent again; run again later.",
                connector=NAME,
                stream=self._object_name,
                record_id=row.lead.lead_id,
            )
        code = str(first.get("statusCode") or first.get("errorCode") or "")
        fields = first.get("fields")
        return refused_result(
            row,
            code,
            str(first.get("message") or ""),
            [str(field) for field in fields] if isinstance(fields, list) else (),
            object_name=self._object_name,
        )


def _refusal(code: str, message: str) -> JsonValue:
    return {"success": False, "errors": [{"statusCode": code, "message": message}]}
