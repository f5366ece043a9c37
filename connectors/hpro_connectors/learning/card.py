"""The card of a model, for people: what it learnt from, how it ranks, and what to keep in mind."""

from __future__ import annotations

from hpro_connectors.learning.compare import Comparison
from hpro_connectors.learning.report import LearningReport

_TITLES = {
    "new": "this model",
    "in use": "the model in use before",
    "trees": "gradient-boosted trees",
    "newest first": "newest first",
}


def model_card(report: LearningReport) -> str:
    """Write the card, in Markdown.

    Args:
        report: Of the model.
    """
    data, training, compared = report.data, report.training, report.comparison
    examples = data.examples
    sides = "\n".join(
        f"| {name} | {side.first:%Y-%m-%d} to {side.last:%Y-%m-%d} | {side.snapshots:,} | {side.leads:,} "
        f"| {side.won:,} |"
        for name, side in examples.sides.items()
    )
    left_out = "\n".join(f"- `{name}`: {reason}" for name, reason in data.left_out.items()) or "- nothing"
    notes = "\n".join(f"- {note}" for note in (*data.warnings, *data.leaks)) or "- nothing"
    put = "Put to use" if report.decision.use else "Not put to use"
    return f"""# {report.model_id}

Scores `{data.object_type}` records of org `{data.org_id}`. Made {report.made_at:%Y-%m-%d %H:%M} UTC from the org's own
history, read until {data.known_until:%Y-%m-%d %H:%M} UTC. {put}: {report.decision.reason}.

**Guard this file like the CRM data it was made from**: words and categories that are frequent in them are part of it.

## What it learnt from

{data.history.looked_at:,} leads, {data.history.won:,} won by now, {data.history.lost:,} lost, {data.history.open:,}
open. Each was looked at every {data.cutoff_every_days} days while it was open; won means won within
{data.horizon_days} days after that. {data.history.without_end:,} leads were left out because nothing says when they
ended, {data.history.excluded:,} because they are excluded from scoring.

| side | looked at | snapshots | leads | won |
|---|---|---|---|---|
{sides}

No lead, person or account stands on two sides. Stages: {", ".join(data.stages)}. Fields shown:
{", ".join(data.fields) or "none"}. Not shown:

{left_out}

To be looked at by a person:

{notes}

## How it ranks

{comparison_table(compared)}

On the newest fifth of the history, {compared.snapshots:,} snapshots of which {compared.won:,} were won
({100 * compared.won_share:.1f} %, what the top of a list by chance holds). 95 % intervals of the bootstrap over
{compared.leads:,} leads or accounts.

## How it was trained

Nano base from a random start, {training.parameters:,} weights, {training.prompt_tokens} tokens a prompt; ended by
{training.ended_by}; validation AUC {training.best.auc:.4f}. The file orders leads as its checkpoint does: Kendall's tau
{report.parity:.4f}. {report.minutes:.1f} minutes in all.
"""


def comparison_table(comparison: Comparison) -> str:
    """Give the rankings as a table in Markdown.

    Args:
        comparison: The rankings.
    """
    lines = ["| ranking | AUC | precision in the top 5 % | new model's AUC less this one's |", "|---|---|---|---|"]
    for ranking in comparison.rankings:
        difference = comparison.difference(ranking.name)
        auc, top = ranking.auc, ranking.precision_at_5pct
        lines.append(
            f"| {_TITLES.get(ranking.name, ranking.name)} | {auc[0]:.4f} ({auc[1]:.4f} to {auc[2]:.4f}) "
            f"| {100 * top[0]:.1f} % ({100 * top[1]:.1f} to {100 * top[2]:.1f}) "
            f"| {'' if difference is None else _signed(difference.auc)} |"
        )
    lines.append(f"| chance | 0.5 | {100 * comparison.won_share:.1f} % | |")
    if comparison.in_use_problem is not None:
        lines += ["", f"The model in use, {comparison.in_use_id}, could not be compared: {comparison.in_use_problem}"]
    return "\n".join(lines)


def _signed(auc: tuple[float, float, float]) -> str:
    return f"{auc[0]:+.4f} ({auc[1]:+.4f} to {auc[2]:+.4f})"
