"""The exact posterior against brute force, and against what then happens."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

from hpro_connectors.demo.simulator.chain import Chain
from hpro_connectors.demo.simulator.companies import COMPANIES, TEST_DRIVE
from hpro_connectors.demo.simulator.company import STATES, CompanyKind
from hpro_connectors.demo.simulator.life import WON, Channel, Exchange, Life, Living, Meaning, Move
from hpro_connectors.demo.simulator.org_effects import Rep, draw_fields, draw_org
from hpro_connectors.demo.simulator.posterior import Posterior
from hpro_sdk.metrics import auc

ORG = draw_org(TEST_DRIVE, 3, reserved_phrases=False)
REP = ORG.reps[0]
CHAIN = Chain.of(TEST_DRIVE)


def day_likelihood(life: Life, day: int, stage: int, state: int, days: int) -> float:
    """Chance of all that was entered of one day in one hidden state, written out plainly, constants left in."""
    chance = 1.0
    seen = {e.channel: e for e in life.exchanges if e.day == day and e.recorded_day < days}
    contact = CHAIN.lead_contact[state]
    calls = TEST_DRIVE.lead_calls
    entered_by_now = REP.logs * sum(REP.delays[: days - day])
    exchange = seen.get(Channel.LEAD_CONTACT)
    if exchange is None:
        chance *= 1 - contact * ((1 - calls) + calls * entered_by_now)
    elif exchange.is_call:
        chance *= contact * calls * REP.logs * REP.delays[exchange.recorded_day - day]
        chance *= CHAIN.long_call[state] if exchange.is_long else 1 - CHAIN.long_call[state]
    else:
        chance *= contact * (1 - calls)
    attempt = TEST_DRIVE.stages[stage].contact * REP.diligence
    exchange = seen.get(Channel.REP_CALL)
    if exchange is None:
        chance *= 1 - attempt * entered_by_now
    else:
        chance *= attempt * REP.logs * REP.delays[exchange.recorded_day - day]
        chance *= CHAIN.answers[state] if exchange.reached else 1 - CHAIN.answers[state]
        if exchange.reached:
            chance *= CHAIN.long_call[state] if exchange.is_long else 1 - CHAIN.long_call[state]
    for channel, exchange in seen.items():
        for meaning in exchange.meanings:
            if meaning.topic < 0:
                continue
            stance = CHAIN.stance[meaning.topic][state]
            if channel not in {Channel.ENQUIRY, Channel.LEAD_CONTACT}:
                stance = (1 - REP.mood) * stance + REP.mood * REP.sees_good
            chance *= stance if meaning.is_for else 1 - stance
    chance *= CHAIN.visit[state] if day in life.visits else 1 - CHAIN.visit[state]
    moved = any(move.day == day for move in life.moves)
    onward = CHAIN.advance[stage][state]
    chance *= (1 - CHAIN.loss[state]) * (onward if moved else 1 - onward)
    return float(chance)


def brute_force(life: Life, log_odds: float, days: int) -> list[float]:
    """The same posterior as a sum over every path of hidden states."""
    totals = [0.0] * STATES
    start = CHAIN.start(log_odds)
    likelihoods = [
        [day_likelihood(life, day, int(life.stage_on(day)), state, days) for state in range(STATES)]
        for day in range(days)
    ]
    for path in itertools.product(range(STATES), repeat=days):
        chance = float(start[path[0]])
        for day, state in enumerate(path):
            chance *= likelihoods[day][state]
            if day + 1 < days:
                chance *= CHAIN.moves[state][path[day + 1]]
        for last in range(STATES):
            totals[last] += chance * CHAIN.moves[path[-1]][last]
    return [total / sum(totals) for total in totals]


def test_is_the_sum_over_all_hidden_paths() -> None:
    life = Life(
        exchanges=[
            Exchange(0, 0, Channel.ENQUIRY, 0, meanings=(Meaning(0, is_for=True), Meaning(-1, is_for=True))),
            Exchange(0, 2, Channel.REP_CALL, 1, reached=True, is_long=True, meanings=(Meaning(3, is_for=False),)),
            Exchange(1, 1, Channel.LEAD_CONTACT, 2, is_call=True, is_long=False, meanings=(Meaning(8, is_for=True),)),
            Exchange(1, 9, Channel.NOTE, 3, meanings=(Meaning(1, is_for=True),)),  # entered too late to count
            Exchange(2, 2, Channel.REP_CALL, 4, reached=False),
        ],
        visits=[1],
        moves=[Move(1, 1)],
        days=4,
    )
    posterior = Posterior(CHAIN)
    assert posterior.state(0.4, REP, life, 4) == pytest.approx(brute_force(life, 0.4, 4), rel=1e-9)


def test_what_is_entered_later_changes_nothing() -> None:
    early = Life(exchanges=[Exchange(0, 0, Channel.ENQUIRY, 0, meanings=(Meaning(0, is_for=True),))], days=30)
    late = Life(
        exchanges=[*early.exchanges, Exchange(3, 8, Channel.NOTE, 1, meanings=(Meaning(0, is_for=False),))], days=30
    )
    posterior = Posterior(CHAIN)
    assert posterior.win_probability(0, REP, late, 8) == posterior.win_probability(0, REP, early, 8)
    assert posterior.win_probability(0, REP, late, 9) < posterior.win_probability(0, REP, early, 9)


def test_a_closed_lead_has_no_chance_to_speak_of() -> None:
    life = Life(moves=[Move(4, WON)], days=5)
    with pytest.raises(ValueError, match="won"):
        Posterior(CHAIN).win_probability(0, REP, life, 5)


def lived(kind: CompanyKind, leads: int) -> tuple[list[float], list[bool]]:
    """Posteriors of many leads at one moment of their lives, and whether each was won in the 90 days after."""
    org, chain = draw_org(kind, 12, reserved_phrases=False), Chain.of(kind)
    living, posterior = Living(chain), Posterior(chain)
    chances, won = [], []
    for number in range(leads):
        draw = random.Random(number)
        rep: Rep = draw.choice(org.reps)
        log_odds = org.log_odds(draw_fields(org, draw))
        life = living.live(log_odds, rep, 300, draw)
        day = 5 + number % 90
        if day < life.days and not isinstance(life.stage_on(day), str):
            chances.append(posterior.win_probability(log_odds, rep, life, day))
            won.append(any(move.stage == WON and day <= move.day < day + 90 for move in life.moves))
    return chances, won


@pytest.mark.parametrize("name", sorted(COMPANIES))
def test_is_calibrated_and_ranks(name: str) -> None:
    chances, won = (np.array(values) for values in lived(COMPANIES[name], 4000))
    order = np.argsort(chances)
    for part in np.array_split(order, 5):
        spread = np.sqrt((chances[part] * (1 - chances[part])).sum()) / len(part)
        assert abs(chances[part].mean() - won[part].mean()) < 4 * spread
    assert auc(chances, won) > 0.75


@pytest.mark.parametrize("name", sorted(COMPANIES))
def test_chances_are_chances(name: str) -> None:
    chain = Chain.of(COMPANIES[name])
    assert chain.transitions().sum(axis=1) == pytest.approx(1)
    assert chain.moves.sum(axis=1) == pytest.approx(1)
    assert (chain.moves >= 0).all()
    assert chain.start(0.7).sum() == pytest.approx(1)
    short, long = chain.win_chances(30), chain.win_chances(90)
    assert (short <= long).all()
    assert (long >= 0).all()
    assert (long <= 1).all()
