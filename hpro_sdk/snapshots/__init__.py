"""What was known about a lead at one moment: the present one for scoring, past ones for training.

A snapshot holds interactions and stage changes only when both their event time and the time they were recorded
are not after ``as_of``. *When something was modified* never decides: a conversion re-parents, and so modifies,
every activity of the lead, and leaving those out would leak the outcome.
"""

from __future__ import annotations

from hpro_sdk.snapshots.build import build_snapshots
from hpro_sdk.snapshots.cutoffs import spaced_cutoffs
from hpro_sdk.snapshots.take import take_snapshot

__all__ = ["build_snapshots", "spaced_cutoffs", "take_snapshot"]
