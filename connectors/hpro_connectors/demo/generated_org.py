"""An org file of a simulated company: making one, and letting its days go on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path

from hpro_connectors.demo.demo_ids import DEMO_ORG_IDS
from hpro_connectors.demo.events import Event, LeadDeleted
from hpro_connectors.demo.filling import apply_events, set_clock
from hpro_connectors.demo.histories import funnel_of
from hpro_connectors.demo.org import Org, OrgDefinition, creating_org
from hpro_connectors.demo.simulation import START, VISITS, YEAR_DAYS, Simulation
from hpro_connectors.demo.simulator import SIMULATOR_VERSION
from hpro_connectors.demo.simulator.companies import COMPANIES
from hpro_connectors.demo.simulator.company import CompanyKind
from hpro_connectors.protocol import FieldInfo, Owner, StageInfo
from hpro_sdk.errors import ConfigError
from hpro_sdk.field_kind import FieldKind
from hpro_sdk.lead import OutcomeResult

Progress = Callable[[int], None]
"""Called with the number of simulated days just done."""


@dataclass(frozen=True, slots=True)
class SimulatedOrg:
    """Which company an org is of, and how far it has been simulated.

    Attributes:
        simulation: The company.
        day: Whole days since its start at which the org's clock stands.
        at_midnight: Whether the clock stands at that midnight exactly; people's changes move it on by seconds.
    """

    simulation: Simulation
    day: int
    at_midnight: bool


def define_generated_org(simulation: Simulation) -> OrgDefinition:
    """Say what the org of a simulated company is; its clock stands at the company's start.

    Args:
        simulation: The company.
    """
    kind, funnel = simulation.kind, funnel_of(simulation)
    fields = [
        FieldInfo(name=field.name, label=field.label, kind=field.kind, known_at_creation=True) for field in kind.fields
    ]
    return OrgDefinition(
        org_id=DEMO_ORG_IDS[kind.name],
        name=kind.title,
        company=kind.name,
        clock=START,
        stages=(
            *(StageInfo(name=stage, label=stage.replace("_", " ")) for stage in funnel.stages),
            StageInfo(name=funnel.won, label=funnel.won, result=OutcomeResult.WON),
            StageInfo(name=funnel.lost, label=funnel.lost, result=OutcomeResult.LOST),
        ),
        fields=(
            *fields,
            FieldInfo(name=VISITS, label=kind.visits_label, kind=FieldKind.NUMBER, history_tracked=True),
            FieldInfo(name="contract_no", label="contract number", kind=FieldKind.TEXT),
            FieldInfo(name="lost_reason", label="lost reason", kind=FieldKind.CATEGORY),
            FieldInfo(name="win_estimate", label="estimate of the rep", kind=FieldKind.NUMBER),
        ),
        owners=tuple(Owner(owner_id=one.owner_id, name=one.name, active=one.active) for one in simulation.owners),
        simulator={
            "company": kind.name,
            "seed": simulation.seed,
            "leads_per_year": simulation.leads_per_year,
            "version": SIMULATOR_VERSION,
        },
    )


def create_generated_org(
    path: Path, kind: CompanyKind, seed: int, leads_per_year: int, progress: Progress | None = None
) -> None:
    """Make an org file with the first year of a simulated company; it appears whole or not at all.

    Args:
        path: Where the org shall be; an org that stands there is replaced.
        kind: Of the company.
        seed: Of the company.
        leads_per_year: How many leads arrive in a year.
        progress: Told of each simulated day.

    Raises:
        ConfigError: The file that stands there is not an org, or the folder is missing or not writable.
        StateLockedError: The org that stands there is in use.
        OutputError: The disk is full.
    """
    simulation = _simulation(kind, seed, leads_per_year)
    with creating_org(path, define_generated_org(simulation)) as org:
        apply_events(org, _counted(simulation.events(YEAR_DAYS), 0, YEAR_DAYS, progress))
        set_clock(org, START + timedelta(days=YEAR_DAYS))


def simulated_org(org: Org) -> SimulatedOrg:
    """Give the company that an org was made of.

    Args:
        org: Open.

    Raises:
        ConfigError: It was not made by the simulator, or by another version of it.
        ConnectorError: The org cannot be read.
    """
    definition = org.definition()
    match definition.simulator:
        case {"company": str(company), "seed": int(seed), "leads_per_year": int(leads), "version": int(version)} if (
            company in COMPANIES and leads > 0
        ):
            pass
        case _:
            raise ConfigError(
                f"The org {org.path} was not made by the simulator, so its days cannot go on.",
                hint="Make a simulated one with `hpro demo`.",
            )
    if version != SIMULATOR_VERSION:
        raise ConfigError(
            f"The org {org.path} was made by version {version} of the simulator; this is version {SIMULATOR_VERSION}.",
            hint="Make it anew with `hpro demo`.",
        )
    day, rest = divmod(definition.clock - START, timedelta(days=1))
    return SimulatedOrg(_simulation(COMPANIES[company], seed, leads), day, not rest)


def advance(org: Org, days: int, progress: Progress | None = None) -> int:
    """Let days go on in a simulated org, all of them or none; its clock stands at a midnight afterwards.

    What people changed by hand stays; what they would not have known of is stamped no earlier than their changes.

    Args:
        org: Open for writing.
        days: How many, at least one.
        progress: Told of each simulated day.

    Returns:
        How many events happened.

    Raises:
        ConfigError: The org was not made by the simulator, or by another version of it.
        ConnectorError: The org cannot be read or written.
    """
    if days < 1:
        raise ValueError("days must be at least 1")
    known = simulated_org(org)
    until, clock = known.day + days, org.clock()
    events = (
        replace(event, at=max(event.at, clock))  # a pass may have read as far as the clock
        for event in known.simulation.events(until, known.day)
    )
    midnight = START + timedelta(days=until)
    # An event of no lead moves the clock in the same transaction: a second one could be left out by a crash.
    to_midnight = [LeadDeleted(midnight, "")]
    return apply_events(org, chain(_counted(events, known.day, until, progress), to_midnight))


def _simulation(kind: CompanyKind, seed: int, leads_per_year: int) -> Simulation:
    return Simulation(kind, seed, leads_per_year=leads_per_year, reserved_phrases=True)


def _counted(events: Iterable[Event], since: int, until: int, progress: Progress | None) -> Iterator[Event]:
    """Tell of the days that pass while events are given."""
    told = since
    for event in events:
        told = _tell(progress, told, _day_of(event.at))
        yield event
    _tell(progress, told, until)


def _tell(progress: Progress | None, told: int, day: int) -> int:
    if progress is not None and day > told:
        progress(day - told)
    return max(told, day)


def _day_of(moment: datetime) -> int:
    return (moment - START) // timedelta(days=1)
