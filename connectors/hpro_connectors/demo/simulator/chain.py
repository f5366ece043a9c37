"""The hidden Markov chain of a lead: starts, daily moves, and the chance to be won within a horizon.

Vectors run over the hidden states ``fit * len(INTENTS) + intent``; probabilities are per day.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hpro_connectors.demo.simulator.company import FIT_TOPICS, FITS, INTENT_TOPICS, INTENTS, STATES, CompanyKind
from hpro_connectors.demo.simulator.org_effects import Rep

Vector = NDArray[np.float64]

TOPICS = (*INTENT_TOPICS, *FIT_TOPICS)
"""All topics that can be spoken for or against."""


def _by_intent(values: tuple[float, ...]) -> Vector:
    return np.array([values[intent] for _ in FITS for intent in range(len(INTENTS))])


def _by_fit(values: tuple[float, ...]) -> Vector:
    return np.array([values[fit] for fit in range(len(FITS)) for _ in INTENTS])


def sigmoid(value: float) -> float:
    """Give ``1 / (1 + exp(-value))`` for moderate values."""
    return 1 / (1 + math.exp(-value))


@dataclass(frozen=True, slots=True)
class Chain:
    """All that depends on the hidden state, for one kind of company.

    Attributes:
        kind: The kind of company.
        moves: Chance of tomorrow's state given today's. Shape ``(STATES, STATES)``.
        advance: By open stage: chance to leave it forwards. Shape ``(stages, STATES)``.
        loss: Chance to be closed as lost. Shape ``(STATES,)``.
        lead_contact: Chance that the lead calls or writes.
        answers: Chance that a call reaches the lead.
        long_call: Chance that such a call is a long one.
        visit: Chance of a visit to the web site.
        stance: By topic: chance that the lead speaks for the deal. Shape ``(topics, STATES)``.
    """

    kind: CompanyKind
    moves: Vector
    advance: Vector
    loss: Vector
    lead_contact: Vector
    answers: Vector
    long_call: Vector
    visit: Vector
    stance: Vector

    @classmethod
    def of(cls, kind: CompanyKind) -> Chain:
        """Set up the chain of a kind of company."""
        return cls(
            kind=kind,
            moves=_moves(kind),
            advance=np.array(
                [
                    np.minimum(0.9, stage.advance * _by_intent(stage.by_intent) * _by_fit(stage.by_fit))
                    for stage in kind.stages
                ]
            ),
            loss=_by_intent(kind.loss),
            lead_contact=_by_intent(kind.lead_contact),
            answers=_by_intent(kind.answers),
            long_call=_by_intent(kind.long_call),
            visit=_by_intent(kind.visit),
            stance=np.array(
                [_by_intent(kind.lead_stance)] * len(INTENT_TOPICS) + [_by_fit(kind.fit_stance)] * len(FIT_TOPICS)
            ),
        )

    def start(self, log_odds: float) -> Vector:
        """Give the distribution of the first hidden state for the log-odds that the fields add."""
        good = sigmoid(self.kind.good_fit + log_odds)
        shift = self.kind.start_slope * log_odds
        intents = np.array([share * math.exp(shift * rank) for rank, share in enumerate(self.kind.start)])
        intents /= intents.sum()
        return np.concatenate([(1 - good) * intents, good * intents])

    def reported_stance(self, topic: int, rep: Rep) -> Vector:
        """Give the chance that a rep reports a topic as for the deal; part of it is the rep's own mood."""
        reported: Vector = (1 - rep.mood) * self.stance[topic] + rep.mood * rep.sees_good
        return reported

    def transitions(self) -> Vector:
        """Give the daily matrix over (stage, state), then lost, then won. Rows sum to 1."""
        stages = len(self.kind.stages)
        size = stages * STATES + 2
        matrix = np.zeros((size, size))
        for stage in range(stages):
            rows = slice(stage * STATES, (stage + 1) * STATES)
            onward = (1 - self.loss) * self.advance[stage]
            stay = (1 - self.loss) * (1 - self.advance[stage])
            matrix[rows, rows] = stay[:, None] * self.moves
            if stage + 1 < stages:
                following = slice((stage + 1) * STATES, (stage + 2) * STATES)
                matrix[rows, following] = onward[:, None] * self.moves
            else:
                matrix[rows, size - 1] = onward
            matrix[rows, size - 2] = self.loss
        matrix[size - 2, size - 2] = matrix[size - 1, size - 1] = 1.0
        return matrix

    def win_chances(self, horizon_days: int) -> Vector:
        """Give the chance to be won within so many days, by stage and state. Shape ``(stages, STATES)``."""
        power = np.linalg.matrix_power(self.transitions(), horizon_days)
        return power[:-2, -1].reshape(len(self.kind.stages), STATES)


def _moves(kind: CompanyKind) -> Vector:
    matrix = np.zeros((STATES, STATES))
    width = len(INTENTS)
    for fit in range(len(FITS)):
        for intent in range(width):
            state = fit * width + intent
            matrix[state, state] = 1.0
            for target, chance in (
                (state + 1, kind.rise[intent] * kind.rise_by_fit[fit]),
                (state - 1, kind.fall[intent] * kind.fall_by_fit[fit]),
                (fit * width, kind.drop[intent] * kind.fall_by_fit[fit]),
            ):
                if chance:
                    matrix[state, target] += chance
                    matrix[state, state] -= chance
    return matrix
