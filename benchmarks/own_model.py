"""The path of every customer, walked on a simulated car dealer: read, train on its own history, plan, apply.

Run: ``.venv/bin/python benchmarks/own_model.py [--leads 10000] [--seed 1] [--max-minutes 12] [--work DIR]
[--out FILE.json]``. It runs the very commands of the README in a folder of its own, and prints how long each took and
how the new model ranks the newest fifth of that history beside the bundled model, trees, newest first and chance.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
HPRO = Path(sys.executable).with_name("hpro")
ALLOWED = {"run": {0, 2}, "apply": {0, 3}}
"""Exit codes that do not end the walk: the first run stops before it writes, as it should."""


def main() -> None:
    """Walk, and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=10_000, help="New leads a year.")
    parser.add_argument("--seed", type=int, default=1, help="Of the company.")
    parser.add_argument("--max-minutes", type=float, default=12.0, help="Of training.")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "own_model", help="Where it is all made.")
    parser.add_argument("--out", type=Path, help="Write the figures here as JSON.")
    options = parser.parse_args()
    if options.work.exists():
        shutil.rmtree(options.work)
    options.work.mkdir(parents=True)
    walk = Walk(options.work)
    walk.step("demo", "--leads", str(options.leads), "--seed", str(options.seed), "--only-org", "--json")
    walk.step("config", "init", "--org", "hpro-demo/org.sqlite")
    walk.step("run", "--once", "--stage", "read", "--json")
    learnt = walk.step("model", "train", "--max-minutes", str(options.max_minutes), "--json")
    planned = walk.step("plan", "--json")
    applied = walk.step("apply", "--plan", str(planned["plan"]["id"]), "--json")
    quiet = walk.step("run", "--once", "--json")["main"]
    figures = {
        "leads": options.leads,
        "seed": options.seed,
        "minutes": {name: round(seconds / 60, 1) for name, seconds in walk.seconds.items()},
        "minutes_in_all": round(sum(walk.seconds.values()) / 60, 1),
        "planned_rows": planned["plan"]["rows"],
        "written": applied["report"]["written"],
        "quiet_run": {"model_calls": quiet["model_calls"], "written": quiet["written"]},
        "learnt": learnt,
    }
    print(json.dumps(figures, indent=1))
    if options.out:
        options.out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


class Walk:
    """Runs commands in one folder, and remembers how long each took."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.seconds: dict[str, float] = {}

    def step(self, *arguments: str) -> dict[str, Any]:
        """Run one command; give the JSON that it printed, or nothing."""
        began = time.monotonic()
        done = subprocess.run(  # noqa: S603
            [str(HPRO), *arguments], cwd=self.folder, capture_output=True, text=True, check=False
        )
        name = " ".join(arguments[: 2 if arguments[0] in {"config", "model"} else 1])
        self.seconds[name] = self.seconds.get(name, 0.0) + time.monotonic() - began
        print(f"{name}: {self.seconds[name]:.0f} s, exit code {done.returncode}", file=sys.stderr)
        if done.returncode not in ALLOWED.get(arguments[0], {0}):
            raise SystemExit(f"hpro {' '.join(arguments)} failed:\n{done.stderr}")
        found: dict[str, Any] = json.loads(done.stdout) if "--json" in arguments else {}
        return found


if __name__ == "__main__":
    main()
