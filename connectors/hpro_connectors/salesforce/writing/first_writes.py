"""Whether the CRM keeps what it says it took: some automation puts a value back without a word."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from pydantic import JsonValue

from hpro_connectors.errors import PermissionDeniedError, RetriableError
from hpro_connectors.fields import ScoreRow
from hpro_connectors.salesforce.client.failures import NAME
from hpro_connectors.salesforce.writing.score_fields import SCORE_COLUMNS, to_crm

ROWS_LOOKED_AT: Final = 20
"""So many rows are read back; one call, however many were written."""

ReadBack = Callable[[Sequence[str]], Mapping[str, ScoreRow | None]]

_LOGGER = logging.getLogger(__name__)


class FirstWrites:
    """Looks at the first rows that hold a value of a field, once a field and process.

    Args:
        object_name: The scored object.
    """

    def __init__(self, object_name: str) -> None:
        self._object_name = object_name
        self._unseen = set(SCORE_COLUMNS.values())

    def check(self, rows: Sequence[ScoreRow], read_back: ReadBack) -> None:
        """Read rows back that were written just now, where a field of theirs was not looked at yet.

        Args:
            rows: That the CRM says it took.
            read_back: Gives what it shows, by record id.

        Raises:
            PermissionDeniedError: No row shows the value of a field that was written to it.
            ConnectorError: They cannot be read.
        """
        if not self._unseen:
            return
        sent = {row.lead.lead_id: _values(row) for row in rows}
        told = {lead_id: values for lead_id, values in sent.items() if values.keys() & self._unseen}
        lead_ids = list(told)[:ROWS_LOOKED_AT]
        if not lead_ids:
            return
        try:
            shown = {lead_id: _values(row) for lead_id, row in read_back(lead_ids).items() if row is not None}
        except RetriableError as exc:  # written they are: the next write looks again
            extra = {"stream": self._object_name, "error": type(exc).__name__}
            _LOGGER.info("what was written could not be read back", extra=extra)
            return
        ignored = []
        for column in sorted(self._unseen):
            kept = [
                shown[lead_id].get(column) == told[lead_id][column]
                for lead_id in lead_ids
                if lead_id in shown and column in told[lead_id]
            ]
            if any(kept):
                self._unseen.discard(column)
            elif kept:
                ignored.append(column)
        if ignored:
            raise PermissionDeniedError(
                f"Salesforce says that it took {', '.join(ignored)} of {self._object_name}, and does not show it.",
                hint="See which automation of the org (a flow, a trigger) sets the field back, and the user's edit "
                "access to it in the permission set HPRO_Connector.",
                connector=NAME,
                stream=self._object_name,
            )


def _values(row: ScoreRow) -> dict[str, JsonValue]:
    """Give what a row holds, without fields that it clears."""
    return {column: value for column, value in to_crm(row).items() if value is not None}
