"""Writes the card of the bundled model from its training report and from what was measured on it.

Run: ``.venv/bin/python benchmarks/model_card.py``, after ``benchmarks/train_bundled_model.py`` and
``benchmarks/simulated_companies.py --model ... --out benchmarks/results/simulated_test_drive.json``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
REPORT = ROOT / "hpro_sdk" / "models" / "demo_test_drive.json"
MEASURED = ROOT / "benchmarks" / "results" / "simulated_test_drive.json"


def main() -> None:
    """Write the card."""
    report, measured = (json.loads(path.read_text(encoding="utf-8")) for path in (REPORT, MEASURED))
    if report["model_id"] != measured["model_id"]:
        sys.exit(
            f"{MEASURED} measures {measured['model_id']}, and the report is of {report['model_id']}: measure anew."
        )
    REPORT.with_suffix(".md").write_text(card(report, measured), encoding="utf-8")


def card(report: dict[str, Any], measured: dict[str, Any]) -> str:
    """Give the card's text."""
    training = report["training"]
    rows = "\n".join(
        f"| {name} | {row['auc']:.4f} | {row['interval'][0]:.3f} to {row['interval'][1]:.3f} "
        f"| {100 * row['way']:.1f} % |"
        for name, row in measured["models"].items()
    )
    gap, low, high = measured["scorer_minus_tfidf"]
    best = next(point for point in training["history"] if point["step"] == training["best_step"])
    return f"""# The bundled scorer

`{report["model_id"]}`, {report["bytes"]:,} bytes, GGUF Q8_0. For trying HPRO on the simulated car dealer of `hpro demo`
and on the emulators, and for nothing else: **it has never seen a real lead. A real org must train on its own
history** (`hpro train`). On any org but a demo org HPRO refuses to use it unless told `--demo-model`.

## What it was trained on

Simulated companies only, simulator version {report["simulator_version"]}. For training, seeds
{report["training_seeds"][0]} to {report["training_seeds"][1]}: {training["examples"]["train"]:,} snapshots, of which
{training["won"]["train"]:,} were won within {report["horizon_days"]} days. For validation, seeds
{report["validation_seeds"][0]} to {report["validation_seeds"][1]}: {training["examples"]["valid"]:,} snapshots.
Companies have {report["leads_a_year"]:,} leads a year, and sources, regions, products and reps of their own. A quarter
of all phrasings was kept from them.

Nano base from a random start, {training["parameters"]:,} weights, {training["prompt_tokens"]} tokens a prompt;
{training["best_step"]:,} steps of {training["config"]["batch_size"]}, ended by {training["ended_by"]}; validation AUC
{best["auc"]:.4f}. Trained at commit `{report["commit"]}` on one processor core, {report["minutes"]} minutes with the
making of its data. The whole report is `demo_test_drive.json` beside this card; `make model` makes all of it anew.

## What it scored

On a company of another seed ({measured["test"]["seed"]}) whose people also use the phrasings that were kept back:
{measured["test"]["snapshots"]:,} snapshots, {100 * measured["test"]["won_share"]:.1f} % won within the horizon. "Of the
way" is from AUC 0.5 to the best possible, that of the exact posterior given all that was entered. The simple models
learnt from the same snapshots.

| ranking | AUC | 95 % interval | of the way |
|---|---|---|---|
{rows}

Scorer less TF-IDF, paired by lead: {gap:+.4f} ({low:+.4f} to {high:+.4f}). Printed by
`python benchmarks/simulated_companies.py --model hpro_sdk/models/demo_test_drive.gguf`. The file ranks as its
checkpoint does: Kendall's tau {report["parity"]["kendall_tau"]} on 200 made-up leads.

## Limits

English above all, some German, French and Spanish; the test-drive funnel only. What it knows of sources, reps or words
is made up, and so is every phrase in its vocabulary. Weights and card: Apache-2.0, as HPRO.
"""


if __name__ == "__main__":
    main()
