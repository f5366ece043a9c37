"""Which simulated companies a model of a kind is trained, validated and tested on.

Seeds are kept apart, and so are phrasings: only the test company, like the demo org, uses the reserved ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hpro_connectors.demo.histories import HORIZON_DAYS, SimulatedHistory, histories, simulated_examples
from hpro_connectors.demo.simulation import START, YEAR_DAYS, Simulation
from hpro_connectors.demo.simulator.company import CompanyKind
from hpro_connectors.demo.simulator.posterior import Posterior
from hpro_sdk.lead import TrainingExample

TRAINING_SEEDS = range(1000, 1060)
VALIDATION_SEEDS = range(900, 903)
TEST_SEED = 31
"""Nothing was ever chosen by looking at this company."""

TRAINING_LEADS = 1000
VALIDATION_LEADS = 600
TEST_LEADS = 4000
CUTOFF_DAYS = range(60, YEAR_DAYS + 1, 30)
"""Midnights, in days since the start of a company, at which its open leads are looked at."""

UNTIL_DAY = YEAR_DAYS + HORIZON_DAYS


@dataclass(frozen=True, slots=True)
class TestCompany:
    """A company to measure on.

    Attributes:
        simulation: The company.
        examples: Snapshots, all in the split ``test``.
        best: The exact posterior of each. Same length.
    """

    simulation: Simulation
    examples: list[TrainingExample]
    best: list[float]


def learning_examples(kind: CompanyKind, seeds: Sequence[int] = TRAINING_SEEDS) -> Iterator[list[TrainingExample]]:
    """Give the examples to learn from, company by company: training ones first, then the validating ones.

    Args:
        kind: Of the companies.
        seeds: Of those to train on; fewer are quicker.
    """
    for seed in seeds:
        yield company_examples(kind, seed, TRAINING_LEADS, split="train", reserved_phrases=False)[1]
    for seed in VALIDATION_SEEDS:
        yield company_examples(kind, seed, VALIDATION_LEADS, split="valid", reserved_phrases=False)[1]


def company_of_test(kind: CompanyKind, seed: int = TEST_SEED, leads_per_year: int = TEST_LEADS) -> TestCompany:
    """Give a company to measure on, with phrasings that no training company uses, and how well one could do."""
    simulation = Simulation(kind, seed, leads_per_year=leads_per_year, reserved_phrases=True)
    known, examples = _examples(simulation, split="test")
    return TestCompany(simulation, examples, best_probabilities(simulation, known, examples))


def company_examples(
    kind: CompanyKind, seed: int, leads_per_year: int, *, split: str, reserved_phrases: bool
) -> tuple[Simulation, list[TrainingExample]]:
    """Give a company and its examples; groups of different companies never share a name."""
    simulation = Simulation(kind, seed, leads_per_year=leads_per_year, reserved_phrases=reserved_phrases)
    _, examples = _examples(simulation, split=split)
    return simulation, [
        example.model_copy(update={"group": f"{kind.name}-{seed}:{example.group or example.snapshot.lead_id}"})
        for example in examples
    ]


def best_probabilities(
    simulation: Simulation, known: Sequence[SimulatedHistory], examples: Sequence[TrainingExample]
) -> list[float]:
    """Give the exact posterior of each example.

    Args:
        simulation: The company.
        known: Its leads.
        examples: Snapshots of them, each at a midnight.
    """
    posterior = Posterior(simulation.chain, HORIZON_DAYS)
    by_id = {history.lead.lead_id: history for history in known}
    best: list[float] = []
    for example in examples:
        history = by_id[example.snapshot.lead_id]
        days = (example.snapshot.as_of - START).days - history.birth.first_day
        best.append(posterior.win_probability(history.birth.log_odds, history.birth.rep, history.life, days))
    return best


def _examples(simulation: Simulation, *, split: str) -> tuple[list[SimulatedHistory], list[TrainingExample]]:
    known = list(histories(simulation, UNTIL_DAY))
    examples = simulated_examples(
        simulation, CUTOFF_DAYS, leads=[history.lead for history in known], until_day=UNTIL_DAY, split=split
    )
    return known, examples
