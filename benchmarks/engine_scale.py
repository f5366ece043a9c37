"""What a pass costs at 50,000, 100,000 and 200,000 leads: time by parts, calls, memory, size of the state.

Run: ``.venv/bin/python benchmarks/engine_scale.py [--sizes 50000 100000 200000] [--bundled 50000] [--out FILE.json]``;
``--picture`` draws the figures that are stored. Each size has a process of its own, whose peak memory is read at its
end. It makes an org file, then runs five passes over it: the first one; one a second later by the org's clock, which
reads back all that the first one wrote; one an hour later, in which nothing happened but that some ages are other words
now (and all is read back again, as the overlap wants it); one another hour later, as passes on quiet nights are; and
one after a hundredth of the leads changed.

The scorer has a fixed cost of 5 ms a lead, which is added to the clock and not waited for: 200,000 leads would sleep
for a quarter of an hour. So the same passes also tell what they cost with a scorer that costs nothing. ``--check`` runs
2,000 leads with real sleeping beside it. Seconds are those of the wall; ``processor`` are those of the processor, which
on a machine that is shared with other work say what a quiet one would need.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from engine_scale_picture import draw
from large_org import change_leads, make_large_org

from hpro_connectors.demo.connector import DemoConnector
from hpro_connectors.demo.filling import set_clock
from hpro_connectors.demo.org import Org
from hpro_connectors.engine import PassSettings, run_pass
from hpro_connectors.state import StateStore
from hpro_connectors.testing import fixed_cost_scorer
from hpro_sdk.models import bundled_model_path
from hpro_sdk.scoring.gguf_file import check_gguf
from hpro_sdk.scoring.scorer import Scorer

RESULTS = Path(__file__).resolve().parent / "results"
COST_S = 0.005
PAGE = 2000
CHANGED_SHARE = 0.01
PASSES = ("full", "no change, all read back", "an hour later, all read back", "no change", "1 % changed")


def main() -> None:
    """Measure, write the figures, draw them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="*", default=[50_000, 100_000, 200_000])
    parser.add_argument("--bundled", type=int, nargs="*", default=[], help="Sizes to score with the bundled model.")
    parser.add_argument("--check", action="store_true", help="Compare the added cost with real sleeping.")
    parser.add_argument("--out", type=Path, default=RESULTS / "engine_scale.json", help="Figures are added to it.")
    parser.add_argument("--picture", action="store_true", help="Only draw what is stored.")
    parser.add_argument("--one", nargs=3, metavar=("SIZE", "SCORER", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        size, scorer, folder = options.one
        print(json.dumps(_measure(int(size), scorer, Path(folder))))
        return
    if not options.picture:
        wanted = [(size, "fixed") for size in options.sizes] + [(size, "bundled") for size in options.bundled]
        if options.check:
            wanted += [(2000, "fixed"), (2000, "sleeping")]
        for size, scorer in wanted:
            _store(options.out, _in_its_own_process(size, scorer))
    draw(json.loads(options.out.read_text(encoding="utf-8")), options.out.with_suffix(".svg"))


def _in_its_own_process(size: int, scorer: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "--one", str(size), scorer, folder]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603 - our own program
    figures: dict[str, Any] = json.loads(done.stdout)
    print(json.dumps(figures, indent=1))
    return figures


def _store(path: Path, figures: dict[str, Any]) -> None:
    runs: list[dict[str, Any]] = []
    if path.exists():
        runs = json.loads(path.read_text(encoding="utf-8"))["runs"]
    runs = [run for run in runs if (run["leads"], run["scorer"]) != (figures["leads"], figures["scorer"])]
    runs = sorted([*runs, figures], key=lambda run: (run["scorer"], run["leads"]))
    text = json.dumps({"cost_s": COST_S, "machine": _machine(), "runs": runs}, indent=1)
    path.write_text(text + "\n", encoding="utf-8")


def _machine() -> dict[str, Any]:
    return {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.system()}


def _measure(size: int, scorer_name: str, folder: Path) -> dict[str, Any]:
    began = time.process_time()
    make_large_org(folder / "org.db", size)
    made_s = time.process_time() - began
    scorer, spent = _scorer(scorer_name)
    settings = PassSettings(lag_s=0, rails=False, clock=lambda: time.monotonic() + spent())
    passes: list[dict[str, Any]] = []
    with Org.open(folder / "org.db") as org, StateStore.open(folder / "state.db") as store:
        connector = DemoConnector(org, page_size=PAGE)
        connector.ensure_fields()
        for number, name in enumerate(PASSES):
            set_clock(org, org.clock() + timedelta(seconds=1 if name == "no change, all read back" else 3600))
            if name == "1 % changed":
                picked = random.Random(size).sample(range(size), int(size * CHANGED_SHARE))
                change_leads(org, [f"L{number:06}" for number in picked], seed=number)
                set_clock(org, org.clock() + timedelta(seconds=1))
            wall, processor, spent_before = time.monotonic(), time.process_time(), spent()
            report = run_pass(connector, store, scorer, settings)
            added_s = spent() - spent_before
            measured_s = time.monotonic() - wall
            passes.append(
                {
                    "name": name,
                    "seconds": round(measured_s + added_s, 2),
                    "seconds_at_no_cost": round(measured_s, 2),
                    "processor": round(time.process_time() - processor, 2),
                    "added": round(added_s, 2),
                    "took": {part: round(value, 2) for part, value in report.took.model_dump().items()},
                    "read": report.read,
                    "changed": report.changed,
                    "due": report.due,
                    "model_calls": report.model_calls,
                    "written": report.written,
                    "calls": report.calls,
                    "problems": report.problem_count,
                    "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
                    "state_mb": round((folder / "state.db").stat().st_size / 1e6, 1),
                    "load": round(os.getloadavg()[0], 1),
                }
            )
            print(json.dumps(passes[-1]), file=sys.stderr, flush=True)
    return {"leads": size, "scorer": scorer_name, "made_s": round(made_s, 1), "passes": passes}


def _scorer(name: str) -> tuple[Scorer, Callable[[], float]]:
    if name == "bundled":
        return Scorer.load(bundled_model_path()), lambda: 0.0
    manifest = check_gguf(bundled_model_path()).manifest
    if name == "sleeping":
        return fixed_cost_scorer(manifest, COST_S, time.sleep)[0], lambda: 0.0
    scorer, engine = fixed_cost_scorer(manifest, COST_S)
    return scorer, lambda: engine.spent_s


if __name__ == "__main__":
    main()
