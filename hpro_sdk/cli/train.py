"""``hpro train``: train a scorer on leads whose outcomes are known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hpro_sdk._extras import require_extra
from hpro_sdk.cli.options import PATH, json_option, mapping_option
from hpro_sdk.cli.output import print_json, print_table, terminal_safe
from hpro_sdk.cli.training_bar import training_bar
from hpro_sdk.data import load_mapping, read_examples
from hpro_sdk.funnel import Funnel

if TYPE_CHECKING:
    from hpro_sdk.training.report import TrainingReport

DEFAULT_FUNNEL = Funnel(stages=("open",))


@click.command()
@click.option("--data", required=True, type=PATH, metavar="FILE", help="Leads with outcomes: CSV, JSONL or Parquet.")
@mapping_option(required=True)
@click.option("--out", required=True, type=PATH, metavar="DIR", help="The checkpoint folder to make.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of weights and batches.")
@click.option(
    "--max-minutes",
    type=click.FloatRange(0, min_open=True),
    default=15,
    show_default=True,
    help="Minutes of training; then the best model so far is kept.",
)
@click.option(
    "--max-tokens",
    type=click.IntRange(32, 32_768),
    default=512,
    show_default=True,
    help="Tokens of a prompt; older interactions that do not fit are left out.",
)
@json_option
def train(data: Path, mapping: Path, out: Path, seed: int, max_minutes: float, max_tokens: int, as_json: bool) -> None:
    """Train a scorer and write it to DIR as a Hugging Face checkpoint with an hpro.json beside it.

    Training stops by itself when the ranking of the validation split no longer gets better, and keeps the best
    point. An interrupted run leaves DIR.partial; the same command goes on from there. Next: `hpro export`.
    """
    require_extra("train", "torch", "Training")
    from hpro_sdk.leaks import find_leaks
    from hpro_sdk.training.config import TrainingConfig
    from hpro_sdk.training.run import TrainingPlan
    from hpro_sdk.training.run import train as run_training
    from hpro_sdk.training.templates import template_of

    table_mapping = load_mapping(mapping)
    plan = TrainingPlan(
        examples=read_examples(data, table_mapping),
        template=template_of(table_mapping, max_tokens),
        funnel=table_mapping.funnel or DEFAULT_FUNNEL,
        config=TrainingConfig(seed=seed, max_minutes=max_minutes),
    )
    for finding in find_leaks(plan.examples):
        click.echo(terminal_safe(f"Warning: {finding.message}"), err=True)
    with training_bar() as listener:
        report = run_training(plan, out, listener)
    if as_json:
        print_json(report)
    else:
        _print(report, out)


def _print(report: TrainingReport, out: Path) -> None:
    best = report.best
    rows: list[tuple[str, object]] = [
        ("validation AUC", f"{best.auc:.4f}"),
        ("kept after epoch", best.epoch),
        ("ended by", report.ended_by),
        ("parameters", f"{report.parameters:,}"),
        ("training leads", f"{report.examples['train']:,}, of which {report.won.get('train', 0):,} won"),
        ("tokens a prompt", report.prompt_tokens),
        *(
            (f"pairs of rule {name}", f"{count:,}" if count else "none: the rule taught nothing")
            for name, count in report.rule_pairs.items()
        ),
    ]
    print_table(["figure", "value"], rows, title=f"Trained {out}")
    click.echo(f"Next: hpro export {out} --out {out.name}.gguf", err=True)
