"""All that is known of one scored lead: where it stands, its scores, and the prompt it was scored on."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import click

from hpro_connectors.cli.columns import print_columns
from hpro_connectors.cli.model_choice import choose_model
from hpro_connectors.cli.queue_table import age_words, queue_json, stage_rank_words
from hpro_connectors.demo.demo_ids import is_demo_org
from hpro_connectors.state import HistoryEntry, QueueRow, StateStore
from hpro_sdk.cli.output import terminal_safe
from hpro_sdk.errors import ConfigError, DataError
from hpro_sdk.evaluation import load_scorer
from hpro_sdk.lead import Lead
from hpro_sdk.snapshots import take_snapshot


@dataclass(frozen=True, slots=True)
class ScoredPrompt:
    """The prompt of a lead's last score, rendered from its record as it is stored now.

    Attributes:
        text: All that the model sees.
        rendered_at: The moment of the last score.
        note: How it may differ from what was scored; empty when it is the same, hash for hash.
    """

    text: str
    rendered_at: datetime
    note: str


@dataclass(frozen=True, slots=True)
class LeadSheet:
    """What is known of a lead.

    Attributes:
        lead_id: Which one.
        standing: Its line in the list; ``None`` when it is not ranked.
        history: Its scores, oldest first.
        prompt: Of its last score; ``None`` without a score, a record or a model.
        missing: Why there is no prompt; empty when there is one.
        as_of: The moment of the last pass.
    """

    lead_id: str
    standing: QueueRow | None
    history: list[HistoryEntry]
    prompt: ScoredPrompt | None
    missing: str
    as_of: datetime


def read_lead_sheet(store: StateStore, lead_id: str, model: Path | None, as_of: datetime) -> LeadSheet:
    """Give what is known of a lead.

    Args:
        store: The state.
        lead_id: Which one.
        model: To render the prompt with; ``None`` means the bundled one, and only for invented companies.
        as_of: The moment of the last pass.

    Raises:
        DataError: There is no such lead.
        HproError: The model cannot be loaded, or does not fit the lead.
    """
    lead, history = store.lead(lead_id), store.score_history(lead_id)
    if lead is None and not history:
        raise DataError(
            f"There is no lead {lead_id!r} in {store.path}.", hint="Check the id; `hpro leads --top 100` lists some."
        )
    standing = next((row for row in store.queue() if row.lead_id == lead_id), None)
    prompt, missing = None, ""
    if lead is None:
        missing = "The lead was deleted or merged away, and its record was erased."
    elif not history:
        missing = "It has never been scored."
    elif model is None and not is_demo_org(lead.org_id):
        missing = "Name the model that scored it with --model to see what it saw."
    else:
        prompt = _prompt(store, lead, history[-1], choose_model(lead.org_id, model, demo_model=False))
    return LeadSheet(lead_id, standing, history, prompt, missing, as_of)


def print_lead_sheet(sheet: LeadSheet) -> None:
    """Print what is known of a lead.

    Args:
        sheet: The lead.
    """
    row = sheet.standing
    if row is None:
        click.echo(f"{terminal_safe(sheet.lead_id)} is not ranked: won, lost, excluded, gone or not scored yet.")
    else:
        facts = [
            f"rank {row.rank}",
            f"score {row.score:.2f}",
            f"band {row.band.value}",
            f"trend {row.trend.value}",
            None if row.stage is None else f"{stage_rank_words(row)} in stage {row.stage}",
            None
            if row.last_interaction_at is None
            else f"last interaction {age_words(row.last_interaction_at, sheet.as_of)}",
        ]
        click.echo(terminal_safe(f"{sheet.lead_id}: {', '.join(fact for fact in facts if fact)}"))
    if sheet.history:
        click.echo()
        print_columns(
            ["scored at", "score", "band", "model"],
            [[f"{e.scored_at:%Y-%m-%d %H:%M}", f"{e.score:.2f}", e.band.value, e.model_id] for e in sheet.history],
            title="Scores, oldest first",
            numbers=["score"],
        )
    click.echo()
    if sheet.prompt is None:
        click.echo(sheet.missing)
        return
    click.echo(f"The prompt of the last score, as of {sheet.prompt.rendered_at:%Y-%m-%d %H:%M}:\n")
    click.echo(terminal_safe(sheet.prompt.text.rstrip("\n"), keep_lines=True))
    if sheet.prompt.note:
        click.echo(f"\n{sheet.prompt.note}")


def lead_sheet_json(sheet: LeadSheet) -> dict[str, object]:
    """Give what is known of a lead as JSON can hold it.

    Args:
        sheet: The lead.
    """
    return {
        "lead_id": sheet.lead_id,
        "as_of": sheet.as_of,
        "standing": None if sheet.standing is None else queue_json([sheet.standing])[0],
        "history": [dataclasses.asdict(entry) for entry in sheet.history],
        "prompt": None if sheet.prompt is None else dataclasses.asdict(sheet.prompt),
        "missing": sheet.missing,
    }


def _prompt(store: StateStore, lead: Lead, last: HistoryEntry, model: Path) -> ScoredPrompt:
    scorer = load_scorer(model)
    funnel = scorer.manifest.funnel
    named = store.lead(lead.lead_id, funnel.resolve)
    if named is None:
        raise ConfigError(f"The lead {lead.lead_id!r} has just been deleted.", hint="Run it again.")
    rendered = scorer.render(take_snapshot(named, last.scored_at))
    current = {one.scored.lead_id: one.scored for one in store.current_scores(lead.org_id, lead.object_type)}
    scored = current.get(lead.lead_id)
    if scorer.model_id != last.model_id:
        note = f"It was scored by {last.model_id}; this is what {scorer.model_id} would have seen."
    elif scored is None:
        note = "The lead is no longer open, so the prompt cannot be compared with the one that was scored."
    elif scored.input_hash == rendered.input_hash:
        note = ""
    else:
        note = "The record has changed since: this is no longer the prompt that was scored."
    return ScoredPrompt(rendered.text, last.scored_at, note)
