"""From process start to the first score of a loaded model: seconds, and whether torch was loaded.

Run: ``.venv/bin/python benchmarks/startup.py MODEL.gguf [--runs N]``. Every run is a new process that imports the
SDK, loads the model and scores one lead; the median is what a scheduled service or a notebook waits for.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time

FIRST_SCORE = """
import json, sys
from hpro_sdk import Lead, Scorer
scorer = Scorer.load(sys.argv[1])
lead = Lead(lead_id="1", object_type=scorer.manifest.object_type)
scored = next(iter(scorer.score([lead])))
print(json.dumps({"score": scored.score, "torch": "torch" in sys.modules, "modules": len(sys.modules)}))
"""


def main() -> None:
    """Time a number of new processes and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--runs", type=int, default=11)
    options = parser.parse_args()
    seconds: list[float] = []
    facts: dict[str, object] = {}
    for _ in range(options.runs + 1):
        started = time.perf_counter()
        done = subprocess.run(  # noqa: S603 - our own interpreter and text
            [sys.executable, "-c", FIRST_SCORE, options.model], capture_output=True, text=True, check=True
        )
        seconds.append(time.perf_counter() - started)
        facts = json.loads(done.stdout)
    seconds = seconds[1:]  # the first one fills the disk cache
    print(
        f"process start to first score: median {statistics.median(seconds):.3f} s "
        f"(min {min(seconds):.3f}, max {max(seconds):.3f}, {len(seconds)} runs); "
        f"torch loaded: {facts['torch']}; modules: {facts['modules']}"
    )


if __name__ == "__main__":
    main()
