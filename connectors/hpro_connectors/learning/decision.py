"""Whether a new model is put to use: only when it ranks better beyond noise."""

from __future__ import annotations

from hpro_connectors.learning.compare import IN_USE, NEW, NEWEST_FIRST, Comparison
from hpro_sdk.lead import Frozen

CHANCE = 0.5
"""AUC of a ranking that knows nothing."""


class Decision(Frozen):
    """Whether a model is put to use, and why.

    Attributes:
        better: Whether it ranks better beyond noise.
        forced: Whether a person put it to use although it does not.
        reason: In one line.
    """

    better: bool
    forced: bool = False
    reason: str

    @property
    def use(self) -> bool:
        """Whether it is put to use."""
        return self.better or self.forced


def decide(comparison: Comparison, *, force: bool = False) -> Decision:
    """Decide by the intervals; a tie is not better.

    Beside a model in use, the new one must rank better than that one. Without one, it must rank better than newest
    first and than chance.

    Args:
        comparison: On the newest fifth.
        force: Put it to use whatever comes out.
    """
    against = comparison.difference(IN_USE)
    if against is not None:
        better = against.auc[1] > 0
        reason = f"{_differs(against.auc, 'the model in use')}{'' if better else _TIE}"
    else:
        better, reason = _is_worth_a_start(comparison)
    forced = force and not better
    return Decision(better=better, forced=forced, reason=f"{reason}{_FORCED if forced else ''}")


_TIE = ", which is not better beyond noise"
_FORCED = "; a person had it put to use anyway"


def _is_worth_a_start(comparison: Comparison) -> tuple[bool, str]:
    new, against = comparison.ranking(NEW), comparison.difference(NEWEST_FIRST)
    if new is None or against is None:
        return False, "it was not compared"
    over_chance, over_newest = new.auc[1] > CHANCE, against.auc[1] > 0
    reason = (
        f"AUC {new.auc[0]:.3f} ({new.auc[1]:.3f} to {new.auc[2]:.3f}), where chance has 0.5; "
        f"{_differs(against.auc, 'newest first')}"
    )
    if over_chance and over_newest:
        return True, reason
    return False, reason + _TIE


def _differs(auc: tuple[float, float, float], name: str) -> str:
    return f"AUC {auc[0]:+.4f} against {name} ({auc[1]:+.4f} to {auc[2]:+.4f})"
