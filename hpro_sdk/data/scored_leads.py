"""Writing scored leads: CSV, JSONL or Parquet, by the name of the file."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hpro_sdk._extras import require_extra
from hpro_sdk._files import replacing
from hpro_sdk.errors import ConfigError
from hpro_sdk.lead import ScoredLead

COLUMNS = tuple(ScoredLead.model_fields)


def write_scored_leads(path: Path, leads: Sequence[ScoredLead]) -> None:
    """Write scored leads in the order given; what stood at ``path`` stays until the new file is complete.

    Args:
        path: Ends in ``.csv``, ``.jsonl`` or ``.parquet``.
        leads: Usually as :func:`hpro_sdk.ranking.rank_leads` gives them.

    Raises:
        ConfigError: The ending is another one, or the folder cannot be written.
        MissingExtraError: Parquet without the ``parquet`` extra.
        OutputError: The disk is full.
    """
    write = check_scored_leads_path(path)
    with replacing(path) as temporary:
        write(temporary, leads)


def check_scored_leads_path(path: Path) -> Callable[[Path, Sequence[ScoredLead]], None]:
    """Give the writer for a path, before hours of scoring are spent.

    Raises:
        ConfigError: The ending is unknown.
        MissingExtraError: Parquet without the ``parquet`` extra.
    """
    suffix = path.suffix.lower()
    if suffix not in _WRITERS:
        raise ConfigError(
            f"{path} does not end in {', '.join(_WRITERS)}.", hint="Name the output after the format that is wanted."
        )
    if suffix == ".parquet":
        require_extra("parquet", "pyarrow.parquet", "Writing Parquet")
    return _WRITERS[suffix]


def _write_csv(path: Path, leads: Sequence[ScoredLead]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(lead.model_dump(mode="json") for lead in leads)


def _write_jsonl(path: Path, leads: Sequence[ScoredLead]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for lead in leads:
            file.write(json.dumps(lead.model_dump(mode="json"), ensure_ascii=False) + "\n")


def _write_parquet(path: Path, leads: Sequence[ScoredLead]) -> None:
    arrow = require_extra("parquet", "pyarrow", "Writing Parquet")
    parquet = require_extra("parquet", "pyarrow.parquet", "Writing Parquet")
    moment = arrow.timestamp("us", tz="UTC")
    types: Mapping[str, Any] = {
        **dict.fromkeys(COLUMNS, arrow.string()),
        **dict.fromkeys(("rank_score", "probability", "score"), arrow.float64()),
        **dict.fromkeys(
            ("rank", "stage_rank", "stage_size", "interactions_dropped", "interactions_cut"), arrow.int64()
        ),
        **dict.fromkeys(("scored_at", "next_due_at"), moment),
    }
    schema = arrow.schema([(name, types[name]) for name in COLUMNS])
    parquet.write_table(arrow.Table.from_pylist([lead.model_dump() for lead in leads], schema=schema), path)


_WRITERS: Mapping[str, Callable[[Path, Sequence[ScoredLead]], None]] = {
    ".csv": _write_csv,
    ".jsonl": _write_jsonl,
    ".parquet": _write_parquet,
}
