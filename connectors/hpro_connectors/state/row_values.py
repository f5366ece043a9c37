"""Between a row of score fields and what is stored of it: columns, with the score in hundredths, or one JSON text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, select

from hpro_connectors.fields import ScoreRow, Trend
from hpro_connectors.state.schema import ORG
from hpro_sdk.lead import Band, LeadKey

VALUES = ("score", "band", "trend", "rank", "stage_rank", "stage_size", "model", "scored_at")
"""The columns of the eight fields."""


def columns_of(row: ScoreRow) -> dict[str, object]:
    """Give a row's lead id and values as they are stored."""
    return {
        "lead_id": row.lead.lead_id,
        "score": None if row.score is None else int(row.score * 100),
        "band": None if row.band is None else row.band.value,
        "trend": None if row.trend is None else row.trend.value,
        "rank": row.rank,
        "stage_rank": row.stage_rank,
        "stage_size": row.stage_size,
        "model": row.model,
        "scored_at": row.scored_at,
    }


class RowReader:
    """Gives rows back from columns; the org and the scored object are those of the state file.

    Args:
        connection: Within a transaction.
    """

    def __init__(self, connection: Connection) -> None:
        org = connection.execute(select(ORG.c.org_id, ORG.c.object_type)).first()
        self._org_id: str = "" if org is None else org.org_id
        self._object_type: str = "" if org is None else org.object_type

    def key(self, lead_id: str) -> LeadKey:
        """Give the key of a lead."""
        return LeadKey(self._org_id, self._object_type, lead_id)

    def row(self, stored: Row[Any]) -> ScoreRow:
        """Give the row that columns hold."""
        return self._row(stored._mapping)  # noqa: SLF001 - the public name of it

    def _row(self, values: Mapping[Any, Any]) -> ScoreRow:
        return ScoreRow(
            lead=self.key(values["lead_id"]),
            score=None if values["score"] is None else Decimal(values["score"]) / 100,
            band=None if values["band"] is None else Band(values["band"]),
            trend=None if values["trend"] is None else Trend(values["trend"]),
            **{name: values[name] for name in ("rank", "stage_rank", "stage_size", "model", "scored_at")},
        )

    def from_text(self, lead_id: str, text: str) -> ScoreRow:
        """Give the row that :func:`text_of` wrote of a lead."""
        return ScoreRow.model_validate(json.loads(text) | {"lead": self.key(lead_id)})


def text_of(row: ScoreRow) -> str:
    """Give the eight values as JSON, without the lead."""
    return json.dumps(row.model_dump(mode="json", exclude={"lead"}))
