"""Who may be paired with whom: the funnel's preference rules applied to training examples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from hpro_sdk.errors import NoPairsError
from hpro_sdk.funnel import Funnel, PairSide, PreferenceRule
from hpro_sdk.lead import InteractionKind, LeadSnapshot, OutcomeResult, Speaker, TrainingExample
from hpro_sdk.training.losses import RuleBatch

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class RuleMembers:
    """One rule applied to ``N`` examples: who may be chosen, who rejected; both of shape ``(N,)``."""

    rule: PreferenceRule
    chosen: BoolArray
    rejected: BoolArray


@dataclass(frozen=True, slots=True)
class PairTable:
    """All active rules applied to all examples.

    Attributes:
        members: One entry a rule with a weight above 0.
        stratum: Result and depth of each example as one number, for rules that pair equals. Shape ``(N,)``.
    """

    members: tuple[RuleMembers, ...]
    stratum: NDArray[np.int64]

    def count_pairs(self) -> dict[str, int]:
        """Give how many pairs each rule finds in all the examples together."""
        return {entry.rule.name: self._count(entry) for entry in self.members}

    def _count(self, entry: RuleMembers) -> int:
        groups = np.unique(self.stratum) if entry.rule.same_depth else [None]
        total = 0
        for group in groups:
            inside = np.ones_like(entry.chosen) if group is None else self.stratum == group
            chosen, rejected = entry.chosen & inside, entry.rejected & inside
            total += int(chosen.sum()) * int(rejected.sum()) - int((chosen & rejected).sum())
        return total

    def batch(self, indices: NDArray[np.int64], device: torch.device | None = None) -> list[RuleBatch]:
        """Give the rules for one batch of examples.

        Args:
            indices: Of the examples. Shape ``(B,)``.
            device: Where the masks are to lie; default: the CPU.
        """
        stratum = torch.from_numpy(self.stratum[indices]).to(device)
        return [
            RuleBatch(
                name=entry.rule.name,
                chosen=torch.from_numpy(entry.chosen[indices]).to(device),
                rejected=torch.from_numpy(entry.rejected[indices]).to(device),
                margin=entry.rule.margin,
                weight=entry.rule.weight,
                stratum=stratum if entry.rule.same_depth else None,
            )
            for entry in self.members
        ]


def build_pair_table(examples: Sequence[TrainingExample], funnel: Funnel) -> PairTable:
    """Apply the funnel's rules to examples.

    Raises:
        NoPairsError: No rule finds a single pair.
    """
    depths = np.array([funnel.depth(example.outcome) for example in examples], dtype=np.int64)
    results = [example.outcome.result for example in examples]
    stratum = depths * len(OutcomeResult) + np.array([list(OutcomeResult).index(r) for r in results], dtype=np.int64)
    members = tuple(
        RuleMembers(rule, _side(rule.chosen, examples, depths, funnel), _side(rule.rejected, examples, depths, funnel))
        for rule in funnel.rules
        if rule.weight > 0
    )
    table = PairTable(members, stratum)
    if not any(table.count_pairs().values()):
        raise NoPairsError(
            "No preference rule finds a pair in the training split.",
            hint="Check the outcome columns of the mapping and the rules in [funnel].",
        )
    return table


def _side(side: PairSide, examples: Sequence[TrainingExample], depths: NDArray[np.int64], funnel: Funnel) -> BoolArray:
    members = np.ones(len(examples), dtype=np.bool_)
    if side.outcome is not None:
        results = np.array([example.outcome.result.value for example in examples])
        members &= (results != OutcomeResult.WON) if side.outcome == "not_won" else (results == side.outcome)
    if side.reached is not None:
        members &= depths >= funnel.depth_of_stage(side.reached)
    if side.not_reached is not None:
        # Depth 0 means that nothing is known about how far the lead got.
        members &= (depths > 0) & (depths < funnel.depth_of_stage(side.not_reached))
    if side.signal is not None:
        values = np.array([_signal(example.snapshot, side.signal) for example in examples])
        with np.errstate(invalid="ignore"):
            if side.at_least is not None:
                members &= values >= side.at_least
            if side.at_most is not None:
                members &= values <= side.at_most
    return members


def _signal(snapshot: LeadSnapshot, signal: str) -> float:
    """A soft signal known at the snapshot's time; NaN (on no side of any bound) where there is none."""
    if signal.startswith("field:"):
        value = snapshot.fields.get(signal.removeprefix("field:"))
        return float(value) if isinstance(value, int | float) else float("nan")
    interactions = snapshot.interactions
    if signal == "call_seconds":
        return max((float(i.call_seconds) for i in interactions if i.call_seconds is not None), default=float("nan"))
    if not interactions:
        return float("nan")
    if signal == "replies":
        return float(sum(i.speaker is Speaker.LEAD for i in interactions))
    return float(sum(i.kind is InteractionKind.MEETING for i in interactions))
