"""Tables of the state file, as the newest migration leaves them; a test compares the two."""

from __future__ import annotations

from typing import Final

from hpro_connectors.state.schema.records import (
    CHANGED_LEADS,
    CURSORS,
    ERASED_PERSONS,
    FIELD_CHANGES,
    FIELD_LEDGER,
    FORGOTTEN,
    INTERACTION_LEADS,
    INTERACTION_PERSONS,
    INTERACTION_TEXTS,
    INTERACTIONS,
    LEADS,
    ORG,
    REREADS,
    STAGE_CHANGES,
    STAGE_LEDGER,
)
from hpro_connectors.state.schema.running import (
    CONFIRMED_MODELS,
    LEASE,
    MARKS,
    MODEL_USES,
    MODELS,
    RUNS,
)
from hpro_connectors.state.schema.scores import (
    FAILED_PROMPTS,
    SCORE_HISTORY,
    SCORES,
)
from hpro_connectors.state.schema.types import METADATA, Moment
from hpro_connectors.state.schema.writing import (
    DEAD_LETTERS,
    OUTBOX,
    PLAN_ROWS,
    PLANS,
    WRITES,
    WRITTEN_ROWS,
    row_columns,
)

__all__ = [
    "APPLICATION_ID",
    "CHANGED_LEADS",
    "CONFIRMED_MODELS",
    "CURSORS",
    "DEAD_LETTERS",
    "ERASED_PERSONS",
    "FAILED_PROMPTS",
    "FIELD_CHANGES",
    "FIELD_LEDGER",
    "FORGOTTEN",
    "INTERACTIONS",
    "INTERACTION_LEADS",
    "INTERACTION_PERSONS",
    "INTERACTION_TEXTS",
    "LEADS",
    "LEASE",
    "MARKS",
    "METADATA",
    "MODELS",
    "MODEL_USES",
    "ORG",
    "OUTBOX",
    "PLANS",
    "PLAN_ROWS",
    "REREADS",
    "RUNS",
    "SCHEMA_VERSION",
    "SCORES",
    "SCORE_HISTORY",
    "STAGE_CHANGES",
    "STAGE_LEDGER",
    "WRITES",
    "WRITTEN_ROWS",
    "Moment",
    "row_columns",
]

APPLICATION_ID: Final = 0x4850524F
"""``HPRO`` in ASCII, in the header of the file: tells it from any other SQLite file."""

SCHEMA_VERSION: Final = 3
