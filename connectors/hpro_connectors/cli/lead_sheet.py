"""All that is known of one scored lead: where it stands, its scores, and the prompt it was scored on."""

from __future__ import annotations

import contextlib
import dataclasses
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import click

from hpro_connectors.cli.columns import print_columns
from hpro_connectors.cli.problems import problems_of
from hpro_connectors.cli.queue_table import age_words, queue_json, stage_rank_words
from hpro_connectors.demo.demo_ids import is_demo_org
from hpro_connectors.engine.stages import StageNames
from hpro_connectors.protocol import OrgDescription
from hpro_connectors.state import HistoryEntry, PassReport, QueueRow, StateStore
from hpro_sdk.cli.output import terminal_safe
from hpro_sdk.errors import ConfigError, HproError
from hpro_sdk.evaluation import load_scorer
from hpro_sdk.lead import Lead
from hpro_sdk.models import bundled_model_path
from hpro_sdk.scoring.scorer import Scorer
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
        prompt: Of its last score; ``None`` without a score, a record or a model that fits.
        missing: Why there is no prompt, in one line; empty when there is one.
        problems: Codes of what the last pass could not do with it.
        as_of: The moment of the last pass.
    """

    lead_id: str
    standing: QueueRow | None
    history: list[HistoryEntry]
    prompt: ScoredPrompt | None
    missing: str
    problems: tuple[str, ...]
    as_of: datetime


def read_lead_sheet(
    store: StateStore,
    lead_id: str,
    model: Path | None,
    last: PassReport,
    *,
    description: OrgDescription | None = None,
    where: str = "",
) -> LeadSheet:
    """Give what is known of a lead; a model that is missing or does not fit costs the prompt and nothing else.

    Args:
        store: The state.
        lead_id: Which one.
        model: To render the prompt with; ``None`` means the bundled one, for invented companies and for leads that it
            scored.
        last: The last pass.
        description: Of the org, to know what its stages are in the funnel; ``None`` when its file is gone.
        where: Options that name the place, for the hint.

    Raises:
        ConfigError: There is no such lead.
        StateError: The state cannot be read.
    """
    lead, history = store.lead(lead_id), store.score_history(lead_id)
    if lead is None and not history:
        raise ConfigError(
            f"There is no lead {lead_id!r} in {store.path}.",
            hint=f"Check the id; `hpro leads{where} --top 100` lists some.",
        )
    standing = next((row for row in store.queue() if row.lead_id == lead_id), None)
    prompt, missing = None, ""
    if lead is None:
        missing = "The lead was deleted or merged away, and its record was erased."
    elif not history:
        missing = "It has never been scored."
    else:
        try:
            prompt = _prompt(store, lead, history[-1], _scorer(lead.org_id, model, history[-1]), description)
        except HproError as exc:
            missing = f"There is no prompt to show: {exc}"
    return LeadSheet(lead_id, standing, history, prompt, missing, problems_of(last, lead_id), last.as_of)


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
    for problem in sheet.problems:
        click.echo(terminal_safe(f"The last pass had a problem with it: {problem}."))
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
        click.echo(terminal_safe(sheet.missing))
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
        "problems": sheet.problems,
    }


def _scorer(org_id: str, model: Path | None, last: HistoryEntry) -> Scorer:
    """Load the model that a person named, or else the bundled one where that is the right one."""
    if model is not None:
        return load_scorer(model)
    if is_demo_org(org_id):
        return load_scorer(bundled_model_path())
    with contextlib.suppress(HproError):
        bundled = load_scorer(bundled_model_path())
        if bundled.model_id == last.model_id:
            return bundled
    raise ConfigError(
        f"The model that scored it, {last.model_id}, is not the bundled one.", hint="Name it with --model."
    )


def _prompt(
    store: StateStore, lead: Lead, last: HistoryEntry, scorer: Scorer, description: OrgDescription | None
) -> ScoredPrompt:
    manifest = scorer.manifest
    stage_name = manifest.funnel.resolve if description is None else StageNames(description, manifest).name_of
    named = store.lead(lead.lead_id, stage_name)
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
