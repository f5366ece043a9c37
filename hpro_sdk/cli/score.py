"""``hpro score``: score and rank the leads of a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

import click

from hpro_sdk.cli.options import (
    PATH,
    as_of_option,
    json_option,
    mapping_option,
    model_option,
    read_mapping,
    snapshots_of,
)
from hpro_sdk.cli.output import print_json, print_table, progress
from hpro_sdk.data import read_leads
from hpro_sdk.data.scored_leads import check_scored_leads_path, write_scored_leads
from hpro_sdk.evaluation import load_scorer, require_fit
from hpro_sdk.lead import LeadSnapshot, ScoredLead
from hpro_sdk.ranking import rank_leads


@click.command()
@click.argument("file", type=PATH)
@model_option
@mapping_option(required=False)
@as_of_option
@click.option("--out", type=PATH, metavar="FILE", help="Write all leads here: .csv, .jsonl or .parquet.")
@click.option("--top", type=click.IntRange(min=1), metavar="N", help="Print only the best N leads.")
@json_option
def score(
    file: Path,
    model: Path,
    mapping: Path | None,
    as_of: datetime | None,
    out: Path | None,
    top: int | None,
    as_json: bool,
) -> None:
    """Score the leads of FILE (CSV, JSONL or Parquet) and rank them, best first.

    Leads are ranked overall and, where their stage is known, within it. Without --out the ranked list is printed.
    """
    if out is not None:
        check_scored_leads_path(out)
    table_mapping = read_mapping(mapping)
    scorer = load_scorer(model)
    require_fit(scorer.manifest, table_mapping)
    with progress("Scoring leads") as advance:
        snapshots = _counted(snapshots_of(read_leads(file, table_mapping), as_of), advance)
        ranked = rank_leads(scorer.score_snapshots(snapshots))
    if out is not None:
        write_scored_leads(out, ranked)
        click.echo(f"Wrote {len(ranked)} leads to {out} ({scorer.model_calls} model calls).", err=True)
    if as_json:
        print_json(ranked[:top])
    elif out is None or top is not None:
        _print(ranked[:top])


def _counted(snapshots: Iterator[LeadSnapshot], advance: Callable[[int], None]) -> Iterator[LeadSnapshot]:
    for snapshot in snapshots:
        advance(1)
        yield snapshot


def _print(leads: Sequence[ScoredLead]) -> None:
    columns = ["rank", "lead", "score", "band"]
    staged = any(lead.stage is not None for lead in leads)
    rows: list[list[object]] = []
    for lead in leads:
        row: list[object] = [lead.rank, lead.lead_id, f"{lead.score:.2f}", lead.band.value]
        if staged:
            row += [lead.stage, lead.stage_rank, lead.stage_size]
        rows.append(row)
    print_table([*columns, *(["stage", "stage rank", "of"] if staged else [])], rows)
