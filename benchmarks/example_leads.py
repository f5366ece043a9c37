"""Makes a small table of made-up leads, to try the commands of the README without data of one's own.

Run: ``.venv/bin/python benchmarks/example_leads.py leads.csv [--leads 1200] [--seed 1]``. The outcome follows the
number of visits, the source and what the last note says, with luck on top; nothing here is real, and a model
trained on it knows nothing about any company.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

COLUMNS = ("lead_id", "seen_at", "created", "source", "visits", "newsletter", "status", "calls", "result", "reached")
START = datetime(2026, 1, 5, 9, tzinfo=UTC)
KEEN = (
    "Wants a test drive on Saturday.",
    "Asked twice when the car could be delivered.",
    "Has the budget, compares two offers.",
)
COOL = ("Just looking around, no hurry.", "Did not pick up, left a message.", "Says it is too expensive this year.")


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--leads", type=int, default=1200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    draw = random.Random(options.seed)
    with options.file.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(_row(number, draw) for number in range(options.leads))


def _row(number: int, draw: random.Random) -> dict[str, object]:
    seen_at = START + timedelta(hours=3 * number)
    visits = min(40, int(draw.expovariate(0.15)))
    source = draw.choices(["web", "referral", "fair", "phone"], [6, 2, 1, 3])[0]
    keen = draw.random() < 0.4
    chance = 0.04 + 0.02 * min(visits, 12) + 0.2 * (source == "referral") + 0.35 * keen
    won = draw.random() < chance
    drove = won or draw.random() < chance
    call = {
        "kind": "call",
        "speaker": draw.choice(["lead", "rep"]),
        "text": draw.choice(KEEN if keen else COOL),
        "call_seconds": draw.randrange(90, 600) if keen else draw.randrange(5, 150),
        "occurred_at": (seen_at - timedelta(hours=draw.randrange(2, 400))).isoformat(),
    }
    return {
        "lead_id": f"L{number:05}",
        "seen_at": seen_at.isoformat(),
        "created": (seen_at - timedelta(days=draw.randrange(20, 60))).isoformat(),
        "source": source,
        "visits": visits if draw.random() > 0.05 else "",
        "newsletter": draw.choice(["yes", "no"]),
        "status": draw.choice(["New", "New", "Contacted"]),
        "calls": json.dumps([call] if draw.random() > 0.2 else []),
        "result": int(won),
        "reached": "Won" if won else "Test drive" if drove else "Contacted",
    }


if __name__ == "__main__":
    main()
