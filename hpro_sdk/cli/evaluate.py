"""``hpro evaluate``: measure how well a model ranks leads whose outcomes are known."""

from __future__ import annotations

from pathlib import Path

import click

from hpro_sdk.cli.options import PATH, json_option, mapping_option, model_option
from hpro_sdk.cli.output import print_json, print_table
from hpro_sdk.data import load_mapping, read_examples
from hpro_sdk.evaluation import evaluate_model, load_scorer, require_fit
from hpro_sdk.metrics import report_rows


@click.command()
@model_option
@click.option("--data", required=True, type=PATH, metavar="FILE", help="Leads with outcomes: CSV, JSONL or Parquet.")
@mapping_option(required=True)
@click.option(
    "--split",
    type=click.Choice(["train", "valid", "test"]),
    default="test",
    show_default=True,
    help="Which leads to measure on.",
)
@click.option("--resamples", type=click.IntRange(1), default=1000, show_default=True, help="Bootstrap resamples.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed of the bootstrap.")
@json_option
def evaluate(model: Path, data: Path, mapping: Path, split: str, resamples: int, seed: int, as_json: bool) -> None:
    """Measure how well a model ranks one split of a table.

    Prints AUC, average precision, precision at the top, NDCG and calibration error, each with a 95 % interval from
    a bootstrap over leads, or over groups where the mapping names them.
    """
    table_mapping = load_mapping(mapping)
    examples = read_examples(data, table_mapping)
    scorer = load_scorer(model)
    require_fit(scorer.manifest, table_mapping)
    report = evaluate_model(scorer, examples, split, resamples=resamples, seed=seed)
    if as_json:
        print_json(report)
    else:
        print_table(["metric", "value", "95 % interval"], report_rows(report), title=f"{model} on {split}")
