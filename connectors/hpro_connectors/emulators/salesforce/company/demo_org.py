"""The emulated Salesforce org of a simulated company: making one, and letting its days go on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from hpro_connectors.demo import events as ev
from hpro_connectors.demo.demo_ids import SALESFORCE_DEMO_ORG_IDS
from hpro_connectors.demo.simulation import START, YEAR_DAYS, Simulation
from hpro_connectors.demo.simulator.companies import COMPANIES
from hpro_connectors.emulators.http.clock import EmulatorClock
from hpro_connectors.emulators.salesforce.company.demo_schema import make_company
from hpro_connectors.emulators.salesforce.company.filling import Filling
from hpro_connectors.emulators.salesforce.org.salesforce_org import SalesforceOrg

Progress = Callable[[int], None]
"""Called with the number of simulated days just done."""

_DAY = timedelta(days=1)


class SalesforceDemo:
    """An emulated org together with the company that it is of.

    :func:`make_demo_org` makes one.

    Args:
        org: Of that company, filled as far as ``moment``.
        simulation: The company.

    Attributes:
        org: The org.
        simulation: The company.
        moment: How far the company was simulated; the org's clock may have gone on since.
    """

    def __init__(self, org: SalesforceOrg, simulation: Simulation) -> None:
        self.org = org
        self.simulation = simulation
        self.moment = START
        self._filling = Filling(org, simulation)

    def advance(self, days: float, progress: Progress | None = None) -> int:
        """Let simulated time go by, events at their own moments.

        Where the org's clock has gone on meanwhile, what the company did until then happens at the clock.

        Args:
            days: How many; parts of a day are fine.
            progress: Told of each simulated day.

        Returns:
            How many events happened.
        """
        return self.advance_to(self.moment + days * _DAY, progress)

    def advance_to(self, moment: datetime, progress: Progress | None = None) -> int:
        """Let simulated time go by until a moment.

        Args:
            moment: Aware, and not before :attr:`moment`.
            progress: Told of each simulated day.

        Returns:
            How many events happened.

        Raises:
            ValueError: The moment is in the past.
        """
        if moment < self.moment:
            raise ValueError(f"it is {self.moment:%Y-%m-%d %H:%M} there already")
        since, until = (self.moment - START) // _DAY, -((START - moment) // _DAY)
        events = (event for event in self.simulation.events(until, since) if self.moment <= event.at < moment)
        applied = self._filling.apply(_counted(events, self.moment, moment, progress))
        self.moment = moment
        clock = self.org.clock
        clock.set(max(moment, clock.now()))
        return applied


def make_demo_org(
    company: str,
    seed: int,
    leads_per_year: int,
    clock: EmulatorClock | None = None,
    progress: Progress | None = None,
    *,
    until: datetime = START + YEAR_DAYS * _DAY,
    path: Path | None = None,
) -> SalesforceDemo:
    """Make the org of a simulated company with its first year.

    Args:
        company: Its kind.
        seed: Of the company; the same one gives the same org, ids included.
        leads_per_year: How many leads arrive in a year.
        clock: Of the org, not later than the company's start; default: a new one.
        progress: Told of each simulated day.
        until: How far it is simulated.
        path: A file for the records, which must not exist or be empty; default: memory.

    Raises:
        KeyError: There is no such kind of company.
        ValueError: The clock is later than the company's start.
    """
    kind = COMPANIES[company]
    clock = clock or EmulatorClock(START)
    clock.set(START)
    simulation = Simulation(kind, seed, leads_per_year=leads_per_year, reserved_phrases=True)
    org = SalesforceOrg(org_id=SALESFORCE_DEMO_ORG_IDS[company], name=kind.title, clock=clock, path=path)
    make_company(org, simulation)
    demo = SalesforceDemo(org, simulation)
    demo.advance_to(until, progress)
    return demo


def _counted(
    events: Iterable[ev.Event], since: datetime, until: datetime, progress: Progress | None
) -> Iterator[ev.Event]:
    """Tell of the days that pass while events are given."""
    told = since
    for event in events:
        if progress is not None and event.at - told >= _DAY:
            days = (event.at - told) // _DAY
            progress(days)
            told += days * _DAY
        yield event
    if progress is not None and until - told >= _DAY:
        progress((until - told) // _DAY)
