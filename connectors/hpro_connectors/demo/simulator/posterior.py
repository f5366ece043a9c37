"""The best that anyone could know: the exact posterior of a lead's hidden state given all that was entered by a moment.

Given are the company's own numbers, the lead's fields, every exchange that was *recorded* before the moment with
its meanings (before wording), web visits and stage moves, and also that nothing else was recorded. What happened
and has not been entered yet, or never will be, is summed over. Forward filtering over eight states is exact.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from hpro_connectors.demo.simulator.chain import Chain, Vector
from hpro_connectors.demo.simulator.life import Channel, Exchange, Life
from hpro_connectors.demo.simulator.org_effects import DELAY_DAYS, Rep


class Posterior:
    """Filters leads of one kind of company.

    Args:
        chain: The hidden chain of that kind.
        horizon_days: Days in which a lead is to be won.
    """

    def __init__(self, chain: Chain, horizon_days: int = 90) -> None:
        self._chain = chain
        self._kind = chain.kind
        self._win = chain.win_chances(horizon_days)
        self._silence: dict[tuple[float, tuple[float, ...], int], Vector] = {}

    def win_probability(self, log_odds: float, rep: Rep, life: Life, days: int) -> float:
        """Give the chance that an open lead is won within the horizon, at the end of its first ``days`` days.

        Args:
            log_odds: That its fields add.
            rep: Who looks after it.
            life: At least ``days`` days of it; what was recorded later is not looked at.
            days: Days since creation, at whose end the moment lies.

        Raises:
            ValueError: The lead was closed by then.
        """
        stage = life.stage_on(days)
        if isinstance(stage, str):
            raise ValueError(f"a lead that is {stage} has no chance to speak of")  # noqa: TRY004 - the value is wrong
        return float(self.state(log_odds, rep, life, days) @ self._win[stage])

    def state(self, log_odds: float, rep: Rep, life: Life, days: int) -> Vector:
        """Give the distribution of the hidden state at the end of ``days`` days. Shape ``(STATES,)``."""
        belief = self._chain.start(log_odds)
        exchanges: dict[int, list[Exchange]] = defaultdict(list)
        for exchange in life.exchanges:
            if exchange.recorded_day < days:
                exchanges[exchange.day].append(exchange)
        visits, moves = set(life.visits), {move.day: move.stage for move in life.moves}
        stage = 0
        for day in range(days):
            likelihood = self._contact(exchanges.get(day, []), rep, min(days - 1 - day, DELAY_DAYS))
            belief = belief * likelihood * (self._chain.visit if day in visits else 1 - self._chain.visit)
            moved_to = moves.get(day)
            onward = self._chain.advance[stage]
            if moved_to is None:
                belief = belief * (1 - self._chain.loss) * (1 - onward)
            else:
                belief = belief * (1 - self._chain.loss) * onward
                stage = int(moved_to)
            belief = belief @ self._chain.moves
            belief /= belief.sum()
        return belief

    def _contact(self, seen: list[Exchange], rep: Rep, age: int) -> Vector:
        """Likelihood of what was recorded of a day that ended ``age`` days ago.

        How often a rep tries, notes or enters something depends on the rep alone, so it is left out; only how
        often the lead made contact, and what was said, tells of the lead.
        """
        if not any(exchange.channel is Channel.LEAD_CONTACT for exchange in seen):
            likelihood = self._no_contact(rep, age)
        else:
            likelihood = self._chain.lead_contact
        for exchange in seen:
            likelihood = likelihood * self._detail(exchange, rep)
        return likelihood

    def _no_contact(self, rep: Rep, age: int) -> Vector:
        """The lead did not write, and did not call or the call has not been entered."""
        key = (rep.logs, rep.delays, age)
        if key not in self._silence:
            calls = self._kind.lead_calls
            entered = rep.logs * sum(rep.delays[: age + 1])
            self._silence[key] = 1 - self._chain.lead_contact * (1 - calls + calls * entered)
        return self._silence[key]

    def _detail(self, exchange: Exchange, rep: Rep) -> Vector:
        """Likelihood of what an exchange holds."""
        result = np.ones_like(self._chain.loss)
        if exchange.channel is Channel.REP_CALL:
            result = result * (self._chain.answers if exchange.reached else 1 - self._chain.answers)
        if exchange.reached and (exchange.channel is Channel.REP_CALL or exchange.is_call):
            result = result * (self._chain.long_call if exchange.is_long else 1 - self._chain.long_call)
        by_lead = exchange.channel in {Channel.ENQUIRY, Channel.LEAD_CONTACT}
        for meaning in exchange.meanings:
            if meaning.topic >= 0:
                stance = self._chain.stance[meaning.topic]
                if not by_lead:
                    stance = self._chain.reported_stance(meaning.topic, rep)
                result = result * (stance if meaning.is_for else 1 - stance)
        return result
