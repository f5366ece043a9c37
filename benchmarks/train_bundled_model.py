"""Trains the scorer that ships with HPRO, on simulated companies alone, and writes its card and report.

Run: ``make model``, or ``.venv/bin/python benchmarks/train_bundled_model.py [--company test_drive] [--work DIR]
[--out FILE.gguf] [--max-minutes 42]``. About an hour on two cores, most of it training on one; an interrupted run goes
on with the same command. Measuring it on a company of another seed is ``benchmarks/simulated_companies.py``, which
``make model`` runs afterwards.
"""

from __future__ import annotations

import argparse
import itertools
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

from hpro_connectors.demo.company_sets import (
    CUTOFF_DAYS,
    TRAINING_LEADS,
    TRAINING_SEEDS,
    VALIDATION_SEEDS,
    learning_examples,
)
from hpro_connectors.demo.histories import HORIZON_DAYS, funnel_of, template_of
from hpro_connectors.demo.simulation import Simulation
from hpro_connectors.demo.simulator import SIMULATOR_VERSION
from hpro_connectors.demo.simulator.companies import COMPANIES
from hpro_quantize.pipeline import export
from hpro_sdk.training.config import NanoConfig, TrainingConfig
from hpro_sdk.training.run import TrainingPlan, train
from hpro_sdk.training.trainer import TrainingProgress

ROOT = Path(__file__).resolve().parents[1]
BUNDLED = ROOT / "hpro_sdk" / "models" / "demo_test_drive.gguf"
MAX_TOKENS = 352
CONFIG = TrainingConfig(
    seed=1,
    epochs=1,
    learning_rate=7e-4,
    validations=5,
    language_share=0.25,
    nano=NanoConfig(vocab_size=2048),
)


def main() -> None:
    """Train, export and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--company", choices=sorted(COMPANIES), default="test_drive")
    parser.add_argument("--companies", type=int, default=len(TRAINING_SEEDS), help="Companies to train on.")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "bundled", help="Where the checkpoint lies.")
    parser.add_argument("--out", type=Path, help="Default: the bundled model, or build/bundled for other companies.")
    parser.add_argument("--max-minutes", type=float, default=42.0, help="Of training.")
    options = parser.parse_args()
    kind = COMPANIES[options.company]
    started, trained_at = time.monotonic(), commit()
    out = options.out or (BUNDLED if kind.name == "test_drive" else options.work / f"{kind.name}.gguf")
    seeds = TRAINING_SEEDS[: options.companies]
    made = []
    for number, examples in enumerate(learning_examples(kind, seeds), 1):
        made.append(examples)
        print(f"company {number}: {len(examples)} snapshots", file=sys.stderr)
    simulation = Simulation(kind, seeds[0], leads_per_year=TRAINING_LEADS, reserved_phrases=False)
    options.work.mkdir(parents=True, exist_ok=True)
    checkpoint = options.work / kind.name
    if not checkpoint.exists():
        plan = TrainingPlan(
            examples=list(itertools.chain.from_iterable(made)),
            template=template_of(simulation, MAX_TOKENS),
            funnel=funnel_of(simulation),
            config=CONFIG.model_copy(update={"max_minutes": options.max_minutes}),
        )
        train(plan, checkpoint, tell)
    exported = export(checkpoint, out)
    training = json.loads((checkpoint / "training_report.json").read_text(encoding="utf-8"))
    report = {
        "company": kind.name,
        "simulator_version": SIMULATOR_VERSION,
        "commit": trained_at,
        "training_seeds": [seeds[0], seeds[-1]],
        "validation_seeds": [VALIDATION_SEEDS[0], VALIDATION_SEEDS[-1]],
        "leads_a_year": TRAINING_LEADS,
        "snapshot_days": [CUTOFF_DAYS[0], CUTOFF_DAYS[-1], CUTOFF_DAYS.step],
        "horizon_days": HORIZON_DAYS,
        "model_id": exported.model_id,
        "bytes": exported.bytes,
        "parity": {
            "logits": round(exported.parity.max_logit_difference, 5),
            "kendall_tau": round(exported.parity.tau, 5),
        },
        "minutes": round((time.monotonic() - started) / 60, 1),
        "training": training,
    }
    out.with_suffix(".json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    shutil.rmtree(checkpoint)  # the next run trains anew; an interrupted one left only a .partial to go on from
    print(json.dumps({name: value for name, value in report.items() if name != "training"}))


def tell(progress: TrainingProgress) -> None:
    """Say now and then how far training is."""
    if progress.step % 100 == 0:
        best = "none yet" if progress.best_auc is None else f"{progress.best_auc:.4f}"
        print(f"step {progress.step} of {progress.steps}, {progress.seconds:.0f} s, best {best}", file=sys.stderr)


def commit() -> str:
    """Give the commit that the model was trained at, with a plus where files had changed since."""
    git = ["git", "-C", str(ROOT)]
    name = subprocess.run([*git, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=False)  # noqa: S603
    changed = subprocess.run([*git, "status", "--porcelain", "-uno"], capture_output=True, text=True, check=False)  # noqa: S603
    return name.stdout.strip() + ("+" if changed.stdout.strip() else "")


if __name__ == "__main__":
    main()
