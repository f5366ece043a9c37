"""``hpro render``: the prompt that a lead is scored by, and its tokens."""

from __future__ import annotations

import dataclasses
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
from hpro_sdk.cli.output import print_json, terminal_safe
from hpro_sdk.data import read_leads
from hpro_sdk.errors import DataError
from hpro_sdk.evaluation import load_scorer, require_fit
from hpro_sdk.lead import LeadSnapshot
from hpro_sdk.rendering import RenderedPrompt
from hpro_sdk.scoring.scorer import Scorer


@click.command()
@click.argument("file", type=PATH)
@click.argument("lead_id", required=False)
@model_option
@mapping_option(required=False)
@as_of_option
@json_option
def render(
    file: Path, lead_id: str | None, model: Path, mapping: Path | None, as_of: datetime | None, as_json: bool
) -> None:
    """Show the prompt of the lead LEAD_ID of FILE, and its tokens; without an id, of the first lead.

    This is all that the model sees of the lead. Tokens are shown between bars, with Ġ for a space and Ċ for a line
    end.
    """
    table_mapping = read_mapping(mapping)
    scorer = load_scorer(model)
    require_fit(scorer.manifest, table_mapping)
    rows = (row for row in read_leads(file, table_mapping) if lead_id in (None, row.lead.lead_id))
    snapshot = next(snapshots_of(rows, as_of), None)
    if snapshot is None:
        raise DataError(f"{file} has no lead {lead_id!r}.", hint="Check the id; it is compared as text.")
    prompt = scorer.render(snapshot)
    if as_json:
        print_json({"lead_id": snapshot.lead_id, "as_of": snapshot.as_of, **dataclasses.asdict(prompt)})
    else:
        _print(scorer, snapshot, prompt)


def _print(scorer: Scorer, snapshot: LeadSnapshot, prompt: RenderedPrompt) -> None:
    click.echo(terminal_safe(prompt.text, keep_lines=True))
    pieces = "|".join(scorer.token_texts(prompt.token_ids))
    facts = {
        "lead": f"{snapshot.lead_id} as of {snapshot.as_of.isoformat()}",
        "tokens": f"{len(prompt.token_ids)}, of which {prompt.shared_tokens} are shared by all leads",
        "interactions": f"{prompt.interactions_shown} shown, {prompt.interactions_dropped} dropped, "
        f"{prompt.interactions_cut} cut",
        "next due": prompt.next_due_at.isoformat() if prompt.next_due_at else "never by itself",
        "input hash": prompt.input_hash,
        "pieces": pieces,
    }
    click.echo("\n" + "\n".join(f"{name}: {terminal_safe(value)}" for name, value in facts.items()))
