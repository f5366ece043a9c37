"""X Education, real leads with a time split: test AUC of several seeds, trained, exported and scored as users do.

Run: ``.venv/bin/python benchmarks/xeducation.py [--seeds 11 12 13 14 15] [--split test] [--out FILE.json]``. Two seeds
run at a time, each on one processor (two threads a seed would wait for each other by spinning). For each seed it runs
``hpro train`` (at most 15 minutes), ``hpro export`` (GGUF, Q8_0) and ``hpro evaluate`` on the file (llama.cpp) and on
the checkpoint (PyTorch), and prints both AUCs; then gradient-boosted trees on the same columns.
The data are found through ``HPRO_BENCH_DATA``, default ``../shared/data`` beside the repository.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from hpro_sdk.data import load_mapping, read_examples
from hpro_sdk.field_kind import FieldKind
from hpro_sdk.lead import TrainingExample
from hpro_sdk.metrics import auc

ROOT = Path(__file__).resolve().parents[1]
MAPPING = ROOT / "benchmarks" / "mappings" / "xeducation.toml"
HPRO = Path(sys.executable).with_name("hpro")
TARGET = 0.81


def main() -> None:
    """Run all seeds and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[11, 12, 13, 14, 15])
    parser.add_argument("--jobs", type=int, default=2, help="Seeds at a time, each on one processor.")
    parser.add_argument("--split", choices=["valid", "test"], default="test")
    parser.add_argument("--out", type=Path, help="Write the figures here as JSON.")
    parser.add_argument("--keep", type=Path, help="Keep checkpoints and model files in this folder.")
    options = parser.parse_args()
    data = Path(os.environ.get("HPRO_BENCH_DATA", ROOT.parent / "shared" / "data")) / "xeducation.parquet"
    if not data.exists():
        sys.exit(f"{data} does not exist. Set HPRO_BENCH_DATA to the folder that holds xeducation.parquet.")
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(options.jobs) as pool:
            runs = list(pool.map(lambda seed: _run_seed(seed, data, folder, options.split), options.seeds))
    aucs = [run["gguf_auc"] for run in runs]
    figures = {
        "split": options.split,
        "runs": runs,
        "median_gguf_auc": round(statistics.median(aucs), 4),
        "largest_gap_gguf_pytorch": round(max(abs(run["gguf_auc"] - run["pytorch_auc"]) for run in runs), 5),
        "trees_auc": round(_trees_auc(read_examples(data, load_mapping(MAPPING)), options.split), 4),
        "target": TARGET,
    }
    if options.out:
        options.out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(json.dumps({name: value for name, value in figures.items() if name != "runs"}))


def _run_seed(seed: int, data: Path, folder: Path, split: str) -> dict[str, Any]:
    checkpoint, model = folder / f"seed{seed}", folder / f"seed{seed}.gguf"
    table = ["--data", str(data), "--mapping", str(MAPPING)]
    started = time.monotonic()
    report = _hpro("train", *table, "--out", str(checkpoint), "--seed", str(seed), "--json")
    minutes = (time.monotonic() - started) / 60
    exported = _hpro("export", str(checkpoint), "--out", str(model), "--json")
    evaluate = ["evaluate", *table, "--split", split, "--json"]
    gguf = _hpro(*evaluate, "--model", str(model))
    pytorch = _hpro(*evaluate, "--model", str(checkpoint))
    run = {
        "seed": seed,
        "minutes": round(minutes, 1),
        "kept_epoch": next(p["epoch"] for p in report["history"] if p["step"] == report["best_step"]),
        "validation_auc": round(max(point["auc"] for point in report["history"]), 4),
        "gguf_auc": round(gguf["auc"][0], 4),
        "gguf_auc_interval": [round(value, 4) for value in gguf["auc"][1:]],
        "pytorch_auc": round(pytorch["auc"][0], 4),
        "average_precision": round(gguf["average_precision"][0], 4),
        "precision_at_5pct": round(gguf["precision_at"]["5%"][0], 4),
        "ece": round(gguf["ece"][0], 4),
        "bytes": model.stat().st_size,
        "parity": exported.get("parity", exported),
    }
    print(json.dumps({name: value for name, value in run.items() if name != "parity"}), flush=True)
    return run


def _hpro(*arguments: str) -> Any:  # noqa: ANN401 - JSON
    one_thread = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(  # noqa: S603 - our own command
        [HPRO, *arguments], stdout=subprocess.PIPE, text=True, check=True, env=one_thread
    )
    return json.loads(done.stdout)


def _trees_auc(examples: list[TrainingExample], split: str) -> float:
    """Gradient-boosted trees on the mapped features: numbers as they are, everything else as categories."""
    import lightgbm

    names = list(examples[0].snapshot.fields)
    kinds = {name: feature.kind for name, feature in load_mapping(MAPPING).features.items()}
    codes: dict[str, dict[object, int]] = {name: {} for name in names}
    rows = [
        [
            float("nan") if value is None
            else float(value) if kinds[name] is FieldKind.NUMBER
            else float(codes[name].setdefault(value, len(codes[name])))
            for name, value in ((name, example.snapshot.fields[name]) for name in names)
        ]
        for example in examples
    ]  # fmt: skip
    features, won = np.array(rows), np.array([example.outcome.won for example in examples])
    part = {name: np.array([example.split == name for example in examples]) for name in ("train", "valid", split)}
    categories = [index for index, name in enumerate(names) if kinds[name] is not FieldKind.NUMBER]
    trees = lightgbm.train(
        {"objective": "binary", "learning_rate": 0.03, "num_leaves": 15, "verbose": -1, "seed": 0, "num_threads": 2},
        lightgbm.Dataset(features[part["train"]], won[part["train"]], categorical_feature=categories),
        num_boost_round=400,
        valid_sets=[lightgbm.Dataset(features[part["valid"]], won[part["valid"]], categorical_feature=categories)],
        callbacks=[lightgbm.early_stopping(40, verbose=False)],
    )
    return auc(np.asarray(trees.predict(features[part[split]])), won[part[split]])


if __name__ == "__main__":
    main()
