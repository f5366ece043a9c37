"""Leaks: what alone nearly gives the outcome away, and so was probably written after it.

With real CRM exports the commonest mistake is a field or a note of after the outcome; it gives an AUC near 1 and a
useless model. What is found here is a suspicion for a person to look at, never a proof.
"""

from __future__ import annotations

from hpro_sdk.leaks.find import find_leaks
from hpro_sdk.leaks.finding import LeakFinding

__all__ = ["LeakFinding", "find_leaks"]
